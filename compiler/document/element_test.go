package document

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue/parser"
	"github.com/google/go-cmp/cmp"
)

// respelt is a value that means the same, with its numbers in other spellings.
func respelt(rnd *rand.Rand, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key := range v {
			out[key] = respelt(rnd, v[key])
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, respelt(rnd, item))
		}
		return out
	case json.Number:
		return spellings[v][rnd.IntN(len(spellings[v]))]
	}
	return value
}

var spellings = map[json.Number][]json.Number{
	"1":                    {"1", "1.0", "1e0", "10E-1", "0.1e+1"},
	"0.5":                  {"0.5", "0.50", "5e-1", "500E-3"},
	"-3":                   {"-3", "-3.000", "-0.3e1", "-30e-1"},
	"1e3":                  {"1e3", "1000", "1E+3", "1000.0", "1e0003"},
	"12345678901234567890": {"12345678901234567890", "12345678901234567890.0", "1234567890123456789e1"},
}

// Values have the same digest just when they mean the same.
func TestDigestIsEqual(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 10))
	values := []any{
		nil, "", "null", "1", true, "true", json.Number("0"), json.Number("-0"), json.Number("0e5"), json.Number("1e-999"),
		json.Number("1e9999999"), json.Number("1e9999998"), json.Number("10e9999998"), json.Number("1e00000000001"), json.Number("9007199254740993"), json.Number("9007199254740992"),
		[]any{},
		map[string]any{},
		[]any{nil},
		[]any{[]any{}},
		map[string]any{"": nil},
		map[string]any{"a": "b,c"},
		map[string]any{"a": "b", "c": "d"},
		map[string]any{"a": []any{"b"}},
		[]any{"a", "b"},
		[]any{"a,b"},
		[]any{`a","b`},
		"{}", "[]", "\x00", "\\x00", "\ufffd", "\xff", `\xff`,
	}
	for range 150 {
		v := randomValue(rnd, 3)
		values = append(values, v, respelt(rnd, v), respelt(rnd, v))
	}
	var digests []string
	for _, v := range values {
		digests = append(digests, Digest(v))
	}
	for i, a := range values {
		for k, b := range values {
			if equal := Equal(a, b); equal != (digests[i] == digests[k]) || equal != Equal(b, a) {
				t.Fatalf("%#v and %#v: equal %v, digests %s and %s", a, b, equal, digests[i], digests[k])
			}
		}
	}
}

func TestElementIn(t *testing.T) {
	doc := meaning(t, `
apps:
  - name: a
    id: 1
  - just text
  - name: b
    kind: first
  - name: b
    kind: second
  - id: x
spec:
  apps: {a: 1, "b.c": 2, "": 3}
  list: []
none:
b.c: dotted
`)
	tests := []struct {
		e    Element
		want string // as JSON; "" where it is not there
	}{
		{Element{At: "apps", By: "name", ID: "a"}, `{"id":1,"name":"a"}`},
		{Element{At: "apps", By: "name", ID: "b"}, `{"kind":"first","name":"b"}`},
		{Element{At: "apps", By: "id", ID: "x"}, `{"id":"x"}`},
		{Element{At: "apps", By: "id", ID: "1"}, ""}, // a number is no name
		{Element{At: "apps", By: "name", ID: "c"}, ""},
		{Element{At: "apps", ID: "a"}, ""},
		{Element{At: "spec.apps", ID: "a"}, "1"},
		{Element{At: "spec.apps", ID: "b.c"}, "2"},
		{Element{At: "spec.apps", By: "name", ID: "a"}, ""},
		{Element{At: "spec.list", By: "name", ID: "a"}, ""},
		{Element{At: "spec.missing.deeper", ID: "a"}, ""},
		{Element{At: "b.c", ID: "a"}, ""},
		{Element{ID: "none"}, "null"},
		{Element{ID: "b.c"}, `"dotted"`},
		{Element{ID: "missing"}, ""},
	}
	for _, test := range tests {
		v, ok := test.e.In(doc)
		got, _ := json.Marshal(v)
		if ok != (test.want != "") || ok && string(got) != test.want {
			t.Errorf("%s: %s, %v, want %s", test.e, got, ok, test.want)
		}
	}
	if _, ok := (Element{}).In(nil); ok {
		t.Error("a document that is not there is there")
	}
	if v, ok := (Element{}).In(doc); !ok || !Equal(v, doc) {
		t.Error("a document as a whole is not itself")
	}
}

func TestElementBelow(t *testing.T) {
	tests := []struct {
		e         Element
		key, rest string
		inside    bool
	}{
		{Element{}, "main.version", "main.version", true},
		{Element{ID: "main"}, "main.version", "version", true},
		{Element{ID: "main"}, "main.image.tag", "image.tag", true},
		{Element{ID: "main"}, "main", "", false},
		{Element{ID: "main"}, "mainly.version", "", false},
		{Element{ID: "main"}, "version", "", false},
		{Element{At: "spec.apps", ID: "a"}, "spec.apps.a.tag", "tag", true},
		{Element{At: "spec.apps", ID: "a"}, "a.tag", "", false},
		{Element{At: "apps", By: "name", ID: "a"}, "apps.a.tag", "", false},
	}
	for _, test := range tests {
		rest, inside := test.e.Below(test.key)
		if inside != test.inside || inside && rest != test.rest {
			t.Errorf("%s of %s: %q, %v", test.key, test.e, rest, inside)
		}
	}
}

