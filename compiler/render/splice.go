package render

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// splice puts fragments into a file that exists. An element that already means what is declared
// keeps its bytes, as does everything that no fragment claims; the rest is replaced line by line.
// The result is parsed again and compared with what it should mean, so that a shape of YAML that is
// not understood here is refused rather than damaged.
func splice(data []byte, file []Fragment) ([]byte, error) {
	name := file[0].Path
	root, err := document.Parse(name, data)
	if err != nil {
		return nil, unreadable(err)
	}
	if root == nil {
		return fresh(file)
	}
	claims, err := claimsOf(file)
	if err != nil {
		return nil, err
	}
	if len(claims) == 1 && claims[0].path == nil && !claims[0].inList {
		return replaced(data, root, file[0], claims[0])
	}
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return nil, diag.List{{
			Rule:  "charts-file",
			Where: token.Position{Filename: name, Line: root.Line, Column: root.Column},
			What:  "this file is no block of keys, so no element can be put into it",
			Fix:   "write it as `key: value` lines, or let no fragment be a part of it",
		}}
	}
	s := splicer{name: name, data: data, lines: bytes.SplitAfter(data, []byte("\n")), root: root}
	if err := s.locate(claims); err != nil {
		return nil, err
	}
	if err := s.followAnchors(); err != nil {
		return nil, err
	}
	out := s.write()
	return out, s.prove(out)
}

func unreadable(err error) error {
	var bad *document.Error
	if !errors.As(err, &bad) {
		return err
	}
	return diag.List{{
		Rule:  "charts-file",
		Where: token.Position{Filename: bad.Name, Line: bad.Line},
		What:  bad.What,
		Why:   "a file of the charts repo is changed in place, and for that it has to be understood",
		Fix:   "mend it in the charts repo",
	}}
}

// replaced is a file that one fragment claims whole and that is no mapping of keys.
func replaced(data []byte, root *yaml.Node, f Fragment, c *claim) ([]byte, error) {
	have, err := document.Value(f.Path, root)
	if err != nil {
		return nil, unreadable(err)
	}
	if document.Equal(have, c.value) {
		return data, nil
	}
	return fresh([]Fragment{f})
}

// A claim is one key of a mapping, or one element of a list, and what it has to mean.
type claim struct {
	path   []string // to the mapping or the list
	id     string
	by     string
	inList bool
	value  any
	text   []byte // as a list or a map of one
	indent int    // of text
	pos    token.Position

	region *region // where it stands now; nil where it does not exist
	placed bool    // it was put beside its neighbours
	write  bool    // it means something else now, or depends on something that is rewritten
}

// claimsOf takes a document apart into its keys: each has its owner.
func claimsOf(file []Fragment) ([]*claim, error) {
	var claims []*claim
	for _, f := range file {
		value, err := parsed(f)
		if err != nil {
			return nil, err
		}
		if !f.whole() {
			c := &claim{id: f.ID, by: f.By, inList: f.By != "", value: value, text: f.Text, indent: 2 * f.depth(), pos: f.Pos}
			if f.At != "" {
				c.path = strings.Split(f.At, ".")
			}
			claims = append(claims, c)
			continue
		}
		m, ok := value.(map[string]any)
		if !ok {
			return []*claim{{value: value, text: f.Text, pos: f.Pos}}, nil
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			claims = append(claims, &claim{
				path: []string{}, id: key, value: m[key], pos: f.Pos,
				text: document.Append(nil, map[string]any{key: m[key]}, 0, f.Order),
			})
		}
	}
	return claims, nil
}

// A region is the lines of one key or element, without the comments before it.
type region struct {
	node       *yaml.Node // its value
	key        *yaml.Node // its key, in a mapping
	start, end int        // lines, from 0, end excluded
	claim      *claim     // nil: it stays as it is
}

type splicer struct {
	name    string
	data    []byte
	lines   [][]byte
	root    *yaml.Node
	regions []*region // of the document's keys and of every list or map that has claims, inner ones last
	claims  []*claim
	inserts []insert
}

// An insert is text before a line.
type insert struct {
	line int
	text []byte
}

