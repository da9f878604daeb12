package eval

import (
	"cmp"
	"go/token"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
)

// where is the place to mend a fault: the app's own line if one had a say, else that of a preset, else
// wherever CUE noticed.
func (x *finder) where(f fault) token.Position {
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
func (x *finder) isLiteral(at token.Position) bool {
	literal := false
	x.values(at, func(n ast.Node) {
		switch n.(type) {
		case *ast.BasicLit, *ast.Interpolation, *ast.ListLit, *ast.UnaryExpr:
			literal = literal || position(n.Pos()) == at
		}
	})
	return literal
}

// users is the app that a fault of a preset shows in.
func (x *finder) users(where token.Position, f fault) []token.Position {
	if x.own(where) || len(f.path) == 0 {
		return nil
	}
	return []token.Position{x.declared(f.path[0])}
}

// shared are the places that an author may want to look at and that are not the app's own.
func (x *finder) shared(places []token.Position) []token.Position {
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
func (x *finder) lines(f fault) []line {
	v := at(x.value, f.path)
	if !v.Exists() && v.Err() != nil && v.Source() == nil {
		return nil
	}
	var all []line
	x.gather(v, 0, &all)
	slices.SortStableFunc(all, func(a, b line) int { return cmp.Compare(rank(a.from), rank(b.from)) })
	return all
}

func (x *finder) gather(v cue.Value, hops int, all *[]line) {
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

func (x *finder) line(c cue.Value) (line, bool) {
	src := c.Source()
	if src == nil {
		return line{}, false
	}
	at := position(valueOf(src).Pos())
	return line{at, said(src), x.from(at)}, at.Line > 0
}

// valueOf is what gives a value: a field's own expression.
func valueOf(n ast.Node) ast.Node {
	if f, ok := n.(*ast.Field); ok {
		return f.Value
	}
	return n
}

// nearer is how much nearer to the author a place is than another: a line for one environment is
// nearest, then one for all, then what apps share.
func (x *finder) nearer(a, b token.Position) int {
	distance := func(at token.Position) int {
		if _, named := x.environment(at); x.own(at) && named {
			return -1
		}
		return rank(x.from(at))
	}
	return distance(b) - distance(a)
}

// environment is the label below `release` at a place, and whether it names one environment.
func (x *finder) environment(at token.Position) (label string, named bool) {
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
