package render

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/document"
)

// gone are the claims that take out what nothing declares any longer. A list or map of which nothing
// would be left is claimed to be empty instead, since a key with nothing under it means null.
func gone(have any, elements []document.Element, wanted []*claim) []*claim {
	var claims []*claim
	byPlace := map[string][]document.Element{}
	var places []string
	for _, e := range elements {
		if _, there := e.In(have); !there || e.ID == "" {
			continue // a document without keys of ours: it goes when nothing else is in it
		}
		if byPlace[e.At] == nil {
			places = append(places, e.At)
		}
		byPlace[e.At] = append(byPlace[e.At], e)
	}
	for _, at := range places {
		var path []string
		if at != "" {
			path = strings.Split(at, ".")
		}
		filled := slices.ContainsFunc(wanted, func(c *claim) bool { return c.at() == at })
		if n := len(path); n > 0 && !filled && size(have, path) == len(byPlace[at]) {
			var empty any = map[string]any{}
			if byPlace[at][0].By != "" {
				empty = []any{}
			}
			claims = append(claims, &claim{
				path: path[:n-1], id: path[n-1], value: empty,
				text: document.Append(nil, map[string]any{path[n-1]: empty}, 2*(n-1), nil), indent: 2 * (n - 1),
			})
			continue
		}
		for _, e := range byPlace[at] {
			claims = append(claims, &claim{path: path, id: e.ID, by: e.By, gone: true})
		}
	}
	return claims
}

// size is how many elements a list or a map has.
func size(doc any, path []string) int {
	for _, key := range path {
		m, _ := doc.(map[string]any)
		doc = m[key]
	}
	switch v := doc.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// nothingLeft reports whether a document says nothing any more once the claims are met: then its file
// goes away too. Only what was taken out counts; a file that somebody emptied is theirs.
func nothingLeft(have any, claims []*claim) bool {
	doc, ok := have.(map[string]any)
	if !ok || len(claims) == 0 {
		return false
	}
	left := len(doc)
	for _, c := range claims {
		empty := document.Equal(c.value, []any{}) || document.Equal(c.value, map[string]any{})
		if !c.gone && !(empty && c.pos.Filename == "") || len(c.path) > 0 {
			return false
		}
		left--
	}
	return left == 0
}

// takeOut removes the lines of an element and the comment above it, and the empty line that set it apart:
// one of the two that would meet, or the one that would be left at the head of a block or at the end of
// the file.
func (p *page) takeOut(r *region) edit {
	e := p.remove(r)
	blank := func(line int) bool {
		return line < 0 || line < len(p.lines) && len(bytes.TrimSpace(p.lines[line])) == 0
	}
	switch {
	case len(bytes.TrimSpace(bytes.Join(p.lines[e.end:], nil))) == 0:
		if e.start > 0 && blank(e.start-1) {
			e.start--
		}
	case (r.first || blank(e.start-1)) && blank(e.end):
		e.end++
	}
	return e
}
