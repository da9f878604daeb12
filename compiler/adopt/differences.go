package adopt

import (
	"encoding/json"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strconv"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Difference is a place where a rendered file does not mean what the original meant.
type Difference struct {
	Where   token.Position // in the original; where it says nothing of the kind, at what holds it
	Path    string         // "apps[frontend].values.ports[0]": elements of the list of apps go by name
	Was, Is string         // as JSON; "" for nothing
}

// Differences compares every file in which something is claimed with what was rendered for it: as
// JSON, after anchors and merges are resolved. The order of every list counts, but for the list of
// apps itself.
func Differences(charts, rendered *tree.Tree, claims []Claim) []Difference {
	lists := map[string]string{}
	for _, c := range claims {
		lists[c.Path] = c.List
	}
	c := comparison{}
	for _, path := range slices.Sorted(maps.Keys(lists)) {
		was, at, err := meaning(charts, path)
		if err != nil {
			c.differ(token.Position{Filename: path}, "", err.Error(), "")
			continue
		}
		is, _, err := meaning(rendered, path)
		if err != nil {
			c.differ(token.Position{Filename: path}, "", "", err.Error())
			continue
		}
		c.documents(was, is, lists[path], at)
	}
	slices.SortStableFunc(c.found, func(a, b Difference) int { return diag.ComparePositions(a.Where, b.Where) })
	return c.found
}

// meaning is what a file means, and where it says it.
func meaning(t *tree.Tree, path string) (any, *node, error) {
	data, ok := t.Get(path)
	if !ok {
		return nil, nil, fmt.Errorf("%s does not exist", path)
	}
	p, err := readPage(path, data)
	if err != nil {
		return nil, nil, err
	}
	if p.root == nil {
		p.root = &node{kind: mapping, pos: token.Position{Filename: path}}
	}
	return p.meaning, p.root, nil
}

type comparison struct {
	found []Difference
}

// documents compares two documents. Elements of the list of apps are told apart by name.
func (c *comparison) documents(was, is any, list string, at *node) {
	before, ok := was.(map[string]any)
	after, also := is.(map[string]any)
	if !ok || !also {
		c.values(was, is, "", at)
		return
	}
	before, after = maps.Clone(before), maps.Clone(after)
	old, now := elements(before, list), elements(after, list)
	if old != nil && now != nil {
		delete(before, list)
		delete(after, list)
		places := map[string]*node{}
		for _, item := range at.get(list).items {
			places[item.get("name").text()] = item
		}
		for _, name := range eitherName(old, now) {
			path := fmt.Sprintf("%s[%s]", list, name)
			place := places[name]
			if place == nil {
				place = at.get(list)
			}
			c.either(old[name], now[name], path, place)
		}
	}
	c.values(before, after, "", at)
}

// elements are a list's mappings by name, or nil where a list is something else. Two of one name
// are kept apart.
func elements(doc map[string]any, list string) map[string][]any {
	items, ok := doc[list].([]any)
	if !ok {
		return nil
	}
	byName := map[string][]any{}
	for _, item := range items {
		m, _ := item.(map[string]any)
		name, ok := m["name"].(string)
		if !ok {
			return nil
		}
		byName[name] = append(byName[name], item)
	}
	return byName
}

func eitherName(a, b map[string][]any) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// either compares what a name stands for: once, as a rule.
func (c *comparison) either(was, is []any, path string, at *node) {
	if len(was) == 1 && len(is) == 1 {
		c.values(was[0], is[0], path, at)
		return
	}
	c.differ(at.pos, path, jsonOrNothing(was), jsonOrNothing(is))
}

func jsonOrNothing(items []any) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return asJSON(items[0])
	}
	return asJSON(items)
}

// values compares two values, and finds the innermost that differ.
func (c *comparison) values(was, is any, path string, at *node) {
	switch was := was.(type) {
	case map[string]any:
		if is, ok := is.(map[string]any); ok {
			c.mappings(was, is, path, at)
			return
		}
	case []any:
		if is, ok := is.([]any); ok {
			c.lists(was, is, path, at)
			return
		}
	}
	if !document.Equal(was, is) {
		c.differ(at.pos, path, asJSON(was), asJSON(is))
	}
}

func (c *comparison) mappings(was, is map[string]any, path string, at *node) {
	keys := maps.Clone(was)
	maps.Copy(keys, is)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		v, had := was[key]
		w, has := is[key]
		place := at.get(key)
		if place == nil {
			place = at
		}
		under := key
		if !identifier(key) {
			under = strconv.Quote(key)
		}
		if path != "" {
			under = path + "." + under
		}
		switch {
		case !had:
			c.differ(place.pos, under, "", asJSON(w))
		case !has:
			c.differ(place.pos, under, asJSON(v), "")
		default:
			c.values(v, w, under, place)
		}
	}
}

func (c *comparison) lists(was, is []any, path string, at *node) {
	for i := range max(len(was), len(is)) {
		under := fmt.Sprintf("%s[%d]", path, i)
		place := at
		if i < len(at.items) {
			place = at.items[i]
		}
		switch {
		case i >= len(was):
			c.differ(place.pos, under, "", asJSON(is[i]))
		case i >= len(is):
			c.differ(place.pos, under, asJSON(was[i]), "")
		default:
			c.values(was[i], is[i], under, place)
		}
	}
}

func (c *comparison) differ(at token.Position, path, was, is string) {
	c.found = append(c.found, Difference{at, path, was, is})
}

// longest is how much of a value is shown.
const longest = 200

func asJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if r := []rune(string(data)); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return string(data)
}
