package adopt

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/format"
)

// FuzzQuote: any text comes out of CUE as it went in, on its own, as a label, and around an
// interpolation.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{
		"", "plain", "a\nb", "a\nb\n", "\n", "\n\na", "a\n\n", "  a\n\tb\n", `"`, `""`, `"""`, `a"""`, "a\n\"\"\"\nb", `\`, `\n`, `\(x)`,
		"a\n\\(x)\n", `\#(x)`, "#\"a\"#", "\"#\\#", "a\r\nb", "\x00", "\ufeff", "\u2028", "é\n日本", "\ufffd", " \n ", "a\n   \nb", "_x", "#x",
		"if", "true", "environment", "{{ .x }}", "$(X)", "\U0001f389\n\U0001f389", "tab\t\n\t",
	} {
		f.Add(text, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, indent uint8) {
		var w writer
		shown := "shown\n\"x\" \\ "
		parts := []part{{text: text}, {expr: "_v"}, {text: text}}
		w.field("_v", &term{literal: shown}, 0)
		w.field("a", &term{kind: mapping, fields: []termField{
			{label(text), &term{literal: text}},
			{"list", &term{kind: list, items: []*term{{literal: text}, {literal: text}}}},
			{"both", &term{parts: parts}},
		}}, 0)
		src := []byte(w.b.String())
		formatted, err := format.Source(src)
		if err != nil {
			t.Fatalf("%v in\n%s", err, src)
		}
		for _, src := range [][]byte{src, formatted} {
			v := cuecontext.New().CompileBytes(src)
			data, err := v.MarshalJSON()
			if err != nil {
				t.Fatalf("%v in\n%s", err, src)
			}
			var got struct{ A map[string]any }
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			want := valid(text)
			if want != text {
				return // no document holds this
			}
			// CUE writes labels in Unicode's normal form, so only plain ones come out for sure.
			if got.A[text] != want && ascii(text) && text != "list" && text != "both" {
				t.Errorf("%q came out as %q of\n%s", want, got.A[text], src)
			}
			if l, _ := got.A["list"].([]any); len(l) != 2 || l[0] != want || l[1] != want {
				if text != "list" {
					t.Errorf("%q in a list came out as %q of\n%s", want, l, src)
				}
			}
			if both := want + shown + want; got.A["both"] != both && text != "both" {
				t.Errorf("%q came out as %q of\n%s", both, got.A["both"], src)
			}
		}
	})
}

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// valid is what JSON makes of a text.
func valid(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	var out string
	if err := json.Unmarshal(data, &out); err != nil {
		return ""
	}
	return out
}
