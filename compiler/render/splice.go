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

// splice puts fragments into a file that exists. What already means what is declared keeps its bytes,
// as does everything that no fragment claims; only the lines of what differs are replaced. The result
// is parsed again and compared with what it should mean, so that a shape of YAML that is not
// understood here is refused rather than damaged. A file of which nothing is left is nil.
func splice(name string, data []byte, file []Fragment, charts Charts) ([]byte, error) {
	root, err := document.Parse(name, data)
	if err != nil {
		return nil, unreadable(err)
	}
	if root == nil && len(file) == 0 {
		return nil, nil
	}
	if root == nil {
		return filled(data, file)
	}
	if root.Kind == yaml.MappingNode && len(root.Content) == 0 {
		if len(file) == 0 {
			return nil, nil
		}
		return filled(bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:root.Line-1], nil), file)
	}
	if line := oddBreak(data); line > 0 {
		return nil, diag.List{{
			Rule:  "charts-file",
			Where: token.Position{Filename: name, Line: line},
			What:  "this line ends with something that only YAML takes for the end of a line",
			Why:   "to git and to editors it is one line with the next, so it cannot be changed alone",
			Fix:   "end it with a newline; in a text, write it as an escape in double quotes",
		}}
	}
	claims, err := claimsOf(file)
	if err != nil {
		return nil, err
	}
	if len(claims) == 1 && claims[0].wholeFile {
		return replaced(data, root, file[0], claims[0])
	}
	have, err := document.Value(name, root)
	if err != nil {
		return nil, unreadable(err)
	}
	claims = append(claims, gone(have, charts.Gone[name], claims)...)
	if nothingLeft(have, claims) {
		if len(file) == 0 {
			return nil, nil
		}
		return fresh(file)
	}
	for _, pin := range charts.Pins[name] {
		keepPin(have, claims, pin)
	}
	// Of two that are inserted at one line, the deeper one belongs to what stands above.
	slices.SortStableFunc(claims, func(a, b *claim) int { return len(b.path) - len(a.path) })
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return nil, diag.List{{
			Rule:  "charts-file",
			Where: token.Position{Filename: name, Line: root.Line, Column: root.Column},
			What:  "this file is no block of keys, so no element can be put into it",
			Fix:   "write it as `key: value` lines, or declare it as a whole",
		}}
	}
	s := &splicer{page: page{name: name, lines: bytes.SplitAfter(data, []byte("\n"))}, root: root, claims: claims}
	if err := s.locate(); err != nil {
		return nil, err
	}
	return s.fewest()
}

// oddBreak is the first line, from 1, that ends for YAML and for nobody else: with a lone carriage
// return, or with one of Unicode's own line breaks.
func oddBreak(data []byte) int {
	for i, r := range string(data) {
		odd := r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\r' && !bytes.HasPrefix(data[i:], []byte("\r\n"))
		if odd {
			return 1 + bytes.Count(data[:i], []byte("\n"))
		}
	}
	return 0
}

// fewest changes as few lines as will do. First it trusts anchors: what refers to one changes along
// with it, and needs no edit of its own. Where that is not what was declared, each element is changed
// for itself; and where that does not work out, it is written anew.
func (s *splicer) fewest() ([]byte, error) {
	s.trusting = true
	if edits := s.edits(); len(edits) > 0 {
		if out := s.apply(edits); s.prove(out) == nil {
			return out, nil
		}
	}
	s.trusting = false
	edits, err := s.settle()
	if err != nil {
		return nil, err
	}
	out := s.apply(edits)
	if s.prove(out) == nil {
		return out, nil
	}
	for _, c := range s.claims {
		c.whole = true
	}
	if edits, err = s.settle(); err != nil {
		return nil, err
	}
	out = s.apply(edits)
	return out, s.prove(out)
}

// filled is a file that held nothing, or comments only: these stay at its head.
func filled(data []byte, file []Fragment) ([]byte, error) {
	made, err := fresh(file)
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return made, err
	}
	_, body, _ := bytes.Cut(made, []byte("\n")) // without the header of a new file
	if data[len(data)-1] != '\n' {
		data = append(bytes.Clone(data), '\n')
	}
	return append(bytes.Clone(data), body...), nil
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
	path      []string // to the mapping or the list; nil is the document
	id        string
	by        string // the field that holds id in an element of a list; "" for a key of a mapping
	wholeFile bool   // it is a document that is no mapping
	value     any
	order     []string
	text      []byte // as a list or a map of one
	indent    int    // of text
	pos       token.Position

	region  *region // where it stands now; nil where it does not exist
	gone    bool    // nothing declares it any longer: it is taken out
	differs bool    // it means something else now
	whole   bool    // it is rewritten as a whole, if it differs or refers to what is gone
	placed  bool    // it was put beside its neighbours
}

func (c *claim) inList() bool { return c.by != "" }

func (c *claim) at() string { return strings.Join(c.path, ".") }

