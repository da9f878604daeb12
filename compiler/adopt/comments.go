package adopt

import (
	"go/token"
	"slices"
)

// A comment is a line of a document that its author wrote for people.
type comment struct {
	text    string // after the #
	pos     token.Position
	behind  bool // it stands behind a value, on the same line
	first   bool // nothing but comments stands between it and the line above, or a blank line
	carried bool
	// same are comments of the same words at the same place in other environments. They are not
	// written for themselves.
	same []*comment
}

// carry notes that c stands in a declaration.
func (c *comment) carry() {
	if c.carried {
		return
	}
	c.carried = true
	for _, same := range c.same {
		same.carry()
	}
}

// notes are the comments around a value.
type notes struct {
	above, behind, below []*comment
}

func (n notes) all() []*comment { return slices.Concat(n.above, n.behind, n.below) }

func (n notes) empty() bool { return len(n.above)+len(n.behind)+len(n.below) == 0 }

// add takes over what n does not say yet: the same words in several environments are said once.
func (n *notes) add(more notes) {
	n.above = union(n.above, more.above, n.all())
	n.behind = union(n.behind, more.behind, n.all())
	n.below = union(n.below, more.below, n.all())
}

// union appends more, unless it is part of what is said. A block is taken whole or not at all, so
// that no paragraph loses a line that another one has too.
func union(to, more, said []*comment) []*comment {
	if len(more) == 0 {
		return to
	}
	i := indexOf(said, more)
	if i < 0 {
		return append(slices.Clone(to), more...)
	}
	for j, c := range more {
		if said[i+j] != c {
			said[i+j].same = append(said[i+j].same, c)
		}
	}
	return to
}

// indexOf is where the words of more stand in said, or -1.
func indexOf(said, more []*comment) int {
	for i := 0; i+len(more) <= len(said); i++ {
		if slices.EqualFunc(said[i:i+len(more)], more, func(a, b *comment) bool { return a.text == b.text }) {
			return i
		}
	}
	return -1
}
