// Package state is what the charts repo remembers: the pin of an image in an environment, and the
// record of how the pin came to say what it says.
//
// A pin file is co-owned. Next to the tag stand keys that a workflow reads and comments that people
// wrote, so a pin is changed in place: the value's own bytes are replaced and every other byte stays
// as it was. Then both sides are read again, and unless exactly the keys that were asked for say
// something else, nothing is written.
//
// What the author of a file can mend is a diag.List. Nothing here touches a disk.
package state

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/document"
)

// A Setting is a key of a pin file and what it shall say.
type Setting struct {
	Key   string // a key, or a path of keys such as "main_app.version"
	Value any    // string or bool
}

// Tag is what a pin file says at key, as it is written there: the plain 1.10 is "1.10", and a key
// without a value says "". It is not ok where there is no such key. What Set could not change is an
// error here too, so that nobody comes to rely on it.
func Tag(path string, data []byte, key string) (tag string, ok bool, err error) {
	p, err := parse(path, data)
	if err != nil {
		return "", false, err
	}
	s, ok, err := p.find(key)
	if err != nil || !ok {
		return "", false, err
	}
	return spelling(s.node), true, nil
}

// Set gives keys of a pin file new values in place: quotes, comments, line ends and every other byte
// stay as they were. What already says so is left alone, so data itself comes back where nothing
// changes. A key that is not there is an error: only NewPin decides where a key stands.
func Set(path string, data []byte, settings []Setting) ([]byte, error) {
	p, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	var changes []change
	for i, set := range settings {
		if slices.ContainsFunc(settings[:i], func(s Setting) bool { return s.Key == set.Key }) {
			return nil, p.refuse(nil, set.Key+" is to be set twice", "", "name it once in `pin`: as the tag, or under mirror")
		}
		s, ok, err := p.find(set.Key)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, p.missing(s, set.Key)
		}
		if p.says(s, set.Value) {
			continue
		}
		text, err := p.written(s, set)
		if err != nil {
			return nil, err
		}
		changes = append(changes, change{s, set, text})
	}
	if len(changes) == 0 {
		return data, nil
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.start, b.start) })
	out := apply(data, changes)
	if err := p.prove(out, changes); err != nil {
		return nil, err
	}
	return out, nil
}

// NewPin is a pin file that does not exist yet. Keys stand in the given order; those that share the
// beginning of a path stand together, where the first of them does. They must differ.
func NewPin(settings []Setting) []byte { return appendKeys(nil, settings, 0) }

func appendKeys(dst []byte, settings []Setting, indent int) []byte {
	for len(settings) > 0 {
		first := settings[0]
		head, _, nested := strings.Cut(first.Key, ".")
		if !nested {
			dst = document.Append(dst, map[string]any{first.Key: first.Value}, indent, nil)
			settings = settings[1:]
			continue
		}
		var below, others []Setting
		for _, s := range settings {
			if tail, ok := strings.CutPrefix(s.Key, head+"."); ok {
				below = append(below, Setting{tail, s.Value})
			} else {
				others = append(others, s)
			}
		}
		dst = append(dst, strings.Repeat(" ", indent)...)
		dst = append(document.AppendKey(dst, head), '\n')
		dst = appendKeys(dst, below, indent+2)
		settings = others
	}
	return dst
}

// A change is text instead of the bytes of a value.
type change struct {
	slot
	to   Setting
	text string
}

// apply is data with its changes made, which are in order.
func apply(data []byte, changes []change) []byte {
	out := make([]byte, 0, len(data)+len(changes[0].text))
	at := 0
	for _, c := range changes {
		out = append(out, data[at:c.start]...)
		out = append(out, c.text...)
		at = c.end
	}
	return append(out, data[at:]...)
}

// prove reads the result again: its bytes are those of before but for the changes, and it means what
// the file meant, but for the keys that were set.
func (p *pin) prove(out []byte, changes []change) error {
	first := changes[0]
	if !untouched(p.data, out, changes) {
		return p.tooMuch(changes)
	}
	want, err := document.Value(p.path, p.root)
	if err != nil {
		return p.unreadable(err)
	}
	for _, c := range changes {
		c.put(want)
	}
	root, err := document.Parse(p.path, out)
	if err != nil {
		return p.unproved(first, err)
	}
	got, err := document.Value(p.path, root)
	if err != nil {
		return p.unproved(first, err)
	}
	if !document.Equal(got, want) {
		return p.tooMuch(changes)
	}
	return nil
}

// untouched reports whether all bytes before, between and after the changes are the same.
func untouched(before, after []byte, changes []change) bool {
	at := 0
	for _, c := range changes {
		kept := before[at:c.start]
		if !bytes.HasPrefix(after, kept) || !bytes.HasPrefix(after[len(kept):], []byte(c.text)) {
			return false
		}
		after = after[len(kept)+len(c.text):]
		at = c.end
	}
	return bytes.Equal(before[at:], after)
}

// put sets the key in a document's value.
func (c change) put(doc any) {
	for _, name := range c.names[:len(c.names)-1] {
		doc = doc.(map[string]any)[name]
	}
	doc.(map[string]any)[c.names[len(c.names)-1]] = c.to.Value
}

// tooMuch says so, and who else takes a value from one that was to change.
func (p *pin) tooMuch(changes []change) error {
	const what = "more than this key would change"
	for _, c := range changes {
		if alias := aliasOf(p.root, c.node); alias != nil {
			return p.refuse(c.node, what,
				fmt.Sprintf("line %d takes its value from here, by *%s", alias.Line, alias.Value),
				fmt.Sprintf("write the value out in line %d", alias.Line))
		}
	}
	return p.refuse(changes[0].node, what, inPlace, changes[0].onOneLine())
}

// aliasOf is the first alias below n of an anchored node; nil where there is none.
func aliasOf(n, anchored *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias == anchored {
		return n
	}
	for _, c := range n.Content {
		if alias := aliasOf(c, anchored); alias != nil {
			return alias
		}
	}
	return nil
}

func (p *pin) unproved(c change, err error) error {
	what := err.Error()
	var bad *document.Error
	if errors.As(err, &bad) {
		what = bad.What
	}
	return p.refuse(c.node, fmt.Sprintf("%s is written in a way that cannot be changed in place: %s", c.to.Key, what), inPlace, c.onOneLine())
}

// inPlace is why a shape of YAML that a chart could read is refused all the same.
const inPlace = "a pin file is changed in place, and every byte but the value's own stays as it is"
