package document

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func meaning(t *testing.T, text string) any {
	t.Helper()
	n, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	v, err := Value("t.yaml", n)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// What a person would write.
func TestAppendReadsWell(t *testing.T) {
	got := string(Append(nil, map[string]any{
		"helmValues": map[string]any{
			"quoted":  []any{"yes", "0123", "1e3", "", "a: b", "# no", "*", "true", "12:30", "null", "- a", "{{ .Values.x }}", "2024-01-01"},
			"plain":   []any{"a:b", "/auth/gds", "500m", "1Gi", "v878", "http://x:80/y", "it's", "a#b", "eu-west-1", "10m", "a \"b\""},
			"single":  `[{"HTTP": 80}]`,
			"text":    "one\n  two\n",
			"no-end":  "one\ntwo",
			"ends":    "one\n\n",
			"indent":  "  one\ntwo\n",
			"empty":   map[string]any{},
			"none":    []any{},
			"null":    nil,
			"numbers": []any{json.Number("1"), json.Number("0.1"), json.Number("1E+3"), json.Number("15E-1")},
			"lists":   []any{[]any{"a", []any{"b"}}, map[string]any{"x": []any{"c"}}},
			"y":       true,
		},
		"name": "frontend",
	}, 0, nil))
	want := `name: frontend
helmValues:
  empty: {}
  ends: |+
    one

  indent: |2
      one
    two
  lists:
    - - a
      - - b
    - x:
        - c
  no-end: |-
    one
    two
  none: []
  "null": null
  numbers:
    - 1
    - 0.1
    - 1000
    - 1.5
  plain:
    - a:b
    - /auth/gds
    - 500m
    - 1Gi
    - v878
    - http://x:80/y
    - it's
    - a#b
    - eu-west-1
    - 10m
    - a "b"
  quoted:
    - "yes"
    - "0123"
    - "1e3"
    - ""
    - "a: b"
    - "# no"
    - "*"
    - "true"
    - "12:30"
    - "null"
    - "- a"
    - "{{ .Values.x }}"
    - "2024-01-01"
  single: '[{"HTTP": 80}]'
  text: |
    one
      two
  "y": true
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Whatever is written means the same when it is read.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{"", "yes", " a", "a ", "a\nb", "\n", "\n a\n", " a\nb\n\n", "a\tb", "\ta\nb", "\u0085", "\ufeff", "a\r\nb", "'", "\"", "\\", ": ", "a: b", "- ", "---", "--- a", "...", "?", "!x", "&a", "*a", "%a", "@a", "`a", "0x1F", "0o7", "1_000", "1:30", ".inf", "~", "=", "<<", "null", "{}", "[]", "a #b", "\x00", "𝄞", "#a\nb", "%\n", "...\na", "---\na", "2001-12-14t21:59:43.10-05:00", "0b1", "+1", "-.5", "1e", "y"} {
		f.Add(s, s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, key, text string, indent uint8) {
		if !isText(key) || !isText(text) {
			t.Skip("YAML and CUE hold UTF-8 only")
		}
		want := map[string]any{
			key:    text,
			"list": []any{text, map[string]any{key: text, "z": []any{text}}, []any{text}},
		}
		in := map[string]any{"v": want}
		out := Append(nil, in, int(indent%9), nil)
		n, err := Parse("fuzz", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		got, err := Value("fuzz", n)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !Equal(got, in) {
			t.Fatalf("wrote %q\n%s\nread %q", in, out, got)
		}
	})
}

func isText(s string) bool {
	return strings.ToValidUTF8(s, "") == s && !strings.ContainsRune(s, '\ufffd')
}

// No structure is lost, whatever its shape.
func TestAppendKeepsEveryStructure(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		want := map[string]any{"root": randomValue(rnd, 4)}
		out := Append(nil, want, 0, nil)
		if got := meaning(t, string(out)); !Equal(got, want) {
			t.Fatalf("wrote %#v\n%s\nread %#v", want, out, got)
		}
	}
}

