package adopt

import (
	"go/token"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// scanComments finds the comments of a document. The library that parses YAML keeps most of them,
// but not all, and not all at their place; what it knows for sure is where quotes and blocks of text
// are, in which a # means itself.
func scanComments(name string, s *source, root *yaml.Node) []*comment {
	s.mask(root, 0)
	var found []*comment
	blank := true
	for i, line := range s.lines {
		own := strings.TrimLeft(line.text, " \t")
		if own == "" {
			blank = true
			continue
		}
		at := s.commentIn(line)
		if at < 0 {
			blank = false
			continue
		}
		c := &comment{
			text:   strings.TrimRight(line.text[at+1:], " \t\r"),
			pos:    token.Position{Filename: name, Line: i + 1, Column: utf8.RuneCountInString(line.text[:at]) + 1},
			behind: strings.TrimLeft(line.text[:at], " \t") != "",
			first:  blank,
		}
		found = append(found, c)
		blank = blank && !c.behind
	}
	return found
}

// A source is a document as text.
type source struct {
	lines []sourceLine
}

type sourceLine struct {
	text   string
	opaque []span // where a # means itself
}

type span struct{ from, to int }

func newSource(data []byte) *source {
	s := &source{}
	for _, text := range strings.Split(string(data), "\n") {
		s.lines = append(s.lines, sourceLine{text: strings.TrimSuffix(text, "\r")})
	}
	return s
}

// commentIn is where a line's comment begins, or -1.
func (s *source) commentIn(line sourceLine) int {
	for i := 0; i < len(line.text); i++ {
		if line.text[i] != '#' || i > 0 && line.text[i-1] != ' ' && line.text[i-1] != '\t' {
			continue
		}
		if !slices.ContainsFunc(line.opaque, func(o span) bool { return o.from <= i && i < o.to }) {
			return i
		}
	}
	return -1
}

// mask marks quotes and blocks of text under y, whose parent begins in the given column.
func (s *source) mask(y *yaml.Node, parent int) {
	switch y.Kind {
	case yaml.ScalarNode:
		s.maskScalar(y, parent)
	case yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			s.mask(y.Content[i], parent)
			s.mask(y.Content[i+1], y.Content[i].Column)
		}
	case yaml.SequenceNode:
		for _, c := range y.Content {
			s.mask(c, s.dash(c))
		}
	}
}

// dash is the column of the dash before an item of a list. Where it stands alone on a line above,
// or the list is written in brackets, it is the item's own column.
func (s *source) dash(item *yaml.Node) int {
	if item.Line < 1 || item.Line > len(s.lines) {
		return item.Column
	}
	text := s.lines[item.Line-1].text
	before := strings.TrimRight(text[:byteColumn(text, item.Column)], " \t")
	if !strings.HasSuffix(before, "-") {
		return item.Column
	}
	return utf8.RuneCountInString(before)
}

func (s *source) maskScalar(y *yaml.Node, parent int) {
	quoted := y.Style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)
	block := y.Style & (yaml.LiteralStyle | yaml.FoldedStyle)
	if quoted == 0 && block == 0 || y.Line < 1 || y.Line > len(s.lines) {
		return
	}
	line, col := s.start(y)
	switch {
	case line < 0:
	case block != 0:
		s.maskBlock(line, col, parent)
	default:
		s.maskQuotes(line, col)
	}
}

// start is where a scalar's own text begins, after its anchor and tag.
func (s *source) start(y *yaml.Node) (line, col int) {
	line, col = y.Line-1, byteColumn(s.lines[y.Line-1].text, y.Column)
	for {
		text := s.lines[line].text
		for col < len(text) && (text[col] == ' ' || text[col] == '\t') {
			col++
		}
		switch {
		case col >= len(text):
			if line++; line >= len(s.lines) {
				return -1, 0
			}
			col = 0
		case text[col] == '&' || text[col] == '!':
			for col < len(text) && text[col] != ' ' && text[col] != '\t' {
				col++
			}
		default:
			return line, col
		}
	}
}

func byteColumn(text string, column int) int {
	i := 0
	for n := 1; n < column && i < len(text); n++ {
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	return i
}

func (s *source) maskBlock(line, col, parent int) {
	header := strings.TrimLeft(s.lines[line].text[col:], "|>+-")
	indent := -1
	if len(header) > 0 && header[0] >= '1' && header[0] <= '9' {
		n, _ := strconv.Atoi(header[:1])
		indent = max(0, parent-1) + n
	}
	for i := line + 1; i < len(s.lines); i++ {
		text := s.lines[i].text
		content := strings.TrimLeft(text, " ")
		if content == "" {
			continue
		}
		spaces := len(text) - len(content)
		if indent < 0 {
			if spaces < parent && parent > 0 || strings.HasPrefix(content, "#") && spaces < parent {
				return
			}
			indent = spaces
		}
		if spaces < indent {
			return
		}
		s.lines[i].opaque = []span{{0, len(text)}}
	}
}

func (s *source) maskQuotes(line, col int) {
	quote := s.lines[line].text[col]
	from := col
	for i := col + 1; ; i++ {
		text := s.lines[line].text
		if i >= len(text) {
			s.lines[line].opaque = append(s.lines[line].opaque, span{from, len(text)})
			if line++; line >= len(s.lines) {
				return
			}
			from, i = 0, -1
			continue
		}
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] != quote:
		case quote == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
		default:
			s.lines[line].opaque = append(s.lines[line].opaque, span{from, i})
			return
		}
	}
}