// locate finds the regions of all claims, and notes which have to be written.
func (s *splicer) locate(claims []*claim) error {
	s.claims = claims
	groups := map[*yaml.Node][]*region{}
	for _, c := range claims {
		parent, err := s.parent(c)
		if err != nil {
			return err
		}
		if parent == nil {
			continue // the list is to be made
		}
		if _, done := groups[parent]; !done {
			groups[parent] = s.regionsOf(parent)
			s.regions = append(s.regions, groups[parent]...)
		}
		for _, r := range groups[parent] {
			if s.idOf(r, c) == c.id {
				c.region, r.claim = r, c
			}
		}
		if c.region == nil {
			c.write = true
			s.insertInto(parent, groups[parent], c)
			continue
		}
		have, err := document.Value(s.name, c.region.node)
		if err != nil {
			return unreadable(err)
		}
		c.write = !document.Equal(have, c.value)
	}
	if _, done := groups[s.root]; !done {
		s.regions = append(s.regions, s.regionsOf(s.root)...)
	}
	s.makeLists(claims)
	return nil
}

// parent is the mapping or list that holds a claim, or nil where it is missing or empty.
func (s *splicer) parent(c *claim) (*yaml.Node, error) {
	n := s.root
	for _, key := range c.path {
		var next *yaml.Node
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = n.Content[i+1]
			}
		}
		if next == nil {
			if n != s.root {
				return nil, s.refuse(n, fmt.Sprintf("there is no %s here to put %s into", strings.Join(c.path, "."), c.id), fmt.Sprintf("add an empty `%s: []`", key))
			}
			c.write = true
			return nil, nil
		}
		n = next
	}
	empty := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" || n.Kind != yaml.ScalarNode && len(n.Content) == 0
	want := yaml.MappingNode
	if c.inList {
		want = yaml.SequenceNode
	}
	switch {
	case empty && len(c.path) == 1:
		c.write = true
		return nil, nil
	case n.Kind != want:
		return nil, s.refuse(n, fmt.Sprintf("%s is no %s, so %s cannot be an element of it", strings.Join(c.path, "."), kindName(want), c.id), "")
	case n.Style&yaml.FlowStyle != 0:
		return nil, s.refuse(n, fmt.Sprintf("%s is written on one line, where no element can be changed alone", strings.Join(c.path, ".")), "write it as a block, one element below the other")
	}
	return n, nil
}

func kindName(k yaml.Kind) string {
	if k == yaml.SequenceNode {
		return "list"
	}
	return "mapping"
}

func (s *splicer) refuse(n *yaml.Node, what, fix string) error {
	return diag.List{{
		Rule:  "charts-file",
		Where: token.Position{Filename: s.name, Line: n.Line, Column: n.Column},
		What:  what,
		Fix:   fix,
	}}
}

// makeLists writes the lists and maps that do not exist yet, or are empty.
func (s *splicer) makeLists(claims []*claim) {
	made := map[string]*insert{}
	for _, c := range claims {
		if len(c.path) == 0 || c.region != nil || c.placed {
			continue
		}
		top := c.path[0]
		if made[top] == nil {
			text := []byte{}
			for i, key := range c.path {
				text = append(text, strings.Repeat("  ", i)...)
				text = append(document.AppendKey(text, key), '\n')
			}
			made[top] = &insert{line: len(s.lines), text: text}
			for _, r := range s.regions {
				if r.key != nil && r.key.Value == top {
					// An empty one: its line gives way.
					made[top].line = r.start
					r.claim = &claim{region: r, write: true}
				}
			}
		}
		made[top].text = append(made[top].text, c.text...)
	}
	for _, top := range slices.Sorted(maps.Keys(made)) {
		s.inserts = append(s.inserts, *made[top])
	}
}

// regionsOf are the lines of each key or element of a block.
func (s *splicer) regionsOf(parent *yaml.Node) []*region {
	var regions []*region
	column := parent.Column - 1
	if parent.Kind == yaml.SequenceNode {
		for _, item := range parent.Content {
			start := item.Line - 1
			for start > 0 && !s.dashAt(start, column) {
				start--
			}
			regions = append(regions, &region{node: item, start: start, end: s.end(start, lastLine(item), column)})
		}
		return regions
	}
	for i := 0; i+1 < len(parent.Content); i += 2 {
		key, value := parent.Content[i], parent.Content[i+1]
		start := key.Line - 1
		regions = append(regions, &region{node: value, key: key, start: start, end: s.end(start, max(key.Line, lastLine(value)), column)})
	}
	return regions
}

