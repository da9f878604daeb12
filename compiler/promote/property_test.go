package promote

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/semver"

	"github.com/pintle-dev/pintle/compiler/state"
)

// A sort is an order as people know it, told apart from how Decide finds it.
type sort struct {
	order string
	tag   func(n int) Request     // the nth release; some have no place
	older func(a, b Request) bool // nil: what ran first is older
}

var sorts = []sort{
	{"numeric", func(n int) Request {
		return Request{Tag: []string{"v%d", "v%d", "v%d", "build-%d", "abc%d", "%d"}[n%6]}.numbered(n)
	}, func(a, b Request) bool {
		x, y := strings.TrimRight(a.Tag, "0123456789"), strings.TrimRight(b.Tag, "0123456789")
		return x == y && x != "abc" && len(a.Tag) <= len(b.Tag) && (len(a.Tag) < len(b.Tag) || a.Tag < b.Tag)
	}},
	{"semver", func(n int) Request {
		return Request{Tag: []string{"1.%d.0", "v1.%d.0", "1.%d.0-rc.1", "1.0.%d", "sha%d"}[n%5]}.numbered(n)
	}, func(a, b Request) bool {
		x, y := "v"+strings.TrimPrefix(a.Tag, "v"), "v"+strings.TrimPrefix(b.Tag, "v")
		return semver.IsValid(x) && semver.IsValid(y) && semver.Compare(x, y) < 0
	}},
	{"first-seen", func(n int) Request { return Request{Tag: fmt.Sprintf("sha%d", n)} }, nil},
	{"sequence", func(n int) Request {
		r := Request{Tag: fmt.Sprintf("sha%d", 1000-n), Sequence: fmt.Sprint(n)}
		if n%4 == 0 {
			r.Sequence = ""
		}
		return r
	}, func(a, b Request) bool {
		return len(a.Sequence) < len(b.Sequence) && a.Sequence != "" || len(a.Sequence) == len(b.Sequence) && a.Sequence < b.Sequence
	}},
}

func (r Request) numbered(n int) Request {
	r.Tag = fmt.Sprintf(r.Tag, n)
	return r
}

// A life is an environment's pin, and what is carried out there, as the package commit does it.
type life struct {
	sort
	state State
	ran   []Request // in the order in which they first ran
}

func (l *life) policy() Policy {
	p := ordered(l.order)
	p.Image.Tag = "^[a-z0-9.-]+$"
	return p
}

func (l *life) ask(r Request) Decision {
	r.Image, r.Environment = "shop", "staging"
	d := Decide(l.policy(), l.state, r, time.Time{})
	if !d.Allowed() {
		return d
	}
	record := state.Record{Tag: r.Tag, Sequence: d.Sequence, Previous: l.state.Pin, HighWater: d.Mark, Seen: d.Seen, Origin: r.Kind.Origin()}
	l.state = State{Pin: r.Tag, Record: &record}
	if !slices.ContainsFunc(l.ran, func(q Request) bool { return q.Tag == r.Tag }) {
		l.ran = append(l.ran, r)
	}
	return d
}

// isOlder reports whether the ith of what has run is newer than a request.
func (l *life) isOlder(r Request, i int) bool {
	if l.older != nil {
		return l.older(r, l.ran[i])
	}
	at := slices.IndexFunc(l.ran, func(q Request) bool { return q.Tag == r.Tag })
	return at >= 0 && at < i
}

