package adopt

import (
	"slices"
	"strings"
)

// worthSharing is how many values apps must have in common for them to be written once.
const worthSharing = 4

// share takes what all apps of a folder say alike out of them, as one struct that each embeds, or
// is nil where that is too little.
func (f *folder) share() *term {
	if len(f.apps) < 2 {
		return nil
	}
	shared := &term{kind: mapping}
	sum := 0
	for _, s := range f.apps[0].scopes {
		bodies := f.bodies(s.label)
		if len(bodies) < len(f.apps) {
			continue
		}
		if common := intersection(bodies); common != nil {
			sum += common.size()
			shared.release(s.label, common)
		}
	}
	if sum < worthSharing {
		return nil
	}
	for _, a := range f.apps {
		for i, s := range a.scopes {
			for _, r := range shared.fields {
				if r.value.fields[0].label == s.label {
					a.scopes[i].body = s.body.minus(r.value.fields[0].value)
				}
			}
		}
		a.scopes = slices.DeleteFunc(a.scopes, func(s scope) bool { return len(s.environments) > 1 && s.body.empty() })
	}
	return shared
}

// bodies are what the apps say in the scope of that label.
func (f *folder) bodies(label string) []*term {
	var out []*term
	for _, a := range f.apps {
		for _, s := range a.scopes {
			if s.label == label {
				out = append(out, s.body)
			}
		}
	}
	return out
}

// intersection is what all of these structs say, or nil.
func intersection(all []*term) *term {
	common := &term{kind: mapping}
	for _, e := range all[0].embeds {
		if !slices.ContainsFunc(all, func(t *term) bool { return !slices.Contains(t.embeds, e) }) {
			common.embeds = append(common.embeds, e)
		}
	}
	for _, f := range all[0].fields {
		var same []*term
		for _, t := range all {
			if v := t.lookup(f.label); v != nil {
				same = append(same, v)
			}
		}
		if len(same) < len(all) {
			continue
		}
		if v := agreed(same); v != nil {
			common.fields = append(common.fields, termField{f.label, v})
		}
	}
	if len(common.fields)+len(common.embeds) == 0 {
		return nil
	}
	for _, t := range all {
		common.notes.add(t.notes)
	}
	return common
}

// agreed is what all of these values have in common, or nil.
func agreed(all []*term) *term {
	if !slices.ContainsFunc(all, func(t *term) bool { return t.kind != mapping || t.whole || t.expr != "" || len(t.fields) == 0 }) {
		return intersection(all)
	}
	if slices.ContainsFunc(all, func(t *term) bool { return t.key() != all[0].key() }) {
		return nil
	}
	v := *all[0]
	for _, t := range all[1:] {
		v.absorb(t)
	}
	return &v
}

// absorb takes over the comments of a term that means the same.
func (t *term) absorb(other *term) {
	t.notes.add(other.notes)
	for i, f := range other.fields {
		t.fields[i].value.absorb(f.value)
	}
	for i, item := range other.items {
		t.items[i].absorb(item)
	}
}

// minus is t without what shared says.
func (t *term) minus(shared *term) *term {
	rest := *t
	rest.embeds, rest.fields, rest.notes = nil, nil, notes{}
	for _, e := range t.embeds {
		if !slices.Contains(shared.embeds, e) {
			rest.embeds = append(rest.embeds, e)
		}
	}
	for _, f := range t.fields {
		said := shared.lookup(f.label)
		switch {
		case said == nil:
			rest.fields = append(rest.fields, f)
		case said.key() == f.value.key():
		default:
			if left := f.value.minus(said); !left.empty() {
				rest.fields = append(rest.fields, termField{f.label, left})
			}
		}
	}
	return &rest
}

// size is the number of values in t.
func (t *term) size() int {
	if t.kind != mapping || t.whole || t.expr != "" {
		return 1
	}
	sum := len(t.embeds)
	for _, f := range t.fields {
		sum += f.value.size()
	}
	return sum
}

func (f *folder) sharedName() string { return "_" + camel(f.name) }

func (f *folder) sharedBy() string {
	var names []string
	for _, a := range f.apps {
		names = append(names, a.name)
	}
	last := len(names) - 1
	return "What " + strings.Join(names[:last], ", ") + " and " + names[last] + " have in common."
}
