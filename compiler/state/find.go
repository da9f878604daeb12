package state

import (
	"errors"
	"fmt"
	"go/token"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// A pin is a pin file, read.
type pin struct {
	path string
	data []byte
	root *yaml.Node // nil where the file is empty
}

func parse(path string, data []byte) (*pin, error) {
	p := &pin{path: path, data: data}
	root, err := document.Parse(path, data)
	if err != nil {
		return nil, p.unreadable(err)
	}
	p.root = root
	return p, nil
}

// A slot is where a value stands.
type slot struct {
	names      []string   // the keys that lead to it
	node       *yaml.Node // the value; an alias is not followed
	flow       bool       // it stands in braces
	json       bool       // in braces, and its key in double quotes
	start, end int        // its bytes, with its quotes and without its tag and anchor
}

func (s slot) name() string { return strings.Join(s.names, ".") }

func (s slot) onOneLine() string {
	key := document.AppendKey(nil, s.names[len(s.names)-1])
	return fmt.Sprintf("write it on a line of its own: `%s value`", key)
}

// find is the value of a key. At each level the whole rest of the key is tried as it is, dots and
// all, then what stands before its first dot. Where the key is missing, the slot is the mapping that
// lacks it.
func (p *pin) find(key string) (s slot, ok bool, err error) {
	s.node = p.root
	for rest := key; ; {
		if s.node == nil || s.names != nil && s.node.Kind == yaml.ScalarNode && spelling(s.node) == "" {
			return s, false, nil
		}
		if err := p.mustBeMapping(s.node, s.name()); err != nil {
			return s, false, err
		}
		s.flow = s.flow || s.node.Style&yaml.FlowStyle != 0
		name, tail := rest, ""
		e, err := p.entry(s.node, name)
		if err == nil && e.value == nil && strings.Contains(rest, ".") {
			name, tail, _ = strings.Cut(rest, ".")
			e, err = p.entry(s.node, name)
		}
		if err != nil || e.value == nil {
			return s, false, err
		}
		s.names, s.node = append(s.names, name), e.value
		if len(name) == len(rest) {
			s.json = s.flow && e.key.Style&yaml.DoubleQuotedStyle != 0
			err := p.place(&s)
			return s, err == nil, err
		}
		rest = tail
	}
}

func (p *pin) mustBeMapping(n *yaml.Node, name string) error {
	switch {
	case n.Kind == yaml.MappingNode:
		return nil
	case name == "":
		return p.refuse(n, "this file is no mapping, so it has no keys", "", "write it as `key: value` lines")
	case n.Kind == yaml.AliasNode:
		return p.refuse(n, name+" is an alias, so what it holds stands elsewhere too", inPlace, "write "+name+" out here")
	}
	return p.refuse(n, name+" is no mapping, so it has no keys", "", "name the right key in `pin`")
}

type entry struct{ key, value *yaml.Node }

// entry is a key of a mapping and its value; both are nil where the mapping has no such key.
func (p *pin) entry(n *yaml.Node, name string) (entry, error) {
	var found entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if document.IsMerge(key) {
			continue
		}
		k, err := document.Key(p.path, key)
		if err != nil {
			return entry{}, p.unreadable(err)
		}
		if k != name {
			continue
		}
		if found.value != nil {
			return entry{}, p.refuse(found.key,
				fmt.Sprintf("%s is given twice, in line %d and in line %d", name, found.key.Line, key.Line),
				"a chart gets the last one, and a reader sees the first", "take one of them out")
		}
		found = entry{key, value}
	}
	if found.value == nil && merged(n, name, map[*yaml.Node]bool{}) {
		return entry{}, p.refuse(n, fmt.Sprintf("%s comes by a merge (<<)", name), inPlace, fmt.Sprintf("write %s out in this mapping", name))
	}
	return found, nil
}

// merged reports whether a merge brings a key into a mapping. Aliases may lead in circles.
func merged(n *yaml.Node, name string, seen map[*yaml.Node]bool) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if document.IsMerge(n.Content[i]) && brings(n.Content[i+1], name, seen) {
			return true
		}
	}
	return false
}

func brings(n *yaml.Node, name string, seen map[*yaml.Node]bool) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if seen[n] {
		return false
	}
	seen[n] = true
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			if brings(item, name, seen) {
				return true
			}
		}
		return false
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if k, err := document.Key("", n.Content[i]); err == nil && k == name {
			return true
		}
	}
	return n.Kind == yaml.MappingNode && merged(n, name, seen)
}

// missing says that the mapping of a slot lacks the rest of a key, and which one was probably meant.
func (p *pin) missing(s slot, key string) error {
	fix := "add it, or name the right key in `pin`"
	if near := diag.Suggest(key, s.neighbours(2*len(key))); near != "" {
		fix = fmt.Sprintf("name %s in `pin`, or add %s here", near, key)
	}
	return p.refuse(s.node, "there is no key "+key, "", fix)
}

// neighbours are the keys of the slot's mapping, as paths from the top. What is much longer than a
// key can be is left out, as nobody meant it.
func (s slot) neighbours(longest int) []string {
	var names []string
	for i := 0; s.node != nil && s.node.Kind == yaml.MappingNode && i+1 < len(s.node.Content); i += 2 {
		k, err := document.Key("", s.node.Content[i])
		if name := strings.Join(append(s.names[:len(s.names):len(s.names)], k), "."); err == nil && len(name) <= longest {
			names = append(names, name)
		}
	}
	return names
}

func (p *pin) refuse(n *yaml.Node, what, why, fix string) error {
	where := token.Position{Filename: p.path}
	if n != nil {
		where.Line, where.Column = n.Line, n.Column
	}
	return diag.List{{Rule: "pin-file", Where: where, What: what, Why: why, Fix: fix}}
}

func (p *pin) unreadable(err error) error { return unreadable("pin-file", err) }

// unreadable is a fault of a document as a finding.
func unreadable(rule string, err error) error {
	var bad *document.Error
	if !errors.As(err, &bad) {
		return err
	}
	return diag.List{{
		Rule:  rule,
		Where: token.Position{Filename: bad.Name, Line: bad.Line},
		What:  bad.What,
		Why:   "what cannot be read for certain is neither trusted nor changed",
		Fix:   "mend it in the charts repo",
	}}
}
