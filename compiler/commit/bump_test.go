package commit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/repo/repotest"
	"github.com/pintle-dev/pintle/compiler/state"
)

var ada = Options{Branch: "main", Author: repo.Person{Name: "Ada", Email: "ada@example.org"}, Committer: repo.Person{Name: "pintle", Email: "pintle@example.org"}}

// built is what is declared about images that run in staging and production, by their order.
func built(orders map[string]string) map[string]promote.Policy {
	policies := map[string]promote.Policy{}
	for name, order := range orders {
		image := &release.Image{Name: name, Tag: `^[a-z0-9.-]+$`, Order: order}
		for _, e := range []string{"production", "staging"} {
			image.Pins = append(image.Pins, release.Pin{Environment: e, Path: "pins/" + e + "/" + name + ".yaml", Key: "tag"})
		}
		policies[name] = promote.Policy{Image: image, Environments: []string{"staging", "production"}, UsedIn: []string{"staging", "production"}}
	}
	return policies
}

// asked is an intent such as "shop v3 staging", by a machine unless an id or a person is given.
func asked(text string) Intent {
	f := strings.Fields(text)
	in := Intent{Request: promote.Request{Kind: promote.AutomaticBump, Image: f[0], Tag: f[1], Environment: f[2]}, By: "ci", At: march}
	for _, more := range f[3:] {
		switch {
		case more == "by-hand":
			in.Kind = promote.ManualBump
		default:
			in.ID = more
		}
	}
	return in
}

