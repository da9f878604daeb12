package eval

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// circle is the first way from a value back to itself that one comes upon by going from a path from
// reference to reference, or nil. It begins with the first of its paths by name, wherever one came from.
func (x *explainer) circle(from []string) [][]string {
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
func (x *explainer) through(circle [][]string) string {
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
