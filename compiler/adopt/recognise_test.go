package adopt

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// chartsRepo is a tree of the files of a txtar archive.
func chartsRepo(archive string) *tree.Tree {
	t := &tree.Tree{}
	for _, f := range txtar.Parse([]byte(archive)).Files {
		t.Put(f.Name, f.Data)
	}
	return t
}

// TestRoles: what the keys of an element mean is told by their shape, whatever they are called.
func TestRoles(t *testing.T) {
	s, err := recognise(chartsRepo(`
-- a/b/deploy-qa.yaml --
region: eu
units:
  - {name: web, ποσό: 1, config: {size: 1, vars: [{name: A, value: x}], volumes: [{name: v, path: /v}]}}
  - {name: web-preview, runs: web, config: {size: 1}}
  - {name: jobs, from: a/jobs, parts: [web, batch], config: {size: 2, vars: []}}
-- a/b/deploy-live.yaml --
units:
  - {name: web, config: {size: 9}}
-- a/b/deploy-notes.yaml --
nothing: of the kind
-- a/b/pins/qa/web --
sha: abc
ok: true
-- a/b/pins/qa/batch --
sha: def
ok: true
-- a/b/pins/live/web --
sha: abd
ok: false
-- a/b/pins/elsewhere/x --
sha: zzz
`))
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%s | %s | %v | %+v | %s %s | %v", s.layout.List, s.layout.Environments, s.layout.Files, s.roles, s.pins.dir, s.pins.tag, s.charts)
	want := "units | [qa live] | [a/b/deploy-live.yaml a/b/deploy-qa.yaml] | {values:config image:runs images:parts chart:from env:vars} | a/b/pins sha | map[jobs:a/jobs]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFindings: what the author of a charts repo has to mend is said with the place.
func TestFindings(t *testing.T) {
	const good = "-- values-prod.yaml --\napps:\n  - name: web\n    values: {a: 1}\n"
	for _, c := range []struct{ about, repo, rule, place, what string }{
		{"nothing", "", "unknown-layout", ".", "not recognised"},
		{"no list of apps", "-- values-prod.yaml --\na: 1\n", "unknown-layout", ".", "not recognised"},
		{"a list", "-- values-prod.yaml --\n- name: web\n", "bad-values", "values-prod.yaml:1", "no mapping"},
		{"an empty file", good + "-- values-dev.yaml --\n# nothing\n", "bad-values", "values-dev.yaml", "is empty"},
		{"two documents", good + "-- values-dev.yaml --\na: 1\n---\nb: 2\n", "bad-yaml", "values-dev.yaml:2", "second document"},
		{"not YAML", good + "-- values-dev.yaml --\na: [1\n", "bad-yaml", "values-dev.yaml:", ""},
		{"a bomb", good + "-- values-dev.yaml --\n" + bomb(), "bad-yaml", "values-dev.yaml:", "aliases expand"},
		{"a name that is no label", "-- values-prod.yaml --\napps:\n  - name: web\n  - name: Web_2\n", "bad-app", "values-prod.yaml:3:5", `"Web_2" is no DNS label`},
		{"a name twice", "-- values-prod.yaml --\napps:\n  - name: web\n  - name: api\n  - name: web\n", "bad-app", "values-prod.yaml:4:5", `two elements are called "web"`},
		{"no name", "-- values-prod.yaml --\napps:\n  - name: web\n  - name: api\n  - title: web\n", "bad-app", "values-prod.yaml:4:5", "has no name"},
		{"no list", good + "-- values-dev.yaml --\napps: {web: {}}\n", "bad-app", "values-dev.yaml:1:1", "apps is no list here"},
		{"a tag of its own", good + "-- values-dev.yaml --\napps:\n  - name: web\n    a: !vault x\n", "bad-yaml", "values-dev.yaml:3", "!vault"},
	} {
		_, err := Repo(chartsRepo(c.repo), Options{Module: "example.org/config"})
		var findings diag.List
		if !errors.As(err, &findings) {
			t.Errorf("%s: %v is no finding", c.about, err)
			continue
		}
		f := findings[0]
		if f.Rule != c.rule || !strings.HasPrefix(diag.Place(f.Where), c.place) || !strings.Contains(f.What, c.what) || f.Why == "" || f.Fix == "" {
			t.Errorf("%s: %s\n\twhy %s\n\tfix %s", c.about, f, f.Why, f.Fix)
		}
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return b.String()
}

func TestUnknownApp(t *testing.T) {
	_, err := Repo(chartsRepo("-- values-prod.yaml --\napps:\n  - name: web\n"), Options{Apps: []string{"wen"}})
	var findings diag.List
	if !errors.As(err, &findings) || findings[0].Rule != "unknown-app" || !strings.Contains(findings[0].Fix, "web") {
		t.Errorf("%v", err)
	}
}

// TestImageOfAnother: an image is declared once, so an app that joins later does not declare its own
// image when another one has done it.
func TestImageOfAnother(t *testing.T) {
	charts := chartsRepo(`
-- values-prod.yaml --
apps:
  - {name: web, values: {a: 1}}
  - {name: web-preview, image: web, values: {a: 2}}
-- tags/prod/web --
tag: v1
`)
	for _, c := range []struct {
		app, known string
		want       string
	}{
		{"web", "", "web: #App & {\n\trelease: prod: values: a: 1\n}\n"},
		{"web", "web", "web: #Base & {\n\trelease: prod: {\n\t\timage: \"web\"\n\t\tvalues: a: 1\n\t}\n}\n"},
		{"web-preview", "", "\"web-preview\": #App & {\n\timage: \"web\"\n\tbuilds: web: {}\n\trelease: prod: values: a: 2\n}\n"},
		{"web-preview", "web", "\"web-preview\": #App & {\n\timage: \"web\"\n\trelease: prod: values: a: 2\n}\n"},
	} {
		r, err := Repo(charts, Options{Module: "example.org/config", Apps: []string{c.app}, Existing: true, Images: []string{c.known}})
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("apps/%[1]s/%[1]s.cue", c.app)
		if data, _ := r.Files.Get(path); string(data) != "package apps\n\n"+c.want || r.Files.Len() != 1 {
			t.Errorf("%s where %q is known: %v\n%s", c.app, c.known, r.Files.Paths(), data)
		}
	}
}
