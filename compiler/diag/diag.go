// Package diag says what is wrong with a declaration: where, what, why, and how to mend it.
package diag

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// A Finding is one thing that the author of a declaration can mend.
//
// What is one lower-case sentence without a full stop. Why and Fix may be empty; what they say
// may have several lines.
type Finding struct {
	Rule  string           // stable id, such as "unknown-environment"
	Where token.Position   // where to mend it; without a line, the file or folder as a whole
	What  string           //
	Why   string           //
	Fix   string           //
	Also  []token.Position // other places that had a say, or that have the same mistake
}

// InCharts reports whether Where is a file of the charts repo rather than of the config repo.
func (f Finding) InCharts() bool {
	switch f.Rule {
	case "charts-file", "anchor-in-use", "hand-edit", "not-listed", "stale", "pin-file", "record", "manifest", "order":
		return !strings.HasSuffix(f.Where.Filename, ".cue")
	}
	return false
}

// A List is an error that the author can mend. Any other error means that the machine failed.
type List []Finding

// Error is what a program prints that does not know of findings.
func (l List) Error() string {
	if len(l) == 0 {
		return "no findings"
	}
	s := l[0].String()
	if n := len(l) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// String is the finding's first line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s [%s]", Place(f.Where), f.What, f.Rule)
}

// Err is nil where there is no finding, so that a stage may end with `return v, findings.Err()`.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// Sorted is l by file, line and rule, with findings that say the same merged into one: the same
// mistake in three environments is one mistake in three places.
func (l List) Sorted() List {
	type same struct{ rule, what, why, fix string }
	at := map[same]int{}
	var out List
	sorted := slices.Clone(l)
	slices.SortStableFunc(sorted, compare)
	for _, f := range sorted {
		k := same{f.Rule, f.What, f.Why, f.Fix}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			f.Also = slices.Clone(f.Also)
			out = append(out, f)
			continue
		}
		out[i].Also = append(out[i].Also, f.Where)
		out[i].Also = append(out[i].Also, f.Also...)
	}
	for i, f := range out {
		out[i].Also = places(f.Also, f.Where)
	}
	return out
}

// places is ps in order, each line once, without the line of main.
func places(ps []token.Position, main token.Position) []token.Position {
	slices.SortFunc(ps, ComparePositions)
	ps = slices.DeleteFunc(ps, func(p token.Position) bool {
		return p.Filename == "" || p.Filename == main.Filename && p.Line == main.Line
	})
	return slices.CompactFunc(ps, func(a, b token.Position) bool {
		return a.Filename == b.Filename && a.Line == b.Line
	})
}

func compare(a, b Finding) int {
	return cmp.Or(
		ComparePositions(a.Where, b.Where),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.What, b.What),
	)
}

// ComparePositions orders by file, line and column.
func ComparePositions(a, b token.Position) int {
	return cmp.Or(
		cmp.Compare(a.Filename, b.Filename),
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
	)
}

// Place writes a position as compilers do: file:line:col.
func Place(p token.Position) string {
	switch {
	case p.Filename == "":
		return "-"
	case p.Line == 0:
		return p.Filename
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.Filename, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.Filename, p.Line, p.Column)
}

// Suggest is the name that was probably meant, or "" where none is near.
func Suggest(wrong string, names []string) string {
	best, bestDistance := "", 1+max(1, len(wrong)/3)
	for _, name := range slices.Sorted(slices.Values(names)) {
		if name == wrong {
			continue
		}
		d := distance(strings.ToLower(wrong), strings.ToLower(name))
		if d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is the number of letters to add, drop, change or swap with the next one
// (optimal string alignment).
func distance(a, b string) int {
	var before, last, row []int
	last = make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// Listed writes names as a person would: a, b and c.
func Listed(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
