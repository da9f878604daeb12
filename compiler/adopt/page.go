package adopt

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// A page is a document as its author wrote it.
type page struct {
	name     string
	root     *node // nil for an empty document
	meaning  any
	comments []*comment
	head     notes // about the document as a whole
	lines    int
	repeated diag.List // keys that stand twice in one mapping
}

// maxNodes bounds what the aliases of one document may expand to.
const maxNodes = 1_000_000

// readPage reads a document. An error of the document's own is a *document.Error.
func readPage(name string, data []byte) (*page, error) {
	root, err := document.Parse(name, data)
	if err != nil {
		return nil, err
	}
	p := &page{name: name, lines: strings.Count(string(data), "\n")}
	if root == nil {
		return p, nil
	}
	if p.meaning, err = document.Value(name, root); err != nil {
		return nil, err
	}
	src := newSource(data)
	r := reader{name: name, src: src, built: map[*yaml.Node]*node{}, anchors: map[string][]*node{}, left: maxNodes}
	if p.root, err = r.node(root); err != nil {
		return nil, err
	}
	p.repeated = r.repeated
	p.comments = scanComments(name, src, root)
	p.head = attach(p.comments, r.points)
	return p, nil
}

type reader struct {
	name    string
	src     *source
	built   map[*yaml.Node]*node // what an alias may refer to
	anchors map[string][]*node   // what a name was given to
	points  []point
	left    int

	repeated diag.List // keys that stand twice in one mapping
}

// repeatedKey is about a mapping that says something twice.
func repeatedKey(name string, first, again token.Position) diag.Finding {
	return diag.Finding{
		Rule:  "repeated-key",
		Where: again,
		Also:  []token.Position{first},
		What:  fmt.Sprintf("the key %q stands here for the second time", name),
		Why:   "Helm takes the last one, and so does this import; other readers refuse the file",
		Fix:   "remove the one that does not count",
	}
}

func (r *reader) node(y *yaml.Node) (*node, error) {
	if r.left--; r.left < 0 {
		return nil, &document.Error{Name: r.name, Line: y.Line, What: fmt.Sprintf("aliases expand to more than %d values", maxNodes)}
	}
	if y.Kind == yaml.AliasNode {
		n, err := r.taken(r.built[y.Alias], y)
		if err != nil {
			return nil, err
		}
		n.alias, n.pos = r.built[y.Alias].anchor, r.pos(y)
		return n, nil
	}
	n := &node{pos: r.pos(y)}
	var err error
	switch y.Kind {
	case yaml.ScalarNode:
		n.scalar, err = document.Value(r.name, y)
	case yaml.SequenceNode:
		n.kind = list
		err = r.list(n, y)
	case yaml.MappingNode:
		n.kind = mapping
		err = r.mapping(n, y)
	}
	if err != nil {
		return nil, err
	}
	if y.Anchor != "" {
		n.anchor = r.anchor(y.Anchor, n)
		r.built[y] = n
	}
	return n, nil
}

// anchor is what a value is called to which its author gave a name. A name given once more to
// something else is another name.
func (r *reader) anchor(given string, n *node) string {
	for _, earlier := range r.anchors[given] {
		if equal(earlier, n) {
			return earlier.anchor
		}
	}
	r.anchors[given] = append(r.anchors[given], n)
	if times := len(r.anchors[given]); times > 1 {
		return fmt.Sprintf("%s-%d", given, times)
	}
	return given
}

func (r *reader) pos(y *yaml.Node) token.Position {
	return token.Position{Filename: r.name, Line: y.Line, Column: y.Column}
}

func (r *reader) list(n *node, y *yaml.Node) error {
	for _, item := range y.Content {
		at := r.pos(item)
		at.Column = r.src.dash(item)
		mark := r.mark(at)
		v, err := r.node(item)
		if err != nil {
			return err
		}
		r.points[mark].node = v
		n.items = append(n.items, v)
	}
	return nil
}

func (r *reader) mapping(n *node, y *yaml.Node) error {
	var merges []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		mark := r.mark(r.pos(key))
		if document.IsMerge(key) {
			r.points[mark].node = n
			merges = append(merges, value)
			continue
		}
		name, err := document.Key(r.name, key)
		if err != nil {
			return err
		}
		v, err := r.node(value)
		if err != nil {
			return err
		}
		v.pos = r.pos(key)
		r.points[mark].node = v
		if i := slices.IndexFunc(n.fields, func(f field) bool { return f.name == name }); i >= 0 {
			r.repeated = append(r.repeated, repeatedKey(name, n.fields[i].value.pos, v.pos))
			n.fields = slices.Delete(n.fields, i, i+1) // the last one counts
		}
		n.fields = append(n.fields, field{name, v})
	}
	var merged []field
	for _, m := range merges {
		if err := r.merge(n, m, &merged); err != nil {
			return err
		}
	}
	n.fields = append(merged, n.fields...)
	return nil
}

// merge collects what n does not have yet: a key of its own wins, then the earlier merge.
func (r *reader) merge(n *node, y *yaml.Node, merged *[]field) error {
	from := y
	if y.Kind == yaml.AliasNode {
		from = y.Alias
		n.merges = append(n.merges, r.built[from].anchor)
	}
	if from.Kind == yaml.SequenceNode {
		for _, item := range from.Content {
			if err := r.merge(n, item, merged); err != nil {
				return err
			}
		}
		return nil
	}
	source := r.built[from]
	if source == nil {
		var err error
		if source, err = r.node(from); err != nil {
			return err
		}
	}
	have := node{kind: mapping, fields: *merged}
	for _, f := range source.fields {
		if n.get(f.name) != nil || have.get(f.name) != nil {
			continue
		}
		v, err := r.taken(f.value, y)
		if err != nil {
			return err
		}
		*merged = append(*merged, field{f.name, v})
	}
	return nil
}

// taken is a copy of what stands elsewhere too. The comments stay there.
func (r *reader) taken(n *node, at *yaml.Node) (*node, error) {
	if r.left--; r.left < 0 {
		return nil, &document.Error{Name: r.name, Line: at.Line, What: fmt.Sprintf("aliases expand to more than %d values", maxNodes)}
	}
	c := &node{kind: n.kind, scalar: n.scalar, alias: n.alias, merges: n.merges, pos: n.pos}
	if n.anchor != "" {
		c.alias = n.anchor
	}
	for _, f := range n.fields {
		v, err := r.taken(f.value, at)
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, field{f.name, v})
	}
	for _, item := range n.items {
		v, err := r.taken(item, at)
		if err != nil {
			return nil, err
		}
		c.items = append(c.items, v)
	}
	return c, nil
}

// mark notes a place to which a comment may belong. Its node comes later.
func (r *reader) mark(at token.Position) int {
	r.points = append(r.points, point{at, nil})
	return len(r.points) - 1
}
