package eval

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// incomplete explains a value that no line gives.
func (x *finder) incomplete(f fault) diag.Finding {
	if circle := x.circle(f.path); circle != nil {
		return x.circular(circle)
	}
	out := diag.Finding{
		Rule:  "incomplete",
		Where: x.declared(f.path...),
		What:  x.subject(f.path) + " has no value",
	}
	lines := x.lines(f)
	if needed := x.needed(f); needed != nil {
		if len(lines) > 0 {
			out.Where = lines[0].at
		}
		out.Why = fmt.Sprintf("it needs %s, which has none", x.subject(needed))
		out.Fix = fmt.Sprintf("give %s a value", x.subject(needed))
		return out
	}
	if len(lines) > 0 {
		says := x.says(lines[0].at)
		out.Why = says + " says what it may be, and no line says what it is"
		out.Also = append(x.shared([]token.Position{lines[0].at}), out.Where)
	}
	out.Fix = "give it one"
	if len(f.path) > 3 && f.path[1] == "release" {
		out.Where = x.declared(f.path[:3]...)
		out.Fix = fmt.Sprintf("add `%s: ...` here, or to release: [_] for all environments", strings.Join(f.path[3:], ": "))
	}
	return out
}

// needed is the first value that an incomplete one refers to and that is not there either.
func (x *finder) needed(f fault) []string {
	for _, c := range conjuncts(at(x.value, f.path)) {
		for _, p := range references(c) {
			if v := at(x.value, p); !v.IsConcrete() && !slices.Equal(p, f.path) {
				return p
			}
		}
	}
	return nil
}

// circular explains values that are defined by each other.
func (x *finder) circular(circle [][]string) diag.Finding {
	out := diag.Finding{
		Rule:  "reference-cycle",
		Where: x.declared(circle[0]...),
		What:  fmt.Sprintf("%s is defined by itself", x.subject(circle[0])),
		Why:   x.through(circle),
		Fix:   "give one of them a value of its own",
	}
	if len(circle) == 1 {
		out.Why, out.Fix = x.says(out.Where), "give it a value of its own"
	}
	return out
}

// endless explains a value that holds itself.
func (x *finder) endless(f fault) diag.Finding {
	where := x.where(f)
	return diag.Finding{
		Rule:  "reference-cycle",
		Where: where,
		What:  fmt.Sprintf("%s holds itself, and so has no end", x.subject(f.inside())),
		Why:   x.says(where) + " stands in it",
		Fix:   "refer to a part of it, or give it a value of its own",
		Also:  x.users(where, f),
	}
}

// circle is the first way from a value back to itself that one comes upon by going from a path from
// reference to reference, or nil. It begins with the first of its paths by name, wherever one came from.
func (x *finder) circle(from []string) [][]string {
	var way [][]string
	seen := map[string]bool{}
	var walk func(path []string) [][]string
	walk = func(path []string) [][]string {
		if i := slices.IndexFunc(way, func(p []string) bool { return slices.Equal(p, path) }); i >= 0 {
			return way[i:]
		}
		if key := strings.Join(path, "\x00"); seen[key] {
			return nil
		} else {
			seen[key] = true
		}
		way = append(way, path)
		for _, c := range conjuncts(at(x.value, path)) {
			for _, target := range references(c) {
				if found := walk(target); found != nil {
					return found
				}
			}
		}
		way = way[:len(way)-1]
		return nil
	}
	circle := walk(from)
	if circle == nil {
		return nil
	}
	first := 0
	for i := range circle {
		if slices.Compare(circle[i], circle[first]) < 0 {
			first = i
		}
	}
	return slices.Concat(circle[first:], circle[:first])
}

// through tells a circle: a is b, which is c, which is a.
func (x *finder) through(circle [][]string) string {
	names := make([]string, len(circle)+1)
	for i := range names {
		names[i] = x.subject(circle[i%len(circle)])
	}
	return names[0] + " is " + strings.Join(names[1:], ", which is ")
}

// references are the paths that an expression refers to, anywhere in it.
func references(v cue.Value) [][]string {
	if _, p := v.ReferencePath(); len(p.Selectors()) > 0 {
		return [][]string{labels(p)}
	}
	op, args := v.Expr()
	if op == cue.NoOp {
		return nil
	}
	var all [][]string
	for _, arg := range args {
		all = append(all, references(arg)...)
	}
	return all
}

// labels are the names in a path.
func labels(p cue.Path) []string {
	var names []string
	for _, sel := range p.Selectors() {
		if sel.Type() == cue.StringLabel {
			names = append(names, sel.Unquoted())
		} else {
			names = append(names, sel.String())
		}
	}
	return names
}
