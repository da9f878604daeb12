package render

import (
	"encoding/json"
	"errors"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// at is a declaration of an app.
func at(app string) token.Position {
	return token.Position{Filename: "apps/" + app + "/" + app + ".cue", Line: 3, Column: 1}
}

// element is an app's release whose file holds one element of a list.
func element(app string, content map[string]any) release.App {
	content["name"] = app
	return release.App{Name: app, Pos: at(app), Releases: []release.Release{{
		App: app, Environment: "production", Pos: at(app),
		Files: []release.File{{Path: "values.yaml", At: "apps", Content: content}},
	}}}
}

// doc claims the keys of the document itself.
func doc(content map[string]any) release.App {
	return release.App{Name: "doc", Pos: at("doc"), Files: []release.File{{Path: "values.yaml", Content: content}}}
}

func joined(t *testing.T, base string, apps ...release.App) (string, error) {
	t.Helper()
	var all []Fragment
	for _, a := range apps {
		fs, err := App(a)
		if err != nil {
			return "", err
		}
		all = append(all, fs...)
	}
	var b *tree.Tree
	if base != "" {
		b = &tree.Tree{}
		b.Put("values.yaml", []byte(base))
	}
	out, err := Tree(all, Charts{Base: b})
	if err != nil {
		return "", err
	}
	data, _ := out.Get("values.yaml")
	return string(data), nil
}

// What stands in the charts repo, what is declared, and what comes of it.
func TestTreeKeepsWhatNobodyClaims(t *testing.T) {
	a := func() release.App { return element("a", map[string]any{"replicas": "2"}) }
	b := func() release.App { return element("b", map[string]any{}) }
	c := func() release.App { return element("c", map[string]any{"text": "x\ny\n"}) }
	tests := []struct {
		name, base string
		apps       []release.App
		want       string
	}{
		{"a new file is in order", "", []release.App{b(), a()}, `# Made by pintle from apps/: edit it there.
apps:
  - name: a
    replicas: "2"
  - name: b
`},
		{"the same meaning keeps its bytes", `# by hand
x: &x "2" # a comment

apps: # more
  # about a
  - {name: a, replicas: *x}

  -   replicas: 3
      name: other   # not ours
`, []release.App{a()}, `# by hand
x: &x "2" # a comment

apps: # more
  # about a
  - {name: a, replicas: *x}

  -   replicas: 3
      name: other   # not ours
`},
		{"one element changes", `apps:
- name: other
  text: |
    # not a comment

- name: a
  # inside
  replicas: "1"
# about the next
- name: z
`, []release.App{a()}, `apps:
- name: other
  text: |
    # not a comment

- name: a
  # inside
  replicas: "2"
# about the next
- name: z
`},
		{"a comment at the end of a line stays", "apps:\n  - name: a\n    replicas: \"1\"   # two a zone\n", []release.App{a()}, "apps:\n  - name: a\n    replicas: \"2\"   # two a zone\n"},
		{"keys come and go", "apps:\n  - old: 1\n    name: a\n    # about old\n    older:\n      - 1\n  - name: z\n", []release.App{a()}, "apps:\n  - name: a\n    replicas: \"2\"\n  - name: z\n"},
		{"one variable of many", `apps:
  - name: e
    env:
      - name: A # first
        value: "1"
      - name: B
        value: >-
          folded
          text
      # about C
      - name: C
        value: "3"
      - name: D
        value: "4"
`, []release.App{element("e", map[string]any{"env": []any{
			map[string]any{"name": "A", "value": "1"},
			map[string]any{"name": "B", "value": "folded text"},
			map[string]any{"name": "B2", "value": "new"},
			map[string]any{"name": "C", "value": "three"},
			map[string]any{"name": "D", "value": "4"},
		}})}, `apps:
  - name: e
    env:
      - name: A # first
        value: "1"
      - name: B
        value: >-
          folded
          text
      - name: B2
        value: new
      # about C
      - name: C
        value: three
      - name: D
        value: "4"
`},
		{
			"an anchor changes, and what refers to it with it", "w: &w\n  arn: one # why\n\napps:\n  - name: a\n    # kept\n    w:\n      <<: *w\n      b: 2\n  - name: b\n    w: *w\n",
			[]release.App{
				doc(map[string]any{"w": map[string]any{"arn": "two"}}),
				element("a", map[string]any{"w": map[string]any{"arn": "two", "b": json.Number("2")}}),
				element("b", map[string]any{"w": map[string]any{"arn": "two"}}),
			},
			"w: &w\n  arn: two # why\n\napps:\n  - name: a\n    # kept\n    w:\n      <<: *w\n      b: 2\n  - name: b\n    w: *w\n",
		},
		{
			"an anchored list changes", "l: &l\n  - x\n  - \"y\" # why\napps:\n  - name: a\n    l: *l\n",
			[]release.App{doc(map[string]any{"l": []any{"x", "z", "y"}}), element("a", map[string]any{"l": []any{"x", "z", "y"}})},
			"l: &l\n  - x\n  - z\n  - \"y\" # why\napps:\n  - name: a\n    l: *l\n",
		},
		{
			"an anchored word changes", "size: &s 1M # why\napps:\n  - name: a\n    size: *s\n",
			[]release.App{doc(map[string]any{"size": "2M"}), element("a", map[string]any{"size": "2M"})},
			"size: &s 2M # why\napps:\n  - name: a\n    size: *s\n",
		},
		{
			"only one of those that refer to an anchor changes", "size: &s 1M\napps:\n  - name: a\n    size: *s\n  - name: b\n    size: *s\n",
			[]release.App{doc(map[string]any{"size": "1M"}), element("a", map[string]any{"size": "2M"}), element("b", map[string]any{"size": "1M"})},
			"size: &s 1M\napps:\n  - name: a\n    size: 2M\n  - name: b\n    size: *s\n",
		},
		{
			"the comment about what goes, goes", "apps:\n  - name: a\n    # about old\n    old: 1\n    # about replicas\n    replicas: \"2\"\n",
			[]release.App{a()},
			"apps:\n  - name: a\n    # about replicas\n    replicas: \"2\"\n",
		},
		{
			"the last of two equal keys is the one that counts", "apps:\n  - name: old\napps:\n  - name: a\n    replicas: \"1\"\n",
			[]release.App{a()},
			"apps:\n  - name: old\napps:\n  - name: a\n    replicas: \"2\"\n",
		},
		{
			"what is merged in is overridden", "x: &x\n  k: 1\n  replicas: \"1\"\napps:\n  - <<: *x\n    name: a\n",
			[]release.App{element("a", map[string]any{"k": json.Number("1"), "replicas": "2"})},
			"x: &x\n  k: 1\n  replicas: \"1\"\napps:\n  - <<: *x\n    name: a\n    replicas: \"2\"\n",
		},
		{
			"what is merged in and is to go is written out", "x: &x\n  k: 1\n  replicas: \"1\"\napps:\n  - <<: *x\n    name: a\n",
			[]release.App{a()},
			"x: &x\n  k: 1\n  replicas: \"1\"\napps:\n  - name: a\n    replicas: \"2\"\n",
		},
		{"a new element finds its place", `apps:
  - name: a
    replicas: "2"

  # about d
  - name: d
tail: 1
`, []release.App{a(), c()}, `apps:
  - name: a
    replicas: "2"

  - name: c
    text: |
      x
      y

  # about d
  - name: d
tail: 1
`},
		{"or goes last where there is no order", "apps:\n- name: z\n- name: b\n", []release.App{a()}, "apps:\n- name: z\n- name: b\n- name: a\n  replicas: \"2\"\n"},
		{"an empty list is filled", "x: 1\napps: []\ny: 2\n", []release.App{a(), b()}, "x: 1\napps:\n  - name: a\n    replicas: \"2\"\n  - name: b\ny: 2\n"},
		{"a missing list is made", "x: 1", []release.App{b()}, "x: 1\napps:\n  - name: b\n"},
		{"a list without items is filled", "apps:\n", []release.App{b()}, "apps:\n  - name: b\n"},
		{"an empty file is filled, below its comments", "# nothing\n", []release.App{b()}, "# nothing\napps:\n  - name: b\n"},
		{
			"what refers to a rewritten anchor is rewritten", "apps:\n  - name: a\n    replicas: &r \"1\"\n  - name: b\n    replicas: *r\n",
			[]release.App{a(), element("b", map[string]any{"replicas": "1"})},
			"apps:\n  - name: a\n    replicas: \"2\"\n  - name: b\n    replicas: \"1\"\n",
		},
		{"Windows lines stay", "apps:\r\n  - name: a\r\n    replicas: \"1\"\r\n  - name: z\r\n", []release.App{a()}, "apps:\r\n  - name: a\r\n    replicas: \"2\"\r\n  - name: z\r\n"},
	}
	for _, test := range tests {
		got, err := joined(t, test.base, test.apps...)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestTreeRefuses(t *testing.T) {
	a := func() release.App { return element("a", map[string]any{"replicas": "2"}) }
	tests := []struct{ name, base, rule, what string }{
		{"a list as a document", "- a\n", "charts-file", "no block of keys"},
		{"a list on one line", "apps: [{name: z}]\n", "charts-file", "written on one line"},
		{"a map where a list is declared", "apps:\n  a: 1\n", "charts-file", "apps is no list"},
		{"two documents", "a: 1\n---\nb: 2\n", "charts-file", "second document"},
		{"a broken file", "a: [\n", "charts-file", "did not find expected"},
		{"an anchor that others use", "apps:\n  - name: a\n    replicas: &r \"1\"\n  - name: other\n    replicas: *r\n", "anchor-in-use", "&r cannot be rewritten"},
	}
	for _, test := range tests {
		_, err := joined(t, test.base, a())
		var list diag.List
		if !errors.As(err, &list) || list[0].Rule != test.rule || !strings.Contains(list[0].What, test.what) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	if _, err := joined(t, "", a(), a()); err == nil || !strings.Contains(err.Error(), "the element a of apps is claimed twice") {
		t.Errorf("the same element twice: got %v", err)
	}
}

// A document, entries of a map, and elements deep inside share one file.
func TestTreeJoinsWithTheDocument(t *testing.T) {
	pos := at("e")
	env, err := Environment(release.Environment{Name: "production", Pos: pos, Files: []release.File{
		{Path: "values.yaml", Content: map[string]any{"kind": "List", "spec": map[string]any{"x": "1"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var all []Fragment
	for _, f := range []release.File{
		{Path: "values.yaml", At: "spec.apps", Content: map[string]any{"name": "b"}},
		{Path: "values.yaml", At: "spec.apps", Content: map[string]any{"name": "a"}},
		{Path: "values.yaml", At: "byName", Key: "c", Content: map[string]any{"v": "1"}},
		{Path: "values.yaml", Key: "d", Content: "text"},
	} {
		fs, err := App(release.App{Name: "x", Pos: pos, Files: []release.File{f}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fs...)
	}
	out, err := Tree(append(env, all...), Charts{})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := out.Get("values.yaml")
	want := `# Made by pintle from apps/e/e.cue: edit it there.
kind: List
byName:
  c:
    v: "1"
d: text
spec:
  apps:
    - name: a
    - name: b
  x: "1"
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}

	// And once it is there, it is changed in place.
	base := &tree.Tree{}
	base.Put("values.yaml", []byte(strings.Replace(want, "v: \"1\"", "v: 0 # old", 1)+"mine: 1\n"))
	env, _ = Environment(release.Environment{Name: "production", Pos: pos, Files: []release.File{
		{Path: "values.yaml", At: "byName", Key: "c", Content: map[string]any{"v": "1"}},
		{Path: "values.yaml", At: "byName", Key: "e", Content: "new"},
		{Path: "values.yaml", At: "spec.apps", Content: map[string]any{"name": "ab"}},
	}})
	out, err = Tree(env, Charts{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	got, _ = out.Get("values.yaml")
	want = strings.Replace(want, "    v: \"1\"\n", "    v: \"1\" # old\n  e: new\n", 1) + "mine: 1\n"
	want = strings.Replace(want, "    - name: b\n", "    - name: ab\n    - name: b\n", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestBadPaths(t *testing.T) {
	for _, p := range []string{"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", ".git/config", "a/.GIT/x", "a\\b", "a\nb", ".pintle/x", "dir/", "C:\\x"} {
		_, err := Environment(release.Environment{Files: []release.File{{Path: p}}})
		if err == nil {
			t.Errorf("%q is taken as a path", p)
		}
	}
}

// A key of the document and an element of the list above it, both new and both at the end of the file.
func TestTreeInsertsTheDeeperFirst(t *testing.T) {
	got, err := joined(t, "domain: x\napps:\n  - name: old\n    replicas: 1\n", doc(map[string]any{"owner": "us"}), element("web", map[string]any{}))
	if err != nil {
		t.Fatal(err)
	}
	if want := "domain: x\napps:\n  - name: old\n    replicas: 1\n  - name: web\nowner: us\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}
