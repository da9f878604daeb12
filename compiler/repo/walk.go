package repo

import (
	"bytes"
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-git/go-git/v5/plumbing"
)

// A link is what a walk needs of a commit.
type link struct {
	parents []plumbing.Hash // none where a shallow clone ends
	at      int64           // when it was committed, in seconds
}

func (h *History) link(id plumbing.Hash) (*link, error) {
	if l, ok := h.links[id]; ok {
		return l, nil
	}
	data, err := h.objects.store.object(plumbing.CommitObject, id)
	if err != nil {
		return nil, h.missing(id.String(), err)
	}
	l := &link{}
	for line := range bytes.Lines(data) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if len(line) == 0 {
			break
		}
		if hex, ok := bytes.CutPrefix(line, []byte("parent ")); ok && !h.shallow[id] {
			l.parents = append(l.parents, plumbing.NewHash(string(hex)))
		}
		if by, ok := bytes.CutPrefix(line, []byte("committer ")); ok {
			if words := bytes.Fields(by[bytes.LastIndexByte(by, '>')+1:]); len(words) > 0 {
				l.at, _ = strconv.ParseInt(string(words[0]), 10, 64) // nobody's clock is trusted anyway
			}
		}
	}
	h.links[id] = l
	return l, nil
}

// ErrShallow is a question about history that the clone does not have.
var ErrShallow = errors.New("the clone is shallow, and its history ends too early")

func (h *History) ends() error {
	return fmt.Errorf("charts repo %s: %w; fetch it all (git fetch --unshallow; in GitHub Actions, fetch-depth: 0)", h.dir, ErrShallow)
}

