package adopt

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A part is a piece of a string: text as it is, or an expression to be interpolated.
type part struct {
	text, expr string
}

// quote writes a string as CUE, on lines indented by the given number of tabs. A text of several
// lines becomes a literal of several lines.
func quote(parts []part, indent int) string {
	text := joined(parts)
	switch {
	case !plainText(text):
		return `"` + body(parts, 0, escape) + `"`
	case severalLines(text) && !strings.Contains(text, `"""`):
		return block(parts, indent)
	}
	return line(parts)
}

// line writes a string on one line.
func line(parts []part) string {
	text := joined(parts)
	// What begins with two quotes would begin a literal of several lines.
	if strings.ContainsAny(text, "\n\t") || !plainText(text) || !strings.ContainsAny(text, `"\`) || strings.HasPrefix(text, `""`) {
		return `"` + body(parts, 0, escape) + `"`
	}
	// With hashes around it, a string needs no escapes.
	n := 1
	for strings.Contains(text, `"`+strings.Repeat("#", n)) || strings.Contains(text, `\`+strings.Repeat("#", n)) {
		n++
	}
	hashes := strings.Repeat("#", n)
	return hashes + `"` + body(parts, n, asIs) + `"` + hashes
}

// block writes a string as a literal of several lines.
func block(parts []part, indent int) string {
	text, n := joined(parts), 0
	if strings.Contains(text, `\`) {
		for n = 1; strings.Contains(text, `\`+strings.Repeat("#", n)); {
			n++
		}
	}
	hashes, tabs := strings.Repeat("#", n), strings.Repeat("\t", indent+1)
	var b strings.Builder
	b.WriteString(hashes + `"""` + "\n")
	for _, l := range strings.Split(body(parts, n, asIs), "\n") {
		if l != "" {
			b.WriteString(tabs + l)
		}
		b.WriteByte('\n')
	}
	b.WriteString(tabs + `"""` + hashes)
	return b.String()
}

func joined(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String()
}

// severalLines reports whether a text has a newline other than at its end.
func severalLines(s string) bool {
	return strings.Contains(strings.TrimRight(s, "\n"), "\n")
}

// plainText reports whether a text can stand in a source file as it is.
func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '\n' && r != '\t' && !unicode.IsPrint(r) || r == utf8.RuneError
	})
}

func body(parts []part, hashes int, text func(string) string) string {
	var b strings.Builder
	for _, p := range parts {
		if p.expr != "" {
			fmt.Fprintf(&b, `\%s(%s)`, strings.Repeat("#", hashes), p.expr)
			continue
		}
		b.WriteString(text(p.text))
	}
	return b.String()
}

func asIs(s string) string { return s }

func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case unicode.IsPrint(r) && r != utf8.RuneError:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// label writes a field's name. One that stands without quotes can be referred to by what is below
// it; those to which the declarations themselves refer must not be hidden by it.
func label(name string) string {
	if identifier(name) && !slices.Contains(referred, name) && !slices.Contains(keywords, name) {
		return name
	}
	return `"` + escape(name) + `"`
}

var (
	keywords = []string{
		"package", "import", "for", "in", "if", "let", "true", "false", "null", "error", "self",
		"func", "try", "else", "otherwise", "fallback",
		// Predeclared: as a bare field's name they would hide what presets call.
		"string", "bytes", "bool", "int", "uint", "float", "number", "rune", "len", "close", "and", "or",
		"div", "mod", "quo", "rem", "int8", "int16", "int32", "int64", "int128", "uint8", "uint16",
		"uint32", "uint64", "uint128", "float32", "float64", "matchN", "matchIf",
	}
	referred = []string{"environment", "environments", "values", "blocks", "schema", "list"}
)

func identifier(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case i > 0 && (r == '_' || r >= '0' && r <= '9'):
		default:
			return false
		}
	}
	return s != ""
}

// selected writes base.name, or base["name"].
func selected(base, name string) string {
	if identifier(name) && !slices.Contains(keywords, name) {
		return base + "." + name
	}
	return base + "[" + line([]part{{text: name}}) + "]"
}
