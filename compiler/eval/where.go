package eval

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// where is the place to mend a fault: the app's own line if one had a say, else that of a preset, else
// wherever CUE noticed.
func (x *explainer) where(f fault) token.Position {
	if f.format == notAllowed && len(f.places) > 0 {
		return slices.MinFunc(f.places, func(a, b token.Position) int { return x.nearer(b, a) })
	}
	lines := x.lines(f)
	if len(lines) > 0 && lines[0].from == "app" {
		return lines[0].at
	}
	for _, at := range f.places {
		if x.own(at) && x.isLiteral(at) {
			return at
		}
	}
	for _, l := range lines {
		if l.from != "schema" {
			return l.at
		}
	}
	for _, at := range x.shared(f.places) {
		return at
	}
	return x.declared(f.path...)
}

// isLiteral reports whether a value is written out at a place, rather than begun or referred to.
func (x *explainer) isLiteral(at token.Position) bool {
	literal := false
	for _, f := range x.around(at) {
		ast.Walk(f.Value, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.BasicLit, *ast.Interpolation, *ast.ListLit, *ast.UnaryExpr:
				literal = literal || position(n.Pos()) == at
			}
			return true
		}, nil)
	}
	return literal
}

// users is the app that a fault of a preset shows in.
func (x *explainer) users(where token.Position, f fault) []token.Position {
	if x.own(where) || len(f.path) == 0 {
		return nil
	}
	return []token.Position{x.declared(f.path[0])}
}

// shared are the places that an author may want to look at and that are not the app's own.
func (x *explainer) shared(places []token.Position) []token.Position {
	var out []token.Position
	for _, at := range places {
		if from := x.from(at); at.Line > 0 && from != "app" && from != "schema" {
			out = append(out, at)
		}
	}
	return out
}

// A line is source that had a say in a value.
type line struct {
	at   token.Position // of the value that it gives
	says string         // that value's source
	from string
}

// lines are what a fault's value is unified from, the app's own first; and where a line refers to
// another value, the lines of that.
func (x *explainer) lines(f fault) []line {
	v := at(x.value, f.path)
	if !v.Exists() && v.Err() != nil && v.Source() == nil {
		return nil
	}
	var all []line
	x.gather(v, 0, &all)
	slices.SortStableFunc(all, func(a, b line) int { return cmp.Compare(rank(a.from), rank(b.from)) })
	return all
}

func (x *explainer) gather(v cue.Value, hops int, all *[]line) {
	for _, c := range conjuncts(v) {
		if l, ok := x.line(c); ok && !slices.Contains(*all, l) {
			*all = append(*all, l)
		}
		if hops == maxHops {
			continue
		}
		for _, target := range mentioned(c) {
			x.gather(target, hops+1, all)
		}
	}
}

func (x *explainer) line(c cue.Value) (line, bool) {
	src := c.Source()
	if src == nil {
		return line{}, false
	}
	at := position(valueOf(src).Pos())
	return line{at, said(src), x.from(at)}, at.Line > 0
}

// A side is one of two values that exclude each other.
type side struct {
	text, kind string
	at         token.Position
}

// sides are what the author wrote, and what that clashes with.
func (x *explainer) sides(f fault) (mine, other side) {
	a, b := newSide(f, 0), newSide(f, 1)
	// CUE names the places of both first, unless it knows only one.
	if len(f.places) > 0 {
		a.at, b.at = f.places[0], f.places[0]
	}
	if len(f.places) > 1 {
		b.at = f.places[1]
	}
	if c := x.nearer(b.at, a.at); c > 0 || c == 0 && diag.ComparePositions(a.at, b.at) < 0 {
		a, b = b, a
	}
	if !x.own(a.at) {
		if l := x.lines(f); len(l) > 0 && l[0].from == "app" {
			a.at = l[0].at
		}
	}
	return a, b
}

func newSide(f fault, i int) side {
	s := side{text: short(f.arg(i)), kind: f.arg(i + 2)}
	if name := kindName(s.text); name != s.text {
		s.text = name // a type
	}
	return s
}

// nearer is how much nearer to the author a place is than another: a line for one environment is
// nearest, then one for all, then what apps share.
func (x *explainer) nearer(a, b token.Position) int {
	distance := func(at token.Position) int {
		if _, named := x.environment(at); x.own(at) && named {
			return -1
		}
		return rank(x.from(at))
	}
	return distance(b) - distance(a)
}

// environment is the label below `release` at a place, and whether it names one environment.
func (x *explainer) environment(at token.Position) (label string, named bool) {
	fields := x.around(at)
	for i, f := range fields {
		if i == 0 || labelName(fields[i-1].Label) != "release" {
			continue
		}
		if name := regular(f.Label); name != "" {
			return name, true
		}
		return source(f.Label), false
	}
	return "", false
}

// valueOf is what gives a value: a field's own expression.
func valueOf(n ast.Node) ast.Node {
	if f, ok := n.(*ast.Field); ok {
		return f.Value
	}
	return n
}

// selector is the expression X.name whose name stands at a place.
func (x *explainer) selector(at token.Position, name string) *ast.SelectorExpr {
	var found *ast.SelectorExpr
	for _, f := range x.around(at) {
		ast.Walk(f.Value, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && position(s.Sel.Pos()) == at && labelName(s.Sel) == name {
				found = s
			}
			return true
		}, nil)
	}
	return found
}

// members are the fields of what an expression such as environment.settings means in a path's scope.
func (x *explainer) members(path []string, expr string) []string {
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

// subject is a path as the author thinks of it: within the release, or within the app.
func (x *explainer) subject(p []string) string {
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
		case label[:min(1, len(label))] >= "0" && label[:min(1, len(label))] <= "9":
			text += "[" + label + "]"
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
