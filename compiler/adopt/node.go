package adopt

import (
	"go/token"

	"github.com/pintle-dev/pintle/compiler/document"
)

// A node is a value of a YAML document, with aliases and merges resolved, that still knows what
// its author wrote around it.
type node struct {
	kind   kind
	scalar any     // string, bool, json.Number or nil
	fields []field // of a mapping, in the author's order
	items  []*node // of a list

	anchor string   // the name that the author gave it
	alias  string   // the name under which it was taken over from elsewhere
	merges []string // the names merged into this mapping, the winning one first

	// whole marks a mapping that is one value, and is never taken apart.
	whole bool

	pos   token.Position
	notes notes
}

type kind int

const (
	scalar kind = iota
	mapping
	list
)

type field struct {
	name  string
	value *node
}

// get is a mapping's field, or nil.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// text is a scalar's string, or "" for anything else.
func (n *node) text() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	s, _ := n.scalar.(string)
	return s
}

// splits reports whether a node is taken apart into its fields, each a value of its own.
func (n *node) splits() bool {
	return n.kind == mapping && len(n.fields) > 0 && !n.whole
}

// eachNote calls yield for every comment in and around n.
func (n *node) eachNote(yield func(*comment)) {
	for _, c := range n.notes.all() {
		yield(c)
	}
	for _, f := range n.fields {
		f.value.eachNote(yield)
	}
	for _, item := range n.items {
		item.eachNote(yield)
	}
}

// gathered is every comment in and around n, as if written around n itself.
func (n *node) gathered() notes {
	var all notes
	all.add(n.notes)
	for _, f := range n.fields {
		all.add(f.value.gathered())
	}
	for _, item := range n.items {
		all.add(item.gathered())
	}
	return all
}

// equal reports whether two nodes mean the same.
func equal(a, b *node) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case scalar:
		return document.Equal(a.scalar, b.scalar)
	case list:
		if len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !equal(a.items[i], b.items[i]) {
				return false
			}
		}
		return true
	}
	if len(a.fields) != len(b.fields) {
		return false
	}
	for _, f := range a.fields {
		other := b.get(f.name)
		if other == nil || !equal(f.value, other) {
			return false
		}
	}
	return true
}

// leaves is the number of values under n that are not taken apart.
func (n *node) leaves() int {
	if !n.splits() {
		return 1
	}
	sum := 0
	for _, f := range n.fields {
		sum += f.value.leaves()
	}
	return sum
}
