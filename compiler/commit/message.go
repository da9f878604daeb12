package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A Trailer is one line at the end of a commit's message, as git interpret-trailers has it. It is for
// people and for tools that read the log; it counts only where the tree agrees.
type Trailer struct{ Key, Value string }

// The keys of trailers.
const (
	IntentID     = "Intent-Id"
	KindKey      = "Kind"
	ImageKey     = "Image"
	AppKey       = "App"
	Environment  = "Environment"
	ImageTag     = "Image-Tag"
	PreviousTag  = "Previous-Tag"
	RequestedBy  = "Requested-By"
	ReasonKey    = "Reason"
	SourceCommit = "Source-Commit"
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

// Trailers are the trailers of a commit's message: the `Key: value` lines of its last paragraph.
func Trailers(message string) map[string]string {
	paragraphs := strings.Split(strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n")), "\n\n")
	if len(paragraphs) < 2 {
		return nil // a subject alone has none
	}
	trailers := map[string]string{}
	for line := range strings.Lines(paragraphs[len(paragraphs)-1]) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && !strings.Contains(key, " ") {
			trailers[key] = value
		}
	}
	return trailers
}

// digest is a name for some texts that are the same only where all of them are.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}
