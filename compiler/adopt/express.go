package adopt

import "slices"

// A group is one term that serves several environments.
type group struct {
	environments []string
	term         *term
}

// groups finds the fewest terms for the values of one path.
func (f *factoring) groups(values []*node, environments []string) []group {
	var out []group
	left := indices(environments)
	for _, set := range subsets(len(environments)) {
		if !subset(set, left) {
			continue
		}
		envs := pick(set, func(i int) string { return environments[i] })
		t, ok := f.express(pick(set, func(i int) *node { return values[i] }), envs)
		if !ok {
			continue
		}
		out = append(out, group{envs, t})
		left = slices.DeleteFunc(left, func(i int) bool { return slices.Contains(set, i) })
	}
	// The same comment is not said for a second environment.
	for i := range out {
		for j := range i {
			out[i].term.notes = without(out[i].term.notes, out[j].term.notes)
		}
	}
	return out
}

// without is what n says and said does not.
func without(n, said notes) notes {
	var left notes
	left.above = union(nil, n.above, said.all())
	left.behind = union(nil, n.behind, said.all())
	left.below = union(nil, n.below, said.all())
	return left
}

// express finds one term that means each of the values in its environment.
func (f *factoring) express(values []*node, environments []string) (*term, bool) {
	t := &term{kind: values[0].kind, literal: values[0].scalar, whole: values[0].whole}
	for _, v := range values {
		if v.kind != t.kind || v.whole != t.whole || len(v.fields) != len(values[0].fields) || len(v.items) != len(values[0].items) {
			return nil, false
		}
	}
	for _, v := range values {
		t.notes.add(v.notes)
	}
	if n := f.names.matching(values, environments, f.folder); n != nil {
		return &term{expr: f.reference(n), notes: t.notes}, true
	}
	switch t.kind {
	case scalar:
		return t, same(values) || f.interpolate(t, values, environments)
	case list:
		for i := range values[0].items {
			item, ok := f.express(pick(indices(environments), func(j int) *node { return values[j].items[i] }), environments)
			if !ok {
				return nil, false
			}
			t.items = append(t.items, item)
		}
		return t, true
	}
	for _, fl := range values[0].fields {
		under := pick(indices(environments), func(j int) *node { return values[j].get(fl.name) })
		if slices.Contains(under, nil) {
			return nil, false
		}
		v, ok := f.express(under, environments)
		if !ok {
			return nil, false
		}
		t.fields = append(t.fields, termField{label(fl.name), v})
	}
	return t, true
}

func same(values []*node) bool {
	for _, v := range values[1:] {
		if !equal(values[0], v) {
			return false
		}
	}
	return true
}

func subset(set, of []int) bool {
	for _, i := range set {
		if !slices.Contains(of, i) {
			return false
		}
	}
	return true
}

// manyEnvironments is from where on not every subset of them is tried.
const manyEnvironments = 6

// subsets are the sets of the numbers below n, the larger first, and among these the ones that leave
// out the last number first. Of many numbers, only all, all but one, and single ones.
func subsets(n int) [][]int {
	var out [][]int
	for size := n; size > 0; size-- {
		if n > manyEnvironments && size > 1 && size < n-1 {
			continue
		}
		var choose func(from int, set []int)
		choose = func(from int, set []int) {
			if len(set) == size {
				out = append(out, slices.Clone(set))
				return
			}
			for i := from; i < n; i++ {
				choose(i+1, append(set, i))
			}
		}
		choose(0, nil)
	}
	return out
}
