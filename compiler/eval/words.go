package eval

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// finding says in our words what a fault means.
func (x *finder) finding(f fault) diag.Finding {
	begins := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return strings.HasPrefix(f.format, t) })
	}
	switch {
	case len(f.path) == 3 && f.path[0] == "all" && f.path[2] == "after" && x.environments == nil:
		return x.unknownAfter(f)
	case f.format == notAllowed:
		return x.unknownField(f)
	case f.format == required:
		return x.missing(f)
	case f.isChoice():
		return x.noneOf(f)
	case begins("conflicting values"):
		return x.conflict(f)
	case begins("invalid value"):
		return x.outOfBound(f)
	case strings.Contains(f.text, "undefined field: "):
		return x.undefined(f)
	case begins("cannot call non-function", "cannot use %s (type %s) as %s in argument"):
		return x.call(f)
	case begins("structural cycle"):
		return x.endless(f)
	case f.isIncomplete():
		return x.incomplete(f)
	case f.isCustom():
		return x.refused(f)
	}
	where := x.where(f)
	return diag.Finding{
		Rule:  "evaluation",
		Where: where,
		What:  fmt.Sprintf("%s: %s", x.subject(f.path), f.text),
		Also:  x.users(where, f),
	}
}

func (x *finder) unknownField(f fault) diag.Finding {
	where := x.where(f)
	if len(f.path) == 3 && f.path[1] == "release" && x.environments != nil {
		return unknownEnvironment(f.last(), where, x.environments)
	}
	out := diag.Finding{
		Rule:  "unknown-field",
		Where: where,
		What:  fmt.Sprintf("unknown field %q", f.last()),
		Why:   fmt.Sprintf("%s has no such field", ownerOf(f.path)),
		Also:  x.users(where, f),
	}
	if meant := x.meant(f); meant != "" {
		out.Fix = fmt.Sprintf("write %q", meant)
		return out
	}
	out.Fix = "remove it, or declare it beside the fields that are allowed"
	if known := x.siblings(f); len(known.names) > 0 {
		if len(known.names) <= 20 {
			out.Why += "; it may have " + diag.Listed(known.names)
		}
		out.Also = append(out.Also, x.shared([]token.Position{known.first})...)
	}
	return out
}

// meant is the field whose name was probably misspelt.
func (x *finder) meant(f fault) string {
	return diag.Suggest(f.last(), x.siblings(f).names)
}

// A kin is what may stand in a struct.
type kin struct {
	names []string
	first token.Position // where the first of them is declared
}

// siblings are the fields that may stand beside one that may not.
func (x *finder) siblings(f fault) kin {
	holder := key(f.inside())
	k, known := x.kin[holder]
	if known {
		return k
	}
	it, err := at(x.value, f.inside()).Fields(cue.Optional(true))
	for err == nil && it.Next() {
		name := it.Selector().Unquoted()
		if x.index.forbidden(slices.Concat(f.inside(), []string{name})) || !it.IsOptional() && it.Selector().ConstraintType() == 0 && !it.Value().Exists() {
			continue
		}
		k.names = append(k.names, name)
		if src := it.Value().Source(); src != nil && !k.first.IsValid() {
			k.first = position(src.Pos())
		}
	}
	k.names = without(k.names)
	x.kin[holder] = k
	return k
}

func (x *finder) missing(f fault) diag.Finding {
	says := ""
	for _, at := range f.places {
		if x.from(at) != "schema" || says == "" {
			says = x.says(at)
		}
	}
	out := diag.Finding{
		Rule:  "missing-field",
		Where: x.declared(f.path...),
		What:  fmt.Sprintf("%s is missing", x.subject(f.path)),
		Why:   fmt.Sprintf("%s must have it", ownerOf(f.path)),
		Fix:   x.addition(f.path),
		Also:  x.shared(f.places),
	}
	if says != "" {
		out.Why += ": " + says
	}
	return out
}

