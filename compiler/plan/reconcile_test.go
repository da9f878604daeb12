package plan

import (
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// element is the element `a` of the document, as an app declares it. Without a digest it is only named.
func element(app, digest string) state.Element {
	return state.Element{Element: document.Element{ID: "a"}, App: app, Environment: "staging", Digest: digest}
}

// What is declared, what stands there, what is listed, and what is to be done: plainly, with Overwrite,
// and where some app did not compile.
func TestActions(t *testing.T) {
	tests := []struct {
		declared, there, listed     string
		plain, overwriting, unbound Action
	}{
		{"", "", "x", Forget, Forget, Abandon},
		{"", "x", "x", Remove, Remove, Abandon},
		{"", "other", "x", Refuse, Remove, Abandon},
		{"x", "", "", Add, Add, Add},
		{"x", "", "x", Refuse, Add, Refuse}, // somebody took it away
		{"x", "", "other", Refuse, Add, Refuse},
		{"x", "x", "", TakeIn, TakeIn, TakeIn},
		{"x", "other", "", Refuse, Change, Refuse}, // it was never ours
		{"x", "x", "x", Keep, Keep, Keep},
		{"x", "other", "x", Refuse, Change, Refuse}, // somebody changed it
		{"x", "x", "other", TakeIn, TakeIn, TakeIn}, // somebody did already what is declared now
		{"x", "other", "other", Change, Change, Change},
		{"x", "other", "third", Refuse, Change, Refuse}, // we and somebody else
	}
	for _, test := range tests {
		in := Inputs{Base: &tree.Tree{}}
		if test.declared != "" {
			in.Wanted = map[string][]state.Element{"v.yaml": {element("shop", document.Digest(test.declared))}}
		}
		if test.listed != "" {
			in.Manifests = map[string]state.Manifest{"v.yaml": {Elements: []state.Element{element("shop", document.Digest(test.listed))}}}
		}
		if test.there != "" {
			in.Base.Put("v.yaml", []byte("a: "+test.there+"\nother: 1\n"))
		}
		never := func(app, environment string) bool { return false }
		for _, way := range []struct {
			name string
			Options
			want Action
		}{
			{"plain", Options{}, test.plain},
			{"overwrite", Options{Overwrite: true}, test.overwriting},
			{"unbound", Options{Unbound: true}, test.unbound},
			{"out of scope", Options{Overwrite: true, Within: never}, Abandon},
		} {
			moves, findings := Reconcile(in, way.Options)
			if len(moves) != 1 || len(findings) > 0 || moves[0].Action != way.want {
				t.Errorf("%+v, %s: %+v %v, want %s", test, way.name, moves, findings, way.want)
			}
		}
	}
}

// Elements come in the order of files and of where they stand, and each has its own verdict.
func TestReconcileInOrder(t *testing.T) {
	in := Inputs{
		Wanted: map[string][]state.Element{"b.yaml": {
			{Element: document.Element{At: "apps", By: "name", ID: "z"}, App: "z", Environment: "staging", Digest: document.Digest(map[string]any{"name": "z"})},
			{Element: document.Element{At: "apps", By: "name", ID: "n"}, App: "n", Environment: "staging", Digest: document.Digest(map[string]any{"name": "n"})},
			{Element: document.Element{ID: "key"}, Environment: "staging", Digest: document.Digest("v")},
		}},
		Manifests: map[string]state.Manifest{
			"a.yaml": {Elements: []state.Element{{Element: document.Element{ID: "old"}, App: "old", Environment: "production", Digest: document.Digest(true)}}},
			"b.yaml": {Elements: []state.Element{{Element: document.Element{At: "apps", By: "name", ID: "p"}, App: "p", Environment: "staging", Digest: document.Digest(map[string]any{"name": "p"})}}},
		},
		Base: &tree.Tree{},
	}
	in.Base.Put("a.yaml", []byte("old: yes\n"))
	in.Base.Put("b.yaml", []byte("apps:\n  - name: p\n  - {name: z}\nkey: w\n"))
	moves, findings := Reconcile(in, Options{Within: func(app, _ string) bool { return app != "n" }})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	var got []string
	for _, m := range moves {
		got = append(got, m.Path+" "+m.Element.Element.String()+" "+string(m.Action))
	}
	want := []string{"a.yaml old remove", "b.yaml key refuse", "b.yaml apps[n] abandon", "b.yaml apps[p] remove", "b.yaml apps[z] take-in"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, m := range moves {
		if (m.Action == Remove) != (m.Digest == "") {
			t.Errorf("%s: the digest of what is declared is %q", m.Element.Element, m.Digest)
		}
	}
}

// A tag in a declared element is nobody's content: whoever moves it has not edited the element.
func TestReconcileLeavesPinsOut(t *testing.T) {
	declared := map[string]any{"replicas": true}
	e := state.Element{Element: document.Element{ID: "main"}, App: "shop", Digest: document.Digest(declared)}
	in := Inputs{
		Wanted:    map[string][]state.Element{"v.yaml": {e}},
		Manifests: map[string]state.Manifest{"v.yaml": {Elements: []state.Element{e}}},
		Base:      &tree.Tree{},
		Pins:      map[string][]string{"v.yaml": {"main.image.tag", "main.version", "other"}},
	}
	for _, test := range []struct {
		text string
		want Action
	}{
		{"main:\n  version: v7\n  replicas: yes\nother: x\n", Keep},
		{"main:\n  replicas: yes\n", Keep},
		{"main:\n  version: v7\n  replicas: no\n", Refuse},
		{"main:\n  version: v7\n  replicas: yes\n  tag: x\n", Refuse},
	} {
		in.Base.Put("v.yaml", []byte(test.text))
		if moves, _ := Reconcile(in, Options{}); len(moves) != 1 || moves[0].Action != test.want {
			t.Errorf("%q: %+v", test.text, moves)
		}
	}
}

// Who declares a document without keys claims that the file is there, whatever others put into it.
func TestReconcileOfNothing(t *testing.T) {
	e := state.Element{App: "shop", Digest: document.Digest(map[string]any{})}
	in := Inputs{Wanted: map[string][]state.Element{"v.yaml": {e}}, Base: &tree.Tree{}}
	for _, test := range []struct {
		text string
		want Action
	}{{"", Add}, {"{}\n", TakeIn}, {"key: of others\n", TakeIn}} {
		in.Base = &tree.Tree{}
		if test.text != "" {
			in.Base.Put("v.yaml", []byte(test.text))
		}
		if moves, _ := Reconcile(in, Options{}); len(moves) != 1 || moves[0].Action != test.want {
			t.Errorf("%q: %+v", test.text, moves)
		}
	}
}

// A file that nobody can read is said, and the others go on.
func TestReconcileOfWhatCannotBeRead(t *testing.T) {
	in := Inputs{Wanted: map[string][]state.Element{}, Base: &tree.Tree{}}
	for path, text := range map[string]string{"bad.yaml": "a: [\n", "bomb.yaml": "a: &a\n  b: *a\n", "good.yaml": "a: x\n"} {
		in.Wanted[path] = []state.Element{element("shop", document.Digest("x"))}
		in.Base.Put(path, []byte(text))
	}
	moves, findings := Reconcile(in, Options{})
	if len(moves) != 1 || moves[0].Path != "good.yaml" || moves[0].Action != TakeIn {
		t.Errorf("%+v", moves)
	}
	var about []string
	for _, f := range findings {
		about = append(about, f.Where.Filename+" "+f.Rule)
	}
	if want := []string{"bad.yaml charts-file", "bomb.yaml charts-file"}; !slices.Equal(about, want) {
		t.Errorf("found %v", findings)
	}
}

func TestEditedByHand(t *testing.T) {
	at := token.Position{Filename: "apps/shop/shop.cue", Line: 3}
	many := map[string]any{}
	for _, key := range strings.Split("abcdefghijklmnop", "") {
		many[key] = true
	}
	some := maps.Clone(many)
	delete(some, "p")
	tests := []struct {
		name             string
		m                Move
		have, want       any
		rule, what, says string
	}{
		{"changed", Move{Element: element("shop", "d"), From: "f", Listed: "l"}, "v", "w", "hand-edit", "a was edited by hand", `  "v" // not "w"`},
		{"never ours", Move{Element: element("shop", "d"), From: "f"}, "v", "w", "not-listed", "a is there already and means something else", `  "v" // not "w"`},
		{"removed", Move{Element: element("shop", "d"), Listed: "l"}, nil, "w", "hand-edit", "a was removed by hand", "it is still declared"},
		{"no longer declared", Move{Element: element("shop", ""), From: "f", Listed: "l"}, "v", nil, "hand-edit", "a was edited by hand", "nothing declares it any longer"},
		{"much", Move{Element: element("shop", "d"), From: "f", Listed: "l"}, many, map[string]any{}, "hand-edit", "a was edited", "\n  l: true\n  … and 4 more"},
		{"little", Move{Element: element("shop", "d"), From: "f", Listed: "l"}, some, many, "hand-edit", "a was edited", "is\n  // without p, which was true"},
	}
	for _, test := range tests {
		f := EditedByHand(test.m, test.have, test.want, at)
		if f.Rule != test.rule || !strings.Contains(f.What, test.what) || !strings.Contains(f.Why, test.says) || len(f.Also) != 1 {
			t.Errorf("%s: %+v", test.name, f)
		}
	}
}
