// Package commit writes a plan or an intent to the charts repo, or refuses.
//
// Everything that is written goes through Land: read the head, recompute on it, push with a
// compare-and-swap, and on any trouble look again. Nothing is ever rebased, replayed or forced.
package commit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo"
)

// Options say how to write. The zero value writes as nobody, and gives up after two minutes.
type Options struct {
	Branch    string        // the branch to write to
	From      string        // the branch to begin it from where it does not exist yet; "" begins none
	Deadline  time.Duration // how long to go on trying; 0 is two minutes
	Author    repo.Person
	Committer repo.Person
	Signer    *repo.Signer // nil leaves commits unsigned
	Note      func(string) // is told what goes on; nil is fine
}

// commit is a commit's message with what all commits of these options have.
func (o Options) commit(message string, at time.Time) repo.Commit {
	return repo.Commit{Message: message, Author: o.Author, Committer: o.Committer, Signer: o.Signer, At: at}
}

// A Landing is where a write ended.
type Landing struct {
	Base    *repo.Snapshot // the head that was written on
	Head    *repo.Snapshot // what the branch says now; Base where there was nothing to write
	Written bool           // a commit of this write is in the branch
}

// ErrUnclear is a write whose fate nobody could tell: the remote took it, and did not answer.
var ErrUnclear = errors.New("whether it was written is not known; run the same again: what is there already is not written twice")

// Land writes what edit makes of the branch's head. Edit is called anew for every attempt, with the head
// as it is then; where it returns that head itself there is nothing to write. It must do the same for
// the same head, so that an attempt whose answer was lost is found again rather than made twice.
func Land(ctx context.Context, r *repo.Remote, o Options, edit func(*repo.Snapshot) (*repo.Snapshot, error)) (*Landing, error) {
	if o.Deadline == 0 {
		o.Deadline = 2 * time.Minute
	}
	deadline, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()
	defer r.Turn(deadline)()
	defer r.Close()
	w := writer{remote: r, opts: o, edit: edit}
	var trouble error // the last that was not the deadline
	for n := 1; ; n++ {
		began := time.Now()
		l, err := w.attempt(deadline)
		if err == nil {
			return l, nil
		}
		if !repo.Passing(err) {
			return nil, w.ended(err)
		}
		if errors.Is(err, context.DeadlineExceeded) && trouble != nil {
			err = trouble // that is why there is no time left
		}
		// A lost race is nothing to speak of, and the same trouble is said once.
		if o.Note != nil && !repo.IsMoved(err) && (trouble == nil || err.Error() != trouble.Error()) {
			o.Note(fmt.Sprintf("%v; trying again for up to %s", err, o.Deadline))
		}
		trouble = err
		if !pause(deadline, window(deadline, n, time.Since(began), err)) {
			if ctx.Err() == nil {
				err = fmt.Errorf("gave up after %s and %d attempts: %w", o.Deadline, n, err)
			} else if w.unclear == "" {
				err = ctx.Err()
			}
			return nil, w.ended(err)
		}
	}
}

// A writer is one write and what became of its attempts.
type writer struct {
	remote *repo.Remote
	opts   Options
	edit   func(*repo.Snapshot) (*repo.Snapshot, error)

	sent    []*repo.Snapshot // pushed, without a yes
	unclear string           // before what one of them was sent that may have landed since, or may still; "" is none
	refused string           // the head on which a push was last refused
	times   int              // how often, in a row
}

func (w *writer) attempt(ctx context.Context) (*Landing, error) {
	base, old, err := w.head(ctx)
	if err != nil {
		return nil, err
	}
	if before(old) != w.unclear {
		w.unclear = "" // what was sent has landed by now, or never will
	}
	next, err := w.edit(base)
	if err != nil {
		return nil, err
	}
	l := &Landing{Base: base, Head: next}
	l.Written = slices.ContainsFunc(w.sent, func(s *repo.Snapshot) bool { return base.Knows(s.ID()) })
	if next == base {
		return l, nil
	}
	if err := w.remote.Push(ctx, w.opts.Branch, old, next); err != nil {
		w.sent = append(w.sent, next)
		return nil, w.judge(base, old, err)
	}
	l.Written = true
	return l, nil
}

// head is what to write on, and what the branch has to be at that moment: nil where it is to be made.
func (w *writer) head(ctx context.Context) (base, old *repo.Snapshot, err error) {
	base, err = w.remote.HeadToWrite(ctx, w.opts.Branch)
	if w.opts.From != "" && repo.IsNoBranch(err) {
		base, err = w.remote.Head(ctx, w.opts.From)
		return base, nil, err
	}
	return base, base, err
}

// before names what a push finds: the head that it replaces, or no branch.
func before(old *repo.Snapshot) string {
	if old == nil {
		return "no branch"
	}
	return old.ID()
}

// maxRefusals is how often a push is refused on one head until that counts as a no: a remote that is
// busy with somebody else's push refuses too, in words of its own.
const maxRefusals = 4

func (w *writer) judge(base, old *repo.Snapshot, err error) error {
	switch {
	case repo.IsUnanswered(err):
		w.unclear = before(old)
		return err
	case !repo.IsRejected(err):
		return err
	}
	if w.refused != base.ID() {
		w.refused, w.times = base.ID(), 0
	}
	if w.times++; w.times >= maxRefusals {
		return repo.Final(err)
	}
	return err
}

func (w *writer) ended(err error) error {
	if w.unclear != "" {
		return fmt.Errorf("%w: %w", err, ErrUnclear)
	}
	return err
}

// The pauses after an attempt: at least so long, and how often that may double.
const (
	busyPause    = 20 * time.Millisecond
	troublePause = 250 * time.Millisecond
	longest      = 4 // doublings
)

// share is how many pauses there is time for before the deadline, at the least, for those who lose races.
const share = 8

// window is what a pause is drawn from. The more often somebody was too late the longer it is, measured in
// attempts, so that many who come at once get out of each other's way; and the nearer the deadline the
// shorter, so that the oldest gets through before those who have just come. A remote that is in trouble
// gets more time than one that is busy, and all the more the longer that lasts.
func window(ctx context.Context, attempt int, took time.Duration, err error) time.Duration {
	doublings := min(attempt-1, longest)
	if !repo.IsMoved(err) && !repo.IsRejected(err) {
		return max(took, troublePause) << doublings
	}
	w := max(took, busyPause) << doublings
	if deadline, ok := ctx.Deadline(); ok {
		w = min(w, time.Until(deadline)/share)
	}
	return w
}

// pause waits for some part of a window, and reports false when the time is over before.
func pause(ctx context.Context, window time.Duration) bool {
	timer := time.NewTimer(rand.N(max(window, time.Millisecond)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
