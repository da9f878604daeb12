package adopt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// width is the longest line that is written where there is a choice. A tab counts as two.
const width = 130

// writer writes terms as CUE.
type writer struct {
	b strings.Builder
}

// field writes one field, with the comments around it.
func (w *writer) field(label string, t *term, indent int) {
	labels := []string{label}
	around := t.notes
	// A struct of one field is written on one line with it.
	for t.kind == mapping && len(t.fields) == 1 && len(t.embeds) == 0 && !t.sprawls(labels) {
		labels = append(labels, t.fields[0].label)
		t = t.fields[0].value
		around.add(t.notes)
	}
	prefix := strings.Join(labels, ": ") + ": "
	w.term(prefix, "", t, around, indent)
}

// longestChain is the longest `a: b: c:` in front of a plain value, and longestRelease one that
// begins at an app's releases: cue fmt aligns the values of neighbours, and a longer one would push
// them all to the right.
const longestChain, longestRelease = 60, 80

// sprawls reports whether t, which has one field, would make such a chain too long.
func (t *term) sprawls(labels []string) bool {
	f := t.fields[0]
	if f.value.kind != scalar && f.value.expr == "" || t.whole {
		return false
	}
	longest := longestChain
	if labels[0] == "release" || labels[0] == "all" {
		longest = longestRelease
	}
	return utf8.RuneCountInString(strings.Join(labels, ": ")+": "+f.label) > longest
}

// term writes a value between a prefix and a suffix, with the comments around it.
func (w *writer) term(prefix, suffix string, t *term, around notes, indent int) {
	inner := *t
	inner.notes = notes{}
	room := width - 2*indent - utf8.RuneCountInString(prefix) - len(suffix)
	text, behind, ok := inner.oneLine(room)
	if !ok {
		text, behind = w.lines(&inner, indent), nil
	}
	above := around.above
	if ok {
		behind = slices.Concat(around.behind, behind)
	} else {
		above = slices.Concat(above, around.behind)
	}
	w.comments(above, indent)
	w.line(indent, prefix+text+suffix+trailing(behind))
	w.comments(around.below, indent)
}

// comments writes lines of comments.
func (w *writer) comments(cs []*comment, indent int) {
	for _, c := range cs {
		c.carry()
		w.line(indent, "//"+c.text)
	}
}

func trailing(cs []*comment) string {
	var texts []string
	for _, c := range cs {
		c.carry()
		texts = append(texts, strings.TrimSpace(c.text))
	}
	if len(texts) == 0 {
		return ""
	}
	return " // " + strings.Join(texts, "; ")
}

func (w *writer) line(indent int, text string) {
	for range indent {
		w.b.WriteByte('\t')
	}
	w.b.WriteString(text)
	w.b.WriteByte('\n')
}

// oneLine is t on one line, with the comment that stands behind a value in it if there is one.
func (t *term) oneLine(room int) (text string, behind []*comment, ok bool) {
	text, ok = t.inline()
	if !ok {
		return "", nil, false
	}
	inner := t.inner()
	if len(inner.above)+len(inner.below) > 0 || len(inner.behind) > 1 {
		return "", nil, false
	}
	nested := t.kind != scalar && !t.whole && t.expr == ""
	if nested && utf8.RuneCountInString(text) > room {
		return "", nil, false
	}
	return text, inner.behind, true
}

// inner are the comments in t, not those around it.
func (t *term) inner() notes {
	var n notes
	merge := func(c *term) {
		for _, more := range []notes{c.notes, c.inner()} {
			n.above = append(n.above, more.above...)
			n.behind = append(n.behind, more.behind...)
			n.below = append(n.below, more.below...)
		}
	}
	for _, f := range t.fields {
		merge(f.value)
	}
	for _, item := range t.items {
		merge(item)
	}
	return n
}

// inline is t on one line, or not ok where it holds a text of several lines.
func (t *term) inline() (string, bool) {
	switch {
	case t.expr != "":
		return t.expr, true
	case t.kind == scalar:
		s := t.scalar(0)
		return s, !strings.Contains(s, "\n")
	case t.kind == list:
		var items []string
		for _, item := range t.items {
			s, ok := item.inline()
			if !ok {
				return "", false
			}
			items = append(items, s)
		}
		return "[" + strings.Join(items, ", ") + "]", true
	}
	if len(t.embeds) == 1 && len(t.fields) == 0 {
		return t.embeds[0], true
	}
	if t.open && len(t.embeds)+len(t.fields) > 1 {
		return "", false
	}
	fields := slices.Clone(t.embeds)
	for _, f := range t.fields {
		s, ok := f.value.inline()
		if !ok {
			return "", false
		}
		if v := f.value; v.kind == mapping && len(v.fields) == 1 && len(v.embeds) == 0 && v.expr == "" {
			s = s[1 : len(s)-1]
		}
		fields = append(fields, f.label+": "+s)
	}
	return "{" + strings.Join(fields, ", ") + "}", true
}

// lines is t over several lines, the first one where the cursor stands.
func (w *writer) lines(t *term, indent int) string {
	var inner writer
	switch {
	case t.kind == scalar:
		return t.scalar(indent)
	case t.kind == list:
		for _, item := range t.items {
			inner.term("", ",", item, item.notes, indent+1)
		}
		return "[\n" + inner.b.String() + strings.Repeat("\t", indent) + "]"
	}
	for _, e := range t.embeds {
		inner.line(indent+1, e)
	}
	for _, f := range t.fields {
		inner.field(f.label, f.value, indent+1)
	}
	return "{\n" + inner.b.String() + strings.Repeat("\t", indent) + "}"
}

func (t *term) scalar(indent int) string {
	if t.parts != nil {
		return quote(t.parts, indent)
	}
	switch v := t.literal.(type) {
	case nil:
		return "null"
	case string:
		return quote([]part{{text: v}}, indent)
	case json.Number:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}
