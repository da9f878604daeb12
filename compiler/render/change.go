package render

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/document"
)

// change is the fewest lines to edit so that a node means a value: only the keys that differ, only
// the items that do. It reports false where the node has to be written anew as a whole.
func (p *page) change(n *yaml.Node, value any, order []string) ([]edit, bool) {
	if n.Kind == yaml.AliasNode && p.trusting {
		return nil, true
	}
	if n.Style&yaml.FlowStyle != 0 || n.Anchor != "" && !p.trusting {
		return nil, false
	}
	switch value := value.(type) {
	case map[string]any:
		if n.Kind == yaml.MappingNode && len(value) > 0 {
			return p.changeMapping(n, value, order)
		}
	case []any:
		if n.Kind == yaml.SequenceNode && len(value) > 0 {
			return p.changeList(n, value, order)
		}
	}
	return nil, false
}

func (p *page) changeMapping(n *yaml.Node, value map[string]any, order []string) ([]edit, bool) {
	meant, err := document.Value(p.name, n)
	have, ok := meant.(map[string]any)
	if err != nil || !ok {
		return nil, false
	}
	var edits []edit
	written, merges := map[string]bool{}, false
	regions := p.regionsOf(n)
	for i, r := range regions {
		if document.IsMerge(r.key) {
			merges = true
			continue
		}
		name := r.key.Value
		written[name] = true
		wanted, stays := value[name]
		switch _, plain := have[name]; {
		case !plain:
			return nil, false // a key that is no plain word
		case !stays && i == 0 && !p.firstInLine(r):
			return nil, false // it stands behind the dash of its element
		case !stays:
			edits = append(edits, p.remove(r))
		case !document.Equal(have[name], wanted):
			edits = append(edits, p.changeKey(r, wanted, order)...)
		}
	}
	for name := range have {
		if _, stays := value[name]; !stays && !written[name] && !p.trusting {
			return nil, false // it comes by a merge, and cannot be taken out of it
		}
	}
	added := map[string]any{}
	for name, wanted := range value {
		if inherited, has := have[name]; !written[name] && (!has || !document.Equal(inherited, wanted)) && !(merges && p.trusting) {
			added[name] = wanted
		}
	}
	if len(added) > 0 {
		end := regions[len(regions)-1].end
		edits = append(edits, edit{end, end, document.Append(nil, added, p.column(n), order)})
	}
	return edits, true
}

// remove takes a key or an item away, and the comment directly above that is about it.
func (p *page) remove(r *region) edit {
	start := r.start
	column := len(p.lines[start]) - len(bytes.TrimLeft(p.lines[start], " "))
	for start > 0 {
		above := bytes.TrimLeft(p.lines[start-1], " ")
		about := bytes.HasPrefix(above, []byte("#")) && !bytes.HasPrefix(above, []byte(madeBy))
		if !about || len(p.lines[start-1])-len(above) != column {
			break
		}
		start--
	}
	return edit{start, r.end, nil}
}

// firstInLine reports whether nothing stands before a key.
func (p *page) firstInLine(r *region) bool {
	return len(bytes.TrimSpace(p.lines[r.start][:r.key.Column-1])) == 0
}

// changeKey edits what a key stands for: inside of it if that goes, else as a whole.
func (p *page) changeKey(r *region, wanted any, order []string) []edit {
	if r.node.Kind == yaml.AliasNode && p.trusting {
		return nil
	}
	if r.node.Line > r.key.Line || len(r.node.Content) > 0 && r.node.Content[0].Line > r.key.Line {
		if edits, ok := p.change(r.node, wanted, order); ok {
			return edits
		}
	}
	text := document.Append(nil, map[string]any{r.key.Value: wanted}, 0, order)
	if r.node.Anchor != "" && p.trusting {
		colon := len(document.AppendKey(nil, r.key.Value))
		text = slices.Insert(text, colon, []byte(" &"+r.node.Anchor)...)
	}
	e := p.rewrite(r, text, 0)
	if r.node.Kind == yaml.ScalarNode && r.node.LineComment != "" && r.end == r.start+1 && bytes.Count(text, []byte("\n")) == 1 {
		// A comment at the end of the line stays there.
		if i := bytes.LastIndex(p.lines[r.start], []byte(r.node.LineComment)); i > 0 {
			from := len(bytes.TrimRight(p.lines[r.start][:i], " \t"))
			e.text = append(bytes.TrimRight(e.text, "\n"), bytes.TrimRight(p.lines[r.start][from:], "\r\n")...)
			e.text = append(e.text, '\n')
		}
	}
	return []edit{e}
}

// changeList edits the items that differ. An item is the same one where it has the same name, or where
// it means the same; what is new stands before the next one that was there.
func (p *page) changeList(n *yaml.Node, value []any, order []string) ([]edit, bool) {
	meant, err := document.Value(p.name, n)
	have, ok := meant.([]any)
	if err != nil || !ok {
		return nil, false
	}
	regions := p.regionsOf(n)
	column := p.column(n)
	var edits []edit
	next := 0 // the first of the old items that is not accounted for
	for _, item := range value {
		i := next + slices.IndexFunc(have[next:], func(old any) bool { return sameItem(old, item) })
		if i < next {
			at := regions[len(regions)-1].end
			if next < len(regions) {
				at = p.aboveComments(regions[next].start)
			}
			edits = append(edits, edit{at, at, document.Append(nil, []any{item}, column, order)})
			continue
		}
		for ; next < i; next++ {
			edits = append(edits, p.remove(regions[next]))
		}
		if r := regions[i]; !document.Equal(have[i], item) {
			inner, ok := p.change(r.node, item, order)
			if !ok || r.node.Line != r.start+1 {
				inner = []edit{{r.start, r.end, document.Append(nil, []any{item}, column, order)}}
			}
			edits = append(edits, inner...)
		}
		next = i + 1
	}
	for ; next < len(regions); next++ {
		edits = append(edits, p.remove(regions[next]))
	}
	return edits, true
}

// sameItem reports whether two items of a list are one, changed or not.
func sameItem(old, item any) bool {
	a, isMap := old.(map[string]any)
	b, also := item.(map[string]any)
	if isMap && also && a["name"] != nil {
		return document.Equal(a["name"], b["name"])
	}
	return document.Equal(old, item)
}
