package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/state"
)

// move is what is done with one app's element of a file.
func move(action Action, path, app, environment string) Move {
	return Move{
		Path:    path,
		Element: state.Element{Element: document.Element{At: "apps", By: "name", ID: app}, App: app, Environment: environment, Digest: "d"},
		Action:  action,
	}
}

func TestCommits(t *testing.T) {
	moves := []Move{
		move(Keep, "base.yaml", "a", ""),
		move(Change, "base.yaml", "", ""),
		move(Add, "production.yaml", "a", "production"),
		move(Change, "production.yaml", "b", "production"),
		move(TakeIn, "production.yaml", "c", "production"),
		move(Refuse, "refused.yaml", "a", "production"),
		move(Remove, "shared.yaml", "a", "staging"),
		move(Remove, "shared.yaml", "a", "production"),
		move(Abandon, "staging.yaml", "a", "staging"),
		move(Remove, "staging.yaml", "b", "staging"),
		move(Remove, "staging.yaml", "c", "staging"),
		move(Remove, "staging.yaml", "d", "staging"),
		move(Remove, "staging.yaml", "e", "staging"),
		move(Forget, "staging.yaml", "f", "staging"),
		move(Change, "staging.yaml", "", "staging"),
		move(TakeIn, "z.yaml", "a", "testing"),
	}
	var got strings.Builder
	for _, c := range Commits(moves, []string{"testing", "staging", "production"}) {
		fmt.Fprintf(&got, "%s\n", c.Title)
		for _, f := range c.Files {
			fmt.Fprintf(&got, "  %s", f.Path)
			for _, m := range f.Moves {
				fmt.Fprintf(&got, " %s:%s", m.Action, m.ID)
			}
			fmt.Fprintln(&got)
		}
	}
	want := `all environments: change its defaults; remove a
  base.yaml change:
  shared.yaml remove:a remove:a
testing: take in a
  z.yaml take-in:a
staging: change its defaults; remove 4 apps; forget f
  staging.yaml remove:b remove:c remove:d remove:e forget:f change:
production: change b; add a
  production.yaml add:a change:b take-in:c
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
	if c := Commits([]Move{move(Keep, "a.yaml", "a", ""), move(Abandon, "a.yaml", "b", "")}, nil); len(c) > 0 {
		t.Errorf("where nothing is to be done: %+v", c)
	}
}

func TestBrake(t *testing.T) {
	// Ten apps have a release in each environment: an element of their own file, and one of the list.
	manifests := map[string]state.Manifest{}
	list := state.Manifest{}
	for n := range 10 {
		for _, environment := range []string{"production", "staging"} {
			m := move("", fmt.Sprintf("%s/app%d.yaml", environment, n), fmt.Sprintf("app%d", n), environment)
			manifests[m.Path] = state.Manifest{Elements: []state.Element{m.Element}}
			list.Elements = append(list.Elements, m.Element)
		}
	}
	manifests["list.yaml"] = list
	tests := []struct {
		name    string
		goes    int // the first of the apps
		action  Action
		keeping bool // one element stays in another file
		want    string
	}{
		{"nothing", 0, Remove, false, ""},
		{"a fifth", 2, Remove, false, ""},
		{"more than a fifth", 3, Remove, false, "3 of 10 releases would be taken away from staging at once: app0, app1 and app2"},
		{"more than a fifth, already gone", 3, Forget, false, "3 of 10 releases would be taken away from staging at once: app0, app1 and app2"},
		{"more than can be said", 6, Remove, false, "6 of 10 releases would be taken away from staging at once: app0, app1, app2, app3 and 2 more"},
		{"all", 10, Remove, false, "10 of 10 releases would be taken away from staging at once: app0, app1, app2, app3 and 6 more"},
		{"three, of which one keeps something", 3, Remove, true, ""},
		{"what is held back", 10, Abandon, false, ""},
		{"what is refused", 10, Refuse, false, ""},
	}
	for _, test := range tests {
		var moves []Move
		for n := range 10 {
			app := fmt.Sprintf("app%d", n)
			action, other := Keep, Keep
			if n < test.goes {
				action, other = test.action, test.action
			}
			if test.keeping && n == 0 {
				other = Keep
			}
			moves = append(moves, move(action, "staging/"+app+".yaml", app, "staging"), move(other, "list.yaml", app, "staging"))
			moves = append(moves, move(Keep, "production/"+app+".yaml", app, "production"))
		}
		moves = append(moves, move(Remove, "defaults.yaml", "", "staging"), move(Remove, "base.yaml", "app9", "")) // no releases
		got := Brake(moves, manifests)
		if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || got[0].What != test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
		if test.name == "all" && !strings.Contains(got[0].Why, "nothing would be left") {
			t.Errorf("all: %s", got[0].Why)
		}
	}
}

// A plan was made, and then the head moved.
func TestSince(t *testing.T) {
	at := func(action Action, id, declared, there string) Move {
		m := move(action, "list.yaml", id, "staging")
		m.Digest, m.From = declared, there
		return m
	}
	made := Plan{Commits: Commits([]Move{
		at(Change, "changed", "new", "old"),
		at(Add, "added", "new", ""),
		at(Remove, "removed", "", "old"),
		at(Forget, "forgotten", "", ""),
		at(TakeIn, "taken", "same", "same"),
	}, nil)}
	as := func(id string, other Move) []Move { // how things were when the plan was made, but for one element
		now := []Move{
			at(Change, "changed", "new", "old"), at(Add, "added", "new", ""), at(Remove, "removed", "", "old"),
			at(Forget, "forgotten", "", ""), at(TakeIn, "taken", "same", "same"),
		}
		var out []Move
		for _, m := range now {
			if m.ID == id {
				m = other
			}
			if m.Action != "" {
				out = append(out, m)
			}
		}
		return out
	}
	tests := []struct {
		name  string
		now   []Move
		left  string // what is to be done with all that is there
		stale string
	}{
		{"nothing has moved", as("", Move{}), "change add remove forget take-in", ""},
		{"a change is in effect already", as("changed", at(TakeIn, "changed", "new", "new")), "take-in add remove forget take-in", ""},
		{"an element was added by others, and is the same", as("added", at(TakeIn, "added", "new", "new")), "change take-in remove forget take-in", ""},
		{"an element was removed by others", as("removed", at(Forget, "removed", "", "")), "change add forget forget take-in", ""},
		{"it is removed and listed no longer", as("removed", Move{}), "change add forget take-in", ""},
		{"it is forgotten", as("forgotten", Move{}), "change add remove take-in", ""},
		{"somebody changed it meanwhile", as("changed", at(Change, "changed", "new", "else")), "change add remove forget take-in", "changed"},
		{"somebody put another one there", as("added", at(Change, "added", "new", "else")), "change change remove forget take-in", "added"},
		{"somebody changed what was to go", as("removed", at(Remove, "removed", "", "else")), "change add remove forget take-in", "removed"},
		{"what was there is not there", as("changed", at(Add, "changed", "new", "")), "add add remove forget take-in", "changed"},
		{"what was to be taken in has changed", as("taken", at(Change, "taken", "same", "else")), "change add remove forget change", "taken"},
		{"what is to be written is unheard of", as("added", Move{}), "change remove forget take-in", "added"},
		{"more is to be done than was planned", append(as("", Move{}), at(Remove, "other", "", "old")), "change add remove forget take-in abandon", ""},
		{"others are as they should be", append(as("", Move{}), at(Keep, "other", "same", "same")), "change add remove forget take-in keep", ""},
	}
	for _, test := range tests {
		left, stale := made.Since(test.now)
		var actions, ids []string
		for _, m := range left {
			actions = append(actions, string(m.Action))
		}
		for _, m := range stale {
			ids = append(ids, m.ID)
		}
		if got := strings.Join(actions, " "); got != test.left {
			t.Errorf("%s: left is %s, want %s", test.name, got, test.left)
		}
		if got := strings.Join(ids, " "); got != test.stale {
			t.Errorf("%s: stale is %q, want %q", test.name, got, test.stale)
		}
	}
}

// A plan that was written to a file and read again is the same plan.
func TestPlanAsJSON(t *testing.T) {
	document := move(Change, "<odd & path>.yaml", "", "staging")
	document.At, document.By, document.From, document.Listed = "", "", "f", "l"
	want := Plan{
		Version: Version, Charts: "ssh://git@example.org/charts", Branch: "main", Base: "b", Source: "s+changes",
		Commits: Commits([]Move{document, move(Remove, "a.yaml", "a", "staging"), move(Forget, "b.yaml", "b", "")}, []string{"staging"}),
		Pins:    map[string][]string{"a.yaml": {"image.tag"}},
	}
	want.Commits[0].Files[0].Fragments = []Fragment{
		{Environment: "staging", App: "a", At: "apps", By: "name", ID: "a", Text: "- name: a\n  text: \"\u2028<é>\"\n", Order: []string{"name"}, Source: "apps/a/a.cue", Line: 3},
		{Text: "{}\n"},
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Plan
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Moves(), got.Moves()); diff != "" {
		t.Errorf("its moves (-want +got):\n%s", diff)
	}
	again, err := json.Marshal(got)
	if err != nil || string(again) != string(data) {
		t.Errorf("%v\n%s\n%s", err, data, again)
	}
	if diff := cmp.Diff(want.Commits[0].Files[0].Fragments, got.Commits[0].Files[0].Fragments); diff != "" {
		t.Errorf("its texts (-want +got):\n%s", diff)
	}
}

// A plan from a file is carried out as pintle wrote it, and leads nowhere that a declaration could not.
func TestCheck(t *testing.T) {
	sealed := func(path string) Plan {
		p, err := Plan{Version: Version, Charts: "c", Branch: "main", Commits: []Commit{{Title: "t", Files: []File{{Path: path}}}}}.Sealed()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if err := sealed("apps/a.yaml").Check(); err != nil {
		t.Error(err)
	}
	edited := sealed("apps/a.yaml")
	edited.Branch = "other"
	newer := sealed("apps/a.yaml")
	newer.Version++
	for name, p := range map[string]Plan{
		"edited": edited, "newer": newer, "none": {},
		"out": sealed("../x"), "absolute": sealed("/etc/x"), "git": sealed("a/.git/config"), "ours": sealed(".pintle/manifest/a.yaml"),
	} {
		if p.Check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
