package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// Declared finds tags that are declared as values: a tag is state, which bumps move and compiling does
// not, so one that is written down in two places would be moved back and forth.
func Declared(fragments []Fragment, pins map[string][]string) diag.List {
	var findings diag.List
	for _, f := range fragments {
		for _, pin := range pins[f.Path] {
			for _, e := range f.Elements {
				rest, inside := e.Below(pin)
				if !inside && (e.By != "" || e.At != "" || e.ID != pin) {
					continue
				}
				value, _ := f.Value(e.Element)
				if inside && document.Equal(value, document.Without(value, rest)) {
					continue
				}
				findings = append(findings, diag.Finding{
					Rule:  "pin-declared",
					Where: f.Pos,
					What:  fmt.Sprintf("%s of %s is declared as a value, and it is a pin", pin, f.Path),
					Why:   "a tag is state: bumps move it, and compiling never does",
					Fix:   "leave it out of the values",
				})
			}
		}
	}
	return findings
}

// keepPin makes the claims leave a tag as it stands: what is declared has no say in it.
func keepPin(have any, claims []*claim, pin string) {
	path, tag, there := leaf(have, pin)
	if !there {
		return
	}
	for _, c := range claims {
		whole := append(slices.Clone(c.path), c.id)
		if c.inList() || c.gone || len(path) <= len(whole) || !slices.Equal(path[:len(whole)], whole) {
			continue
		}
		value, ok := c.value.(map[string]any)
		if !ok {
			continue
		}
		c.value = withLeaf(value, path[len(whole):], tag)
		c.text = document.Append(nil, map[string]any{c.id: c.value}, c.indent, c.order)
	}
}

// leaf is the way to a key and what stands there. At each level the whole rest of the key is tried as it is,
// dots and all, then what stands before its first dot, as the package state does it.
func leaf(doc any, key string) (path []string, value any, ok bool) {
	for rest := key; ; {
		m, _ := doc.(map[string]any)
		if value, ok = m[rest]; ok {
			return append(path, rest), value, true
		}
		name, below, nested := strings.Cut(rest, ".")
		if doc, ok = m[name]; !nested || !ok {
			return nil, nil, false
		}
		path, rest = append(path, name), below
	}
}

// withLeaf is a copy of m with one leaf set.
func withLeaf(m map[string]any, path []string, leaf any) map[string]any {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	if len(path) == 1 {
		out[path[0]] = leaf
		return out
	}
	next, _ := out[path[0]].(map[string]any)
	out[path[0]] = withLeaf(next, path[1:], leaf)
	return out
}
