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
	path := strings.Split(pin, ".")
	if m, ok := have.(map[string]any); ok && m[pin] != nil {
		path = []string{pin}
	}
	tag := have
	for _, key := range path {
		m, ok := tag.(map[string]any)
		if !ok {
			return
		}
		if tag, ok = m[key]; !ok {
			return
		}
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
