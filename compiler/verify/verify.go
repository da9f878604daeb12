// Package verify says whether the commits of a charts repo do what their trailers say, and nothing else.
//
// Nothing that a commit says of itself is believed: what it changed is read again, and has to be what
// pintle would have written. A commit without trailers is foreign, and may do what it likes beside what
// pintle owns. A merge has to keep what each side did.
package verify

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
)

// Options say what is put up with. The zero value lets others do nothing to what pintle owns.
type Options struct {
	AllowForeign bool // commits of others may move pins on, and change elements
}

// A Report is what was found of a range of commits.
type Report struct {
	Base    string // "" where the range begins with the first commit
	Head    string
	Commits []Commit  // parents before children
	Net     diag.List // what is wrong with the range as a whole
}

// A Verdict is what is to be said of one commit.
type Verdict string

const (
	AsSaid  Verdict = "ok"      // it does what it says, or merges what others did
	Foreign Verdict = "foreign" // pintle did not make it
	Wrong   Verdict = "wrong"   // it does something else than it says
)

// A Commit is one commit and what it really did.
type Commit struct {
	ID       string
	Subject  string
	Author   repo.Person
	At       time.Time
	Kind     string // what it says that it is; "" for foreign ones and merges
	Merge    bool
	Verdict  Verdict
	Moves    []Move    // of pins
	Elements []Touched // that pintle owns; of foreign commits and merges
	State    []string  // files of pintle's own; of foreign commits and merges
	Notes    []string  // what is right, and should be known
	Findings diag.List
}

// A Move is a pin that says something else than before.
type Move struct {
	Image, Environment string
	Pin                state.PinAt
	From, To           string // "" where there is none
	Back               bool   // it is older than the newest that has run there
}

// A Touched element is one that means something else than before, or is gone.
type Touched struct {
	Path string `json:"path"`
	document.Element
	Gone bool `json:"gone,omitempty"`
}

// Findings are those of all commits, and of the range.
func (r *Report) Findings() diag.List {
	var list diag.List
	for _, c := range r.Commits {
		list = append(list, c.Findings...)
	}
	return append(list, r.Net...)
}

// Count is how many commits have a verdict.
func (r *Report) Count(v Verdict) int {
	n := 0
	for _, c := range r.Commits {
		if c.Verdict == v {
			n++
		}
	}
	return n
}

// Commits looks at each commit of a span by itself, against its first parent or, for a merge, against all
// of them; and then at what became of the pins from one end to the other.
func Commits(h *repo.History, s *repo.Span, o Options) (*Report, error) {
	v := &verifier{past: newPast(h), opts: o}
	r := &Report{Head: s.Head.ID}
	if s.Base != nil {
		r.Base = s.Base.ID
	}
	for _, rev := range s.Revisions {
		c, err := v.commit(rev)
		if err != nil {
			return nil, err
		}
		r.Commits = append(r.Commits, *c)
	}
	var err error
	r.Net, err = v.net(s, r.Commits)
	return r, err
}

type verifier struct {
	*past
	opts Options
}

func (v *verifier) commit(rev *repo.Revision) (*Commit, error) {
	subject, _, _ := strings.Cut(strings.TrimSpace(rev.Message), "\n")
	c := &Commit{ID: rev.ID, Subject: subject, Author: rev.Author, At: rev.At, Verdict: AsSaid, Merge: len(rev.Parents) > 1}
	if c.Merge {
		return c, v.merge(c, rev)
	}
	var parent *repo.Revision
	if len(rev.Parents) > 0 {
		var err error
		if parent, err = v.history.Revision(rev.Parents[0]); err != nil {
			return nil, err
		}
	}
	changes, err := rev.Changes(parent)
	if err != nil {
		return nil, err
	}
	step := step{commit: c, before: parent, after: rev, changes: changes}
	said := claimOf(rev.Message)
	switch {
	case said == nil:
		err = v.foreign(step)
	case said.kind == configKind:
		c.Kind = said.kind
		err = v.config(step, said)
	case said.kind != "" && said.has(state.ImageTrailer):
		c.Kind = said.kind
		err = v.move(step, said)
	default:
		c.Kind = said.kind
		err = v.unknown(step, said)
	}
	if len(c.Findings) > 0 && said != nil {
		c.Verdict = Wrong
	}
	c.Findings = c.Findings.Sorted()
	return c, err
}