// claimsOf takes a document apart into its keys: each has its owner.
func claimsOf(file []Fragment) ([]*claim, error) {
	var claims []*claim
	for _, f := range file {
		value, err := parsed(f)
		if err != nil {
			return nil, err
		}
		if !f.whole() {
			c := &claim{id: f.ID, by: f.By, value: value, order: f.Order, text: f.Text, indent: 2 * f.depth(), pos: f.Pos}
			if f.At != "" {
				c.path = strings.Split(f.At, ".")
			}
			claims = append(claims, c)
			continue
		}
		m, ok := value.(map[string]any)
		if !ok {
			return []*claim{{wholeFile: true, value: value, pos: f.Pos}}, nil
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			claims = append(claims, &claim{
				id: key, value: m[key], order: f.Order, pos: f.Pos,
				text: document.Append(nil, map[string]any{key: m[key]}, 0, f.Order),
			})
		}
	}
	return claims, nil
}

type splicer struct {
	page
	root    *yaml.Node
	claims  []*claim
	inserts []edit // of claims that do not stand there yet
}

// locate finds the regions of all claims, and which of them mean something else.
func (s *splicer) locate() error {
	groups := map[*yaml.Node][]*region{}
	for _, c := range s.claims {
		parent, err := s.parent(c)
		if err != nil {
			return err
		}
		if parent == nil {
			continue // the list is to be made
		}
		if _, done := groups[parent]; !done {
			groups[parent] = s.regionsOf(parent)
		}
		for _, r := range groups[parent] {
			if r.id(c.by) == c.id {
				c.region = r
			}
		}
		if c.gone {
			continue
		}
		if c.region == nil {
			s.insertInto(parent, groups[parent], c)
			continue
		}
		have, err := document.Value(s.name, c.region.node)
		if err != nil {
			return unreadable(err)
		}
		c.differs = !document.Equal(have, c.value)
	}
	s.makeLists()
	return nil
}

// parent is the mapping or list that holds a claim, or nil where it is missing or empty.
func (s *splicer) parent(c *claim) (*yaml.Node, error) {
	n := s.root
	for _, key := range c.path {
		next := valueOf(n, key)
		if next == nil && n == s.root {
			return nil, nil
		}
		if next == nil {
			return nil, s.refuse(n, fmt.Sprintf("there is no %s here to put %s into", c.at(), c.id), fmt.Sprintf("add an empty `%s: []`", key))
		}
		n = next
	}
	empty := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" || n.Kind != yaml.ScalarNode && len(n.Content) == 0
	want, kind := yaml.MappingNode, "mapping"
	if c.inList() {
		want, kind = yaml.SequenceNode, "list"
	}
	switch {
	case empty && len(c.path) == 1:
		return nil, nil
	case n.Kind != want:
		return nil, s.refuse(n, fmt.Sprintf("%s is no %s, so %s cannot be an element of it", c.at(), kind, c.id), "")
	case n.Style&yaml.FlowStyle != 0:
		return nil, s.refuse(n, fmt.Sprintf("%s is written on one line, where no element can be changed alone", c.at()), "write it as a block, one element below the other")
	}
	return n, nil
}

// valueOf is the value of a key that is written out in a mapping: the last one, if it stands there twice.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	var last *yaml.Node
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			last = n.Content[i+1]
		}
	}
	return last
}

func (s *splicer) refuse(n *yaml.Node, what, fix string) error {
	return diag.List{{
		Rule:  "charts-file",
		Where: token.Position{Filename: s.name, Line: n.Line, Column: n.Column},
		What:  what,
		Fix:   fix,
	}}
}

// insertInto puts a new element where it belongs by name if its neighbours are in order, else last.
func (s *splicer) insertInto(parent *yaml.Node, siblings []*region, c *claim) {
	c.placed = true
	last := siblings[len(siblings)-1]
	at := last.end
	ids := make([]string, len(siblings))
	for i, r := range siblings {
		ids[i] = r.id(c.by)
	}
	if i := slices.IndexFunc(ids, func(id string) bool { return id > c.id }); i >= 0 && slices.IsSorted(ids) {
		at = s.aboveComments(siblings[i].start)
	}
	text := shifted(c.text, s.column(parent)-c.indent)
	if c.inList() && len(siblings) > 1 && siblings[1].start > siblings[0].end {
		// Neighbours are set apart by an empty line.
		if at == last.end {
			text = append([]byte("\n"), text...)
		} else {
			text = append(text, '\n')
		}
	}
	s.inserts = append(s.inserts, edit{at, at, text})
}

