package verify

import (
	"maps"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/state"
)

// beside is what a document means beside elements. One of a list leaves its name behind where the other
// document has it too, so that the order of what stays shows.
func beside(doc any, elements []state.Element, other any) any {
	places := map[string][]document.Element{}
	for _, e := range elements {
		if e.ID != "" {
			places[e.At] = append(places[e.At], e.Element)
		} else if e.Digest != nothing {
			return nil
		}
	}
	// The deepest first, as a list may itself be in what another element owns.
	order := slices.SortedFunc(maps.Keys(places), func(a, b string) int { return strings.Compare(b, a) })
	for _, at := range order {
		var path []string
		if at != "" {
			path = strings.Split(at, ".")
		}
		doc = within(doc, path, func(v any) any {
			for _, e := range places[at] {
				_, stays := e.In(other)
				v = takeOut(v, e, stays)
			}
			return v
		})
	}
	if empty(doc) {
		return map[string]any{}
	}
	return doc
}

// takeOut is a list or a map without an element, of which its name may stay.
func takeOut(v any, e document.Element, name bool) any {
	switch v := v.(type) {
	case map[string]any:
		if e.By == "" {
			v = maps.Clone(v)
			delete(v, e.ID)
			return v
		}
	case []any:
		i := slices.IndexFunc(v, func(item any) bool {
			m, ok := item.(map[string]any)
			return ok && m[e.By] == e.ID
		})
		if i < 0 || e.By == "" {
			return v
		}
		v = slices.Clone(v)
		if name {
			v[i] = map[string]any{e.By: e.ID}
			return v
		}
		return slices.Delete(v, i, i+1)
	}
	return v
}

// within is a document with what stands at a path changed. What becomes empty on the way is left out: a
// list that waits for its first element means nothing.
func within(doc any, path []string, f func(any) any) any {
	if len(path) == 0 {
		return f(doc)
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return doc
	}
	v, has := m[path[0]]
	if !has {
		return doc
	}
	m = maps.Clone(m)
	if v = within(v, path[1:], f); empty(v) {
		delete(m, path[0])
	} else {
		m[path[0]] = v
	}
	return m
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// at is what stands at a path of keys.
func at(doc any, path []string) (any, bool) {
	for _, key := range path {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = m[key]; !ok {
			return nil, false
		}
	}
	return doc, true
}

func without(doc any, path []string) any {
	m, ok := doc.(map[string]any)
	if !ok || len(path) == 0 {
		return doc
	}
	v, has := m[path[0]]
	if !has {
		return doc
	}
	m = maps.Clone(m)
	if len(path) == 1 {
		delete(m, path[0])
	} else {
		m[path[0]] = without(v, path[1:])
	}
	return m
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// scalars are the ways to the scalars in a document's maps, those of one map together.
func scalars(dst [][][]string, doc any, path []string) [][][]string {
	m, _ := doc.(map[string]any)
	var here [][]string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if isScalar(m[key]) {
			here = append(here, append(slices.Clone(path), key))
		} else {
			dst = scalars(dst, m[key], append(slices.Clone(path), key))
		}
	}
	if len(here) > 0 {
		dst = append(dst, here)
	}
	return dst
}

// choices are some of the keys of a map: all that can be chosen of a few, and of many each alone.
func choices(keys [][]string) [][][]string {
	const few = 8
	var out [][][]string
	if len(keys) > few {
		for i := range keys {
			out = append(out, keys[i:i+1])
		}
		return out
	}
	for chosen := 1; chosen < 1<<len(keys); chosen++ {
		var some [][]string
		for i, key := range keys {
			if chosen&(1<<i) != 0 {
				some = append(some, key)
			}
		}
		out = append(out, some)
	}
	return out
}
