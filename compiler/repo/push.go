package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// patience is how many times longer than a remote's silence a push is waited for: its hooks may be at
// work, and giving up leaves us not knowing.
const patience = 4

// Push makes `to` the head of a branch if its head is still `from`, and does nothing otherwise. A nil
// `from` makes a new branch. It is a compare-and-swap: the remote itself compares.
//
// After a Fault of kind Unanswered it may have been written, or may still be: look again. After any other
// error it is not.
func (r *Remote) Push(ctx context.Context, branch string, from, to *Snapshot) error {
	s := r.pending
	if r.pending = nil; s == nil {
		var err error
		if s, err = connect(ctx, r, r.client.NewReceivePackSession); err != nil {
			return err
		}
	}
	defer s.hangUp()
	old, base := plumbing.ZeroHash, to
	if from != nil {
		old, base = from.id, from
	}
	for base.parent != nil {
		base = base.parent // what the remote has
	}
	if now := branches(s.adv)[branch]; now != old {
		return r.moved(branch)
	}
	pack, err := packed(to.madeSince(base))
	if err != nil {
		return err
	}
	req := packp.NewReferenceUpdateRequestFromCapabilities(s.adv.Capabilities)
	// Not atomic: go-git would hide the remote's reason. One command is atomic by itself.
	var progress bytes.Buffer
	for _, c := range []capability.Capability{capability.Sideband64k, capability.OFSDelta} {
		if s.adv.Capabilities.Supports(c) {
			if err := req.Capabilities.Set(c); err != nil {
				return err
			}
		}
	}
	req.Progress = &progress
	req.Commands = []*packp.Command{{Name: plumbing.NewBranchReferenceName(branch), Old: old, New: to.id}}
	req.Packfile = io.NopCloser(bytes.NewReader(pack.data))

	// From here on Ctrl-C waits for the answer: it would leave us not knowing, and it comes soon. A deadline
	// stays one.
	answer := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		answer, cancel = context.WithDeadline(answer, deadline)
		defer cancel()
	}
	report, err := heard(answer, patience*r.opts.Silence, func(ctx context.Context, _ func()) (*packp.ReportStatus, error) {
		return s.conn.ReceivePack(ctx, req)
	})
	if err == nil && report == nil {
		err = errors.New("it gave no answer to the push")
	}
	if report == nil {
		return r.unanswered(err)
	}
	if err := r.verdict(branch, report, said(&progress)); err != nil {
		return err
	}
	r.keep(branch, from, to, pack)
	return nil
}

// keep puts what was pushed into the store, so that it need not be fetched. That it may fail does not
// matter to anybody.
func (r *Remote) keep(branch string, from, to *Snapshot, made *pack) {
	if from == nil || r.store == nil || r.store != to.shared.store {
		return
	}
	if have, _ := r.store.known(branch); have != from.id {
		return
	}
	if err := r.store.addOwn(made); err == nil {
		_ = r.store.remember(branch, to.id, nil)
	}
}

func (r *Remote) moved(branch string) error {
	return Fault{Remote: r.url, Kind: Moved, Err: fmt.Errorf("%s has moved since it was read", branch)}
}

// verdict is what the remote's report says. A remote that refuses because somebody was faster says so
// in words that differ from one to the next; whoever calls looks at the head again instead.
func (r *Remote) verdict(branch string, report *packp.ReportStatus, hooks string) error {
	reason := "it did not say what became of it"
	for _, c := range report.CommandStatuses {
		if c.ReferenceName == plumbing.NewBranchReferenceName(branch) {
			reason = c.Status
		}
	}
	switch {
	case report.UnpackStatus != "ok":
		reason = "unpack: " + report.UnpackStatus
	case reason == "ok":
		return nil
	}
	f := Fault{Remote: r.url, Kind: Rejected, Err: fmt.Errorf("it refused the push to %s: %s", branch, reason)}
	if hooks != "" && !strings.Contains(reason, "checked out") { // git's own advice fills a page
		f.Err = fmt.Errorf("%w (%s)", f.Err, hooks)
	}
	switch {
	case strings.Contains(reason, "checked out"):
		f.Kind = Denied
		f.Fix = "it has a working tree of its own; push to a bare repository, or let it update that: git config receive.denyCurrentBranch updateInstead"
	case strings.Contains(reason, "hook declined"), strings.Contains(reason, "protected"), strings.Contains(reason, "prohibited"), strings.Contains(reason, "denied"), strings.Contains(reason, "hidden ref"):
		// An update hook speaks of one branch at one moment, and some hosts lock branches in it.
		if reason != "hook declined" {
			f.Kind = Denied
		}
		f.Fix = "the branch may be protected; use an identity that may write to it, or --branch for a pull request"
	}
	return f
}

// said is what a remote's hooks print, as one line.
func said(progress *bytes.Buffer) string {
	var lines []string
	for line := range strings.Lines(progress.String()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
