// Package diff says what changed between two trees.
package diff

import (
	"fmt"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// context is how many unchanged lines stand around a change, as in diff -u.
const context = 3

// A line is one line of either side.
type line struct {
	mark byte // ' ', '-' or '+'
	text string
}

// Unified is a change as `diff -u` and `git apply` have it.
func Unified(c tree.Change) string {
	var out strings.Builder
	from, to := "a/"+c.Path, "b/"+c.Path
	if c.Before == nil {
		from = "/dev/null"
	}
	if c.After == nil {
		to = "/dev/null"
	}
	lines := compared(string(c.Before), string(c.After))
	if len(lines) == 0 && (c.Before == nil) != (c.After == nil) {
		return empty(c)
	}
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	oldLine, newLine := 1, 1
	for i := 0; i < len(lines); {
		if lines[i].mark == ' ' {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		start := max(0, i-context)
		end := hunkEnd(lines, i)
		hunk(&out, lines[start:end], oldLine-(i-start), newLine-(i-start))
		for ; i < end; i++ {
			if lines[i].mark != '+' {
				oldLine++
			}
			if lines[i].mark != '-' {
				newLine++
			}
		}
	}
	return out.String()
}

// empty is an empty file that comes or goes, for which diff -u has no words, and git has.
func empty(c tree.Change) string {
	what := "new"
	if c.After == nil {
		what = "deleted"
	}
	return fmt.Sprintf("diff --git a/%s b/%s\n%s file mode 100644\n", c.Path, c.Path, what)
}

// hunkEnd is where the hunk ends that has a change at i: where no other change is near.
func hunkEnd(lines []line, i int) int {
	last := i
	for j := i; j < len(lines) && j <= last+2*context+1; j++ {
		if lines[j].mark != ' ' {
			last = j
		}
	}
	return min(len(lines), last+1+context)
}

func hunk(out *strings.Builder, lines []line, oldLine, newLine int) {
	olds, news := 0, 0
	for _, l := range lines {
		if l.mark != '+' {
			olds++
		}
		if l.mark != '-' {
			news++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(oldLine, olds), span(newLine, news))
	for _, l := range lines {
		out.WriteByte(l.mark)
		out.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// span is where a hunk stands on one side. One of no lines stands after the line before it.
func span(start, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", start-1)
	case 1:
		return fmt.Sprint(start)
	}
	return fmt.Sprintf("%d,%d", start, n)
}

// compared are the lines of both sides, in order.
func compared(before, after string) []line {
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // the clock must not show in the result
	a, b, texts := d.DiffLinesToChars(before, after)
	var lines []line
	for _, part := range d.DiffCharsToLines(d.DiffMain(a, b, false), texts) {
		mark := byte(' ')
		switch part.Type {
		case diffmatchpatch.DiffDelete:
			mark = '-'
		case diffmatchpatch.DiffInsert:
			mark = '+'
		}
		for text := range strings.Lines(part.Text) {
			lines = append(lines, line{mark, text})
		}
	}
	return lines
}
