package promote

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/state"
)

// ordered is an image that runs in staging and has a pin there, and nothing but a tag's own shape to go by.
func ordered(order string) Policy {
	return Policy{
		Image: &release.Image{
			Name: "shop", Tag: anyTag, Order: order,
			Pins: []release.Pin{{Environment: "staging", Path: "pins/staging", Key: "tag"}},
		},
		Images:       []string{"shop"},
		Environments: []string{"staging", "production", "v2"},
		UsedIn:       []string{"staging", "v2"},
	}
}

func asked(k Kind, tag, sequence string) Request {
	return Request{Kind: k, Image: "shop", Environment: "staging", Tag: tag, Sequence: sequence}
}

func ruling(t *testing.T, d Decision, rule string) Ruling {
	t.Helper()
	for _, r := range d.Rulings {
		if r.Rule == rule {
			return r
		}
	}
	t.Fatalf("%+v has no ruling on %s", d, rule)
	return Ruling{}
}

func TestKnown(t *testing.T) {
	nobody := ordered("")
	nobody.Image, nobody.Images = nil, []string{"shop-api"}
	tests := []struct {
		name          string
		policy        Policy
		environment   string
		what, fix     string
		otherwiseFine bool
	}{
		{"all is declared", ordered("numeric"), "staging", "is declared, and runs in staging", "", true},
		{"a misspelt environment", ordered("numeric"), "stagin", `unknown environment "stagin"`, "ask for staging", false},
		{"an environment like no other", ordered("numeric"), "moon", "declared are staging, production and v2", "declare it in environments/", false},
		{"an image that nobody builds", nobody, "staging", "no app builds the image shop", "declare it in the app", false},
		{"an environment in which it does not run", ordered("numeric"), "production", "it runs in staging and v2", "`release: production: {}`", false},
		{"no pin", ordered("numeric"), "v2", "has no pin for v2", "`pin: v2: {path: ..., tag: ...}`", false},
	}
	for _, test := range tests {
		r := asked(ManualBump, "v1", "")
		r.Environment = test.environment
		d := Decide(test.policy, State{}, r, time.Time{})
		got := ruling(t, d, "known")
		if (got.Verdict == Pass) != test.otherwiseFine || !strings.Contains(got.Sentence, test.what) || !strings.Contains(got.Fix, test.fix) {
			t.Errorf("%s: %+v", test.name, got)
		}
		if test.otherwiseFine {
			continue
		}
		if d.Allowed() || d.Superseded || d.Mark != (state.Mark{}) {
			t.Errorf("%s: decided %+v", test.name, d)
		}
		if v := ruling(t, d, "order").Verdict; v != NotApplicable {
			t.Errorf("%s: order is %s where there is nothing to judge by", test.name, v)
		}
	}
}

func TestTag(t *testing.T) {
	tests := []struct {
		shape, tag string
		what       string // "" where it passes
	}{
		{"", "v12", ""},
		{"", "abc1234", ""},
		{"", "release-2024.1", ""},
		{"^v[0-9]+$", "v12", ""},
		{"^v[0-9]+$", "12", "does not have the shape"},
		{"^[a-z]+$", "green", ""},                   // the author's word that this names one build
		{"^[a-z]+$", "latest", "a name that moves"}, // and nobody's
		{"", "latest", "a name that moves"},
		{"", "Main", "a name that moves"},
		{"", "my-branch", "a name that moves"},
		{"", "v2", "a name that moves"}, // it is an environment's
		{"", "", "no tag that a registry takes"},
		{"", "v1\n", "no tag that a registry takes"},
		{"", "v1 ", "no tag that a registry takes"},
		{"", "-v1", "no tag that a registry takes"},
		{"", "shop:v1", "no tag that a registry takes"},
		{"", "v1+build", "no tag that a registry takes"},
		{"", strings.Repeat("1", 129), "no tag that a registry takes"},
		{".*", "v1\nx", "no tag that a registry takes"},
		{"^v[0-9+$", "v1", "no regular expression"},
	}
	for _, test := range tests {
		p := ordered("")
		if test.shape != "" {
			p.Image.Tag = test.shape
		}
		d := Decide(p, State{}, asked(ManualBump, test.tag, ""), time.Time{})
		got := ruling(t, d, "tag")
		if test.what == "" && got.Verdict != Pass || test.what != "" && (got.Verdict != Fail || !strings.Contains(got.Sentence, test.what) || d.Allowed()) {
			t.Errorf("%q as %q: %s: %s", test.tag, test.shape, got.Verdict, got.Sentence)
		}
	}
}