// A step is a commit and what it changed against its parent, which is nil where there is none.
type step struct {
	commit        *Commit
	before, after *repo.Revision
	changes       []repo.FileChange
}

// short is a commit's id as people write it.
func short(id string) string { return id[:min(10, len(id))] }

func (s step) finds(rule, path, what, why, fix string) {
	s.commit.finds(rule, path, what, why, fix)
}

// finds adds a finding that names the commit.
func (c *Commit) finds(rule, path, what, why, fix string) {
	f := diag.Finding{Rule: rule, What: "commit " + short(c.ID) + " " + what, Why: why, Fix: fix}
	f.Where.Filename = path
	c.Findings = append(c.Findings, harmless(f))
}

// harmless is a finding without what would steer a terminal: names come from whoever wrote the commit.
func harmless(f diag.Finding) diag.Finding {
	for _, s := range []*string{&f.What, &f.Why, &f.Fix, &f.Where.Filename} {
		*s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && r != '\n' {
				return '\ufffd'
			}
			return r
		}, *s)
	}
	return f
}

// change is what a step did to a path, if anything.
func (s step) change(path string) (repo.FileChange, bool) {
	i := slices.IndexFunc(s.changes, func(c repo.FileChange) bool { return c.Path == path })
	if i < 0 {
		return repo.FileChange{}, false
	}
	return s.changes[i], true
}

// A claim is what the trailers of a commit say.
type claim struct {
	kind     string
	trailers []state.Trailer
}

// configKind is what the Kind of a commit of declarations is.
const configKind = "config"

// claimOf is what a commit says of itself; nil where it says nothing that pintle would say. Both trailers
// are in every commit that pintle makes, and the others are words that anyone may use.
func claimOf(message string) *claim {
	c := &claim{trailers: state.Trailers(message)}
	if !c.has(state.KindTrailer) && !c.has(state.IntentTrailer) {
		return nil
	}
	c.kind = c.value(state.KindTrailer)
	return c
}

func (c *claim) has(key string) bool {
	return slices.ContainsFunc(c.trailers, func(t state.Trailer) bool { return t.Key == key })
}

func (c *claim) value(key string) string {
	for _, t := range c.trailers {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// check finds trailers that are missing, or are given twice.
func (c *claim) check(s step, must ...string) (ok bool) {
	ok = true
	for _, key := range append([]string{state.KindTrailer, state.IntentTrailer}, must...) {
		if c.value(key) == "" {
			s.finds("verify-trailer", "", "has no trailer "+key, "", "make the commit with pintle, and leave its message as it is")
			ok = false
		}
	}
	for i, t := range c.trailers {
		if slices.ContainsFunc(c.trailers[:i], func(u state.Trailer) bool { return u.Key == t.Key && u.Value != t.Value }) {
			s.finds("verify-trailer", "", "says "+t.Key+" twice", "so it says nothing for certain",
				"where a pull request was squashed, merge it with a merge commit or a rebase instead")
			ok = false
		}
	}
	return ok
}

// unknown is a commit that says it is of a kind that this pintle does not know. What it did is looked at
// as if it said nothing.
func (v *verifier) unknown(s step, said *claim) error {
	said.check(s)
	s.finds("verify-trailer", "", "is of the kind "+cmp.Or(quoted(said.kind), "nothing")+", and says of no image what it does",
		"this pintle knows bumps and commits of declarations", "upgrade pintle, if a newer one made it")
	return v.foreign(s)
}
