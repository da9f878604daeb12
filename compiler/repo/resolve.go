package repo

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// A Span is the revisions between two.
type Span struct {
	Base      *Revision // nil where the head has no parent
	Head      *Revision
	Fork      *Revision   // the newest revision that both have in their history; nil where there is none
	Revisions []*Revision // in the history of the head and not in that of the base; parents before children
}

// Span reads "BASE..HEAD"; "BASE...HEAD", which begins where HEAD left BASE; or "HEAD", which begins at its
// first parent. Each is a branch, a tag, a commit, or one of these with ~ and ^ as git has them.
func (h *History) Span(revs string) (*Span, error) {
	base, head, two := strings.Cut(revs, "..")
	if !two {
		return h.since(revs)
	}
	head, three := strings.CutPrefix(head, ".")
	if base == "" || head == "" {
		return nil, fmt.Errorf("%q is half a range; write BASE..HEAD", revs)
	}
	from, err := h.resolve(base)
	if err != nil {
		return nil, err
	}
	to, err := h.resolve(head)
	if err != nil {
		return nil, err
	}
	return h.span(from, to, three)
}

// since is what a revision brought to the line of its first parent.
func (h *History) since(rev string) (*Span, error) {
	head, err := h.resolve(rev)
	if err != nil {
		return nil, err
	}
	l, err := h.link(head)
	switch {
	case err != nil:
		return nil, err
	case h.shallow[head]:
		return nil, h.ends()
	case len(l.parents) == 0:
		s := &Span{}
		return s, h.fill(s, head, []plumbing.Hash{head})
	}
	return h.span(l.parents[0], head, false)
}

func (h *History) span(base, head plumbing.Hash, fork bool) (*Span, error) {
	m, err := h.meet(base, head)
	if err != nil {
		return nil, err
	}
	s := &Span{}
	if len(m.bases) > 0 {
		if s.Fork, err = h.Revision(m.bases[0].String()); err != nil {
			return nil, err
		}
	}
	switch {
	case !fork:
		if s.Base, err = h.Revision(base.String()); err != nil {
			return nil, err
		}
	case s.Fork == nil:
		return nil, fmt.Errorf("charts repo %s: the two have no history in common; write BASE..HEAD", h.dir)
	default:
		s.Base = s.Fork
	}
	return s, h.fill(s, head, m.only)
}

func (h *History) fill(s *Span, head plumbing.Hash, only []plumbing.Hash) (err error) {
	for _, id := range only {
		r, err := h.Revision(id.String())
		if err != nil {
			return err
		}
		s.Revisions = append(s.Revisions, r)
	}
	s.Head, err = h.Revision(head.String())
	return err
}

// NoRevision is a name that a clone has nothing by.
type NoRevision struct {
	Name  string
	Why   string   // what is wrong with it, if that is known
	Known []string // branches and tags that there are
	Ends  bool     // the clone is shallow, so the commit may exist elsewhere
}

func (e *NoRevision) Error() string {
	return fmt.Sprintf("the clone has no revision %q%s", e.Name, e.Why)
}

// step is one ~N, ^N or ^{commit} behind a name.
var step = regexp.MustCompile(`^(?:\^\{(?:commit)?\}|([~^])([0-9]{0,6}))`)

// resolve is the commit that a name stands for, as git rev-parse has it.
func (h *History) resolve(rev string) (plumbing.Hash, error) {
	name, rest := rev, ""
	if i := strings.IndexAny(rev, "~^"); i >= 0 {
		name, rest = rev[:i], rev[i:]
	}
	id, err := h.named(cmp.Or(name, "HEAD"))
	if err != nil {
		return id, err
	}
	for rest != "" {
		m := step.FindStringSubmatch(rest)
		if m == nil {
			return id, &NoRevision{Name: rev, Why: fmt.Sprintf(": %q is nothing that pintle understands; write ~N or ^N", rest)}
		}
		rest = rest[len(m[0]):]
		n := 1
		if m[2] != "" {
			n, _ = strconv.Atoi(m[2]) // at most six digits
		}
		switch {
		case m[1] == "~":
			for ; n > 0 && err == nil; n-- {
				id, err = h.parent(rev, id, 1)
			}
		case m[1] == "^" && n > 0:
			id, err = h.parent(rev, id, n)
		}
		if err != nil {
			return id, err
		}
	}
	return id, nil
}

