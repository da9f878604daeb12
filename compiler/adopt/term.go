package adopt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A term is a piece of CUE to be written: a value, a reference, a list or a struct.
type term struct {
	kind    kind
	literal any    // of a scalar: string, bool, json.Number, nil
	parts   []part // of a string with interpolations
	expr    string // of a reference: the expression
	items   []*term
	fields  []termField
	embeds  []string // of a struct: expressions that it contains
	whole   bool
	open    bool // a struct that is written over several lines
	notes   notes
}

type termField struct {
	label string // as it is written: quoted where it must be
	value *term
}

// termOf is a node as it stands, with its comments.
func termOf(n *node) *term {
	t := &term{kind: n.kind, literal: n.scalar, whole: n.whole, notes: n.notes}
	for _, f := range n.fields {
		t.fields = append(t.fields, termField{label(f.name), termOf(f.value)})
	}
	for _, item := range n.items {
		t.items = append(t.items, termOf(item))
	}
	return t
}

// at is the struct at a path below t, made where it is missing.
func (t *term) at(labels []string) *term {
	for _, l := range labels {
		t = t.child(l)
	}
	return t
}

func (t *term) child(label string) *term {
	if c := t.lookup(label); c != nil {
		return c
	}
	c := &term{kind: mapping}
	t.fields = append(t.fields, termField{label, c})
	return c
}

func (t *term) lookup(label string) *term {
	i := slices.IndexFunc(t.fields, func(f termField) bool { return f.label == label })
	if i < 0 {
		return nil
	}
	return t.fields[i].value
}

// find is the struct at a path below t, or nil.
func (t *term) find(labels []string) *term {
	for _, l := range labels {
		if t = t.lookup(l); t == nil {
			return nil
		}
	}
	return t
}

// put sets the value at a path below t.
func (t *term) put(labels []string, v *term) {
	last := len(labels) - 1
	in := t.at(labels[:last])
	in.fields = append(in.fields, termField{labels[last], v})
}

func (t *term) empty() bool { return len(t.fields) == 0 && len(t.embeds) == 0 && t.notes.empty() }

// key is what t says, without its comments: two terms of the same key are the same CUE.
func (t *term) key() string {
	var b strings.Builder
	t.appendKey(&b)
	return b.String()
}

func (t *term) appendKey(b *strings.Builder) {
	switch {
	case t.expr != "":
		b.WriteString(t.expr)
	case t.kind == scalar:
		b.WriteString(t.scalar(0))
	}
	for _, e := range t.embeds {
		fmt.Fprintf(b, "{%s}", e)
	}
	for _, f := range t.fields {
		fmt.Fprintf(b, "{%s: ", f.label)
		f.value.appendKey(b)
		b.WriteString("}")
	}
	for _, item := range t.items {
		b.WriteString("[")
		item.appendKey(b)
		b.WriteString("]")
	}
	fmt.Fprintf(b, "%d", t.kind)
}

func (t *term) clone() *term {
	c := *t
	c.fields, c.items = nil, nil
	for _, f := range t.fields {
		c.fields = append(c.fields, termField{f.label, f.value.clone()})
	}
	for _, item := range t.items {
		c.items = append(c.items, item.clone())
	}
	return &c
}

// uses reports whether t refers to something that begins with one of the given words.
func (t *term) uses(words ...string) bool {
	refers := func(expr string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			rest, found := strings.CutPrefix(expr, w)
			return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
		})
	}
	return refers(t.expr) || slices.ContainsFunc(t.embeds, refers) ||
		slices.ContainsFunc(t.parts, func(p part) bool { return refers(p.expr) }) ||
		slices.ContainsFunc(t.fields, func(f termField) bool { return f.value.uses(words...) }) ||
		slices.ContainsFunc(t.items, func(item *term) bool { return item.uses(words...) })
}

// eachReference calls yield for every expression in t, with the place where it stands.
func (t *term) eachReference(place string, yield func(place, ref string)) {
	if t.expr != "" {
		yield(place, t.expr)
	}
	for _, p := range t.parts {
		if p.expr != "" {
			yield(place, p.expr)
		}
	}
	for _, e := range t.embeds {
		yield(place, e)
	}
	for _, f := range t.fields {
		f.value.eachReference(place+": "+f.label, yield)
	}
	for i, item := range t.items {
		item.eachReference(place+"["+strconv.Itoa(i)+"]", yield)
	}
}