// Whatever people do by hand, a machine never takes an environment back, and what is the newest never
// becomes an older one.
func TestAutomaticNeverGoesBack(t *testing.T) {
	for _, s := range sorts {
		rnd := rand.New(rand.NewPCG(3, 4))
		for range 60 {
			l := &life{sort: s}
			if rnd.IntN(2) == 0 { // a pin that was there before pintle
				first := s.tag(rnd.IntN(30))
				if first.Sequence == "" {
					l.state.Pin, l.ran = first.Tag, []Request{first}
				}
			}
			for range 40 {
				r := s.tag(rnd.IntN(30))
				r.Kind = []Kind{AutomaticBump, AutomaticBump, ManualBump}[rnd.IntN(3)]
				before := l.state
				ran := slices.Clone(l.ran)
				d := l.ask(r)
				if again := Decide(l.policy(), before, d.Request, time.Time{}); !reflect.DeepEqual(again, d) {
					t.Fatalf("%s: asked again, %+v is %+v", s.order, d, again)
				}
				if d.Superseded && d.Allowed() {
					t.Fatalf("%s: superseded and allowed: %+v", s.order, d)
				}
				if r.Kind.Automatic() && d.Allowed() {
					for i := range ran {
						if l.isOlder(r, i) {
							t.Fatalf("%s: %s moved by itself, after %s had run; of %+v", s.order, r.Tag, ran[i].Tag, ran)
						}
					}
				}
				if was := before.Record; was != nil && was.HighWater.Tag != "" {
					i := slices.IndexFunc(l.ran, func(q Request) bool { return q.Tag == was.HighWater.Tag })
					now := Request{Tag: d.Mark.Tag, Sequence: d.Mark.Sequence}
					if i < 0 || l.isOlder(now, i) {
						t.Fatalf("%s: the newest went from %+v to %+v", s.order, was.HighWater, d.Mark)
					}
				}
			}
		}
	}
}

// Machines deliver twice, late and in any order. The environment ends at the newest.
func TestDeliveredInAnyOrder(t *testing.T) {
	for _, s := range sorts {
		rnd := rand.New(rand.NewPCG(5, 6))
		for range 60 {
			l := &life{sort: s}
			var deliveries []Request
			for n := range 1 + rnd.IntN(9) {
				r := s.tag(6*n + 61) // all of one kind, and with a place
				if s.order == "semver" {
					r = s.tag(5*n + 11)
				}
				if s.order == "sequence" {
					r = s.tag(4*n + 101)
				}
				r.Kind = AutomaticBump
				deliveries = append(deliveries, r, r)
			}
			newest := deliveries[len(deliveries)-1]
			if s.order == "first-seen" {
				deliveries = append(deliveries, deliveries...) // the first time counts
				newest = lastNew(deliveries)
			} else {
				rnd.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
			}
			for _, r := range deliveries {
				l.ask(r)
			}
			if l.state.Pin != newest.Tag || l.state.Record.HighWater.Tag != newest.Tag {
				t.Fatalf("%s: ends at %s of %+v", s.order, l.state.Pin, deliveries)
			}
		}
	}
}

// lastNew is the last request that was not made before.
func lastNew(all []Request) Request {
	seen := map[string]bool{}
	var last Request
	for _, r := range all {
		if !seen[r.Tag] {
			last, seen[r.Tag] = r, true
		}
	}
	return last
}

// Any text may come from a registry, from a build and from a file that somebody edited. It is judged, and
// judged the same again.
func FuzzDecide(f *testing.F) {
	f.Add("numeric", "^v", "v1", "", "v2", "v2", "2", "v1,v2")
	f.Add("semver", ".*", "1.2.3", "", "v1.0", "v2.0-rc.1", "v2.0-rc.1", "")
	f.Add("first-seen", "[", "abc", "", "abd", "abd", "-1", "abc,,abd")
	f.Add("sequence", "", "x", "0007", "y", "z", "99999999999999999999999", "")
	f.Add("", "", "\x00", "-", "\xff", "", "1e9", ",")
	f.Add("first-seen", "", "a", "", "b", "c", "9223372036854775807", "c")
	f.Fuzz(func(t *testing.T, order, shape, tag, sequence, pin, mark, at, seen string) {
		p := ordered(order)
		p.Image.Tag = shape
		s := State{Pin: pin, Record: &state.Record{Tag: pin, HighWater: state.Mark{Tag: mark, Sequence: at}, Seen: strings.Split(seen, ",")}}
		for _, k := range []Kind{AutomaticBump, ManualBump} {
			for _, s := range []State{s, {Pin: pin}, {}} {
				r := asked(k, tag, sequence)
				d := Decide(p, s, r, time.Time{})
				if again := Decide(p, s, r, time.Time{}); !reflect.DeepEqual(d, again) {
					t.Fatalf("%+v, and then %+v", d, again)
				}
				if len(d.Rulings) != 3 || d.Allowed() == (len(d.Findings()) > 0) || d.Superseded && d.Allowed() {
					t.Fatalf("%+v", d)
				}
				if d.Allowed() && !aTag.MatchString(tag) {
					t.Fatalf("%q is allowed", tag)
				}
			}
		}
	})
}
