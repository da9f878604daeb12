package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/pintle-dev/pintle/compiler/state"
)

// A Trailer is one line at the end of a commit's message, as it is written; state.Trailers reads them.
type Trailer struct{ Key, Value string }

// The keys of trailers.
const (
	IntentID     = state.IntentTrailer
	KindKey      = state.KindTrailer
	ImageKey     = state.ImageTrailer
	AppKey       = state.AppTrailer
	Environment  = state.EnvironmentTrailer
	ImageTag     = state.ImageTagTrailer
	PreviousTag  = state.PreviousTagTrailer
	RequestedBy  = state.RequestedByTrailer
	ReasonKey    = state.ReasonTrailer
	SourceCommit = state.SourceCommitTrailer
)

// message is a commit's subject, a body and its trailers. What is empty is left out. Values come from
// people and other programs: a newline in one would make a trailer of its own, so it becomes a space.
func message(subject, body string, trailers []Trailer) string {
	var s strings.Builder
	s.WriteString(oneLine(subject) + "\n\n")
	if body != "" {
		s.WriteString(body + "\n\n")
	}
	for _, t := range trailers {
		if t.Value != "" {
			s.WriteString(t.Key + ": " + oneLine(t.Value) + "\n")
		}
	}
	return s.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// digest is a name for some texts that are the same only where all of them are.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}
