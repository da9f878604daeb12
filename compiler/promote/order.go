package promote

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/pintle-dev/pintle/compiler/state"
)

// A place is where a tag stands in the order of an image's releases. Two places compare only within one
// series: v12 is not newer than build-3.
type place struct {
	series   string
	sequence string // as the record keeps it; "" where the tag has no place
	rank     func(sequence, other string) int
}

func (p place) none() bool { return p.sequence == "" }

func (p place) compare(q place) int { return p.rank(p.sequence, q.sequence) }

// An ordering is the ruling on order, and what the record keeps of it.
type ordering struct {
	Ruling
	older    bool
	mark     state.Mark // the newest that has run there, once the request is carried out
	seen     []string   // for order first-seen
	sequence string
}

// isInOrder: the tag is not older than the newest that has run there. A tag that has no place in the
// order, as a commit among releases, never moves by itself, and does not lower the mark.
func isInOrder(p Policy, s State, r Request) ordering {
	was := s.standing(p.Image.Order)
	out := ordering{Ruling: Ruling{Rule: "order", Where: p.Image.Pos}, mark: was.HighWater, seen: was.Seen}
	binding := Advise
	if r.Kind.Automatic() {
		binding = Fail
	}
	if r.Sequence != "" && p.Image.Order != "" && p.Image.Order != "sequence" {
		out.Verdict = Fail
		out.Sentence = fmt.Sprintf("%s is ordered as %s, so a sequence contradicts it", r.Image, p.Image.Order)
		out.Fix = "leave --sequence out, or declare `order: \"sequence\"`"
		return out
	}
	at := placeOf(p.Image.Order, r.Tag, r.Sequence, was)
	if at.none() {
		out.Verdict = binding
		out.Sentence, out.Fix = unordered(p, r)
		return out
	}
	mark := placeOf(p.Image.Order, was.HighWater.Tag, was.HighWater.Sequence, was)
	switch {
	case was.HighWater.Tag == "" || mark.none():
		out.Verdict, out.Sentence = Pass, fmt.Sprintf("%s is the first release there", r.Tag)
	case mark.series != at.series:
		out.Verdict = binding
		out.Sentence = fmt.Sprintf("%s cannot be compared with %s, the newest that has run in %s", r.Tag, was.HighWater.Tag, r.Environment)
		out.Fix = "bump it by hand if it is meant"
		return out
	case at.compare(mark) < 0:
		out.Verdict, out.older, out.sequence = binding, true, at.sequence
		out.Sentence = fmt.Sprintf("%s is older than %s, the newest that has run in %s", r.Tag, was.HighWater.Tag, r.Environment)
		out.Fix = "bump it by hand if going back is meant"
		return out
	default:
		out.Verdict, out.Sentence = Pass, fmt.Sprintf("%s is not older than %s, the newest that has run in %s", r.Tag, was.HighWater.Tag, r.Environment)
	}
	out.sequence = at.sequence
	out.mark = state.Mark{Tag: r.Tag, Sequence: at.sequence}
	if p.Image.Order == "first-seen" && !slices.Contains(was.Seen, r.Tag) {
		out.seen = append(slices.Clone(was.Seen), r.Tag)
	}
	return out
}

// standing is the record with what the pin says now taken into account: somebody else may have moved it,
// or another order was declared when it was moved, and what has run there has run there. Without a record,
// the pin is all there is.
func (s State) standing(order string) state.Record {
	var was state.Record
	if s.Record != nil {
		was = *s.Record
	}
	if order == "first-seen" && was.HighWater.Tag != "" && !slices.Contains(was.Seen, was.HighWater.Tag) {
		was.Seen = append(slices.Clone(was.Seen), was.HighWater.Tag)
	}
	if s.Pin == "" {
		return was
	}
	at := placeOf(order, s.Pin, "", was)
	mark := placeOf(order, was.HighWater.Tag, was.HighWater.Sequence, was)
	if at.none() || was.HighWater.Tag != "" && !mark.none() && (mark.series != at.series || at.compare(mark) <= 0) {
		return was
	}
	was.HighWater = state.Mark{Tag: s.Pin, Sequence: at.sequence}
	if order == "first-seen" && !slices.Contains(was.Seen, s.Pin) {
		was.Seen = append(slices.Clone(was.Seen), s.Pin)
	}
	return was
}

// Older reports whether the first of two requests for one pin is known to be for an older release.
func Older(p Policy, a, b Request) bool {
	if p.Image == nil || p.Image.Order == "first-seen" {
		return false // what has come later was seen later
	}
	x := placeOf(p.Image.Order, a.Tag, a.Sequence, state.Record{})
	y := placeOf(p.Image.Order, b.Tag, b.Sequence, state.Record{})
	return !x.none() && !y.none() && x.series == y.series && x.compare(y) < 0
}

func unordered(p Policy, r Request) (sentence, fix string) {
	switch p.Image.Order {
	case "":
		return fmt.Sprintf("nothing says which of two tags of %s is the newer one, so none moves by itself", r.Image),
			"declare its order, such as `order: \"numeric\"`, or give --sequence N"
	case "sequence":
		return fmt.Sprintf("%s has no place in the order, because its build gave no sequence", r.Tag), "give --sequence N, or bump it by hand"
	}
	return fmt.Sprintf("%s has no place in the %s order of %s, and such a tag never moves by itself", r.Tag, p.Image.Order, r.Image),
		"bump it by hand"
}

// numbered is a release with a number: v123, release-123, build.123. Nothing else may stand before the
// number, so that a short commit such as abc1234 does not count.
var numbered = regexp.MustCompile(`^([vVrRbB]?|[A-Za-z][A-Za-z._-]*[._-])([0-9]{1,18})$`)

// count is a sequence as builds give it.
var count = regexp.MustCompile(`^[0-9]+$`)

// placeOf is where a tag stands in an order. Sequence is what its build gave.
func placeOf(order, tag, sequence string, was state.Record) place {
	switch order {
	case "numeric":
		if m := numbered.FindStringSubmatch(tag); m != nil {
			return place{m[1], strings.TrimLeft(m[2], "0") + zero(m[2]), byNumber}
		}
	case "semver":
		v := tag
		if !strings.HasPrefix(v, "v") {
			v = "v" + v
		}
		// 7 alone, or 1234567, is no version but the beginning of a commit.
		if semver.IsValid(v) && strings.Contains(strings.SplitN(v, "-", 2)[0], ".") {
			return place{"", v, semver.Compare}
		}
	case "first-seen":
		return place{"", firstSeen(tag, was), byNumber}
	default:
		// A record may hold a sequence of another order, which counts for nothing in this one.
		if count.MatchString(sequence) {
			return place{"", sequence, byNumber}
		}
	}
	return place{}
}

// zero keeps the last 0 of a number that is nothing else.
func zero(digits string) string {
	if strings.Trim(digits, "0") == "" {
		return "0"
	}
	return ""
}

// firstSeen is the place of a tag among those seen before. The newest of these is the mark, so the
// others count back from it, and a new one comes after it.
func firstSeen(tag string, was state.Record) string {
	newest, err := strconv.Atoi(was.HighWater.Sequence)
	if err != nil {
		newest = 0
	}
	if i := slices.Index(was.Seen, tag); i >= 0 {
		return strconv.Itoa(newest - (len(was.Seen) - 1 - i))
	}
	return strconv.Itoa(newest + 1)
}

func byNumber(a, b string) int {
	x, ok := new(big.Int).SetString(a, 10)
	y, also := new(big.Int).SetString(b, 10)
	if !ok || !also {
		return cmp.Compare(a, b)
	}
	return x.Cmp(y)
}
