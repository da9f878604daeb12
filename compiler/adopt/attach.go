package adopt

import (
	"go/token"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// A point is a place in a document where a value begins: its key, or its dash in a list.
type point struct {
	at   token.Position
	node *node
}

// attach puts each comment with the value it is about: one behind a value with this value, one on
// lines of its own with the value below it, or where that belongs to an outer mapping or list, with
// the value above. What stands apart at the top is about the document as a whole, and is returned.
func attach(comments []*comment, points []point) (head notes) {
	slices.SortStableFunc(points, func(a, b point) int { return diag.ComparePositions(a.at, b.at) })
	for i := 0; i < len(comments); {
		c := comments[i]
		if c.behind {
			if n := pointOn(points, c.pos.Line); n != nil {
				n.notes.behind = append(n.notes.behind, c)
			}
			i++
			continue
		}
		end := i + 1
		for end < len(comments) && !comments[end].behind && comments[end].pos.Line == comments[end-1].pos.Line+1 &&
			comments[end].pos.Column == c.pos.Column {
			end++
		}
		block := comments[i:end]
		i = end
		above, below := around(points, c.pos.Line)
		switch {
		case above == nil && below != nil && below.at.Line > block[len(block)-1].pos.Line+1:
			head.above = append(head.above, block...)
		case below != nil && (above == nil || below.at.Column >= c.pos.Column || !encloses(points, c)):
			below.node.notes.above = append(below.node.notes.above, block...)
		case above != nil:
			n := innermost(points, c)
			n.notes.below = append(n.notes.below, block...)
		}
	}
	return head
}

// pointOn is the first value that begins on a line, or else the last one before it.
func pointOn(points []point, line int) *node {
	i, found := slices.BinarySearchFunc(points, line, func(p point, line int) int { return p.at.Line - line })
	if found {
		return points[i].node
	}
	if i > 0 {
		return points[i-1].node
	}
	return nil
}

// around are the last point above a line, and the first one below it.
func around(points []point, line int) (above, below *point) {
	i, _ := slices.BinarySearchFunc(points, line, func(p point, line int) int { return p.at.Line - line })
	if i > 0 {
		above = &points[i-1]
	}
	if i < len(points) {
		below = &points[i]
	}
	return above, below
}

// encloses reports whether some value above a comment begins left of it or in its column.
func encloses(points []point, c *comment) bool { return innermost(points, c) != nil }

// innermost is the last value above a comment that begins left of it or in its column.
func innermost(points []point, c *comment) *node {
	i, _ := slices.BinarySearchFunc(points, c.pos.Line, func(p point, line int) int { return p.at.Line - line })
	for i--; i >= 0; i-- {
		if points[i].at.Column <= c.pos.Column {
			return points[i].node
		}
	}
	return nil
}
