package document

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kubernetes is the order in which its own manifests are written: these keys first, the rest by name.
var kubernetes = []string{"apiVersion", "kind", "metadata", "name"}

// Append writes a value as the YAML that a person would write, as a block that begins at the
// column indent, and ends in a newline. Keys stand in the given order at any depth (nil is
// Kubernetes' own), then by name. It quotes only what YAML 1.1 or 1.2 would read as something else.
func Append(dst []byte, v any, indent int, order []string) []byte {
	if order == nil {
		order = kubernetes
	}
	w := writer{dst: dst, order: order}
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			w.spaces(indent)
			w.mapping(v, indent)
			return w.dst
		}
	case []any:
		if len(v) > 0 {
			w.spaces(indent)
			w.list(v, indent)
			return w.dst
		}
	}
	w.spaces(indent)
	w.scalar(v, indent)
	return w.dst
}

// AppendKey writes a key and the colon after it.
func AppendKey(dst []byte, key string) []byte {
	w := writer{dst: dst}
	w.text(key)
	return append(w.dst, ':')
}

type writer struct {
	dst   []byte
	order []string
}

func (w *writer) spaces(n int) {
	for range n {
		w.dst = append(w.dst, ' ')
	}
}

// mapping writes entries, the first one where the cursor stands.
func (w *writer) mapping(m map[string]any, indent int) {
	for i, key := range w.keys(m) {
		if i > 0 {
			w.spaces(indent)
		}
		w.text(key)
		w.dst = append(w.dst, ':')
		w.under(m[key], indent)
	}
}

// under writes what stands after "key:".
func (w *writer) under(v any, indent int) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			w.dst = append(w.dst, '\n')
			w.spaces(indent + 2)
			w.mapping(v, indent+2)
			return
		}
	case []any:
		if len(v) > 0 {
			w.dst = append(w.dst, '\n')
			w.spaces(indent + 2)
			w.list(v, indent+2)
			return
		}
	}
	w.dst = append(w.dst, ' ')
	w.scalar(v, indent+2)
}

// list writes items, the first one where the cursor stands.
func (w *writer) list(list []any, indent int) {
	for i, item := range list {
		if i > 0 {
			w.spaces(indent)
		}
		w.dst = append(w.dst, '-', ' ')
		switch item := item.(type) {
		case map[string]any:
			if len(item) > 0 {
				w.mapping(item, indent+2)
				continue
			}
		case []any:
			if len(item) > 0 {
				w.list(item, indent+2)
				continue
			}
		}
		w.scalar(item, indent+2)
	}
}

// scalar writes a leaf and its newline. A block of text is indented to the given column.
func (w *writer) scalar(v any, indent int) {
	switch v := v.(type) {
	case nil:
		w.dst = append(w.dst, "null"...)
	case bool:
		w.dst = strconv.AppendBool(w.dst, v)
	case json.Number:
		w.dst = append(w.dst, number(string(v))...)
	case map[string]any:
		w.dst = append(w.dst, "{}"...)
	case []any:
		w.dst = append(w.dst, "[]"...)
	case string:
		if strings.Contains(v, "\n") && w.literal(v, indent) {
			return
		}
		w.text(v)
	}
	w.dst = append(w.dst, '\n')
}

// number writes an exponent out: to a reader of YAML 1.1 the bare 1e3 is text.
func number(s string) string {
	if !strings.ContainsAny(s, "eE") || longExponent(s) {
		return s
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	if r.IsInt() {
		return r.Num().String()
	}
	digits, exact := r.FloatPrec()
	if !exact {
		return s
	}
	return r.FloatString(digits)
}

// keys is the order of a mapping's keys.
func (w *writer) keys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(w.rank(a), w.rank(b)), cmp.Compare(a, b))
	})
	return keys
}

func (w *writer) rank(key string) int {
	for i, k := range w.order {
		if k == key {
			return i
		}
	}
	return len(w.order)
}

