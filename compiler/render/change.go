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
	if n.Style&yaml.FlowStyle != 0 || n.Anchor != "" {
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
	written := map[string]bool{}
	regions := p.regionsOf(n)
	for i, r := range regions {
		if document.IsMerge(r.key) {
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
			edits = append(edits, edit{r.start, r.end, nil})
		case !document.Equal(have[name], wanted):
			edits = append(edits, p.changeKey(r, wanted, order)...)
		}
	}
	for name := range have {
		if _, stays := value[name]; !stays && !written[name] {
			return nil, false // it comes by a merge, and cannot be taken out of it
		}
	}
	added := map[string]any{}
	for name, wanted := range value {
		if inherited, has := have[name]; !written[name] && (!has || !document.Equal(inherited, wanted)) {
			added[name] = wanted
		}
	}
	if len(added) > 0 {
		end := regions[len(regions)-1].end
		edits = append(edits, edit{end, end, document.Append(nil, added, n.Column-1, order)})
	}
	return edits, true
}

// firstInLine reports whether nothing stands before a key.
func (p *page) firstInLine(r *region) bool {
	return len(bytes.TrimSpace(p.lines[r.start][:r.key.Column-1])) == 0
}

// changeKey edits what a key stands for: inside of it if that goes, else as a whole.
func (p *page) changeKey(r *region, wanted any, order []string) []edit {
	if r.node.Line > r.key.Line {
		if edits, ok := p.change(r.node, wanted, order); ok {
			return edits
		}
	}
	text := document.Append(nil, map[string]any{r.key.Value: wanted}, 0, order)
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

// changeList edits the items that differ. Those at the beginning and at the end that mean the same
// stay; in between, items are changed one by one if there are as many, else written anew.
func (p *page) changeList(n *yaml.Node, value []any, order []string) ([]edit, bool) {
	meant, err := document.Value(p.name, n)
	have, ok := meant.([]any)
	if err != nil || !ok {
		return nil, false
	}
	regions := p.regionsOf(n)
	before, after := 0, 0
	for before < min(len(have), len(value)) && document.Equal(have[before], value[before]) {
		before++
	}
	for after < min(len(have), len(value))-before && document.Equal(have[len(have)-1-after], value[len(value)-1-after]) {
		after++
	}
	old, fresh := regions[before:len(regions)-after], value[before:len(value)-after]
	column := n.Column - 1
	var edits []edit
	if len(old) == len(fresh) {
		for i, r := range old {
			if document.Equal(have[before+i], fresh[i]) {
				continue
			}
			inner, ok := p.change(r.node, fresh[i], order)
			if !ok || r.node.Line != r.start+1 {
				inner = []edit{{r.start, r.end, document.Append(nil, []any{fresh[i]}, column, order)}}
			}
			edits = append(edits, inner...)
		}
		return edits, true
	}
	for _, r := range old {
		edits = append(edits, edit{r.start, r.end, nil})
	}
	if len(fresh) > 0 {
		at := regions[len(regions)-1].end
		if before+len(old) < len(regions) {
			at = p.aboveComments(regions[before+len(old)].start)
		}
		if len(old) > 0 {
			at = old[0].start
		}
		edits = append(edits, edit{at, at, document.Append(nil, fresh, column, order)})
	}
	return slices.Clip(edits), true
}
