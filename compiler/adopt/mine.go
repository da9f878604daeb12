package adopt

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Values that several apps repeat become blocks, from so many values and folders on, if so many
// lines are saved.
const (
	repeatedValues  = 4
	repeatedFolders = 3
	savedLines      = 4
)

// nearby is how many sites before it a site is compared with, so that the work grows with the
// number of apps and not with its square.
const nearby = 100

// A mined is a block that nobody had given a name.
type mined struct {
	name string
	body *term
}

// A site is a struct in an app's values that might embed a block.
type site struct {
	folder string
	path   string // from the values: `ingress: annotations`
	term   *term
	leaves map[string]string // what it says that is the same in every environment, by path
}

// A repetition is what several sites of one path have in common.
type repetition struct {
	path   string
	leaves []string // paths, sorted
	sites  []*site
	saved  int
}

// mine finds what repeats word for word in several folders, makes blocks of it, and has the apps
// embed them: the one that saves the most lines first.
func (d *declarations) mine() {
	taken := map[string]bool{}
	if d.names != nil {
		for _, n := range d.names.byID {
			taken[n.block] = true
		}
	}
	for {
		best := bestRepetition(d.sites())
		if best == nil {
			return
		}
		name := unique(strings.ReplaceAll(best.path, ": ", "-"), taken)
		b := mined{name: name, body: &term{kind: mapping}}
		for i, s := range best.sites {
			part := s.term.extract(best.leaves, "")
			if i == 0 {
				b.body = part
			} else {
				b.body.absorb(part)
			}
			s.term.embeds = append(s.term.embeds, "blocks."+name)
		}
		d.mined = append(d.mined, b)
	}
}

// sites are all structs in the values of apps, below the values themselves.
func (d *declarations) sites() []*site {
	var all []*site
	for _, f := range d.folders {
		visit := func(t *term) {
			values := t.lookup("values")
			if values == nil {
				return
			}
			values.eachStruct("", func(path string, s *term) {
				if path == "" {
					return
				}
				leaves := map[string]string{}
				s.eachLeaf("", leaves)
				if len(leaves) >= repeatedValues {
					all = append(all, &site{f.name, path, s, leaves})
				}
			})
		}
		if f.shared != nil {
			for _, r := range f.shared.fields {
				visit(r.value.fields[0].value)
			}
		}
		for _, a := range f.apps {
			for _, s := range a.scopes {
				visit(s.body)
			}
		}
	}
	return all
}

// eachStruct calls yield for t and every struct below it that is taken apart.
func (t *term) eachStruct(path string, yield func(path string, t *term)) {
	if t.kind != mapping || t.whole || t.expr != "" {
		return
	}
	yield(path, t)
	for _, f := range t.fields {
		f.value.eachStruct(joinPath(path, f.label), yield)
	}
}

func joinPath(path, label string) string {
	if path == "" {
		return label
	}
	return path + ": " + label
}

// eachLeaf collects the values of a struct that do not depend on where it stands.
func (t *term) eachLeaf(path string, leaves map[string]string) {
	for _, f := range t.fields {
		under := joinPath(path, f.label)
		switch v := f.value; {
		case v.kind == mapping && !v.whole && v.expr == "" && len(v.fields) > 0:
			v.eachLeaf(under, leaves)
		case !v.refers():
			leaves[under] = v.key()
		}
	}
}

// refers reports whether a term has a reference in it.
func (t *term) refers() bool {
	refers := false
	t.eachReference("", func(_, _ string) { refers = true })
	return refers
}

// bestRepetition is the repetition that saves the most lines, or nil.
func bestRepetition(sites []*site) *repetition {
	byPath := map[string][]*site{}
	for _, s := range sites {
		byPath[s.path] = append(byPath[s.path], s)
	}
	var best *repetition
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		seen := map[string]bool{}
		for i, a := range byPath[path] {
			for _, b := range byPath[path][max(0, i-nearby):i] {
				leaves := common(a, b)
				key := strings.Join(leaves, "\n")
				if a.folder == b.folder || len(leaves) < repeatedValues {
					continue
				}
				for _, l := range leaves {
					key += a.leaves[l]
				}
				if seen[key] {
					continue
				}
				seen[key] = true
				r := &repetition{path: path, leaves: leaves}
				r.measure(a, byPath[path])
				if r.saved >= savedLines && (best == nil || r.saved > best.saved) {
					best = r
				}
			}
		}
	}
	return best
}

func common(a, b *site) []string {
	var both []string
	for l, key := range a.leaves {
		if b.leaves[l] == key {
			both = append(both, l)
		}
	}
	slices.SortFunc(both, cmp.Compare)
	return both
}

// measure finds the sites that say all that model says at r's leaves, and what a block would save.
func (r *repetition) measure(model *site, sites []*site) {
	folders := map[string]bool{}
	for _, s := range sites {
		if !slices.ContainsFunc(r.leaves, func(l string) bool { return s.leaves[l] != model.leaves[l] }) {
			r.sites = append(r.sites, s)
			folders[s.folder] = true
		}
	}
	if len(folders) < repeatedFolders {
		return
	}
	lines := len(r.leaves)
	if text, ok := model.term.clone().extract(r.leaves, "").inline(); ok && utf8.RuneCountInString(text) < width-30 {
		lines = 1
	}
	r.saved = len(r.sites)*(lines-1) - lines - 1
}

// extract takes the leaves at the given paths out of t.
func (t *term) extract(leaves []string, path string) *term {
	out := &term{kind: mapping}
	var rest []termField
	for _, f := range t.fields {
		under := joinPath(path, f.label)
		switch {
		case slices.Contains(leaves, under):
			out.fields = append(out.fields, f)
		case slices.ContainsFunc(leaves, func(l string) bool { return strings.HasPrefix(l, under+": ") }):
			part := f.value.extract(leaves, under)
			if len(part.fields) > 0 {
				out.fields = append(out.fields, termField{f.label, part})
			}
			if f.value.empty() {
				continue
			}
			rest = append(rest, f)
		default:
			rest = append(rest, f)
		}
	}
	t.fields = rest
	slices.SortStableFunc(out.fields, func(a, b termField) int { return cmp.Compare(a.label, b.label) })
	return out
}
