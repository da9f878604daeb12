package state

import (
	"errors"
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// Each row is a pin file, and the same file when its tag has moved: nothing else does.
func TestSetKeepsEveryOtherByte(t *testing.T) {
	tests := []struct{ before, key, tag, after string }{
		{"image_tag: v1\n", "image_tag", "v2", "image_tag: v2\n"},
		{"# by hand\nimage_tag:  v1   # why\n\npromote: true", "image_tag", "v2", "# by hand\nimage_tag:  v2   # why\n\npromote: true"},
		{"image_tag: v1", "image_tag", "v2", "image_tag: v2"},
		{"a: 1\r\nimage_tag: v1\r\nb: 2\r\n", "image_tag", "v2", "a: 1\r\nimage_tag: v2\r\nb: 2\r\n"},
		{"\ufeffimage_tag: v1\n", "image_tag", "v2", "\ufeffimage_tag: v2\n"},
		{"image_tag:\tv1\t# tabs\n", "image_tag", "v2", "image_tag:\tv2\t# tabs\n"},
		{"---\nimage_tag: v1\n...\n", "image_tag", "v2", "---\nimage_tag: v2\n...\n"},
		{"image_tag:\n  v1\n", "image_tag", "v2", "image_tag:\n  v2\n"},
		{"? image_tag\n: v1\n", "image_tag", "v2", "? image_tag\n: v2\n"},
		{"\"image_tag\" : v1\n", "image_tag", "v2", "\"image_tag\" : v2\n"},

		// Its quotes stay.
		{"image_tag: 'v1' # c\n", "image_tag", "v2", "image_tag: 'v2' # c\n"},
		{"image_tag: 'it''s'\n", "image_tag", "that's", "image_tag: 'that''s'\n"},
		{"image_tag: \"v1\" # c\n", "image_tag", "v2", "image_tag: \"v2\" # c\n"},
		{"image_tag: \"a\\\"\\x62\"\n", "image_tag", `"\`, "image_tag: \"\\\"\\\\\"\n"},
		{"image_tag: '1'\n", "image_tag", "2", "image_tag: '2'\n"},

		// In braces, and after letters of several bytes.
		{"{image_tag: v1}\n", "image_tag", "v2", "{image_tag: v2}\n"},
		{"{a: \"größe 𝄞\", image_tag: v1, b: [x]} # é\n", "image_tag", "v2", "{a: \"größe 𝄞\", image_tag: v2, b: [x]} # é\n"},
		{"# größe 𝄞\nimage_tag: v1\n", "image_tag", "v2", "# größe 𝄞\nimage_tag: v2\n"},
		{"größe: v1\n", "größe", "𝄞", "größe: 𝄞\n"},
		{"{image_tag: v1}\n", "image_tag", "a,b", "{image_tag: \"a,b\"}\n"},
		{"{image_tag: v1}\n", "image_tag", "a{b}[c]", "{image_tag: \"a{b}[c]\"}\n"},
		{"{\"image_tag\": null, \"n\": 1}\n", "image_tag", "v2", "{\"image_tag\": \"v2\", \"n\": 1}\n"}, // JSON stays JSON
		{"{\"image_tag\":\"v1\",\"n\":1}", "image_tag", "v2", "{\"image_tag\":\"v2\",\"n\":1}"},

		// What had no value gets one.
		{"image_tag:\n", "image_tag", "v2", "image_tag: v2\n"},
		{"image_tag:", "image_tag", "v2", "image_tag: v2"},
		{"image_tag:\r\nb: 1\r\n", "image_tag", "v2", "image_tag: v2\r\nb: 1\r\n"},
		{"image_tag:   # none yet\nb: 1\n", "image_tag", "v2", "image_tag: v2   # none yet\nb: 1\n"},
		{"image_tag:\n# about b\nb: 1\n", "image_tag", "v2", "image_tag: v2\n# about b\nb: 1\n"},
		{"image_tag: \"\"\n", "image_tag", "v2", "image_tag: \"v2\"\n"},
		{"image_tag: ''\n", "image_tag", "v2", "image_tag: 'v2'\n"},
		{"image_tag: ~ # c\n", "image_tag", "v2", "image_tag: v2 # c\n"},
		{"image_tag: null\n", "image_tag", "v2", "image_tag: v2\n"},
		{"image_tag: !!str # c\n", "image_tag", "v2", "image_tag: !!str v2 # c\n"},
		{"image_tag: &a\n", "image_tag", "v2", "image_tag: &a v2\n"},
		{"{image_tag: , b: 1}\n", "image_tag", "v2", "{image_tag: v2 , b: 1}\n"},
		{"{b: 1, image_tag: }\n", "image_tag", "v2", "{b: 1, image_tag: v2 }\n"},
		{"{\"image_tag\":}\n", "image_tag", "v2", "{\"image_tag\": \"v2\"}\n"},

		// Tags and anchors stay before it, and an alias makes way for the text.
		{"image_tag: !!str v1\n", "image_tag", "v2", "image_tag: !!str v2\n"},
		{"image_tag: !!str &a \"v1\"\n", "image_tag", "v2", "image_tag: !!str &a \"v2\"\n"},
		{"image_tag: &a !!str # c\n  v1\n", "image_tag", "v2", "image_tag: &a !!str # c\n  v2\n"},
		{"{image_tag: &a v1, b: 1}\n", "image_tag", "v2", "{image_tag: &a v2, b: 1}\n"},
		{"t: &t v1\nimage_tag: *t # c\n", "image_tag", "v2", "t: &t v1\nimage_tag: v2 # c\n"},
		{"d: &d {image_tag: v0}\n<<: *d\nimage_tag: v1\n", "image_tag", "v2", "d: &d {image_tag: v0}\n<<: *d\nimage_tag: v2\n"},

		// Text stays text.
		{"image_tag: v1\n", "image_tag", "123", "image_tag: \"123\"\n"},
		{"image_tag: v1\n", "image_tag", "1.10", "image_tag: \"1.10\"\n"},
		{"image_tag: v1\n", "image_tag", "1e3", "image_tag: \"1e3\"\n"},
		{"image_tag: v1\n", "image_tag", "true", "image_tag: \"true\"\n"},
		{"image_tag: v1\n", "image_tag", "null", "image_tag: \"null\"\n"},
		{"image_tag: v1\n", "image_tag", "0x1f", "image_tag: \"0x1f\"\n"},
		{"image_tag: v1\n", "image_tag", "2024-01-01", "image_tag: \"2024-01-01\"\n"},
		{"image_tag: v1\n", "image_tag", "yes", "image_tag: \"yes\"\n"},
		{"image_tag: v1\n", "image_tag", "~", "image_tag: \"~\"\n"},
		{"image_tag: v1\n", "image_tag", "", "image_tag: \"\"\n"},
		{"image_tag: v1\n", "image_tag", "a: b", "image_tag: \"a: b\"\n"},
		{"image_tag: v1\n", "image_tag", "a #b", "image_tag: \"a #b\"\n"},
		{"image_tag: v1\n", "image_tag", "v1.2.3-rc.1+b", "image_tag: v1.2.3-rc.1+b\n"},
		{"image_tag: 123\n", "image_tag", "124", "image_tag: \"124\"\n"},

		// What says so already is left alone.
		{"image_tag: 1.10\n", "image_tag", "1.10", "image_tag: 1.10\n"},
		{"image_tag: yes\n", "image_tag", "yes", "image_tag: yes\n"},
		{"image_tag: 'v1'\n", "image_tag", "v1", "image_tag: 'v1'\n"},
		{"image_tag: ~\n", "image_tag", "", "image_tag: ~\n"},
		{"t: &t v1\nimage_tag: *t\n", "image_tag", "v1", "t: &t v1\nimage_tag: *t\n"},

		// Paths, and keys that hold dots.
		{"main_app:\n  version: v1 # c\nother: {version: v1}\n", "main_app.version", "v2", "main_app:\n  version: v2 # c\nother: {version: v1}\n"},
		{"main_app.version: v1\nmain_app: {version: v1}\n", "main_app.version", "v2", "main_app.version: v2\nmain_app: {version: v1}\n"},
		{"a: {b.c: v1}\n", "a.b.c", "v2", "a: {b.c: v2}\n"},
		{"a: {b: {c: v1}}\n", "a.b.c", "v2", "a: {b: {c: v2}}\n"},
		{"1: v1\n", "1", "v2", "1: v2\n"},
		{"a: {\"\": v1}\n", "a.", "v2", "a: {\"\": \"v2\"}\n"},
	}
	for _, test := range tests {
		got, err := Set("pin.yaml", []byte(test.before), []Setting{{test.key, test.tag}})
		if err != nil || string(got) != test.after {
			t.Errorf("%q to %q:\n got %q (%v)\nwant %q", test.before, test.tag, got, err, test.after)
			continue
		}
		tag, ok, err := Tag("pin.yaml", got, test.key)
		if tag != test.tag || !ok || err != nil {
			t.Errorf("%q says %q, %v, %v", got, tag, ok, err)
		}
	}
}

func TestTagIsWhatIsWritten(t *testing.T) {
	tests := []struct {
		text, want string
		ok         bool
	}{
		{"image_tag: v1", "v1", true},
		{"image_tag: 123", "123", true},
		{"image_tag: 1.10", "1.10", true},
		{"image_tag: 0x1F", "0x1F", true},
		{"image_tag: 2024-01-01", "2024-01-01", true},
		{"image_tag: on", "on", true},
		{"image_tag: \"v\\x31\"", "v1", true},
		{"image_tag: ~", "", true},
		{"image_tag:", "", true},
		{"image_tag: 'null'", "null", true},
		{"t: &t v1\nimage_tag: *t", "v1", true},
		{"other: v1", "", false},
		{"main: {image_tag: v1}", "", false},
		{"", "", false},
		{"# nothing", "", false},
	}
	for _, test := range tests {
		tag, ok, err := Tag("pin.yaml", []byte(test.text), "image_tag")
		if tag != test.want || ok != test.ok || err != nil {
			t.Errorf("%q: got %q, %v, %v", test.text, tag, ok, err)
		}
	}
	if _, ok, err := Tag("pin.yaml", []byte("main:\n"), "main.version"); ok || err != nil {
		t.Errorf("a mapping without keys yet: got %v, %v", ok, err)
	}
}

// The tag moves together with the flags that a running workflow reads.
func TestSetOfSeveralKeys(t *testing.T) {
	before := "promote_deployment: yes # or not\nimage_tag: 'v1'\nautomatic: true\nkind: {origin: automatic}\n"
	got, err := Set("pin.yaml", []byte(before), []Setting{
		{"image_tag", "v2"}, {"kind.origin", "manual"}, {"automatic", false}, {"promote_deployment", true},
	})
	want := "promote_deployment: yes # or not\nimage_tag: 'v2'\nautomatic: false\nkind: {origin: manual}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q (%v)\nwant %q", got, err, want)
	}
}

func TestRefusals(t *testing.T) {
	tag := []Setting{{"image_tag", "v2"}}
	tests := map[string]struct {
		text     string
		settings []Setting
		want     string
	}{
		"missing": {"a: 1\nimage: v1\n", tag, `pin.yaml:1:1: there is no key image_tag
fix: add it, or name the right key in ` + "`pin`"},
		"misspelt": {"imagetag: v1\n", tag, `pin.yaml:1:1: there is no key image_tag
fix: name imagetag in ` + "`pin`, or add image_tag here"},
		"misspelt path": {"main_app:\n  versoin: v1\n", []Setting{{"main_app.version", "v2"}}, `pin.yaml:2:3: there is no key main_app.version
fix: name main_app.versoin in ` + "`pin`, or add main_app.version here"},
		"missing mirror": {"image_tag: v1\n", append(tag, Setting{"promote", true}), `pin.yaml:1:1: there is no key promote
fix: add it, or name the right key in ` + "`pin`"},
		"empty": {"# nothing\n", tag, `pin.yaml: there is no key image_tag
fix: add it, or name the right key in ` + "`pin`"},
		"no mapping": {"- image_tag\n", tag, `pin.yaml:1:1: this file is no mapping, so it has no keys
fix: write it as ` + "`key: value` lines"},
		"path through text": {"main: v1\n", []Setting{{"main.version", "v2"}}, `pin.yaml:1:7: main is no mapping, so it has no keys
fix: name the right key in ` + "`pin`"},
		"path through alias": {"m: &m {version: v1}\nmain: *m\n", []Setting{{"main.version", "v2"}}, `pin.yaml:2:7: main is an alias, so what it holds stands elsewhere too
why: a pin file is changed in place, and every byte but the value's own stays as it is
fix: write main out here`},
		"mapping": {"image_tag:\n  version: v1\n", tag, `pin.yaml:2:3: image_tag holds a mapping, where one word should stand
fix: name the key below it in ` + "`pin`"},
		"list": {"image_tag: [v1]\n", tag, `pin.yaml:1:12: image_tag holds a list, where one word should stand
fix: name the right key in ` + "`pin`"},
		"twice": {"image_tag: v1\nb: 1\nimage_tag: v1\n", tag, `pin.yaml:1:1: image_tag is given twice, in line 1 and in line 3
why: a chart gets the last one, and a reader sees the first
fix: take one of them out`},
		"set twice": {"image_tag: v1\n", append(tag, tag...), `pin.yaml: image_tag is to be set twice
fix: name it once in ` + "`pin`: as the tag, or under mirror"},
		"merge": {"d: &d {image_tag: v1}\n<<: *d\n", tag, `pin.yaml:1:1: image_tag comes by a merge (<<)
why: a pin file is changed in place, and every byte but the value's own stays as it is
fix: write image_tag out in this mapping`},
		"merge of merges": {"d: &d {image_tag: v1}\ne: &e\n  <<: [*d, {a: 1}]\n<<: *e\n", tag, `pin.yaml:1:1: image_tag comes by a merge (<<)
why: a pin file is changed in place, and every byte but the value's own stays as it is
fix: write image_tag out in this mapping`},
		"block": {"image_tag: |\n  v1\n", tag, `pin.yaml:1:12: the value of image_tag is written over several lines
why: a pin file is changed in place, and every byte but the value's own stays as it is
fix: write it on a line of its own: ` + "`image_tag: value`"},
		"folded":       {"image_tag: >-\n  v1\n", tag, "pin.yaml:1:12: the value of image_tag is written over several lines"},
		"plain lines":  {"image_tag: v1\n  v2\n", tag, "pin.yaml:1:12: the value of image_tag is written over several lines"},
		"quoted lines": {"image_tag: \"v1\\\n  v2\"\n", tag, "pin.yaml:1:12: the value of image_tag is written over several lines"},
		"no colon":     {"{image_tag}\n", tag, "pin.yaml:1:11: more than this key would change"},
		"control": {"image_tag: v1\n", []Setting{{"image_tag", "v\n2"}}, `pin.yaml:1:12: image_tag cannot be set to "v\n2"
why: it holds a character that nobody can see in a file
fix: set it to plain text on one line`},
		"latin1": {"image_tag: v1\n", []Setting{{"image_tag", "caf\xe9"}}, `pin.yaml:1:12: image_tag cannot be set to "caf\xe9"`},
		"anchor": {"image_tag: &t v1\nother: *t\n", tag, `pin.yaml:1:12: more than this key would change
why: line 2 takes its value from here, by *t
fix: write the value out in line 2`},
		"number": {"image_tag: !!int 5\n", tag, `pin.yaml:1:12: image_tag is written in a way that cannot be changed in place: "v2" is no number
why: a pin file is changed in place, and every byte but the value's own stays as it is
fix: write it on a line of its own: ` + "`image_tag: value`"},
		"foreign tag": {"image_tag: !vault v1\n", tag, `pin.yaml:1:12: image_tag has the tag !vault, so what stands here is not what a chart gets
fix: take the tag away, and quote the value if it is text`},
		"foreign tag elsewhere": {"image_tag: v1\nb: !vault x\n", tag, `pin.yaml:2: the tag !vault is none of YAML's own; quote the value if it is text
why: what cannot be read for certain is neither trusted nor changed
fix: mend it in the charts repo`},
		"odd key":       {"? [a]\n: 1\n", tag, "pin.yaml:1: a mapping's key must be a plain word"},
		"two documents": {"image_tag: v1\n---\na: 1\n", tag, "pin.yaml:2: a second document begins here"},
		"not UTF-8":     {"image_tag: caf\xe9\n", tag, "pin.yaml:1: this is not UTF-8 text"},
		"syntax":        {"image_tag: v1\n b: 1\n", tag, "pin.yaml:2: mapping values are not allowed in this context"},
		"large":         {strings.Repeat("#", 65<<20), tag, "pin.yaml: 65 MB of YAML, more than the 64 MB that are read"},
	}
	for name, test := range tests {
		out, err := Set("pin.yaml", []byte(test.text), test.settings)
		if out != nil {
			t.Errorf("%s: refused, and still made %q", name, out)
		}
		if got := told(t, err); !strings.HasPrefix(got, test.want) || strings.Count(test.want, "\n") > 0 && got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// told is a refusal as a person reads it.
func told(t *testing.T, err error) string {
	t.Helper()
	var findings diag.List
	if !errors.As(err, &findings) || len(findings) == 0 {
		t.Errorf("%v is no finding", err)
		return ""
	}
	f := findings[0]
	s := diag.Place(f.Where) + ": " + f.What
	if f.Why != "" {
		s += "\nwhy: " + f.Why
	}
	if f.Fix != "" {
		s += "\nfix: " + f.Fix
	}
	return s
}

func TestSetOfWhatIsNoText(t *testing.T) {
	_, err := Set("pin.yaml", []byte("image_tag: v1"), []Setting{{"image_tag", 3}})
	if want := "set image_tag in pin.yaml: a int is neither text nor a boolean"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestNewPin(t *testing.T) {
	settings := []Setting{
		{"main_app.version", "1.10"}, {"promote_deployment", true}, {"main_app.kind.origin", "automatic"}, {"automatic", false}, {"main_app.b", "v1"},
	}
	want := `main_app:
  version: "1.10"
  kind:
    origin: automatic
  b: v1
promote_deployment: true
automatic: false
`
	got := NewPin(settings)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	same, err := Set("pin.yaml", got, settings)
	if err != nil || string(same) != want {
		t.Errorf("a new pin does not say what it was told: %v\n%s", err, same)
	}
}

// A file of 60 MB costs what it costs to read it before and after: the two parses are all there is.
func BenchmarkSet(b *testing.B) {
	shapes := map[string]string{
		"comments": strings.Repeat("# "+strings.Repeat("x", 97)+"\n", 600_000) + "image_tag: v1\n",
		"keys":     strings.Repeat("a", 20) + ":\n" + strings.Repeat("  - "+strings.Repeat("x", 95)+"\n", 600_000) + "image_tag: v1\n",
		"quoted":   "a: '" + strings.Repeat("é", 30<<20) + "'\nimage_tag: 'v1'\n",
		"line":     "{a: '" + strings.Repeat("é", 30<<20) + "', image_tag: 'v1'}\n",
	}
	for name, text := range shapes {
		data := []byte(text)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Set("pin.yaml", data, []Setting{{"image_tag", "v2"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/parse", func(b *testing.B) {
			for b.Loop() {
				if _, err := document.Parse("pin.yaml", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