// addition is what to write where a value is missing.
func (x *finder) addition(path []string) string {
	depth := x.depth(path...)
	text := fmt.Sprintf("add `%s: ...`", strings.Join(path[depth:], ": "))
	if depth == 3 && path[1] == "release" {
		text += " here, or to release: [_] for all environments"
	}
	return text
}

// undefined explains a reference to a field that is not there.
func (x *finder) undefined(f fault) diag.Finding {
	_, missing, _ := strings.Cut(f.text, "undefined field: ")
	out := diag.Finding{Rule: "unknown-reference", Where: f.at, What: fmt.Sprintf("there is no field %q here", missing)}
	for _, place := range f.places {
		sel := x.selector(place, missing)
		if sel == nil {
			continue
		}
		of := source(sel.X)
		out.Where = place
		out.What = fmt.Sprintf("%s has no field %q", of, missing)
		known := x.members(f.path, of)
		if len(known) > 0 {
			out.Why = "it has " + diag.Listed(known)
			out.Fix = "write one of its fields, or add this one"
		}
		if meant := diag.Suggest(missing, known); meant != "" {
			out.Why, out.Fix = "", fmt.Sprintf("write %q", meant)
		}
	}
	out.Also = x.users(out.Where, f)
	return out
}

// selector is the expression X.name whose name stands at a place.
func (x *finder) selector(at token.Position, name string) *ast.SelectorExpr {
	var found *ast.SelectorExpr
	x.values(at, func(n ast.Node) {
		if s, ok := n.(*ast.SelectorExpr); ok && position(s.Sel.Pos()) == at && labelName(s.Sel) == name {
			found = s
		}
	})
	return found
}

// members are the fields of what an expression such as environment.settings means in a path's scope.
func (x *finder) members(path []string, expr string) []string {
	for i := len(path); i >= 0; i-- {
		v := at(x.value, slices.Concat(path[:i], strings.Split(expr, ".")))
		it, err := v.Fields()
		if err != nil || !v.Exists() {
			continue
		}
		var names []string
		for it.Next() {
			names = append(names, it.Selector().Unquoted())
		}
		return without(names)
	}
	return nil
}

// call explains a function that is not there, or that is given something else than it takes.
func (x *finder) call(f fault) diag.Finding {
	out := diag.Finding{Rule: "bad-call", Where: x.where(f), What: f.arg(0) + " is no function", Fix: "see the functions of CUE's packages at https://pkg.go.dev/cuelang.org/go/pkg"}
	if len(f.args) == 5 {
		out.What = fmt.Sprintf("%s is given %s, where its argument %s must be %s", f.arg(4), f.arg(0), f.arg(3), kindName(f.arg(2)))
		out.Fix = ""
	}
	out.Also = x.users(out.Where, f)
	return out
}

// subject is a path as the author thinks of it: within the release, or within the app.
func (x *finder) subject(p []string) string {
	switch {
	case len(p) > 3 && p[1] == "release":
		p = p[3:]
	case len(p) > 2 && p[0] == "all":
		p = p[2:]
	case len(p) > 1:
		p = p[1:]
	}
	if len(p) == 0 {
		return "this"
	}
	text := ""
	for _, label := range p {
		switch {
		case label != "" && label[0] >= '0' && label[0] <= '9':
			text += "[" + label + "]" // of a list
		case ast.IsValidIdent(label):
			text += "." + label
		default:
			text += fmt.Sprintf(".%q", label)
		}
	}
	return strings.TrimPrefix(text, ".")
}

// ownerOf is what the last field of a path belongs to.
func ownerOf(p []string) string {
	switch {
	case len(p) <= 1:
		return "this package"
	case p[0] == "all" && len(p) == 3:
		return "an environment"
	case len(p) == 2:
		return "an app"
	case len(p) == 4 && p[1] == "release":
		return "a release"
	default:
		return p[len(p)-2]
	}
}