// What stands there, what is asked for automatically, and what the rule says. By hand, all that fails is
// advice instead, but for a contradiction.
func TestOrder(t *testing.T) {
	ran := func(tag, sequence, pin string) State {
		return State{Pin: pin, Record: &state.Record{Tag: tag, Sequence: sequence, HighWater: state.Mark{Tag: tag, Sequence: sequence}}}
	}
	seen := func(pin string, tags ...string) State {
		last := tags[len(tags)-1]
		return State{Pin: pin, Record: &state.Record{
			Tag: last, Sequence: fmt.Sprint(len(tags)), Seen: tags, HighWater: state.Mark{Tag: last, Sequence: fmt.Sprint(len(tags))},
		}}
	}
	const (
		first    = "is the first release there"
		newer    = "is not older than"
		older    = "is older than"
		apart    = "cannot be compared with"
		nowhere  = "has no place in"
		unsaid   = "nothing says which"
		contrary = "so a sequence contradicts it"
	)
	tests := []struct {
		order string
		state State
		tag   string
		what  string
		mark  string // what the newest is afterwards
	}{
		{"numeric", State{}, "v7", first, "v7 7"},
		{"numeric", ran("v9", "9", "v9"), "v10", newer, "v10 10"},
		{"numeric", ran("v9", "9", "v9"), "v9", newer, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "v8", older, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "v009", newer, "v009 9"},
		{"numeric", ran("v9", "9", "v9"), "v000", older, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "10", apart, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "1234567", apart, "v9 9"}, // the beginning of a commit, perhaps
		{"numeric", ran("v9", "9", "v9"), "abc1234", nowhere, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "b123456", apart, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "v10-branch", nowhere, "v9 9"},
		{"numeric", ran("v9", "9", "v9"), "release-10", apart, "v9 9"},
		{"numeric", ran("release-9", "9", "release-9"), "release-10", newer, "release-10 10"},
		{"numeric", ran("v9", "9", "v9"), "v1234567890123456789", nowhere, "v9 9"}, // more digits than anyone counts to
		{"numeric", ran("v9", "9", "v9"), strings.Repeat("ab12", 10), nowhere, "v9 9"},

		// Somebody else has moved the pin, or was here first.
		{"numeric", State{Pin: "v9"}, "v8", older, "v9 9"},
		{"numeric", State{Pin: "v9"}, "v10", newer, "v10 10"},
		{"numeric", State{Pin: "abc1234"}, "v8", first, "v8 8"},
		{"numeric", ran("v9", "9", "v12"), "v11", older, "v12 12"},
		{"numeric", ran("v9", "9", "v3"), "v8", older, "v9 9"},
		{"numeric", ran("v9", "9", "abc1234"), "v8", older, "v9 9"},
		{"numeric", ran("v9", "9", "build-12"), "v8", older, "v9 9"},
		{"numeric", ran("v9", "9", ""), "v8", older, "v9 9"},
		{"numeric", State{Pin: "v9", Record: &state.Record{Tag: "v9"}}, "v8", older, "v9 9"}, // written before it had an order
		{"numeric", ran("1.9.0", "v1.9.0", "v9"), "v8", older, "v9 9"},                       // or in another one
		{"semver", State{Pin: "1.9.0"}, "1.8.0", older, "1.9.0 v1.9.0"},

		{"semver", State{}, "1.2.3", first, "1.2.3 v1.2.3"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1.10.0", newer, "1.10.0 v1.10.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "v1.8.9", older, "1.9.0 v1.9.0"},
		{"semver", ran("v1.9.0", "v1.9.0", "v1.9.0"), "1.9.1", newer, "1.9.1 v1.9.1"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1.9.0-rc.1", older, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0-rc.2", "v1.9.0-rc.2", "1.9.0-rc.2"), "1.9.0-rc.10", newer, "1.9.0-rc.10 v1.9.0-rc.10"},
		{"semver", ran("1.9.0-rc.2", "v1.9.0-rc.2", "1.9.0-rc.2"), "1.9.0", newer, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1.9.0+2", newer, "1.9.0+2 v1.9.0+2"}, // metadata has no order
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1.9", newer, "1.9 v1.9"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "2", nowhere, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1234567", nowhere, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "abc1234", nowhere, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "1.10.x", nowhere, "1.9.0 v1.9.0"},
		{"semver", ran("1.9.0", "v1.9.0", "1.9.0"), "01.10.0", nowhere, "1.9.0 v1.9.0"},

		{"first-seen", State{}, "abc1234", first, "abc1234 1"},
		{"first-seen", State{Pin: "old1"}, "new1", newer, "new1 2"},
		{"first-seen", seen("c3", "a1", "b2", "c3"), "d4", newer, "d4 4"},
		{"first-seen", seen("c3", "a1", "b2", "c3"), "b2", older, "c3 3"},
		{"first-seen", seen("a1", "a1", "b2", "c3"), "b2", older, "c3 3"}, // somebody went back
		{"first-seen", seen("x9", "a1", "b2", "c3"), "c3", older, "x9 4"}, // or on
		{"first-seen", ran("v9", "9", "v9"), "a1", newer, "a1 10"},        // it was numeric before

		{"sequence", State{}, "abc1234", nowhere, " "},
		{"sequence", State{}, "abc1234 7", first, "abc1234 7"},
		{"sequence", ran("abc1234", "7", "abc1234"), "v1 10", newer, "v1 10"},
		{"sequence", ran("abc1234", "7", "abc1234"), "v9 6", older, "abc1234 7"},
		{"sequence", ran("abc1234", "7", "other"), "v9 6", older, "abc1234 7"},
		{"sequence", ran("abc1234", "7", "abc1234"), "v9 one", nowhere, "abc1234 7"},
		{"sequence", ran("abc1234", "7", "abc1234"), "v9 99999999999999999999", newer, "v9 99999999999999999999"},
		{"sequence", ran("1.9.0", "v1.9.0", "1.9.0"), "v9 6", first, "v9 6"}, // it was semver before

		{"", State{}, "v1", unsaid, " "},
		{"", State{Pin: "v1"}, "v2", unsaid, " "},
		{"", ran("v1", "1", "v1"), "v3 3", newer, "v3 3"}, // its build says it nevertheless
		{"", ran("v4", "4", "v4"), "v3 3", older, "v4 4"},

		{"numeric", ran("v9", "9", "v9"), "v10 10", contrary, "v9 9"},
		{"semver", State{}, "1.0.0 1", contrary, " "},
		{"first-seen", State{}, "a1 1", contrary, " "},
	}
	for _, test := range tests {
		tag, sequence, _ := strings.Cut(test.tag, " ")
		d := Decide(ordered(test.order), test.state, asked(AutomaticBump, tag, sequence), time.Time{})
		got := ruling(t, d, "order")
		passes := test.what == first || test.what == newer
		if (got.Verdict == Pass) != passes || !strings.Contains(got.Sentence, test.what) {
			t.Errorf("%s of %s after %+v: %s: %s", test.order, test.tag, test.state, got.Verdict, got.Sentence)
		}
		if mark := d.Mark.Tag + " " + d.Mark.Sequence; mark != test.mark {
			t.Errorf("%s of %s after %+v: the newest is %q, want %q", test.order, test.tag, test.state, mark, test.mark)
		}
		if d.Superseded != (test.what == older) {
			t.Errorf("%s of %s after %+v: superseded %v", test.order, test.tag, test.state, d.Superseded)
		}
		byHand := Decide(ordered(test.order), test.state, asked(ManualBump, tag, sequence), time.Time{})
		want := Advise
		if passes {
			want = Pass
		} else if test.what == contrary {
			want = Fail
		}
		if v := ruling(t, byHand, "order").Verdict; v != want || byHand.Mark != d.Mark || byHand.Superseded {
			t.Errorf("%s of %s by hand: %s, %+v", test.order, test.tag, v, byHand)
		}
	}
}

