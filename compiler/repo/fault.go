package repo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// A Kind is what sort of trouble there is with a remote.
type Kind int

const (
	Unreachable Kind = iota // or any other trouble that may be over at the next attempt
	Moved                   // the head is another one than was read: somebody else was faster
	Unanswered              // a push was sent, and what became of it is not known
	Rejected                // the remote did not take a push: it lost a race, or it is denied in other words
	Denied                  // the remote says no, and will say so again
	Credentials             // it does not know who asks
	Empty                   // it has no commit
	NoBranch                // it has no such branch
	NotFound                // there is no such repository, or none that may be seen
)

// A Fault is trouble with a remote.
type Fault struct {
	Remote string
	Kind   Kind
	Err    error
	Fix    string // what to do about it; may be ""
}

func (f Fault) Error() string {
	s := fmt.Sprintf("charts repo %s: %s", f.Remote, plain(f.Err.Error()))
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

func (f Fault) Unwrap() error { return f.Err }

// Passing reports whether another attempt may well do better.
func Passing(err error) bool {
	switch kind(err) {
	case Unreachable, Moved, Unanswered, Rejected:
		return true
	}
	return isStoreFault(err)
}

// IsMoved reports whether nothing was written because somebody else was faster.
func IsMoved(err error) bool { return kind(err) == Moved }

// IsUnanswered reports whether a push was sent that may have been taken, or may still be.
func IsUnanswered(err error) bool { return kind(err) == Unanswered }

// IsRejected reports whether the remote did not take a push, for whatever reason.
func IsRejected(err error) bool { return kind(err) == Rejected || kind(err) == Denied }

// IsNoBranch reports whether there is no such branch.
func IsNoBranch(err error) bool { return kind(err) == NoBranch }

// Final is a rejection that came too often to be a lost race.
func Final(err error) error {
	var f Fault
	if errors.As(err, &f) {
		f.Kind = Denied
		return f
	}
	return err
}

// kind is what sort of fault an error is, or -1 where it is none.
func kind(err error) Kind {
	var f Fault
	if err == nil || !errors.As(err, &f) {
		return -1
	}
	return f.Kind
}

// failed says what sort of trouble an error of the transport is.
func (r *Remote) failed(err error) error {
	var known Fault
	var hostKey *HostKeyError
	f := Fault{Remote: r.url, Err: err}
	text := err.Error()
	switch {
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &hostKey):
		f.Kind, f.Err = Credentials, hostKey
	case refusedCredentials(err):
		f.Kind, f.Err = Credentials, errors.New(plain(text))
		f.Fix = "give a token in PINTLE_TOKEN, or set up a git credential helper; a token may have expired, or may not write here"
		if r.endpoint.Protocol == "ssh" {
			f.Fix = "start an ssh agent that has the key, or name its file in PINTLE_SSH_KEY"
		}
	case errors.Is(err, transport.ErrRepositoryNotFound):
		f.Kind, f.Err = NotFound, errors.New("there is no git repository")
		f.Fix = "check the address; a host may also say so of a repository that you may not see"
	case noSuchHost(err):
		f.Kind, f.Err, f.Fix = NotFound, errors.New("there is no such host"), "check the address, or name the charts repo with --charts"
	case strings.Contains(text, "redirects"):
		f.Kind, f.Err, f.Fix = NotFound, errors.New("what answers there is no git: "+text), "check the address; it may be a page to sign in, or lack .git at its end"
	case strings.Contains(text, "invalid pkt-len"):
		// A connection that was cut looks like this too, so it may be over at the next attempt.
		f.Fix = "if that goes on, what answers there is no git: it may be a page to sign in"
	case strings.Contains(text, "dubious ownership"), strings.Contains(text, "executable file not found"):
		f.Kind = Denied
	}
	return f
}

// unanswered is a push that went wrong once it was sent. What a remote refuses by its manners, such as a
// password, it did not look at; anything else leaves us not knowing.
func (r *Remote) unanswered(err error) error {
	var f Fault
	if err = r.failed(err); !errors.As(err, &f) || f.Kind != Unreachable {
		return err
	}
	f.Kind = Unanswered
	return f
}

func noSuchHost(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// plain is a message without the words that go-git puts before it.
func plain(text string) string {
	for _, prefix := range []string{"unknown error: ", "unexpected client error: ", "remote: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.Replace(text, "unexpected requesting ", "requesting ", 1)
}

func refusedCredentials(err error) bool {
	return errors.Is(err, transport.ErrAuthenticationRequired) || errors.Is(err, transport.ErrAuthorizationFailed) ||
		strings.Contains(err.Error(), "unable to authenticate")
}

// A storeFault is trouble with the store rather than with the remote.
type storeFault struct{ error }

func (f storeFault) Unwrap() error { return f.error }

func isStoreFault(err error) bool {
	var f storeFault
	return errors.As(err, &f) || errors.Is(err, plumbing.ErrObjectNotFound)
}