// makeLists writes the lists and maps that do not exist yet, or are empty.
func (s *splicer) makeLists() {
	made := map[string][]byte{}
	for _, c := range s.claims {
		if len(c.path) == 0 || c.region != nil || c.placed {
			continue
		}
		top := c.path[0]
		if made[top] == nil {
			for i, key := range c.path {
				made[top] = append(made[top], strings.Repeat("  ", i)...)
				made[top] = append(document.AppendKey(made[top], key), '\n')
			}
		}
		made[top] = append(made[top], c.text...)
	}
	keys := s.regionsOf(s.root)
	for _, top := range slices.Sorted(maps.Keys(made)) {
		e := edit{len(s.lines), len(s.lines), made[top]}
		if i := slices.IndexFunc(keys, func(r *region) bool { return r.key.Value == top }); i >= 0 {
			e.start, e.end = keys[i].start, keys[i].end
		}
		s.inserts = append(s.inserts, e)
	}
}

// settle is the edits that all claims need. What refers to an anchor in a line that goes away is
// rewritten too; if nobody claims that, it has to stay as it is, and so the anchor has to stay.
func (s *splicer) settle() ([]edit, error) {
	for {
		edits := s.edits()
		again, err := s.followAnchors(edits)
		if err != nil || !again {
			return edits, err
		}
	}
}

func (s *splicer) edits() []edit {
	edits := slices.Clone(s.inserts)
	for _, c := range s.claims {
		edits = append(edits, s.editsOf(c)...)
	}
	return edits
}

func (s *splicer) editsOf(c *claim) []edit {
	if c.gone {
		if c.region == nil {
			return nil
		}
		return []edit{s.takeOut(c.region)}
	}
	if c.region == nil || !c.differs && !c.region.dragged {
		return nil
	}
	if !c.whole && c.region.key != nil {
		return s.changeKey(c.region, c.value, c.order)
	}
	if !c.whole {
		if edits, ok := s.change(c.region.node, c.value, c.order); ok {
			return edits
		}
	}
	return []edit{s.rewrite(c.region, c.text, c.indent)}
}

// followAnchors drags those claims along that refer to a place which an edit takes away, and reports
// whether there were any.
func (s *splicer) followAnchors(edits []edit) (bool, error) {
	again := false
	var findings diag.List
	eachAlias(s.root, func(alias *yaml.Node) {
		gone := slices.IndexFunc(edits, func(e edit) bool { return e.covers(alias.Alias) })
		if gone < 0 || slices.ContainsFunc(edits, func(e edit) bool { return e.covers(alias) }) {
			return
		}
		for _, c := range s.claims {
			if c.region != nil && c.region.covers(alias) {
				again = again || !c.region.dragged
				c.whole, c.region.dragged = true, true
				return
			}
		}
		f := diag.Finding{
			Rule:  "anchor-in-use",
			Where: token.Position{Filename: s.name, Line: alias.Line, Column: alias.Column},
			What:  fmt.Sprintf("&%s cannot be rewritten, because this refers to it and nothing declares this", alias.Value),
			Why:   fmt.Sprintf("it is defined in line %d, in an element that is declared and has changed", alias.Alias.Line),
			Fix:   "take this element in as well, or write its value out here",
		}
		for _, c := range s.claims {
			if c.region != nil && c.region.covers(alias.Alias) {
				f.Also = append(f.Also, c.pos)
			}
		}
		findings = append(findings, f)
	})
	return again, findings.Sorted().Err()
}

func eachAlias(n *yaml.Node, visit func(*yaml.Node)) {
	if n.Kind == yaml.AliasNode {
		visit(n)
	}
	for _, c := range n.Content {
		eachAlias(c, visit)
	}
}

// prove parses the result and compares it with the file as it was, changed by the claims and nothing else.
func (s *splicer) prove(out []byte) error {
	want, err := document.Value(s.name, s.root)
	if err != nil {
		return unreadable(err)
	}
	for _, c := range s.claims {
		put(want.(map[string]any), c)
	}
	node, err := document.Parse(s.name, out)
	if err != nil {
		return s.unproved(err)
	}
	got, err := document.Value(s.name, node)
	if err != nil {
		return s.unproved(err)
	}
	if !s.equal(got, want) {
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

// put sets what a claim demands in a document's value, or takes it out.
func put(doc map[string]any, c *claim) {
	path, last := c.path, c.id
	if c.inList() {
		path, last = c.path[:len(c.path)-1], c.path[len(c.path)-1]
	}
	m := doc
	for _, key := range path {
		next, ok := m[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[key] = next
		}
		m = next
	}
	if !c.inList() {
		if m[last] = c.value; c.gone {
			delete(m, last)
		}
		return
	}
	list, _ := m[last].([]any)
	for i, item := range list {
		if e, ok := item.(map[string]any); ok && e[c.by] == c.id {
			if list[i] = c.value; c.gone {
				m[last] = slices.Delete(list, i, i+1)
			}
			return
		}
	}
	m[last] = append(list, c.value)
}

// equal compares two documents. The lists that claims are elements of may be in any order: there, each
// element is its own.
func (s *splicer) equal(got, want any) bool {
	sorted := map[string]bool{}
	for _, c := range s.claims {
		if c.inList() && !sorted[c.at()] {
			sorted[c.at()] = true
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