// A record keeps the last of the tags that were seen, and they have the same order among themselves.
func TestOrderOfManySeen(t *testing.T) {
	s := State{Record: &state.Record{HighWater: state.Mark{Tag: "t5199", Sequence: "5200"}}}
	for i := 5200 - state.MaxSeen; i < 5200; i++ {
		s.Record.Seen = append(s.Record.Seen, fmt.Sprintf("t%d", i))
	}
	s.Pin, s.Record.Tag = "t5199", "t5199"
	for _, test := range []struct {
		tag     string
		allowed bool
	}{{"t5000", false}, {"t5100", false}, {"t5199", true}, {"t5200", true}} {
		d := Decide(ordered("first-seen"), s, asked(AutomaticBump, test.tag, ""), time.Time{})
		if d.Allowed() != test.allowed || d.Superseded == test.allowed {
			t.Errorf("%s: %+v", test.tag, d.Rulings)
		}
	}
	d := Decide(ordered("first-seen"), s, asked(AutomaticBump, "t5200", ""), time.Time{})
	if len(d.Seen) != state.MaxSeen+1 || d.Seen[state.MaxSeen] != "t5200" || len(s.Record.Seen) != state.MaxSeen {
		t.Errorf("%d tags were seen, and %d before", len(d.Seen), len(s.Record.Seen))
	}
}

