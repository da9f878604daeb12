package adopt

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// findRoles tells by their shape which keys of an element mean what. No key is known by name.
func findRoles(s *survey, charts *tree.Tree, dir string) roles {
	keys := map[string]*keyShape{}
	for _, a := range s.apps {
		for _, element := range a.elements {
			for _, f := range element.fields {
				if f.name == "name" {
					continue
				}
				if keys[f.name] == nil {
					keys[f.name] = &keyShape{}
				}
				keys[f.name].see(a.name, f.value, s.pins)
			}
		}
	}
	names := slices.Sorted(maps.Keys(keys))
	best := func(score func(*keyShape) int) string {
		found, most := "", 0
		for _, name := range names {
			if n := score(keys[name]); n > most {
				found, most = name, n
			}
		}
		return found
	}
	isChart := chartFolder(charts, dir)
	r := roles{
		values: best(func(k *keyShape) int {
			if 2*k.mappings < k.seen {
				return 0
			}
			return k.leaves
		}),
		image: best(func(k *keyShape) int {
			if k.texts < k.seen || 10*k.pinned < 8*k.seen {
				return 0
			}
			return k.otherThanOwn
		}),
		images: best(func(k *keyShape) int {
			if k.textLists < k.seen || 2*k.pinnedItems < k.items {
				return 0
			}
			return k.items
		}),
		chart: best(func(k *keyShape) int {
			if k.texts < k.seen {
				return 0
			}
			n := 0
			for text, times := range k.said {
				if isChart(text) {
					n += times
				}
			}
			if 10*n < 8*k.seen {
				return 0
			}
			return n
		}),
	}
	r.env = envKey(s, r.values)
	return r
}

// A keyShape is what the values of one key look like, over all elements that have it.
type keyShape struct {
	seen         int
	mappings     int
	leaves       int
	texts        int
	said         map[string]int // texts, and how often
	pinned       int            // texts that are the name of a pin
	otherThanOwn int            // of these, the ones that are not the app's own name
	textLists    int
	items        int
	pinnedItems  int
}

func (k *keyShape) see(app string, n *node, p pins) {
	k.seen++
	switch n.kind {
	case mapping:
		k.mappings++
		k.leaves += n.leaves()
	case scalar:
		text := n.text()
		if text == "" {
			return
		}
		k.texts++
		if k.said == nil {
			k.said = map[string]int{}
		}
		k.said[text]++
		if p.has(text) {
			k.pinned++
			if text != app {
				k.otherThanOwn++
			}
		}
	case list:
		for _, item := range n.items {
			if item.text() == "" {
				return
			}
		}
		k.textLists++
		k.items += len(n.items)
		for _, item := range n.items {
			if p.has(item.text()) {
				k.pinnedItems++
			}
		}
	}
}

// chartFolder tells whether a text is the folder of a chart: one that the repo has, or one that
// would stand beside the charts it has.
func chartFolder(charts *tree.Tree, dir string) func(string) bool {
	top, _, nested := strings.Cut(dir, "/")
	folders := map[string]bool{}
	for _, p := range charts.Paths() {
		for d := path.Dir(p); d != "."; d = path.Dir(d) {
			folders[d] = true
		}
	}
	return func(text string) bool {
		if text != path.Clean(text) || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "..") {
			return false
		}
		return folders[text] || nested && strings.HasPrefix(text, top+"/") && !strings.ContainsAny(text, " :{")
	}
}

// envKey is the key of the values that holds lists of Kubernetes environment variables.
func envKey(s *survey, values string) string {
	lists, variables := map[string]int{}, map[string]int{}
	for _, a := range s.apps {
		for _, element := range a.elements {
			for _, f := range element.get(values).entries() {
				if f.value.kind != list || len(f.value.items) == 0 {
					continue
				}
				lists[f.name]++
				if slices.IndexFunc(f.value.items, func(n *node) bool { return !isVariable(n) }) < 0 {
					variables[f.name]++
				}
			}
		}
	}
	key := ""
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if 2*variables[name] >= lists[name] && (key == "" || variables[name] > variables[key]) {
			key = name
		}
	}
	return key
}

// entries are a mapping's fields; none of anything else.
func (n *node) entries() []field {
	if n == nil {
		return nil
	}
	return n.fields
}

// chartNames gives each chart that an app names the name of its folder.
func chartNames(s *survey) map[string]string {
	charts := map[string]string{}
	if s.roles.chart == "" {
		return charts
	}
	var paths []string
	for _, a := range s.apps {
		for _, element := range a.elements {
			if p := element.get(s.roles.chart).text(); p != "" {
				paths = append(paths, p)
			}
		}
	}
	slices.Sort(paths)
	for _, p := range slices.Compact(paths) {
		if name := path.Base(p); dnsLabel.MatchString(name) && charts[name] == "" {
			charts[name] = p
		}
	}
	return charts
}