func TestWithout(t *testing.T) {
	tests := []struct{ doc, path, want string }{
		{"{a: 1, b: 2}", "a", "{b: 2}"},
		{"{a: {b: 1, c: 2}}", "a.b", "{a: {c: 2}}"},
		{"{a: {b: 1}}", "a.b", "{a: {}}"},
		{"{a: {b.c: 1, d: 2}}", "a.b.c", "{a: {d: 2}}"}, // a dotted key below another
		{"{a.b: 1, a: {b: 2}}", "a.b", "{a: {b: 2}}"},   // as it is written, first
		{"{a: {b: 1}}", "a.c", "{a: {b: 1}}"},
		{"{a: {b: 1}}", "c.b", "{a: {b: 1}}"},
		{"{a: text}", "a.b", "{a: text}"},
		{"{a: [1]}", "a.0", "{a: [1]}"},
		{"[1]", "a", "[1]"},
		{"text", "a", "text"},
		{"{a: {b: {c: 1}}}", "a.b.c", "{a: {b: {}}}"},
	}
	for _, test := range tests {
		doc := meaning(t, test.doc)
		got := Without(doc, test.path)
		if diff := cmp.Diff(meaning(t, test.want), got); diff != "" {
			t.Errorf("%s without %s (-want +got):\n%s", test.doc, test.path, diff)
		}
		if !Equal(doc, meaning(t, test.doc)) {
			t.Errorf("%s became %v", test.doc, doc)
		}
	}
}

// Who changes the first value by all differences gets the second.
func TestDifferencesAreAll(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	for range 3000 {
		from := map[string]any{"root": randomValue(rnd, 4)}
		to := map[string]any{"root": randomValue(rnd, 4)}
		if rnd.IntN(3) > 0 {
			to["root"] = edited(rnd, from["root"])
		}
		differences := Differences(from, to)
		if (len(differences) == 0) != Equal(from, to) {
			t.Fatalf("%v and %v differ by %v", from, to, differences)
		}
		var got any = from
		for _, d := range differences {
			got = with(t, got, d.Path, d)
		}
		if !Equal(got, to) {
			t.Fatalf("%#v by\n%#v is\n%#v and not\n%#v", from, differences, got, to)
		}
	}
}

// edited is a value with one of its leaves replaced.
func edited(rnd *rand.Rand, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{"new": "x"}
		for key := range v {
			if rnd.IntN(3) > 0 {
				out[key] = edited(rnd, v[key])
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, edited(rnd, item))
		}
		return out
	}
	if rnd.IntN(2) == 0 {
		return value
	}
	return randomValue(rnd, 1)
}

// with is a value with one difference made.
func with(t *testing.T, value any, path []string, d Difference) any {
	t.Helper()
	if len(path) == 0 {
		if !Equal(value, d.From) {
			t.Fatalf("at %q stands %#v and not %#v", d.Path, value, d.From)
		}
		return d.To
	}
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key := range v {
			out[key] = v[key]
		}
		out[path[0]] = with(t, orMissing(v, path[0]), path[1:], d)
		if _, gone := out[path[0]].(Missing); gone {
			delete(out, path[0])
		}
		return out
	case []any:
		out := append([]any{}, v...)
		i, err := strconv.Atoi(path[0])
		if err != nil {
			t.Fatal(err)
		}
		out[i] = with(t, v[i], path[1:], d)
		return out
	}
	t.Fatalf("%q leads into %#v", d.Path, value)
	return nil
}

func TestDifferenceAsCUE(t *testing.T) {
	tests := []struct {
		d    Difference
		want string
	}{
		{Difference{[]string{"replicas"}, json.Number("8"), json.Number("9")}, `replicas: 9 // not 8`},
		{Difference{[]string{"env", "LOG"}, Missing{}, "debug"}, `env: LOG: "debug"`},
		{Difference{[]string{"a-b", "c d"}, "x", Missing{}}, `// without "a-b": "c d", which was "x"`},
		{Difference{[]string{"_hidden", "#Def"}, nil, []any{"<a>"}}, `"_hidden": "#Def": ["<a>"] // not null`},
		{Difference{[]string{"text"}, Missing{}, strings.Repeat("é", 100)}, `text: "` + strings.Repeat("é", 59) + "…"},
		{Difference{nil, "a", "b"}, `"b" // not "a"`},
	}
	for _, test := range tests {
		if got := test.d.CUE(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// Whatever a key or a value is made of, CUE can read it on a line of its own.
func FuzzDifferenceAsCUE(f *testing.F) {
	for _, s := range []string{"a", "", "a.b", "\x00", "\x7f", "\n", "\r", `"`, `\(x)`, "\ufeff", "\u2028", "\u0085", "é", "true", "null", "for", "if", "let", "in", "import", "package", "_", "__x", "_x", "#x", "0", "1e3", "$x", "//", "...", "x?", "\U000e0001", "\xff"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, d := range []Difference{
			{[]string{key, "b"}, Missing{}, value},
			{[]string{key}, value, map[string]any{key: value}},
			{[]string{key}, value, Missing{}},
		} {
			text := d.CUE()
			if strings.Contains(text, "…") {
				continue // it was cut, for people to see that there is more
			}
			file, err := parser.ParseFile("d.cue", fmt.Sprintf("x: {\n%s\n}\n", text), parser.ParseComments)
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if len(file.Decls) != 1 {
				t.Fatalf("%q is more than one line", text)
			}
		}
	})
}