// Who asks for something older gets told nothing is wrong, but not where the tag is none.
func TestSupersededOnlyByOrder(t *testing.T) {
	p := ordered("numeric")
	p.Image.Tag = "^v[0-9]{2}$"
	for tag, want := range map[string]bool{"v08": true, "v8": false} {
		if d := Decide(p, State{Pin: "v09"}, asked(AutomaticBump, tag, ""), time.Time{}); d.Superseded != want || d.Allowed() {
			t.Errorf("%s: %+v", tag, d)
		}
	}
}

// Where an image was ordered by something else before, its newest counts as seen.
func TestSeenBeforeItCounted(t *testing.T) {
	s := State{Pin: "v9", Record: &state.Record{Tag: "v9", HighWater: state.Mark{Tag: "v9", Sequence: "9"}}}
	d := Decide(ordered("first-seen"), s, asked(AutomaticBump, "a1", ""), time.Time{})
	s = State{Pin: "a1", Record: &state.Record{Tag: "a1", Sequence: d.Sequence, HighWater: d.Mark, Seen: d.Seen}}
	if d = Decide(ordered("first-seen"), s, asked(AutomaticBump, "v9", ""), time.Time{}); !d.Superseded {
		t.Errorf("v9 after a1: %+v", d)
	}
}

func TestOlder(t *testing.T) {
	tests := []struct {
		order, a, b string
		want        bool
	}{
		{"numeric", "v9", "v10", true},
		{"numeric", "v10", "v9", false},
		{"numeric", "v9", "v9", false},
		{"numeric", "v9", "build-10", false},
		{"numeric", "v9", "abc1234", false},
		{"semver", "1.9.0", "v1.10.0", true},
		{"first-seen", "a", "b", false},
		{"sequence", "a", "b", false},
		{"", "v1", "v2", false},
	}
	for _, test := range tests {
		if got := Older(ordered(test.order), asked(AutomaticBump, test.a, ""), asked(AutomaticBump, test.b, "")); got != test.want {
			t.Errorf("%s: Older(%s, %s) = %v", test.order, test.a, test.b, got)
		}
	}
	if !Older(ordered("sequence"), asked(AutomaticBump, "z", "9"), asked(AutomaticBump, "a", "10")) {
		t.Error("a sequence of 9 is older than one of 10")
	}
	if Older(Policy{}, Request{}, Request{}) {
		t.Error("of an image that nobody builds, nothing is older")
	}
}
