package adopt

import "slices"

// A keyed is a list in the values whose items are written by name instead: lists do not merge, so
// what is the same in all environments could not be said once.
type keyed struct {
	list      string // its key in the values
	field     string // under `release`
	variables bool   // the items are environment variables
}

// order is the field that keeps an order which is not the one of the names.
func (k keyed) order() string { return k.field + "Order" }

// keyedLists finds the lists that can be written by name and gain by it: the environment variables,
// and lists of named mappings that differ between environments in several apps.
func (s *survey) keyedLists() []keyed {
	var found []keyed
	if s.roles.env != "" {
		found = append(found, keyed{list: s.roles.env, field: "env", variables: true})
	}
	differ := map[string]int{}
	var keys []string
	for _, a := range s.apps {
		for _, key := range s.valueKeys(a) {
			k := keyed{list: key, field: key}
			if key == s.roles.env || !identifier(key) || slices.Contains(releaseFields, key) || slices.Contains(releaseFields, k.order()) {
				continue
			}
			lists := s.lists(a, k)
			if k.fits(lists) && !same(lists) {
				if differ[key]++; differ[key] == 1 {
					keys = append(keys, key)
				}
			}
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if differ[key] > 1 {
			found = append(found, keyed{list: key, field: key})
		}
	}
	return found
}

// releaseFields are taken under `release`, by the schema or by the presets, or mean something in CUE.
var releaseFields = slices.Concat(keywords, []string{
	"app", "environment", "chart", "namespace", "images", "values", "files", "image", "element", "env",
	"envOrder", "layout", "name", "n", "list", "len", "environments", "schema",
})

// valueKeys are the keys of an app's values, in any environment.
func (s *survey) valueKeys(a *app) []string {
	var orders [][]string
	for _, env := range s.environmentsOf(a) {
		var keys []string
		for _, f := range a.elements[env].get(s.roles.values).entries() {
			keys = append(keys, f.name)
		}
		orders = append(orders, keys)
	}
	return mergeOrders(orders)
}

// lists are what an app has at a key, in the environments where it has it.
func (s *survey) lists(a *app, k keyed) []*node {
	var found []*node
	for _, env := range s.environmentsOf(a) {
		if l := a.elements[env].get(s.roles.values).get(k.list); l != nil {
			found = append(found, l)
		}
	}
	return found
}

// fits reports whether values can be written by name: all are lists of items with a name that no
// other item has.
func (k keyed) fits(lists []*node) bool {
	for _, l := range lists {
		if l.kind != list || len(l.items) == 0 {
			return false
		}
		seen := map[string]bool{}
		for _, item := range l.items {
			name := item.get("name").text()
			if item.kind != mapping || name == "" || seen[name] || k.variables && !isVariable(item) {
				return false
			}
			seen[name] = true
		}
	}
	return len(lists) > 0
}

// byName is a list as a struct with a field for each item.
func (k keyed) byName(l *node) *node {
	m := &node{kind: mapping, pos: l.pos, notes: l.notes}
	for _, item := range l.items {
		v := variable
		if !k.variables {
			v = unnamed
		}
		m.fields = append(m.fields, field{item.get("name").text(), v(item)})
	}
	return m
}

// unnamed is a mapping without its name.
func unnamed(item *node) *node {
	rest := *item
	rest.fields = slices.DeleteFunc(slices.Clone(item.fields), func(f field) bool { return f.name == "name" })
	rest.notes.add(item.get("name").gathered())
	return &rest
}

// variable is one environment variable: a text, {secret: NAME, key?: KEY}, or whatever else it is
// taken from.
func variable(item *node) *node {
	name := item.get("name").text()
	v := &node{kind: mapping, whole: true, pos: item.pos, notes: item.gathered()}
	if value := item.get("value"); value != nil {
		text := *value
		text.pos, text.notes = v.pos, v.notes
		return &text
	}
	from := item.get("valueFrom")
	ref := from.get("secretKeyRef")
	secret, key := ref.get("name"), ref.get("key")
	if len(from.fields) == 1 && ref != nil && len(ref.fields) == 2 && secret.text() != "" && key.text() != "" {
		v.fields = []field{{"secret", silent(secret)}}
		if key.text() != name {
			v.fields = append(v.fields, field{"key", silent(key)})
		}
		return v
	}
	v.fields = []field{{"valueFrom", silent(from)}}
	return v
}

// isVariable reports whether n is a name with a text, or with a place that a text is taken from.
func isVariable(n *node) bool {
	if n.kind != mapping || len(n.fields) != 2 || n.get("name").text() == "" {
		return false
	}
	if from := n.get("valueFrom"); from != nil {
		return from.kind == mapping && len(from.fields) > 0
	}
	value := n.get("value")
	if value == nil || value.kind != scalar {
		return false
	}
	_, isText := value.scalar.(string)
	return isText
}

// silent is n without its comments, which stand elsewhere.
func silent(n *node) *node {
	c := *n
	c.notes = notes{}
	c.fields, c.items = nil, nil
	for _, f := range n.fields {
		c.fields = append(c.fields, field{f.name, silent(f.value)})
	}
	for _, item := range n.items {
		c.items = append(c.items, silent(item))
	}
	return &c
}

// keepOrder says which items do not stand in the order of their names: for all environments at once
// where that can be, else for as many as can.
func (k keyed) keepOrder(d *deployed) {
	lists := map[string][]string{}
	var with []string
	for _, env := range d.environments {
		for _, f := range d.releases[env].get(k.field).entries() {
			lists[env] = append(lists[env], f.name)
		}
		if len(lists[env]) > 0 {
			with = append(with, env)
		}
	}
	if first, ok := sortedExcept(listsOf(lists, with)); ok {
		k.setOrder(d, d.environments, first) // one without such a list is served by the same line
		return
	}
	for _, set := range subsets(len(with)) {
		group := pick(set, func(i int) string { return with[i] })
		first, ok := sortedExcept(listsOf(lists, group))
		if !ok || len(group) < len(with)-1 {
			continue
		}
		k.setOrder(d, group, first)
		with = slices.DeleteFunc(with, func(env string) bool { return slices.Contains(group, env) })
		break
	}
	for _, env := range with {
		first, _ := sortedExcept([][]string{lists[env]})
		k.setOrder(d, []string{env}, first)
	}
}

func listsOf(lists map[string][]string, environments []string) [][]string {
	var of [][]string
	for _, env := range environments {
		of = append(of, lists[env])
	}
	return of
}

func (k keyed) setOrder(d *deployed, environments, first []string) {
	if len(first) == 0 {
		return
	}
	order := &node{kind: list, whole: true}
	for _, name := range first {
		order.items = append(order.items, &node{scalar: name})
	}
	for _, env := range environments {
		r := d.releases[env]
		at := slices.IndexFunc(r.fields, func(f field) bool { return f.name == k.field })
		if at < 0 {
			at = len(r.fields) - 1
		}
		r.fields = slices.Insert(r.fields, at+1, field{k.order(), order})
	}
}
