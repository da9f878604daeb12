package adopt

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// provisional marks references to names of which it is not yet known where they will stand.
const provisional = "?"

// settle decides which names are kept, and where they stand: in the folder that alone uses one,
// among the settings where it differs between environments, or in the package blocks.
func (d *declarations) settle() {
	for _, folder := range d.folders {
		places := map[string]map[string]bool{}
		for _, a := range folder.apps {
			for _, s := range a.scopes {
				s.body.eachReference("", func(place, ref string) {
					if id, ok := strings.CutPrefix(ref, provisional); ok {
						if places[id] == nil {
							places[id] = map[string]bool{}
						}
						places[id][place] = true
					}
				})
			}
		}
		for id, at := range places {
			d.names.byID[id].uses[folder.name] = len(at)
		}
	}
	for _, folder := range d.folders {
		folder.hidden = d.names.settle(folder.name, map[string]bool{camel(folder.name): true})
	}
	d.names.drop()
}

// settle decides which names stand as hidden fields in the one folder that uses them, and returns
// them. Taken are the fields that it has.
func (ns *names) settle(folder string, taken map[string]bool) []*named {
	var hidden []*named
	for _, id := range ns.order {
		n := ns.byID[id]
		if n.home == "" && len(n.uses) == 1 && n.uses[folder] > 1 && n.sameEverywhere() {
			n.ref, n.hidden = "_"+unique(id, taken), folder
			hidden = append(hidden, n)
		}
	}
	return hidden
}

// drop forgets the names that are not worth it, and gives the others their place.
func (ns *names) drop() {
	ns.placed = true
	taken := map[string]bool{}
	for _, id := range ns.order {
		n := ns.byID[id]
		switch {
		case n.home != "" || !strings.HasPrefix(n.ref, provisional):
		case len(n.uses) == 0 || len(n.uses) == 1 && n.places() < 2:
			delete(ns.byID, id)
		default:
			name := unique(id, taken)
			if n.sameEverywhere() {
				n.block, n.ref = name, "blocks."+name
			} else {
				n.setting, n.ref = name, "environment.settings."+name
			}
		}
	}
}

// unique makes a name of an anchor's, or of several that are merged: the first one that is free.
func unique(id string, taken map[string]bool) string {
	parts := strings.Split(id, "+")
	name := camel(parts[0])
	if name == "" || slices.Contains(keywords, name) {
		name = "shared" + title(name)
	}
	for _, part := range parts[1:] {
		if !taken[name] {
			break
		}
		name += "With" + title(camel(part))
	}
	free := name
	for i := 2; taken[free]; i++ {
		free = name + strconv.Itoa(i)
	}
	taken[free] = true
	return free
}

func (n *named) places() int {
	sum := 0
	for _, places := range n.uses {
		sum += places
	}
	return sum
}

// any is one of n's values: the one of the first environment by name.
func (n *named) any() *node {
	return n.values[slices.Sorted(maps.Keys(n.values))[0]]
}

// term is n's value, to be written where it has its place. What is said around it stays where it
// was named.
func (n *named) term() *term {
	t := termOf(n.any())
	t.notes = notes{}
	return t
}

// homes are the names that the environments' own defaults have.
func (ns *names) homes() *names {
	if ns == nil {
		return nil
	}
	h := &names{byID: map[string]*named{}}
	for id, n := range ns.byID {
		if n.home != "" {
			h.byID[id] = n
		}
	}
	return h
}