func head(t *testing.T, bare string) *repo.Snapshot {
	t.Helper()
	r, err := repo.NewRemote(bare, repo.RemoteOptions{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	base, err := r.Head(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

func TestCoalesced(t *testing.T) {
	policies := built(map[string]string{"shop": "numeric", "api": "first-seen", "old": ""})
	const (
		same  = "the same one comes before it in the batch"
		newer = "a newer one in the same batch: "
		later = "a later one in the same batch: "
	)
	tests := []struct {
		name  string
		asked []string
		want  []string
	}{
		{"the later one is newer", []string{"shop v1 staging", "shop v2 staging"}, []string{later + "v2", ""}},
		{"the later one is older", []string{"shop v2 staging", "shop v1 staging"}, []string{"", newer + "v2"}},
		{"delivered twice", []string{"shop v2 staging", "shop v2 staging", "shop v1 staging", "shop v2 staging"}, []string{"", same, newer + "v2", same}},
		{"each environment for itself", []string{"shop v1 staging", "shop v2 production"}, []string{"", ""}},
		{"what a person asks for, a person means", []string{"shop v2 staging by-hand", "shop v1 staging by-hand", "shop v1 staging by-hand"}, []string{"", "", ""}},
		{"a person comes in between", []string{"shop v1 staging", "shop v2 staging", "shop v9 staging by-hand", "shop v3 staging", "shop v4 staging"}, []string{later + "v2", "", "", later + "v4", ""}},
		{"the same for another reason", []string{"shop v2 staging x", "shop v2 staging y", "shop v2 staging y"}, []string{"", "", same}},
		{"what is refused makes nothing needless", []string{"shop v1 staging", "shop nonsense staging", "shop Odd staging"}, []string{"", "", ""}},
		{"what cannot be compared", []string{"shop v1 staging", "shop build-2 staging", "shop v3 staging"}, []string{"", "", ""}},
		{"what was seen first only the head knows", []string{"api a staging", "api b staging"}, []string{"", ""}},
		{"without an order, nothing moves by itself", []string{"old a staging", "old b staging"}, []string{"", ""}},
		{"an image that nobody builds", []string{"lost v1 staging", "lost v2 staging"}, []string{"", ""}},
	}
	for _, test := range tests {
		var intents []Intent
		for _, text := range test.asked {
			intents = append(intents, asked(text))
		}
		if diff := cmp.Diff(test.want, coalesced(intents, policies)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// A batch ends where its lines would end, one by one.
func TestBatchIsItsLines(t *testing.T) {
	base := head(t, repotest.Bare(t, map[string]string{"pins/staging/shop.yaml": "tag: v4\n", "pins/staging/api.yaml": "tag: c4\n", "README": "x"}))
	rnd := rand.New(rand.NewPCG(15, 16))
	for _, orders := range []map[string]string{{"shop": "numeric"}, {"shop": "first-seen"}, {"shop": ""}} {
		policies := built(orders)
		for range 100 {
			batch := func(lines int) (intents []Intent) {
				for range lines {
					text := "shop " + fmt.Sprintf([]string{"v%d", "v%d", "build-%d", "sha%d"}[rnd.IntN(4)], rnd.IntN(7)) + " staging"
					switch rnd.IntN(5) {
					case 0:
						text += " by-hand"
					case 1:
						text += fmt.Sprintf(" by-hand id%d", rnd.IntN(3))
					case 2:
						text += fmt.Sprintf(" id%d", rnd.IntN(3))
					}
					intents = append(intents, asked(text))
				}
				return intents
			}
			at, _, err := Bump(base, batch(3), policies, ada) // what came before
			if err != nil {
				t.Fatal(err)
			}
			intents := batch(5)
			together, _, err := Bump(at, intents, policies, ada)
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range intents {
				if at, _, err = Bump(at, []Intent{in}, policies, ada); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := text(t, together, "pins/staging/shop.yaml"), text(t, at, "pins/staging/shop.yaml"); got != want {
				var lines []string
				for _, in := range intents {
					lines = append(lines, fmt.Sprintf("%s %s %s", in.Tag, in.Kind, in.ID))
				}
				t.Fatalf("%v: together %q, one by one %q:\n%s", orders, got, want, strings.Join(lines, "\n"))
			}
		}
	}
}

func text(t *testing.T, s *repo.Snapshot, path string) string {
	t.Helper()
	files, err := s.Read([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	data, _ := files.Get(path)
	return string(data)
}

// Each intent that may be carried out is a commit, one on top of the other; what is refused in between
// keeps none of them.
func TestBumpStacksCommits(t *testing.T) {
	bare := repotest.Bare(t, map[string]string{
		"pins/staging/shop.yaml": "# who\nimage:\n  tag: 'v4'\ntag: v4 # why\n",
		"pins/staging/api.yaml":  "- no mapping\n",
		"pins/production":        "a file, where a folder should be\n",
	})
	policies := built(map[string]string{"shop": "numeric", "api": "first-seen", "site": "first-seen"})
	intents := []Intent{
		asked("shop v5 staging"),
		asked("api v1 staging"),     // its file cannot be edited
		asked("site v1 production"), // its file cannot be there
		asked("lost v1 staging"),    // nobody builds it
		asked("shop latest staging"),
		asked("site c1 staging"),
		asked("shop v3 staging"),
		asked("shop v4 staging by-hand"),
	}
	base := head(t, bare)
	next, outcomes, err := Bump(base, intents, policies, ada)
	if err != nil {
		t.Fatal(err)
	}
	var got, made []string
	for _, out := range outcomes {
		got = append(got, fmt.Sprintf("%s %s: %s from %q", out.Image, out.Tag, out.Result, out.From))
		if (len(out.Findings) > 0) != (out.Result == Refused) || (out.Commit != "") != (out.Result == Moved) {
			t.Errorf("%+v", out)
		}
		if out.Commit != "" {
			made = append(made, out.Commit)
		}
	}
	want := []string{
		`shop v5: moved from "v4"`,
		`api v1: refused from ""`,
		`site v1: refused from ""`,
		`lost v1: refused from ""`,
		`shop latest: refused from "v5"`,
		`site c1: moved from ""`,
		`shop v3: superseded from ""`,
		`shop v4: moved from "v5"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !slices.Equal(made, next.Since(base)) {
		t.Errorf("made are %v, and the head is made of %v", made, next.Since(base))
	}
	if got := text(t, next, "pins/staging/shop.yaml"); got != "# who\nimage:\n  tag: 'v4'\ntag: v4 # why\n" {
		t.Errorf("the pin is\n%s", got)
	}
	record, err := state.ReadRecord("r", []byte(text(t, next, state.RecordPath("staging", "shop"))))
	if err != nil || record.HighWater.Tag != "v5" || record.Previous != "v5" || record.Origin != state.Manual || len(record.Intents) != 2 {
		t.Errorf("the record is %+v, %v", record, err)
	}
	if base.ID() != head(t, bare).ID() {
		t.Error("something was written before it was asked for")
	}
}

// An intent that was carried out is not carried out again, whatever has run since: a machine delivers
// twice. A person who gives it no id means it anew.
func TestBumpOfTheSameIntent(t *testing.T) {
	base := head(t, repotest.Bare(t, map[string]string{"pins/staging/shop.yaml": "tag: v4\n"}))
	tests := []struct {
		first, again string
		want         Result
	}{
		{"shop v3 staging by-hand x", "shop v3 staging by-hand x", There},
		{"shop v3 staging by-hand x", "shop v3 staging by-hand y", Moved},
		{"shop v3 staging by-hand", "shop v3 staging by-hand", Moved},
		{"shop v6 staging", "shop v6 staging", There},
		{"shop v6 staging x", "shop v6 staging y", Moved},
		{"shop v6 staging x", "shop v7 staging x", Moved}, // a build that bumps twice may give the same id to both
	}
	for _, test := range tests {
		lines := []Intent{asked(test.first), asked("shop v5 staging by-hand"), asked("shop v2 staging by-hand"), asked(test.again)}
		_, outcomes, err := Bump(base, lines, built(map[string]string{"shop": "numeric"}), ada)
		if err != nil {
			t.Fatal(err)
		}
		if got := outcomes[3].Result; got != test.want {
			t.Errorf("%s, and again %s: %s, want %s", test.first, test.again, got, test.want)
		}
	}
}

// The same intents on the same head are the same commits, on any machine; once they are written nothing
// is left to do, and git has no complaint.
func TestBumpIsTheSameAnywhere(t *testing.T) {
	bare := repotest.Bare(t, map[string]string{"pins/staging/shop.yaml": "tag: v4\n"})
	policies := built(map[string]string{"shop": "numeric", "api": "first-seen"})
	intents := []Intent{asked("shop v5 staging"), asked("api c1 staging by-hand"), asked("shop v5 production x")}
	intents[0].Reason, intents[1].By = "a\x00b\ntwo\x1b[31m lines", "Ada: <ada@example.org>\n\nKind: config"
	intents[2].At = march.Add(-24 * time.Hour) // asked for before the others

	next, outcomes, err := Bump(head(t, bare), intents, policies, ada)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := Bump(head(t, bare), intents, policies, ada)
	if err != nil {
		t.Fatal(err)
	}
	if next.ID() != other.ID() {
		t.Errorf("one is %s, the other %s", next.ID(), other.ID())
	}
	r, err := repo.NewRemote(bare, repo.RemoteOptions{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	landing, err := Land(t.Context(), r, ada, func(base *repo.Snapshot) (*repo.Snapshot, error) {
		next, _, err := Bump(base, intents, policies, ada)
		return next, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !landing.Written || repotest.Git(t, bare, "rev-parse", "main") != next.ID() {
		t.Errorf("landed at %s instead of %s", landing.Head.ID(), next.ID())
	}
	repotest.Fsck(t, bare)
	if n := repotest.Git(t, bare, "rev-list", "--count", "main"); n != "4" {
		t.Errorf("%s commits", n)
	}
	if got := repotest.Git(t, bare, "log", "-1", "--format=%(trailers:key=Reason,valueonly)", outcomes[0].Commit); got != "a b two [31m lines" {
		t.Errorf("the reason is %q", got)
	}
	if got := repotest.Git(t, bare, "log", "-1", "--format=%(trailers:key=Kind,valueonly)", outcomes[1].Commit); got != "bump by hand" {
		t.Errorf("the kind is %q", got)
	}

	again, outcomes, err := Bump(head(t, bare), intents, policies, ada)
	if err != nil || again.ID() != next.ID() {
		t.Errorf("asked again: %s, %v", again.ID(), err)
	}
	for _, out := range outcomes {
		if out.Result != There {
			t.Errorf("asked again: %s %s is %s", out.Image, out.Tag, out.Result)
		}
	}
}