func randomValue(rnd *rand.Rand, depth int) any {
	words := []string{"a", "yes", "a\nb\n", "1", "", "x y", "a: b", "\n\nb"}
	switch n := rnd.IntN(8); {
	case n < 2 && depth > 0:
		m := map[string]any{}
		for range rnd.IntN(4) {
			m[words[rnd.IntN(len(words))]] = randomValue(rnd, depth-1)
		}
		return m
	case n < 4 && depth > 0:
		list := []any{}
		for range rnd.IntN(4) {
			list = append(list, randomValue(rnd, depth-1))
		}
		return list
	case n == 5:
		return json.Number([]string{"1", "0.5", "-3", "1e3", "12345678901234567890"}[rnd.IntN(5)])
	case n == 6:
		return []any{true, nil}[rnd.IntN(2)]
	}
	return words[rnd.IntN(len(words))]
}

func TestValueIsWhatHelmSees(t *testing.T) {
	tests := []struct{ text, want string }{
		{"a: yes\nb: 'yes'\nc: off", `{"a":true,"b":"yes","c":false}`},
		{"a: 0755\nb: 0x1f\nc: 1_000\nd: 1.50", `{"a":493,"b":31,"c":1000,"d":1.50}`},
		{"a: 2024-01-01\nb: ~\nc:", `{"a":"2024-01-01","b":null,"c":null}`},
		{"1: a\ntrue: b\nnull: c", `{"1":"a","null":"c","true":"b"}`},
		{
			"d: &d {x: 1, w: 2}\ne: &e {x: 3, z: 4}\na: {<<: *d, x: 9}\nb: {<<: [*d, *e]}\nc: {!!merge <<: *e}",
			`{"a":{"w":2,"x":9},"b":{"w":2,"x":1,"z":4},"c":{"x":3,"z":4},"d":{"w":2,"x":1},"e":{"x":3,"z":4}}`,
		},
		{"a: &x 1\nb: *x\nc: &x 2\nd: *x", `{"a":1,"b":1,"c":2,"d":2}`}, // an anchor defined twice
		{"a: 1\na: 2\nb: y\nc: 'n'", `{"a":2,"b":true,"c":"n"}`},
		{"'<<': a", `{"\u003c\u003c":"a"}`},
		{"a: >\n  one\n  two\n\nb: |+\n  x\n\n", `{"a":"one two\n","b":"x\n\n"}`},
	}
	for _, test := range tests {
		got, err := json.Marshal(meaning(t, test.text))
		if err != nil || string(got) != test.want {
			t.Errorf("%q: got %s (%v), want %s", test.text, got, err, test.want)
		}
	}
}

func TestBadDocuments(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'l'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+", ", 9) + "*" + p + "]\n"
	}
	tests := map[string]struct{ text, want string }{
		"bomb":       {bomb, "aliases expand to more than"},
		"two":        {"a: 1\n---\nb: 2\n", "t.yaml:2: a second document begins here"},
		"tag":        {"a:\n  matchType: !=\n", "t.yaml:2: the tag != is none of YAML's own"},
		"deep":       {strings.Repeat("[", 500) + strings.Repeat("]", 500), "nested more than 200 levels deep"},
		"latin1":     {"a: caf\xe9\n", "t.yaml:1: this is not UTF-8 text"},
		"syntax":     {"a: b: c\n", "t.yaml:1: mapping values are not allowed in this context"},
		"nan":        {"a: .nan\n", "is no number in JSON"},
		"mapkey":     {"? [a]\n: b\n", "a mapping's key must be a plain word"},
		"mergelist":  {"<<: 3\n", "<< merges mappings"},
		"self alias": {"a: &a\n  b: *a\n", "nested more than"},
	}
	for name, test := range tests {
		n, err := Parse("t.yaml", []byte(test.text))
		if err == nil {
			_, err = Value("t.yaml", n)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"{a: 1, b: 2}", "{b: 2, a: 1}", true},
		{"[1, 2]", "[2, 1]", false},
		{"1", "1.0", true},
		{"1", "'1'", false},
		{"1000", "1e3", true},
		{"1e9999999999", "2e9999999999", false},
		{"{a: null}", "{}", false},
		{"{}", "[]", false},
	}
	for _, test := range tests {
		if got := Equal(meaning(t, "x: "+test.a), meaning(t, "x: "+test.b)); got != test.want {
			t.Errorf("Equal(%s, %s) = %v", test.a, test.b, got)
		}
	}
}

func TestParseOfNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		n, err := Parse("t.yaml", []byte(text))
		if n != nil || err != nil {
			t.Errorf("%q: got %v, %v", text, n, err)
		}
	}
	if n, _ := Parse("t.yaml", []byte("a: 1")); n.Kind != yaml.MappingNode {
		t.Error("a mapping is not nothing")
	}
}
