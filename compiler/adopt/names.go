package adopt

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A named is a value that the charts repo's authors gave a name: an anchor, or several that they
// merge as one.
type named struct {
	id     string           // the anchor's name; several are joined by +
	values map[string]*node // by environment
	// ref is how declarations refer to it.
	ref string
	// home is the default for all apps that has this value already; "" where there is none.
	home    string
	block   string         // its name in the package blocks, where it stands there
	setting string         // its name among the settings of environments, where it stands there
	hidden  string         // the folder in which it stands as a hidden field, where it does
	uses    map[string]int // by folder: how many places refer to it
}

// names are all that can be referred to.
type names struct {
	byID   map[string]*named
	order  []string // of ids
	placed bool
}

// namesOf collects what has a name.
func namesOf(s *survey) *names {
	ns := &names{byID: map[string]*named{}}
	for _, p := range s.environments {
		if p.page.root == nil {
			continue
		}
		for _, top := range p.defaults.entries() {
			if top.value.anchor != "" {
				ns.add(p.name, top.value.anchor, top.value).home = top.name
			}
		}
		ns.collect(p.name, p.page.root)
	}
	for _, p := range s.environments {
		ns.combine(p.name, p.page.root)
	}
	for _, n := range ns.byID {
		for _, p := range s.environments {
			// It is a default only where it is one everywhere.
			if v := n.values[p.name]; v != nil && p.defaults.get(n.home) != v {
				n.home = ""
			}
		}
	}
	ns.order = slices.SortedFunc(maps.Keys(ns.byID), func(a, b string) int {
		return cmp.Or(strings.Count(a, "+")-strings.Count(b, "+"), cmp.Compare(a, b))
	})
	return ns
}

func (ns *names) add(env, id string, v *node) *named {
	n := ns.byID[id]
	if n == nil {
		n = &named{id: id, ref: provisional + id, values: map[string]*node{}, uses: map[string]int{}}
		ns.byID[id] = n
	}
	if n.values[env] == nil {
		n.values[env] = v
	}
	return n
}

func (ns *names) collect(env string, n *node) {
	if n.anchor != "" {
		ns.add(env, n.anchor, n)
	}
	for _, f := range n.fields {
		ns.collect(env, f.value)
	}
	for _, item := range n.items {
		ns.collect(env, item)
	}
}

// combine names what is merged together where one part overrides another, so that they cannot be
// taken one by one.
func (ns *names) combine(env string, n *node) {
	if n == nil {
		return
	}
	if id := strings.Join(n.merges, "+"); len(n.merges) > 1 && ns.conflict(env, n.merges) {
		var parts []*node
		for _, m := range n.merges {
			parts = append(parts, ns.byID[m].values[env])
		}
		all := &node{kind: mapping, merges: n.merges, pos: n.pos}
		for _, part := range parts {
			for _, f := range part.fields {
				if all.get(f.name) == nil {
					all.fields = append(all.fields, field{f.name, silent(f.value)})
				}
			}
		}
		ns.add(env, id, all)
	}
	for _, f := range n.fields {
		ns.combine(env, f.value)
	}
	for _, item := range n.items {
		ns.combine(env, item)
	}
}

// conflict reports whether mappings say different things about one field.
func (ns *names) conflict(env string, merges []string) bool {
	seen := map[string]*node{}
	for _, m := range merges {
		n := ns.byID[m]
		if n == nil || n.values[env] == nil {
			return false
		}
		for _, f := range n.values[env].fields {
			if seen[f.name] != nil && !equal(seen[f.name], f.value) {
				return true
			}
			seen[f.name] = f.value
		}
	}
	return false
}

// sameEverywhere reports whether a named value does not depend on the environment.
func (n *named) sameEverywhere() bool {
	var first *node
	for _, v := range n.values {
		if first == nil {
			first = v
		}
		if !equal(first, v) {
			return false
		}
	}
	return true
}

// matching is the name under which all of these values, one for each environment, are known: one
// by which the authors called at least one of them.
func (ns *names) matching(values []*node, environments []string, folder string) *named {
	if ns == nil {
		return nil
	}
	for _, v := range values {
		for _, id := range []string{v.alias, v.anchor} {
			n := ns.byID[id]
			if id != "" && n.seenFrom(folder) && n.holds(values, environments, equal) {
				return n
			}
		}
	}
	return nil
}

// merged are the names of what can be embedded in these mappings, one for each environment: what
// their authors merged into at least one of them, or took over as it is.
func (ns *names) merged(values []*node, environments []string, folder string) []*named {
	if ns == nil {
		return nil
	}
	var ids []string
	for _, v := range values {
		if together := strings.Join(v.merges, "+"); ns.byID[together] != nil {
			ids = append(ids, together)
		}
	}
	for _, v := range values {
		ids = append(ids, v.alias, v.anchor)
		ids = append(ids, v.merges...)
	}
	var found []*named
	for _, id := range ids {
		n := ns.byID[id]
		if id == "" || !n.seenFrom(folder) || slices.Contains(found, n) || !n.holds(values, environments, contains) {
			continue
		}
		// What a larger one holds already adds nothing.
		if slices.ContainsFunc(found, func(f *named) bool { return f.includes(n, environments) }) {
			continue
		}
		found = append(found, n)
	}
	return found
}

// seenFrom reports whether a folder can refer to n.
func (n *named) seenFrom(folder string) bool {
	return n != nil && (n.hidden == "" || n.hidden == folder)
}

func (n *named) includes(other *named, environments []string) bool {
	for _, env := range environments {
		if n.values[env] == nil || other.values[env] == nil || !contains(n.values[env], other.values[env]) {
			return false
		}
	}
	return true
}

// holds reports whether n stands in the given relation to all of the values.
func (n *named) holds(values []*node, environments []string, related func(value, named *node) bool) bool {
	for i, env := range environments {
		if n.values[env] == nil || values[i] == n.values[env] && n.home != "" || !related(values[i], n.values[env]) {
			return false
		}
	}
	return true
}

// contains reports whether a mapping says all that part says.
func contains(n, part *node) bool {
	if n.kind != mapping || part.kind != mapping || n.whole || part.whole {
		return false
	}
	for _, f := range part.fields {
		v := n.get(f.name)
		switch {
		case v == nil:
			return false
		case f.value.splits() && v.splits():
			if !contains(v, f.value) {
				return false
			}
		case !equal(v, f.value):
			return false
		}
	}
	return len(part.fields) > 0
}
