package state

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// spelling is what a scalar says, as it is written: 1.10 stays 1.10. What is null says nothing.
func spelling(n *yaml.Node) string {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.ShortTag() == "!!null" {
		return ""
	}
	return n.Value
}

// place finds the bytes of a slot's value.
func (p *pin) place(s *slot) error {
	if err := p.mustBeText(s.node, s.name()); err != nil {
		return err
	}
	at := offset(p.data, s.node.Line, s.node.Column)
	bare, at := properties(p.data, at)
	rest := p.data[at:]
	switch style := s.node.Style; {
	case s.node.Kind == yaml.AliasNode:
		s.start, s.end = at, at+1+len(s.node.Value)
		if !bytes.HasPrefix(rest, []byte("*"+s.node.Value)) {
			return p.scattered(s)
		}
	case style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return p.scattered(s)
	case style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		s.start, s.end = at, at+quoted(rest)
		if s.end == at || bytes.ContainsAny(p.data[s.start:s.end], "\r\n\u0085\u2028\u2029") {
			return p.scattered(s)
		}
	case s.node.Value == "":
		s.start = bare
		if s.node.Anchor == "" && style&yaml.TaggedStyle == 0 {
			s.start = len(bytes.TrimRight(p.data[:bare], " \t\r\n")) // in braces, the parser says where the next token is
		}
		s.end = s.start
	default:
		s.start, s.end = at, at+len(s.node.Value)
		if !bytes.HasPrefix(rest, []byte(s.node.Value)) {
			return p.scattered(s)
		}
	}
	return nil
}

func (p *pin) mustBeText(n *yaml.Node, name string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.MappingNode:
		return p.refuse(n, name+" holds a mapping, where one word should stand", "", "name the key below it in `pin`")
	case yaml.SequenceNode:
		return p.refuse(n, name+" holds a list, where one word should stand", "", "name the right key in `pin`")
	}
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!merge":
		return nil
	default:
		return p.refuse(n, fmt.Sprintf("%s has the tag %s, so what stands here is not what a chart gets", name, tag), "", "take the tag away, and quote the value if it is text")
	}
}

func (p *pin) scattered(s *slot) error {
	return p.refuse(s.node, fmt.Sprintf("the value of %s is written over several lines", s.name()), inPlace, s.onOneLine())
}

// offset is where a line and a column of the parser stand in data. The parser ends lines wherever
// YAML does, counts columns in characters, and leaves out the byte order mark at the head.
func offset(data []byte, line, column int) int {
	at := 0
	if bytes.HasPrefix(data, []byte("\ufeff")) {
		at = len("\ufeff")
	}
	for ; line > 1 && at < len(data); line-- {
		at += lineLen(data[at:])
	}
	for ; column > 1 && at < len(data); column-- {
		at++
		for at < len(data) && data[at]&0xc0 == 0x80 {
			at++
		}
	}
	return at
}

// lineLen is the length of the first line of data, with its end.
func lineLen(data []byte) int {
	for i, c := range data {
		switch {
		case c == '\n':
			return i + 1
		case c == '\r' && (i+1 == len(data) || data[i+1] != '\n'):
			return i + 1
		case c == 0xc2 && bytes.HasPrefix(data[i:], []byte("\u0085")):
			return i + len("\u0085")
		case c == 0xe2 && (bytes.HasPrefix(data[i:], []byte("\u2028")) || bytes.HasPrefix(data[i:], []byte("\u2029"))):
			return i + len("\u2028")
		}
	}
	return len(data)
}

// properties skips the tag and the anchor before a value: bare is where they end, and value where the
// value stands, behind the blanks and comments after them.
func properties(data []byte, at int) (bare, value int) {
	bare = at
	for at < len(data) && (data[at] == '!' || data[at] == '&') {
		ends := " \t\r\n"
		if data[at] == '&' {
			ends += ",]}"
		}
		n := bytes.IndexAny(data[at:], ends)
		if n < 0 {
			return len(data), len(data)
		}
		bare = at + n
		at = skipBlank(data, bare)
	}
	return bare, at
}

func skipBlank(data []byte, at int) int {
	for at < len(data) {
		switch {
		case blank(data[at]):
			at++
		case data[at] == '#' && blank(data[at-1]):
			at += lineLen(data[at:])
		default:
			return at
		}
	}
	return at
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// quoted is the length of the quoted text at the head of data, with its quotes; 0 where there is none.
func quoted(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch {
		case data[0] == '"' && data[i] == '\\':
			i++
		case data[i] != data[0]:
		case data[0] == '\'' && i+1 < len(data) && data[i+1] == '\'':
			i++
		case data[0] == '\'', data[0] == '"':
			return i + 1
		}
	}
	return 0
}