// MergeBases are the best revisions that two have in common, the newest first.
func (h *History) MergeBases(a, b string) ([]*Revision, error) {
	m, err := h.meet(plumbing.NewHash(a), plumbing.NewHash(b))
	if err != nil {
		return nil, err
	}
	var out []*Revision
	for _, id := range m.bases {
		r, err := h.Revision(id.String())
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Beside are the revisions in the history of one and not of another, parents before children.
func (h *History) Beside(base, head string) ([]*Revision, error) {
	m, err := h.meet(plumbing.NewHash(base), plumbing.NewHash(head))
	if err != nil {
		return nil, err
	}
	s := &Span{}
	err = h.fill(s, plumbing.NewHash(head), m.only)
	return s.Revisions, err
}

// A meeting is where two histories meet.
type meeting struct {
	only  []plumbing.Hash // of the head and not of the base; parents before children
	bases []plumbing.Hash // the newest first
}

// Sides of a walk.
const (
	ofBase  = 1 << iota // in the base's history
	ofHead              // in the head's
	settled             // below a commit that is in both
	both    = ofBase | ofHead
)

// A place is a commit that a walk has come to.
type place struct {
	*link
	id    plumbing.Hash
	sides int
}

// skew is how far the clocks of those who commit may be apart.
const skew = 24 * 60 * 60

// meet walks down from two commits, the newest first, until all that is left is in both histories: as
// git's own merge-base does, so it costs what happened since they parted. A clock that is wrong costs
// time and no more: now and then the head's side is taken whatever its dates say, and seldom enough that
// the other catches up with it.
func (h *History) meet(base, head plumbing.Hash) (meeting, error) {
	w := &walk{history: h, places: map[plumbing.Hash]*place{}}
	if err := errors.Join(w.reach(base, ofBase), w.reach(head, ofHead)); err != nil {
		return meeting{}, err
	}
	for n := 0; w.open(); n++ {
		if err := w.down(w.next(n%8 == 7)); err != nil {
			return meeting{}, err
		}
	}
	// A clock may have hidden that a commit of the head is in the base after all, or that one base is below
	// another: go on for as long as that may show.
	only, oldest := w.only()
	if bases := w.bases(); len(bases) > 1 {
		oldest = min(oldest, w.places[bases[len(bases)-1]].at)
	} else if len(only) == 0 {
		w.queue = nil
	}
	for len(w.queue) > 0 && w.queue[0].at >= oldest-skew {
		if err := w.down(w.next(false)); err != nil {
			return meeting{}, err
		}
	}
	for id := range h.shallow {
		if p := w.places[id]; p != nil && p.sides&both != both {
			return meeting{}, h.ends()
		}
	}
	only, _ = w.only()
	return meeting{only, w.bases()}, nil
}

type walk struct {
	history *History
	places  map[plumbing.Hash]*place
	queue   newest
}

// reach notes that a commit is on a side, and that its parents are to be told.
func (w *walk) reach(id plumbing.Hash, sides int) error {
	p := w.places[id]
	if p == nil {
		l, err := w.history.link(id)
		if err != nil {
			return err
		}
		p = &place{link: l, id: id}
		w.places[id] = p
	}
	if p.sides|sides != p.sides {
		p.sides |= sides
		heap.Push(&w.queue, p)
	}
	return nil
}

func (w *walk) down(p *place) error {
	sides := p.sides
	if sides&both == both {
		sides |= settled
	}
	for _, parent := range p.parents {
		if err := w.reach(parent, sides); err != nil {
			return err
		}
	}
	return nil
}

// open reports whether anything in the queue may still be on one side only.
func (w *walk) open() bool {
	return slices.ContainsFunc(w.queue, func(p *place) bool { return p.sides&settled == 0 })
}

// next takes the newest commit out of the queue, or the newest that only the head is known to have.
func (w *walk) next(heads bool) *place {
	best := 0
	for i, p := range w.queue {
		if heads && p.sides == ofHead && (w.queue[best].sides != ofHead || p.at > w.queue[best].at) {
			best = i
		}
	}
	return heap.Remove(&w.queue, best).(*place)
}

// only are the head's own commits, parents before children, and the date of the oldest: where a clock
// says less than that of a parent, the parent's counts.
func (w *walk) only() (ids []plumbing.Hash, oldest int64) {
	var own []*place
	for _, p := range w.places {
		if p.sides&both == ofHead {
			own = append(own, p)
		}
	}
	slices.SortFunc(own, func(a, b *place) int {
		return cmp.Or(cmp.Compare(a.at, b.at), bytes.Compare(a.id[:], b.id[:]))
	})
	oldest = math.MaxInt64
	dates := map[plumbing.Hash]int64{}
	var visit func(p *place) int64
	visit = func(p *place) int64 {
		if at, done := dates[p.id]; done {
			return at
		}
		at := p.at
		for _, id := range p.parents {
			parent := w.places[id]
			if parent == nil {
				continue
			}
			if parent.sides&both == ofHead {
				at = max(at, visit(parent))
			} else {
				at = max(at, parent.at)
			}
		}
		dates[p.id] = at
		oldest = min(oldest, at)
		ids = append(ids, p.id)
		return at
	}
	for _, p := range own {
		visit(p)
	}
	return ids, oldest
}

// bases are the commits in both histories that are below no other such.
func (w *walk) bases() []plumbing.Hash {
	var best []*place
	for _, p := range w.places {
		if p.sides == both {
			best = append(best, p)
		}
	}
	slices.SortFunc(best, func(a, b *place) int {
		return cmp.Or(cmp.Compare(b.at, a.at), bytes.Compare(a.id[:], b.id[:]))
	})
	ids := make([]plumbing.Hash, len(best))
	for i, p := range best {
		ids[i] = p.id
	}
	return ids
}

// newest is a heap with the latest commit on top.
type newest []*place

func (q newest) Len() int           { return len(q) }
func (q newest) Less(i, j int) bool { return q[i].at > q[j].at }
func (q newest) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *newest) Push(x any)        { *q = append(*q, x.(*place)) }

func (q *newest) Pop() any {
	old := *q
	p := old[len(old)-1]
	*q = old[:len(old)-1]
	return p
}
