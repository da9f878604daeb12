package render

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A page is a file of YAML as lines, of which some are to be replaced.
type page struct {
	name  string
	lines [][]byte // with their ends

	trusting bool // what refers to an anchor is left to change along with it
}

// A region is the lines of one key or element, without the comments before it.
type region struct {
	node       *yaml.Node // its value
	key        *yaml.Node // its key, in a mapping
	start, end int        // lines, from 0, end excluded
	first      bool       // nothing of its block stands above it
	dragged    bool       // it refers to something that goes away
}

func (r *region) covers(n *yaml.Node) bool { return r.start < n.Line && n.Line <= r.end }

// id is what tells a region from its neighbours: its key, or what the field `by` of an element says.
func (r *region) id(by string) string {
	if r.key != nil {
		return r.key.Value
	}
	if v := valueOf(target(r.node), by); v != nil {
		return target(v).Value
	}
	return ""
}

// target is what an alias stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// An edit is text instead of some lines.
type edit struct {
	start, end int // from 0, end excluded
	text       []byte
}

func (e edit) covers(n *yaml.Node) bool { return e.start < n.Line && n.Line <= e.end }

// regionsOf are the lines of each key or element of a block.
func (p *page) regionsOf(parent *yaml.Node) []*region {
	var regions []*region
	column := p.column(parent)
	if parent.Kind == yaml.SequenceNode {
		for i, item := range parent.Content {
			start := min(item.Line, len(p.lines)) - 1
			for start > 0 && !p.dashAt(start, column) {
				start--
			}
			regions = append(regions, &region{node: item, start: start, end: p.end(start, lastLine(item), column), first: i == 0})
		}
		return regions
	}
	for i := 0; i+1 < len(parent.Content); i += 2 {
		key, value := parent.Content[i], parent.Content[i+1]
		start := key.Line - 1
		regions = append(regions, &region{node: value, key: key, start: start, end: p.end(start, max(key.Line, lastLine(value)), column), first: i == 0})
	}
	return regions
}

// column is where the keys or dashes of a block stand, from 0. Of a block with an anchor, the parser
// gives the anchor's place.
func (p *page) column(block *yaml.Node) int {
	switch {
	case len(block.Content) == 0:
		return block.Column - 1
	case block.Kind == yaml.MappingNode:
		return block.Content[0].Column - 1
	case block.Anchor == "":
		return block.Column - 1
	}
	for line := block.Content[0].Line - 1; line >= 0; line-- {
		text := bytes.TrimLeft(p.lines[line], " ")
		if bytes.HasPrefix(text, []byte("-")) {
			return len(p.lines[line]) - len(text)
		}
	}
	return block.Column - 1
}

func (p *page) dashAt(line, column int) bool {
	text := p.lines[line]
	return len(text) > column && text[column] == '-' && len(bytes.TrimSpace(text[:column])) == 0
}

// end is the line after a node that begins at start: past the last line that any part of it begins
// on, and past what is indented deeper, which may be the rest of a text.
func (p *page) end(start, last, column int) int {
	end := min(max(start+1, last), len(p.lines)) // an empty value at the end stands on no line
	for i := end; i < len(p.lines); i++ {
		text := bytes.TrimRight(p.lines[i], " \t\r\n")
		if len(text) == 0 {
			continue
		}
		if indent := len(text) - len(bytes.TrimLeft(text, " ")); indent <= column {
			break
		}
		end = i + 1
	}
	return end
}

// lastLine is the last line, from 1, on which a part of the node begins.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

// aboveComments is the line above the comments that stand directly before a line.
func (p *page) aboveComments(line int) int {
	for line > 0 && bytes.HasPrefix(bytes.TrimSpace(p.lines[line-1]), []byte("#")) {
		line--
	}
	return line
}

// rewrite replaces a region by text that is indented by so much.
func (p *page) rewrite(r *region, text []byte, indent int) edit {
	first := p.lines[r.start]
	column := len(first) - len(bytes.TrimLeft(first, " "))
	if r.key == nil {
		return edit{r.start, r.end, shifted(text, column-indent)}
	}
	// A key may stand behind the dash of the element that it is the first key of.
	text = shifted(text, r.key.Column-1-indent)
	copy(text, first[:r.key.Column-1])
	return edit{r.start, r.end, text}
}

// shifted moves a block of text to another column.
func shifted(text []byte, by int) []byte {
	if by == 0 {
		return bytes.Clone(text)
	}
	var out []byte
	for line := range bytes.Lines(text) {
		switch {
		case len(bytes.TrimSpace(line)) == 0:
		case by > 0:
			out = append(out, strings.Repeat(" ", by)...)
		default:
			line = line[min(-by, len(line)-len(bytes.TrimLeft(line, " "))):]
		}
		out = append(out, line...)
	}
	return out
}

// apply is the page with its edits made.
func (p *page) apply(edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	crlf := slices.ContainsFunc(p.lines, func(l []byte) bool { return bytes.HasSuffix(l, []byte("\r\n")) })
	var out []byte
	line := 0
	for _, e := range edits {
		if e.start > line {
			out = append(out, bytes.Join(p.lines[line:e.start], nil)...)
		}
		if len(out) > 0 && out[len(out)-1] != '\n' && len(e.text) > 0 {
			out = append(out, '\n')
		}
		if crlf {
			e.text = bytes.ReplaceAll(e.text, []byte("\n"), []byte("\r\n"))
		}
		out = append(out, e.text...)
		line = max(line, e.end)
	}
	return append(out, bytes.Join(p.lines[line:], nil)...)
}