func (h *History) parent(rev string, id plumbing.Hash, n int) (plumbing.Hash, error) {
	l, err := h.link(id)
	switch {
	case err != nil:
		return id, err
	case h.shallow[id]:
		return id, h.ends()
	case n > len(l.parents):
		return id, &NoRevision{Name: rev, Why: fmt.Sprintf(": %.10s has no parent %d", id, n)}
	}
	return l.parents[n-1], nil
}

// named is the commit of a branch, a tag or an id, whole or its beginning.
func (h *History) named(name string) (plumbing.Hash, error) {
	if name == "@" {
		name = "HEAD"
	}
	if plumbing.IsHash(name) {
		return h.commitOf(name, plumbing.NewHash(name))
	}
	for _, rule := range plumbing.RefRevParseRules {
		ref, err := storer.ResolveReference(h.git, plumbing.ReferenceName(fmt.Sprintf(rule, name)))
		if err == nil {
			return h.commitOf(name, ref.Hash())
		}
	}
	if ids := h.beginning(name); len(ids) == 1 {
		return ids[0], nil
	} else if len(ids) > 1 {
		return plumbing.ZeroHash, &NoRevision{Name: name, Why: fmt.Sprintf(": %d commits begin so; write more of it", len(ids))}
	}
	return plumbing.ZeroHash, h.unknown(name)
}

// commitOf is the commit that a name's object is, or that it is a tag of.
func (h *History) commitOf(name string, id plumbing.Hash) (plumbing.Hash, error) {
	for {
		o, err := h.git.EncodedObject(plumbing.AnyObject, id)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			return id, h.unknown(name)
		}
		if err != nil {
			return id, h.missing(id.String(), err)
		}
		switch o.Type() {
		case plumbing.CommitObject:
			return id, nil
		case plumbing.TagObject:
			t, err := object.DecodeTag(h.git, o)
			if err != nil {
				return id, fmt.Errorf("charts repo %s: tag %s: %w", h.dir, name, err)
			}
			id = t.Target
		default:
			return id, &NoRevision{Name: name, Why: ": it is a " + o.Type().String() + ", no commit"}
		}
	}
}

// shortest is how much of an id has to be said, as for git.
const shortest = 4

// beginning are the commits whose ids begin so.
func (h *History) beginning(text string) []plumbing.Hash {
	text = strings.ToLower(text)
	prefix, err := hex.DecodeString(text[:len(text)&^1])
	if err != nil || len(text) < shortest || len(text) > 40 {
		return nil
	}
	ids, err := h.git.HashesWithPrefix(prefix)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(ids, func(id plumbing.Hash) bool {
		if !strings.HasPrefix(id.String(), text) {
			return true
		}
		_, err := h.git.EncodedObject(plumbing.CommitObject, id)
		return err != nil
	})
}

// unknown is the error for a name that nothing has.
func (h *History) unknown(name string) error {
	e := &NoRevision{Name: name, Ends: len(h.shallow) > 0}
	refs, err := h.git.IterReferences()
	if err != nil {
		return e
	}
	_ = refs.ForEach(func(r *plumbing.Reference) error {
		if n := r.Name(); n.IsBranch() || n.IsTag() || n.IsRemote() {
			e.Known = append(e.Known, n.Short())
		}
		return nil
	})
	slices.Sort(e.Known)
	e.Known = slices.Compact(e.Known)
	return e
}