// literal writes a text of several lines as a block, or reports that a block cannot hold it.
func (w *writer) literal(s string, indent int) bool {
	first := strings.TrimLeft(s, "\n")
	if first == "" || first[0] == '\t' || strings.ContainsFunc(s, unprintable) {
		return false
	}
	w.dst = append(w.dst, '|')
	if first[0] == ' ' {
		w.dst = append(w.dst, '2') // the first line's own spaces are not indentation
	}
	switch {
	case !strings.HasSuffix(s, "\n"):
		w.dst = append(w.dst, '-')
	case strings.HasSuffix(s, "\n\n"):
		w.dst = append(w.dst, '+')
	}
	w.dst = append(w.dst, '\n')
	for line := range strings.Lines(s) {
		text := strings.TrimSuffix(line, "\n")
		if text != "" {
			w.spaces(indent)
			w.dst = append(w.dst, text...)
		}
		w.dst = append(w.dst, '\n')
	}
	return true
}

// unprintable reports what YAML cannot hold outside of double quotes.
func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError
}

// text writes a string on one line: plain where that is safe, else quoted.
func (w *writer) text(s string) {
	switch {
	case plain(s):
		w.dst = append(w.dst, s...)
	case strings.ContainsAny(s, `"\`) && !strings.ContainsRune(s, '\'') && !strings.ContainsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' || unprintable(r) }):
		w.dst = append(w.dst, '\'')
		w.dst = append(w.dst, s...)
		w.dst = append(w.dst, '\'')
	default:
		w.doubleQuoted(s)
	}
}

func (w *writer) doubleQuoted(s string) {
	w.dst = append(w.dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.dst = append(w.dst, '\\', byte(r))
		case r == '\n':
			w.dst = append(w.dst, '\\', 'n')
		case r == '\t':
			w.dst = append(w.dst, '\\', 't')
		case r == '\r':
			w.dst = append(w.dst, '\\', 'r')
		case !unprintable(r):
			w.dst = utf8.AppendRune(w.dst, r)
		case r <= 0xff:
			w.dst = append(w.dst, '\\', 'x')
			w.hex(r, 2)
		case r <= 0xffff:
			w.dst = append(w.dst, '\\', 'u')
			w.hex(r, 4)
		default:
			w.dst = append(w.dst, '\\', 'U')
			w.hex(r, 8)
		}
	}
	w.dst = append(w.dst, '"')
}

func (w *writer) hex(r rune, width int) {
	const digits = "0123456789abcdef"
	for i := width - 1; i >= 0; i-- {
		w.dst = append(w.dst, digits[r>>(4*i)&0xf])
	}
}

// plain reports whether a string can stand without quotes and stays this string to every reader
// of YAML 1.1 and 1.2. It would rather quote once too often.
func plain(s string) bool {
	if s == "" || len(s) > 1 && s[0] == '-' && s[1] == '-' && strings.HasPrefix(s, "---") {
		return false
	}
	switch c := s[0]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '/', c == '_', c == '$', c == '(':
	case c >= '0' && c <= '9', c == '.', c == '+', c == '-':
		if numeric(s) {
			return false
		}
		if c == '-' && (len(s) == 1 || s[1] == ' ') {
			return false
		}
	case c >= utf8.RuneSelf:
	default:
		return false
	}
	if last := s[len(s)-1]; last == ':' || last == ' ' {
		return false
	}
	ascii := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f:
			return false
		case c == ':' && s[i+1] == ' ', c == '#' && s[i-1] == ' ':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii && strings.ContainsFunc(s, unprintable) {
		return false
	}
	return len(s) > len("false") || !word(strings.ToLower(s))
}

// word reports what reads as a boolean or as nothing.
func word(s string) bool {
	switch s {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf":
		return true
	}
	return false
}

// numeric reports whether some reader could take s, which begins with a digit, a sign or a dot, for
// a number, a date or a time. A letter that no number has, or a second dot with neither sign nor
// colon, gives it away as text.
func numeric(s string) bool {
	if s == "." || s == ".." || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") {
		return false
	}
	if strings.EqualFold(strings.TrimLeft(s, "+-"), ".inf") || strings.EqualFold(s, ".nan") {
		return true
	}
	hex := strings.HasPrefix(strings.ToLower(strings.TrimLeft(s, "+-")), "0x")
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', strings.ContainsRune("+-._:eEoOxXbB TtZz,", r):
		case hex && (r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'):
		default:
			return false
		}
	}
	return true
}
