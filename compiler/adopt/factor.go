package adopt

import (
	"fmt"
	"slices"
	"strings"
)

// A scope is the part of a declaration that holds for some environments.
type scope struct {
	label        string // as in `release: [_]: ...`
	environments []string
	body         *term
}

// A factoring writes each value once for all environments in which it is the same.
type factoring struct {
	folder       string
	environments []string
	names        *names
	base         string // what stands before a reference into the environment: "environment."
	facts        []fact
	scopes       map[string]*scope // by label
	once, values int
}

// factored splits one tree for each environment into scopes, the most general first.
func (f *factoring) factored(trees map[string]*node) []scope {
	f.scopes = map[string]*scope{}
	values := make([]*node, len(f.environments))
	for i, env := range f.environments {
		values[i] = trees[env]
	}
	f.fields(nil, values, f.environments, make([][]*node, len(values)))
	var out []scope
	for _, s := range f.scopes {
		out = append(out, *s)
	}
	rank := func(s scope) int {
		if len(s.environments) == len(f.environments) {
			return -1
		}
		if len(s.environments) > 1 {
			return 0
		}
		return 1 + slices.Index(f.environments, s.environments[0])
	}
	slices.SortFunc(out, func(a, b scope) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.label, b.label)
	})
	return out
}

// in is the scope for a set of environments.
func (f *factoring) in(environments []string) *scope {
	l := f.label(environments)
	if f.scopes[l] == nil {
		f.scopes[l] = &scope{label: l, environments: environments, body: &term{kind: mapping}}
	}
	return f.scopes[l]
}

// label is the pattern that matches a set of environments, out of those of this app.
func (f *factoring) label(environments []string) string {
	switch {
	case len(environments) == 1:
		return label(environments[0])
	case len(environments) == len(f.environments):
		return "[_]"
	case len(environments) == len(f.environments)-1:
		i := slices.IndexFunc(f.environments, func(env string) bool { return !slices.Contains(environments, env) })
		return fmt.Sprintf("[!=%q]", f.environments[i])
	}
	quoted := make([]string, len(environments))
	for i, env := range environments {
		quoted[i] = fmt.Sprintf("%q", env)
	}
	return "[" + strings.Join(quoted, " | ") + "]"
}

// fields goes over the fields of mappings, one mapping for each environment. What embedded says
// stands there already.
func (f *factoring) fields(path []string, values []*node, environments []string, embedded [][]*node) {
	if len(path) > 0 {
		f.embed(path, values, environments, embedded)
	}
	var orders [][]string
	for _, v := range values {
		var keys []string
		for _, fl := range v.fields {
			keys = append(keys, fl.name)
		}
		orders = append(orders, keys)
	}
	for _, key := range mergeOrders(orders) {
		var at []int
		for i, v := range values {
			if v.get(key) != nil {
				at = append(at, i)
			}
		}
		written := label(key)
		if len(path) == 0 {
			written = key // what is referred to, and no one else's
		}
		f.value(append(slices.Clone(path), written),
			pick(at, func(i int) *node { return values[i].get(key) }),
			pick(at, func(i int) string { return environments[i] }),
			pick(at, func(i int) []*node { return below(embedded[i], key) }))
	}
}

func pick[T any](at []int, get func(int) T) []T {
	out := make([]T, len(at))
	for i, j := range at {
		out[i] = get(j)
	}
	return out
}

// below are the fields of that name in what is embedded.
func below(embedded []*node, key string) []*node {
	var out []*node
	for _, n := range embedded {
		if v := n.get(key); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// value goes over what stands at a path in some environments: mappings are taken apart, all else is
// a value.
func (f *factoring) value(path []string, values []*node, environments []string, embedded [][]*node) {
	var apart, single []int
	for i, v := range values {
		switch {
		case v.splits():
			apart = append(apart, i)
		case len(embedded[i]) == 0:
			single = append(single, i)
		}
	}
	value := func(i int) *node { return values[i] }
	env := func(i int) string { return environments[i] }
	if len(single) > 0 {
		f.values++
		groups := f.groups(pick(single, value), pick(single, env))
		if len(groups) == 1 {
			f.once++
		}
		for _, g := range groups {
			f.in(g.environments).body.put(path, g.term)
		}
	} else if len(apart) == 0 {
		f.values++
		f.once++
	}
	if len(apart) > 0 {
		f.fields(path, pick(apart, value), pick(apart, env), pick(apart, func(i int) []*node { return embedded[i] }))
	}
	f.comment(path, values, environments, single)
}

// comment writes down the comments around mappings, and around values that are embedded. What each
// environment says for itself goes with what else it says for itself.
func (f *factoring) comment(path []string, values []*node, environments []string, single []int) {
	var with []int
	for i, v := range values {
		if !slices.Contains(single, i) && !v.notes.empty() {
			with = append(with, i)
		}
	}
	for _, i := range with {
		alone := len(with) > 1 && !slices.ContainsFunc(with, func(j int) bool {
			return j != i && without(values[i].notes, values[j].notes).empty()
		})
		scopes := f.inOrder()
		if s := f.scopes[label(environments[i])]; alone && s != nil && s.body.find(path) != nil {
			scopes = []*scope{s}
		}
		f.note(path, values[i].notes, scopes)
	}
}

// note writes comments down at the first of the scopes that has the path, or else at what holds it.
func (f *factoring) note(path []string, said notes, scopes []*scope) {
	if said.empty() {
		return
	}
	for at := path; len(at) > 0; at = at[:len(at)-1] {
		for _, s := range scopes {
			if t := s.body.find(at); t != nil {
				t.notes.add(said)
				return
			}
		}
	}
	f.in(f.environments).body.notes.add(said)
}

// inOrder are the scopes, the most general first.
func (f *factoring) inOrder() []*scope {
	var out []*scope
	for _, s := range f.scopes {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *scope) int {
		if d := len(b.environments) - len(a.environments); d != 0 {
			return d
		}
		return slices.Compare(pick(indices(a.environments), func(i int) int { return slices.Index(f.environments, a.environments[i]) }),
			pick(indices(b.environments), func(i int) int { return slices.Index(f.environments, b.environments[i]) }))
	})
	return out
}

func indices(s []string) []int {
	out := make([]int, len(s))
	for i := range s {
		out[i] = i
	}
	return out
}

// embed finds what has a name and can be embedded at a path, for as many environments at once as
// can be.
func (f *factoring) embed(path []string, values []*node, environments []string, embedded [][]*node) {
	left := indices(environments)
	for _, set := range subsets(len(environments)) {
		if !subset(set, left) {
			continue
		}
		envs := pick(set, func(i int) string { return environments[i] })
		found := f.names.merged(pick(set, func(i int) *node { return values[i] }), envs, f.folder)
		if len(found) == 0 {
			continue
		}
		for _, n := range found {
			t := f.in(envs).body.at(path)
			t.embeds = append(t.embeds, f.reference(n))
			for _, i := range set {
				embedded[i] = append(embedded[i], n.values[environments[i]])
			}
		}
		left = slices.DeleteFunc(left, func(i int) bool { return slices.Contains(set, i) })
	}
}

// reference is how n is referred to here.
func (f *factoring) reference(n *named) string {
	if n.home != "" {
		return f.base + selected("values", n.home)
	}
	return n.ref
}
