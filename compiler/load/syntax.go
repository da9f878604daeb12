package load

import (
	"bytes"
	"fmt"
	"go/token"
	"regexp"
	"strings"
	"unicode/utf8"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// parse reads a file without its comments, which nothing here asks for. Its error is a diag.List,
// which cue hands on in the instance's Err.
func parse(name string, src any, cfg parser.Config) (*ast.File, error) {
	data, ok := src.([]byte)
	if !ok {
		return nil, fmt.Errorf("parse %s: cue gave no text", name)
	}
	// To find packages, cue reads imports only, and does not say why it found none.
	if f := unfit(name, data); f != nil && (cfg.Mode&parser.ImportsOnly == 0 || f.Rule == "too-deep") {
		return nil, diag.List{*f}
	}
	cfg.Mode &^= parser.ParseComments
	file, err := parser.ParseFile(name, src, cfg)
	if err != nil {
		return nil, diag.List{syntax(name, data, err)}
	}
	return file, nil
}

const (
	// maxFileBytes is the largest CUE file that is read. One that a person wrote has some 2 KB, and the
	// parser's stack overflows in 2 MB of the wrong kind.
	maxFileBytes = 1 << 20
	// maxDepth is how deep a file may nest, in brackets or in `a: b: c:`. It takes cue 15 seconds to
	// evaluate the latter 100,000 deep.
	maxDepth = 1000
)

// unfit finds what cue must not be given: it would end the program or never end, or let it pass.
func unfit(name string, data []byte) *diag.Finding {
	if len(data) > maxFileBytes {
		f := tooLarge(name, int64(len(data)))
		return &f
	}
	if at, ok := tooDeep(data); !ok {
		return &diag.Finding{
			Rule:  "too-deep",
			Where: position(name, data, at),
			What:  fmt.Sprintf("nested more than %d levels deep", maxDepth),
			Why:   "nothing that a chart takes is, and cue would need minutes",
			Fix:   "remove what was put there by mistake, or close the brackets that are left open",
		}
	}
	// By now, cue has put U+FFFD in the place of every byte that it could not read.
	if at := bytes.IndexRune(data, utf8.RuneError); at >= 0 {
		return &diag.Finding{
			Rule:  "not-utf8",
			Where: position(name, data, at),
			What:  "this is not UTF-8 text",
			Why:   "CUE is; an editor may have saved the file in another encoding",
			Fix:   "save it as UTF-8, and write this character anew",
		}
	}
	return nil
}

func tooLarge(name string, size int64) diag.Finding {
	return diag.Finding{
		Rule:  "file-too-large",
		Where: token.Position{Filename: name},
		What:  fmt.Sprintf("a CUE file of %.1f MB", float64(size)/(1<<20)),
		Why:   fmt.Sprintf("files up to %d MB are read; a declaration that a person wrote has some kilobytes", maxFileBytes>>20),
		Fix:   "split it, one app a folder, or remove what was put there by mistake",
	}
}

// tooDeep is where a file gets deeper than maxDepth. It does not know quotes: a text with a thousand
// brackets more opened than closed, or with a thousand colons and no comma in a line, is too deep as well.
func tooDeep(data []byte) (int, bool) {
	brackets, labels := 0, 0
	last := byte('\n')
	for i, c := range data {
		switch c {
		case '(', '[', '{':
			brackets++
		case ')', ']', '}':
			brackets = max(0, brackets-1)
		case ':':
			labels++
		case ',':
			labels = 0
		case '\n':
			if last != ':' {
				labels = 0
			}
		}
		if brackets > maxDepth || labels > maxDepth {
			return i, false
		}
		if c > ' ' {
			last = c
		}
	}
	return 0, true
}

func position(name string, data []byte, offset int) token.Position {
	before := data[:min(offset, len(data))]
	return token.Position{
		Filename: name,
		Offset:   len(before),
		Line:     1 + bytes.Count(before, []byte("\n")),
		Column:   len(before) - bytes.LastIndexByte(before, '\n'),
	}
}

// syntax is the first fault of a file, which those after it often only follow from.
func syntax(name string, data []byte, err error) diag.Finding {
	first := errors.Errors(err)[0]
	for _, e := range errors.Errors(err) {
		if e.Position().Offset() < first.Position().Offset() {
			first = e
		}
	}
	at := first.Position().Offset()
	f := diag.Finding{Rule: "syntax", Where: position(name, data, at), What: firstLine(first)}
	if i := bytes.Index(data, []byte("\n<<<<<<< ")); i >= 0 {
		f.Where = position(name, data, i+1)
		f.What, f.Fix = "a merge conflict is left here", "settle it, and remove its three marked lines"
		return f
	}
	if open, ok := unclosed(data); ok && strings.HasSuffix(f.What, "found 'EOF'") {
		f.Where = position(name, data, open)
		f.What = fmt.Sprintf("this %c is never closed", data[open])
		f.Fix = fmt.Sprintf("close it with %c", closing(data[open]))
		return f
	}
	for _, line := range []int{f.Where.Line, f.Where.Line - 1} {
		text := lineAt(data, line)
		for _, s := range slips() {
			if m := s.looks.FindStringSubmatchIndex(text); m != nil && (s.cue == "" || strings.Contains(f.What, s.cue)) {
				return s.explain(f, line, m[2], text[m[2]:m[3]])
			}
		}
	}
	return f
}

// lineAt is the text of a line, counted from 1.
func lineAt(data []byte, line int) string {
	for range line - 1 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	return strings.TrimSuffix(string(text), "\r")
}

// A slip is a mistake that people make often, above all those who think in YAML.
type slip struct {
	cue            string         // what cue says of it; "" for anything
	looks          *regexp.Regexp // the line; its group is what is wrong
	what, why, fix string         // %s is the group
}

func slips() []slip {
	re := regexp.MustCompile
	return []slip{
		{
			looks: re(`^\s*(#)\s`),
			what:  "this begins with %s, and is no comment", fix: "write // instead",
		}, {
			looks: re(`^\s*(-)\s+\S`),
			what:  "this begins with a dash, and is no element of a list", fix: "write the list as [a, b]",
		}, {
			looks: re(`^\s*("?[\w$-]+"?) = `),
			what:  "%s is set with =", why: "a field has a colon; = is for let and for aliases", fix: "write %s: ...",
		}, {
			cue:   "missing ','",
			looks: re(`(?:^|[{:,])\s*([A-Za-z_$][\w$]*(?:[-./][\w$]+)+)\s*[?!]?:(?:\s|$)`),
			what:  "the name %s needs quotes", why: "only letters, digits, _ and $ need none; a dash, say, means minus", fix: "write \"%s\": ...",
		}, {
			cue:   "missing ','",
			looks: re(`:\s+([0-9][0-9.]*[A-Za-z]+)\s*$`),
			what:  "%s is no number", fix: "write \"%s\"",
		}, {
			cue:   "missing ','",
			looks: re(`:\s+([A-Za-z][\w./-]*[ :/][^"{}\[\]()&|]*)$`),
			what:  "this text needs quotes", fix: "write \"%s\"",
		}, {
			cue:   "missing ','",
			looks: re(`^\s*()`),
			what:  "a comma or a new line is missing here", why: "two fields or two values stand side by side",
		}, {
			cue:   "string literal not terminated",
			looks: re(`^\s*()`),
			what:  "the closing quote is missing", why: `a text ends on its line; one of several lines stands between """ and """`, fix: "add it",
		}, {
			cue:   "illegal integer number",
			looks: re(`\b(0[0-9]+)\b`),
			what:  "%s is no number: it begins with 0", fix: "leave the 0 out, or write \"%s\" if it is text",
		}, {
			cue:   "illegal character NUL",
			looks: re(`()`),
			what:  "this is no text", why: "it holds the character NUL, as programs and images do", fix: "remove it",
		}, {
			cue:   "illegal character",
			looks: re(`([“”„‘’])`),
			what:  "%s is no quote that CUE knows", fix: `write "`,
		}, {
			cue:   "expected 'EOF', found '",
			looks: re(`^\s*()[\])}]`),
			what:  "this bracket closes nothing", fix: "remove it, or open it above",
		},
	}
}

func (s slip) explain(f diag.Finding, line, column int, group string) diag.Finding {
	if group != "" {
		f.Where.Line, f.Where.Column = line, column+1
	}
	fill := func(text string) string { return strings.ReplaceAll(text, "%s", group) }
	f.What, f.Why, f.Fix = fill(s.what), fill(s.why), fill(s.fix)
	return f
}

// unclosed is the bracket that someone forgot to close. The one to blame is not always the one that is
// left over at the end: a closing bracket further to the left than its opening one's line closes another.
func unclosed(data []byte) (int, bool) {
	type bracket struct{ at, indent int }
	var open []bracket
	offset := 0
	quoted := regexp.MustCompile(`"(\\.|[^"\\])*"|//.*`)
	blank := func(b []byte) []byte { return bytes.Repeat([]byte(" "), len(b)) }
	for line := range bytes.Lines(data) {
		indent := len(line) - len(bytes.TrimLeft(line, " \t"))
		for i, c := range quoted.ReplaceAllFunc(line, blank) {
			switch c {
			case '(', '[', '{':
				open = append(open, bracket{offset + i, indent})
			case ')', ']', '}':
				if len(open) == 0 {
					return 0, false
				}
				last := open[len(open)-1]
				if i == indent && indent < last.indent || closing(data[last.at]) != c {
					return last.at, true
				}
				open = open[:len(open)-1]
			}
		}
		offset += len(line)
	}
	if len(open) == 0 {
		return 0, false
	}
	return open[len(open)-1].at, true
}

func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}
