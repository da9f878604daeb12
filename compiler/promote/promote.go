// Package promote says whether an image may move into an environment now.
//
// Decide is the only place where that is decided. It is pure: it reads no disk, no network and no clock,
// so what a person is told, what a program does and what is checked at the moment of writing can never
// disagree.
package promote

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/state"
)

// A Kind is what sort of move is asked for.
type Kind string

const (
	AutomaticBump Kind = "automatic bump"
	ManualBump    Kind = "bump by hand"
)

// Automatic reports whether a machine asks, without a person who answers for it.
func (k Kind) Automatic() bool { return k == AutomaticBump }

// Origin is what a record says of a move of this kind.
func (k Kind) Origin() state.Origin {
	if k.Automatic() {
		return state.Automatic
	}
	return state.Manual
}

// A Request asks for one image to run one tag in one environment.
type Request struct {
	Kind        Kind
	Image       string
	Environment string
	Tag         string
	Sequence    string // the tag's place in the order, where the build gives it; "" where it does not
}

// A Policy is what is declared about an image in an environment.
type Policy struct {
	Image        *release.Image // nil: no app builds it
	Images       []string       // all that are declared, for suggestions; may be empty where Image is known
	Environments []string       // all that are declared
	UsedIn       []string       // the environments in which some app runs the image
}

// State is what the charts repo says of a pin, on the very tree that will be written.
type State struct {
	Pin    string // the tag that the pin says; "" where there is none yet
	Record *state.Record
}

// A Verdict is what one rule says of a request.
type Verdict string

const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	Advise        Verdict = "advise" // it does not hold, and is said; it does not bind this kind of request
	NotApplicable Verdict = "not-applicable"
)

// A Ruling is one rule's verdict, and why.
type Ruling struct {
	Rule     string
	Verdict  Verdict
	Sentence string         // lower case, no full stop
	Why      string         // the reason of the rule, where it is not plain
	Fix      string         // how to mend it, where it does not pass
	Where    token.Position // what declares it
}

// A Decision is the verdict of every rule, in a fixed order.
type Decision struct {
	Request Request
	Rulings []Ruling
	// Superseded: the only thing against it is that something newer has been there. Nothing is wrong
	// then, and nothing is to be done.
	Superseded bool

	// What the record says once the request is carried out.
	Mark     state.Mark // the newest that has run there
	Seen     []string   // for order first-seen
	Sequence string     // the tag's place in the order; "" where it has none
}

// Allowed reports whether no rule forbids the move.
func (d Decision) Allowed() bool {
	return !slices.ContainsFunc(d.Rulings, func(r Ruling) bool { return r.Verdict == Fail })
}

// Findings are the rules that forbid the move.
func (d Decision) Findings() diag.List { return d.those(Fail) }

// Advice is what does not hold and does not bind.
func (d Decision) Advice() diag.List { return d.those(Advise) }

func (d Decision) those(v Verdict) diag.List {
	var list diag.List
	for _, r := range d.Rulings {
		if r.Verdict == v {
			list = append(list, diag.Finding{Rule: r.Rule, Where: r.Where, What: r.Sentence, Why: r.Why, Fix: r.Fix})
		}
	}
	return list
}

// Decide says whether a request may be carried out. Every rule is asked, whatever the others say.
func Decide(p Policy, s State, r Request, _ time.Time) Decision {
	d := Decision{Request: r}
	known := isKnown(p, r)
	d.Rulings = append(d.Rulings, known)
	if known.Verdict == Fail {
		for _, rule := range []string{"tag", "order"} {
			d.Rulings = append(d.Rulings, Ruling{Rule: rule, Verdict: NotApplicable, Sentence: "nothing is declared to judge it by"})
		}
		return d
	}
	tag := isTag(p, r)
	order := isInOrder(p, s, r)
	d.Rulings = append(d.Rulings, tag, order.Ruling)
	d.Superseded = order.older && order.Verdict == Fail && tag.Verdict == Pass
	d.Mark, d.Seen, d.Sequence = order.mark, order.seen, order.sequence
	return d
}

