package render

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// after is what becomes of values.yaml when elements are gone from it and apps are declared.
func after(base string, gone []document.Element, pins []string, apps ...release.App) (text string, there bool, err error) {
	var all []Fragment
	for _, a := range apps {
		fs, err := App(a)
		if err != nil {
			return "", false, err
		}
		all = append(all, fs...)
	}
	charts := Charts{Base: &tree.Tree{}, Gone: map[string][]document.Element{"values.yaml": gone}, Pins: map[string][]string{"values.yaml": pins}}
	charts.Base.Put("values.yaml", []byte(base))
	out, err := Tree(all, charts)
	if err != nil {
		return "", false, err
	}
	data, there := out.Get("values.yaml")
	return string(data), there, nil
}

func app(name string) document.Element {
	return document.Element{At: "apps", By: "name", ID: name}
}

func key(path string) document.Element {
	if i := strings.LastIndex(path, "."); i >= 0 {
		return document.Element{At: path[:i], ID: path[i+1:]}
	}
	return document.Element{ID: path}
}

// What stands in the charts repo, what nothing declares any longer, and what is left.
func TestTreeTakesOut(t *testing.T) {
	type elements = []document.Element
	three := `# all apps
apps:
  # about a
  - name: a
    x: 1

  # about b
  - name: b
    text: |
      # no comment

      - name: c

  # about c
  - name: c
# about tail
tail: 1
`
	flush := "apps:\n- name: a\n- name: b # why\n  y:\n  - z\n- name: c\n"
	tests := []struct {
		name, base string
		gone       elements
		apps       []release.App
		want       string // "" where the file goes
	}{
		{
			"the first of a list", three,
			elements{app("a")},
			nil,
			strings.Replace(three, "  # about a\n  - name: a\n    x: 1\n\n", "", 1),
		},
		{
			"the one in the middle", three,
			elements{app("b")},
			nil,
			strings.Replace(three, "  # about b\n  - name: b\n    text: |\n      # no comment\n\n      - name: c\n\n", "", 1),
		},
		{
			"the last", three,
			elements{app("c")},
			nil,
			strings.Replace(three, "  # about c\n  - name: c\n", "", 1),
		},
		{
			"all but one", three,
			elements{app("a"), app("c")},
			nil,
			"# all apps\napps:\n  # about b\n  - name: b\n    text: |\n      # no comment\n\n      - name: c\n\n# about tail\ntail: 1\n",
		},
		{"all of a list", three, elements{app("a"), app("b"), app("c")}, nil, "# all apps\napps: []\n# about tail\ntail: 1\n"},
		{"the only one", "apps:\n  - name: a\n    x: 1\nz: 1\n", elements{app("a")}, nil, "apps: []\nz: 1\n"},
		{"the only one of all", "# head\napps:\n  - name: a\n", elements{app("a")}, nil, ""},
		{"one that is not there", three, elements{app("z")}, nil, three},
		{"without indentation, the first", flush, elements{app("a")}, nil, strings.Replace(flush, "- name: a\n", "", 1)},
		{"without indentation, the middle", flush, elements{app("b")}, nil, "apps:\n- name: a\n- name: c\n"},
		{"without indentation, the last", flush, elements{app("c")}, nil, strings.Replace(flush, "- name: c\n", "", 1)},
		{"the last line, which has no end", "apps:\n- name: a\n- name: b", elements{app("b")}, nil, "apps:\n- name: a\n"},
		{"the last of the file, set apart", "apps:\n  - name: a\n\n  - name: b\n", elements{app("b")}, nil, "apps:\n  - name: a\n"},
		{"empty lines around it", "apps:\n\n  - name: a\n\n\n  - name: b\n\n\n  - name: c\n", elements{app("b")}, nil, "apps:\n\n  - name: a\n\n\n\n  - name: c\n"},
		{
			"a comment that is about more", "apps:\n  - name: a\n\n  # the b's\n\n  # about b\n  - name: b\n  - name: b2\n",
			elements{app("b")},
			nil,
			"apps:\n  - name: a\n\n  # the b's\n\n  - name: b2\n",
		},
		{"one that is written on one line", "apps:\n  - {name: a, x: 1}\n  - {name: b}\n", elements{app("a")}, nil, "apps:\n  - {name: b}\n"},
		{"Windows lines", "apps:\r\n  - name: a\r\n\r\n  - name: b\r\n\r\n  - name: c\r\n", elements{app("b")}, nil, "apps:\r\n  - name: a\r\n\r\n  - name: c\r\n"},

		{"a key of the document", "a: 1\n# about b\nb:\n  - 1\nc: 3\n", elements{key("b")}, nil, "a: 1\nc: 3\n"},
		{"the first key", "a: 1\nb: 2\n", elements{key("a")}, nil, "b: 2\n"},
		{"a key at the end", "a: 1\nb: >\n  text\n\n", elements{key("b")}, nil, "a: 1\n\n"},
		{"the first key below the header", "# Made by pintle from apps/x.cue: edit it there.\na: 1\nb: 2\n", elements{key("a")}, nil, "# Made by pintle from apps/x.cue: edit it there.\nb: 2\n"},
		{"the first key and its comment below the header", "# Made by pintle from apps/x.cue: edit it there.\n# about a\na: 1\n\nb: 2\n", elements{key("a")}, nil, "# Made by pintle from apps/x.cue: edit it there.\nb: 2\n"},
		{"a key in quotes", "\"a\" : 1\nb: 2\n", elements{key("a")}, nil, "b: 2\n"},
		{"a key of a map", "m:\n  a: 1\n  b: 2\nz: 1\n", elements{key("m.a")}, nil, "m:\n  b: 2\nz: 1\n"},
		{"all keys of a map", "m:\n  a: 1\n  b: 2\nz: 1\n", elements{key("m.a"), key("m.b")}, nil, "m: {}\nz: 1\n"},
		{"a key of a nested map", "m:\n  in:\n    a: 1\n    # about b\n    b:\n      c: 2\n  o: 1\n", elements{key("m.in.b")}, nil, "m:\n  in:\n    a: 1\n  o: 1\n"},
		{"all keys of a nested map", "m:\n  in:\n    a: 1\n  o: 1\n", elements{key("m.in.a")}, nil, "m:\n  in: {}\n  o: 1\n"},
		{"an element of a nested list", "spec:\n  apps:\n    - name: a\n    - name: b\n", elements{{At: "spec.apps", By: "name", ID: "a"}}, nil, "spec:\n  apps:\n    - name: b\n"},
		{"all of a nested list", "spec:\n  apps:\n    - name: a\n  z: 1\n", elements{{At: "spec.apps", By: "name", ID: "a"}}, nil, "spec:\n  apps: []\n  z: 1\n"},
		{"all keys of the document", "# head\na: 1\nb: {c: 2}\n", elements{key("a"), key("b")}, nil, ""},
		{"all that is ours", "a: 1\nmine: 1\n", elements{key("a")}, nil, "mine: 1\n"},
		{"a file that somebody emptied", "{}\n", elements{key("a")}, nil, ""},
		{"a document without keys", "# nothing\n", elements{{}}, nil, ""},
		{"a document without keys, which others filled", "mine: 1\n", elements{{}}, nil, "mine: 1\n"},

		{"an anchor that nobody uses", "a: &a 1\nb: 2\n", elements{key("a")}, nil, "b: 2\n"},
		{"what refers to an anchor", "a: &a 1\nb: *a\n", elements{key("b")}, nil, "a: &a 1\n"},
		{"an anchor, and what refers to it", "a: &a 1\nb: *a\nc: 3\n", elements{key("a"), key("b")}, nil, "c: 3\n"},
		{
			"an anchor that what is declared refers to", "x: &x {k: v}\napps:\n  - name: a\n    z: *x\n",
			elements{key("x")},
			[]release.App{element("a", map[string]any{"z": map[string]any{"k": "v"}})},
			"apps:\n  - name: a\n    z:\n      k: v\n",
		},

		{
			"and another one is added", three,
			elements{app("b")},
			[]release.App{element("bb", map[string]any{})},
			strings.Replace(three, "  # about b\n  - name: b\n    text: |\n      # no comment\n\n      - name: c\n", "  - name: bb\n", 1),
		},
		{"the only one, and another one is added", "apps:\n  - name: a\nz: 1\n", elements{app("a")}, []release.App{element("b", map[string]any{})}, "apps:\n  - name: b\nz: 1\n"},
		{
			"and another one is changed", three,
			elements{app("b")},
			[]release.App{element("a", map[string]any{"x": "2"})},
			"# all apps\napps:\n  # about a\n  - name: a\n    x: \"2\"\n\n  # about c\n  - name: c\n# about tail\ntail: 1\n",
		},
		{"and another list is made", "apps:\n  - name: a\nz: 1\n", elements{key("z")}, []release.App{element("a", map[string]any{}), doc(map[string]any{"w": "1"})}, "apps:\n  - name: a\nw: \"1\"\n"},
		{"all, and a document without keys is declared", "# head\na: 1\n", elements{key("a")}, []release.App{doc(map[string]any{})}, "# Made by pintle from apps/doc/doc.cue: edit it there.\n{}\n"},
		{"nothing, and keys are declared where there were none", "# head\n{}\n", nil, []release.App{doc(map[string]any{"a": "1"})}, "# head\na: \"1\"\n"},
	}
	for _, test := range tests {
		got, there, err := after(test.base, test.gone, nil, test.apps...)
		switch {
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case there != (test.want != ""):
			t.Errorf("%s: the file is there: %v\n%s", test.name, there, got)
		default:
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

func TestTreeRefusesToTakeOut(t *testing.T) {
	tests := []struct {
		name, base string
		gone       document.Element
		rule, what string
	}{
		{"an anchor that others use", "a: &a 1\nb: *a\n", key("a"), "anchor-in-use", "&a cannot be rewritten"},
		{"an anchor inside of it", "apps:\n  - name: a\n    x: &x {k: v}\n  - name: b\n    x: *x\n", app("a"), "anchor-in-use", "&x cannot be rewritten"},
		{"one of a list on one line", "apps: [{name: a}, {name: b}]\n", app("a"), "charts-file", "written on one line"},
		{"a key on one line", "m: {a: 1, b: 2}\n", key("m.a"), "charts-file", "written on one line"},
		{"what YAML takes for a boolean", "m:\n  on: 1\n  off: 2\n", key("m.false"), "charts-file", "cannot be changed in place"},
		{"one that comes by a merge", "x: &x\n  a: 1\nm:\n  <<: *x\n  b: 2\n", key("m.a"), "charts-file", "cannot be changed in place"},
		{"one that stands there twice", "a: 1\na: 2\nb: 3\n", key("a"), "charts-file", "cannot be changed in place"},
		{"one of a list that stands elsewhere too", "l: &l\n  - name: a\n  - name: b\napps: *l\n", app("a"), "charts-file", "cannot be changed in place"},
	}
	for _, test := range tests {
		got, _, err := after(test.base, []document.Element{test.gone}, nil)
		var list diag.List
		if !errors.As(err, &list) || list[0].Rule != test.rule || !strings.Contains(list[0].What, test.what) {
			t.Errorf("%s: %v\n%s", test.name, err, got)
		}
	}
}

// A tag is nobody's to declare: it stays as it stands, whatever happens around it.
func TestTreeKeepsPins(t *testing.T) {
	declared := doc(map[string]any{"main": map[string]any{"replicas": "2"}})
	tests := []struct {
		name, base string
		pins       []string
		want       string
	}{
		{
			"in a map that is declared", "main:\n  # moved by bumps\n  version: 'v1.10' # why\n  replicas: 1\n",
			[]string{"main.version"},
			"main:\n  # moved by bumps\n  version: 'v1.10' # why\n  replicas: \"2\"\n",
		},
		{
			"deeper than what is declared", "main:\n  replicas: 1\n  image:\n    tag: 1.10\n    other: x\n",
			[]string{"main.image.tag"},
			"main:\n  replicas: \"2\"\n  image:\n    tag: 1.10\n",
		},
		{"beside it", "main:\n  replicas: 1\ntag: v1 # why\n", []string{"tag"}, "main:\n  replicas: \"2\"\ntag: v1 # why\n"},
		{"two of them", "main:\n  live: v1\n  draft: v2\n  old: x\n", []string{"main.live", "main.draft"}, "main:\n  live: v1\n  draft: v2\n  replicas: \"2\"\n"},
		{"under a dotted key", "main.version: v1\nmain:\n  replicas: 1\n  version: x\n", []string{"main.version"}, "main.version: v1\nmain:\n  replicas: \"2\"\n"},
		{"under a dotted key of a map", "main:\n  app.version: v1\n  replicas: 1\n", []string{"main.app.version"}, "main:\n  app.version: v1\n  replicas: \"2\"\n"},
		{"without a value", "main:\n  version:\n  replicas: 1\n", []string{"main.version"}, "main:\n  version:\n  replicas: \"2\"\n"},
		{"which is not there", "main:\n  replicas: 1\n", []string{"main.version", "main.image.tag", "other"}, "main:\n  replicas: \"2\"\n"},
		{"in a map on one line", "main: {version: v1, replicas: 1}\n", []string{"main.version"}, "main:\n  replicas: \"2\"\n  version: v1\n"},
	}
	for _, test := range tests {
		got, _, err := after(test.base, nil, test.pins, declared)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		again, _, err := after(got, nil, test.pins, declared)
		if err != nil || again != got {
			t.Errorf("%s: joined again: %v\n%s", test.name, err, again)
		}
	}
}

func TestDeclared(t *testing.T) {
	list, err := App(element("a", map[string]any{"version": "v1"}))
	if err != nil {
		t.Fatal(err)
	}
	fs, err := App(doc(map[string]any{"main": map[string]any{"version": "v1", "image": map[string]any{"tag": "v2"}}, "top": "v3", "x.y": "v4"}))
	if err != nil {
		t.Fatal(err)
	}
	pins := map[string][]string{"values.yaml": {"main.version", "main.image.tag", "top", "main.other", "x.y", "apps.a.version", "mainly"}}
	var got []string
	for _, f := range Declared(slices.Concat(list, fs), pins) {
		got = append(got, strings.Fields(f.What)[0])
	}
	if want := []string{"main.version", "main.image.tag", "top", "x.y"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
