package verify

import (
	"fmt"
	"go/token"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/repo"
)

// net finds pins that are older at the head of a span than at its base, where no commit in between says so:
// each step may look harmless, and a branch may simply lack what the base has.
func (v *verifier) net(s *repo.Span, commits []Commit) (diag.List, error) {
	if s.Base == nil {
		return nil, nil
	}
	changes, err := s.Head.Changes(s.Base)
	if err != nil {
		return nil, err
	}
	before, err := v.pinsOf(s.Base)
	if err != nil {
		return nil, err
	}
	after, err := v.pinsOf(s.Head)
	if err != nil {
		return nil, err
	}
	var findings diag.List
	for _, c := range changes {
		for _, p := range bothPins(before, after, c.Path) {
			was, err := v.tagIn(p.Pin, c.Before)
			if err != nil {
				return nil, err
			}
			is, err := v.tagIn(p.Pin, c.After)
			if err != nil {
				return nil, err
			}
			back := was != is && goesBack(p.Record, is)
			if was != is && !back && p.HighWater.Sequence == "" {
				if back, err = v.atFork(s, p, was, is); err != nil {
					return nil, err
				}
			}
			if back && !said(commits, p, is) {
				findings = append(findings, lost(s, p, was, is))
			}
		}
	}
	return findings, nil
}

// atFork reports whether the head has what both had when they parted, and the base has moved on since.
func (v *verifier) atFork(s *repo.Span, p pinned, was, is string) (bool, error) {
	if s.Fork == nil || s.Fork.ID == s.Base.ID {
		return false, nil
	}
	e, err := s.Fork.Find(p.Pin.Path)
	if err != nil {
		return false, err
	}
	then, err := v.tagIn(p.Pin, e)
	return then == is && then != was, err
}

// said reports whether a commit says that the pin goes there: one by hand, which is right, or one that is
// blamed for it already.
func said(commits []Commit, p pinned, tag string) bool {
	return slices.ContainsFunc(commits, func(c Commit) bool {
		if c.Verdict == AsSaid && (c.Merge || c.Kind == string(promote.AutomaticBump)) {
			return false
		}
		return slices.ContainsFunc(c.Moves, func(m Move) bool {
			return m.Image == p.image && m.Environment == p.environment && m.To == tag && (c.Verdict == AsSaid || m.Back)
		})
	})
}

func lost(s *repo.Span, p pinned, was, is string) diag.Finding {
	f := diag.Finding{
		Rule:  "verify-back",
		Where: token.Position{Filename: p.Pin.Path},
		What:  fmt.Sprintf("%s in %s goes back from %s to %s between %s and %s", p.image, p.environment, orNothing(was), orNothing(is), short(s.Base.ID), short(s.Head.ID)),
		Why:   "no commit in between says that this is meant",
		Fix:   fmt.Sprintf("if it is meant, `pintle bump %s %s --env %s`", p.image, orNothing(is), p.environment),
	}
	if s.Fork == nil || s.Fork.ID != s.Base.ID {
		f.Why += "; the head lacks what the base has got since they parted"
		f.Fix = "merge the base into the head, or ask for BASE...HEAD: what the head did since"
	}
	return harmless(f)
}
