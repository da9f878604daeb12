package state

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/document"
)

// says reports whether a slot says a value already. For text that is how it is written, for a
// boolean what it means: the plain yes says "yes", and true.
func (p *pin) says(s slot, value any) bool {
	if want, ok := value.(string); ok {
		return spelling(s.node) == want
	}
	have, err := document.Value(p.path, s.node)
	return err == nil && have == value
}

// written is the text that stands for a value in a slot, in the quotes that stand there now.
func (p *pin) written(s slot, set Setting) (string, error) {
	var word string
	switch v := set.Value.(type) {
	case bool:
		word = strconv.FormatBool(v)
	case string:
		if !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
			return "", p.refuse(s.node, fmt.Sprintf("%s cannot be set to %q", set.Key, v), "it holds a character that nobody can see in a file", "set it to plain text on one line")
		}
		word = s.quote(v)
	default:
		return "", fmt.Errorf("set %s in %s: a %T is neither text nor a boolean", set.Key, p.path, v)
	}
	if s.start == s.end {
		return " " + word, nil // there was nothing after the colon
	}
	return word, nil
}

// quote writes printable text: in the quotes that stand in the slot, plain where that is safe, or in
// double quotes.
func (s slot) quote(v string) string {
	switch {
	case s.node.Style&yaml.SingleQuotedStyle != 0:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case s.node.Style&yaml.DoubleQuotedStyle == 0 && !s.json && plain(v) && !(s.flow && strings.ContainsAny(v, ",?[]{}")):
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// plain reports whether text can stand without quotes, as in every file that pintle writes.
func plain(v string) bool { return string(document.Append(nil, v, 0, nil)) == v+"\n" }