// isKnown: the image and the environment are declared, and the image is used there.
func isKnown(p Policy, r Request) Ruling {
	out := Ruling{Rule: "known", Verdict: Fail}
	switch {
	case !slices.Contains(p.Environments, r.Environment):
		out.Sentence = fmt.Sprintf("unknown environment %q: declared are %s", r.Environment, diag.Listed(p.Environments))
		out.Fix = meant("ask for", r.Environment, p.Environments, "declare it in environments/")
	case p.Image == nil:
		out.Sentence = fmt.Sprintf("no app builds the image %s", r.Image)
		out.Fix = meant("ask for", r.Image, p.Images, "declare it in the app whose code it is, under `builds`")
	case !slices.Contains(p.UsedIn, r.Environment):
		out.Where = p.Image.Pos
		out.Sentence = fmt.Sprintf("no app runs the image %s in %s: it runs in %s", r.Image, r.Environment, diag.Listed(p.UsedIn))
		out.Fix = fmt.Sprintf("release an app that runs it there: `release: %s: {}`", r.Environment)
	case pin(p, r.Environment) == nil:
		out.Where = p.Image.Pos
		out.Sentence = fmt.Sprintf("the image %s has no pin for %s", r.Image, r.Environment)
		out.Fix = fmt.Sprintf("declare which file and key hold its tag: `pin: %s: {path: ..., tag: ...}`", r.Environment)
	default:
		return Ruling{Rule: "known", Verdict: Pass, Where: p.Image.Pos, Sentence: fmt.Sprintf("the image %s is declared, and runs in %s", r.Image, r.Environment)}
	}
	return out
}

// Pin is where an environment's tag of the image stands, or nil.
func (p Policy) Pin(environment string) *release.Pin { return pin(p, environment) }

func pin(p Policy, environment string) *release.Pin {
	for i := range p.Image.Pins {
		if p.Image.Pins[i].Environment == environment {
			return &p.Image.Pins[i]
		}
	}
	return nil
}

func meant(verb, wrong string, names []string, otherwise string) string {
	if near := diag.Suggest(wrong, names); near != "" {
		return fmt.Sprintf("%s %s, or %s", verb, near, otherwise)
	}
	return otherwise
}

// anyTag is the shape of a tag where nothing is declared: what a registry takes. See schema/image.cue.
const anyTag = `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`

var aTag = regexp.MustCompile(anyTag)

// isTag: the tag has the declared shape, and names one build for good.
func isTag(p Policy, r Request) Ruling {
	out := Ruling{Rule: "tag", Verdict: Fail, Where: p.Image.Pos}
	shape, err := regexp.Compile(p.Image.Tag)
	switch {
	case err != nil:
		out.Sentence = fmt.Sprintf("the declared shape %q is no regular expression", p.Image.Tag)
	case !aTag.MatchString(r.Tag):
		out.Sentence = fmt.Sprintf("%q is no tag that a registry takes: letters, digits, _ . - and at most 128 of them", r.Tag)
	case !shape.MatchString(r.Tag):
		out.Sentence = fmt.Sprintf("%q does not have the shape of a tag of %s, which is %s", r.Tag, r.Image, p.Image.Tag)
		out.Fix = "ask for a tag that the build has made"
	case moves(r.Tag, p):
		out.Sentence = fmt.Sprintf("%q is a name that moves: what it stands for today is something else tomorrow", r.Tag)
		out.Fix = "ask for the tag of one build, such as v123 or a commit"
	default:
		return Ruling{Rule: "tag", Verdict: Pass, Where: p.Image.Pos, Sentence: fmt.Sprintf("%s has the shape of a tag of %s", r.Tag, r.Image)}
	}
	return out
}

// moves reports whether a tag is a branch or a channel rather than a build. Where the image declares the
// shape of its tags that is the author's word; a tag of any shape must at least count or name something.
func moves(tag string, p Policy) bool {
	switch strings.ToLower(tag) {
	case "latest", "edge", "nightly", "stable", "main", "master", "trunk", "head", "dev", "develop", "development", "release", "rolling":
		return true
	}
	if slices.Contains(p.Environments, tag) {
		return true
	}
	return p.Image.Tag == anyTag && !strings.ContainsAny(tag, "0123456789")
}
