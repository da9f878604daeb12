package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// A silentError is a remote that said nothing for too long.
type silentError struct{ d time.Duration }

func (e silentError) Error() string { return fmt.Sprintf("it said nothing for %s", e.d) }

// heard runs one step of a conversation, and gives up when the remote says nothing for too long.
// What the step was given is abandoned then; its context is cancelled.
func heard[T any](ctx context.Context, silence time.Duration, step func(context.Context, func()) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(silence, func() { cancel(silentError{silence}) })
	defer timer.Stop()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := step(ctx, func() { timer.Reset(silence) })
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		if r.err != nil && ctx.Err() != nil {
			r.err = context.Cause(ctx)
		}
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// A listener tells that something was heard.
type listener struct {
	io.Reader
	heard func()
}

func (l listener) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.heard()
	}
	return n, err
}

// A session is one conversation with the remote, in either direction, after the remote has said
// which branches there are.
type session[S transport.Session] struct {
	conn S
	adv  *packp.AdvRefs
	auth transport.AuthMethod
}

// hangUp ends a conversation.
func (s *session[S]) hangUp() { hangUp(s.conn) }

// hangUp ends what is left of a conversation. It waits for the other side a moment and no longer: it may
// still have much to say that nobody wants to hear, and a program that git has started there may hold the
// line as long as it runs.
func hangUp(conn io.Closer) {
	done := make(chan struct{})
	go func() {
		if r, ok := conn.(io.Reader); ok {
			_, _ = io.Copy(io.Discard, r)
		}
		_ = conn.Close() // whatever it says, we are done
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// connect opens a conversation. Credentials are made anew for each.
func connect[S transport.Session](ctx context.Context, r *Remote, open func(*transport.Endpoint, transport.AuthMethod) (S, error)) (*session[S], error) {
	auth, err := r.opts.Auth.method(ctx, r.endpoint)
	if err != nil {
		return nil, r.failed(err)
	}
	// go-git's ssh dials before it can be told to stop, so all of this can be abandoned.
	s, err := heard(ctx, r.opts.Silence, func(ctx context.Context, _ func()) (*session[S], error) {
		s := &session[S]{auth: auth}
		var err error
		// A copy: go-git lets a redirect change it, and the next attempt's secrets would follow.
		if s.conn, err = open(bare(r.endpoint), auth); err != nil {
			return nil, err
		}
		if s.adv, err = s.conn.AdvertisedReferencesContext(ctx); err != nil || ctx.Err() != nil {
			s.hangUp()
			return nil, cmp.Or(err, ctx.Err())
		}
		return s, nil
	})
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, Fault{Remote: r.url, Kind: Empty, Err: errors.New("it has no commit yet"), Fix: "push a first commit, such as a README, to it"}
	}
	if err != nil {
		if refusedCredentials(err) {
			r.opts.Auth.rejected(ctx, r.endpoint, auth)
			if auth != nil && r.endpoint.Protocol == "ssh" {
				err = fmt.Errorf("%w (%s)", err, auth)
			}
		}
		return nil, r.failed(err)
	}
	r.opts.Auth.approved(ctx, r.endpoint, auth)
	return s, nil
}

// branches are the heads that a remote advertises.
func branches(adv *packp.AdvRefs) map[string]plumbing.Hash {
	heads := map[string]plumbing.Hash{}
	for ref, hash := range adv.References {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			heads[name] = hash
		}
	}
	return heads
}