func (s *splicer) dashAt(line, column int) bool {
	text := s.lines[line]
	return len(text) > column && text[column] == '-' && len(bytes.TrimSpace(text[:column])) == 0
}

// end is the line after a node that begins at start: past the last line that any part of it begins
// on, and past what is indented deeper, which may be the rest of a text.
func (s *splicer) end(start, last, column int) int {
	end := max(start+1, last)
	for i := end; i < len(s.lines); i++ {
		text := bytes.TrimRight(s.lines[i], " \t\r\n")
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

// idOf is what tells a region from its neighbours.
func (s *splicer) idOf(r *region, c *claim) string {
	if r.key != nil {
		return r.key.Value
	}
	n := r.node
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == c.by {
			v := n.Content[i+1]
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			return v.Value
		}
	}
	return ""
}

// insertInto puts a new element where it belongs by name if its neighbours are in order, else last.
func (s *splicer) insertInto(parent *yaml.Node, siblings []*region, c *claim) {
	at := siblings[len(siblings)-1].end
	ids := make([]string, len(siblings))
	for i, r := range siblings {
		ids[i] = s.idOf(r, c)
	}
	if slices.IsSorted(ids) {
		for i, r := range siblings {
			if ids[i] > c.id {
				at = s.aboveComments(r.start)
				break
			}
		}
	}
	text := shifted(c.text, parent.Column-1-c.indent)
	if len(siblings) > 1 && siblings[1].start > siblings[0].end && parent.Kind == yaml.SequenceNode {
		// Neighbours are set apart by an empty line.
		if at == siblings[len(siblings)-1].end {
			text = append([]byte("\n"), text...)
		} else {
			text = append(text, '\n')
		}
	}
	s.inserts = append(s.inserts, insert{at, text})
	c.placed = true
}

// aboveComments is the line above the comments that stand directly before a line.
func (s *splicer) aboveComments(line int) int {
	for line > 0 && bytes.HasPrefix(bytes.TrimSpace(s.lines[line-1]), []byte("#")) {
		line--
	}
	return line
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

// followAnchors rewrites what refers to an anchor whose place is rewritten. If nobody claims that,
// it has to stay as it is, and so the anchor has to stay too.
func (s *splicer) followAnchors() error {
	var findings diag.List
	for changed := true; changed; {
		changed = false
		for _, r := range s.regions {
			if r.claim == nil || !r.claim.write {
				continue
			}
			for _, other := range s.regions {
				if other == r || other.claim != nil && other.claim.write || s.contains(other, r) || s.contains(r, other) {
					continue
				}
				alias := aliasInto(other.node, anchorsIn(r.node))
				switch {
				case alias == nil:
				case other.claim != nil:
					other.claim.write, changed = true, true
				case len(findings) == 0 || !s.isGroup(other):
					if s.isGroup(other) {
						continue
					}
					findings = append(findings, diag.Finding{
						Rule:  "anchor-in-use",
						Where: r.claim.pos,
						Also:  []token.Position{{Filename: s.name, Line: r.start + 1}},
						What:  fmt.Sprintf("%s cannot be rewritten: it defines the anchor &%s", r.claim.id, alias.Value),
						Why:   fmt.Sprintf("%s:%d refers to it, and nothing declares that element", s.name, alias.Line),
						Fix:   "take that element in as well, or write its value out in the charts repo",
					})
				}
			}
		}
	}
	return findings.Sorted().Err()
}

// isGroup reports whether a region holds smaller ones, which speak for themselves.
func (s *splicer) isGroup(r *region) bool {
	return slices.ContainsFunc(s.regions, func(o *region) bool { return s.contains(r, o) })
}

func (s *splicer) contains(outer, inner *region) bool {
	return outer != inner && outer.start <= inner.start && inner.end <= outer.end
}

func anchorsIn(n *yaml.Node) map[*yaml.Node]bool {
	found := map[*yaml.Node]bool{}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Anchor != "" && n.Kind != yaml.AliasNode {
			found[n] = true
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	return found
}

func aliasInto(n *yaml.Node, anchors map[*yaml.Node]bool) *yaml.Node {
	if n.Kind == yaml.AliasNode && anchors[n.Alias] {
		return n
	}
	for _, c := range n.Content {
		if a := aliasInto(c, anchors); a != nil {
			return a
		}
	}
	return nil
}

// write is the file with the changed regions replaced.
func (s *splicer) write() []byte {
	type edit struct {
		start, end int
		text       []byte
	}
	var edits []edit
	for _, r := range s.regions {
		if r.claim == nil || !r.claim.write {
			continue
		}
		column := len(s.lines[r.start]) - len(bytes.TrimLeft(s.lines[r.start], " "))
		edits = append(edits, edit{r.start, r.end, shifted(r.claim.text, column-r.claim.indent)})
	}
	for _, i := range s.inserts {
		edits = append(edits, edit{i.line, i.line, i.text})
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	crlf := bytes.Contains(s.data, []byte("\r\n"))
	var out []byte
	line := 0
	for _, e := range edits {
		out = append(out, bytes.Join(s.lines[line:min(e.start, len(s.lines))], nil)...)
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, '\n')
		}
		if crlf {
			e.text = bytes.ReplaceAll(e.text, []byte("\n"), []byte("\r\n"))
		}
		out = append(out, e.text...)
		line = max(line, e.end)
	}
	if line < len(s.lines) {
		out = append(out, bytes.Join(s.lines[line:], nil)...)
	}
	return out
}

// prove parses the result and compares it with the file as it was, changed by the claims and nothing else.
func (s *splicer) prove(out []byte) error {
	want, err := document.Value(s.name, s.root)
	if err != nil {
		return unreadable(err)
	}
	doc, ok := want.(map[string]any)
	if !ok {
		return s.refuse(s.root, "this file is no mapping", "")
	}
	for _, c := range s.claims {
		put(doc, c)
	}
	node, err := document.Parse(s.name, out)
	if err != nil {
		return s.unproved(err)
	}
	got, err := document.Value(s.name, node)
	if err != nil {
		return s.unproved(err)
	}
	if !equalButOrder(got, doc, s.claims) {
		return s.unproved(errors.New("more than the declared elements would change"))
	}
	return nil
}

func (s *splicer) unproved(err error) error {
	return diag.List{{
		Rule:  "charts-file",
		Where: token.Position{Filename: s.name},
		What:  "this file is written in a way that cannot be changed in place: " + err.Error(),
		Fix:   "write the elements that are declared as plain blocks",
	}}
}

// put sets what a claim demands in a document's value.
func put(doc map[string]any, c *claim) {
	m := doc
	for i, key := range c.path {
		if i == len(c.path)-1 && c.inList {
			list, _ := m[key].([]any)
			for j, item := range list {
				if e, ok := item.(map[string]any); ok && e[c.by] == c.id {
					list[j] = c.value
					return
				}
			}
			m[key] = append(list, c.value)
			return
		}
		next, ok := m[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[key] = next
		}
		m = next
	}
	m[c.id] = c.value
}

// equalButOrder compares two documents, with the lists that claims are elements of in any order:
// there, each element is its own.
func equalButOrder(got, want any, claims []*claim) bool {
	sorted := map[string]bool{}
	for _, c := range claims {
		if path := strings.Join(c.path, "."); c.inList && !sorted[path] {
			sorted[path] = true
			sortList(got, c)
			sortList(want, c)
		}
	}
	return document.Equal(got, want)
}

func sortList(doc any, c *claim) {
	for _, key := range c.path {
		m, _ := doc.(map[string]any)
		doc = m[key]
	}
	list, _ := doc.([]any)
	slices.SortStableFunc(list, func(a, b any) int {
		x, _ := a.(map[string]any)
		y, _ := b.(map[string]any)
		return strings.Compare(fmt.Sprint(x[c.by]), fmt.Sprint(y[c.by]))
	})
}
