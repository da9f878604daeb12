package state

import "strings"

// A Trailer is one line at the end of a commit's message, as git interpret-trailers has it. It is for
// people and for tools that read the log; it counts only where the tree agrees.
type Trailer struct{ Key, Value string }

// The keys of trailers.
const (
	IntentTrailer       = "Intent-Id"
	KindTrailer         = "Kind"
	ImageTrailer        = "Image"
	AppTrailer          = "App"
	EnvironmentTrailer  = "Environment"
	ImageTagTrailer     = "Image-Tag"
	PreviousTagTrailer  = "Previous-Tag"
	RequestedByTrailer  = "Requested-By"
	ReasonTrailer       = "Reason"
	SourceCommitTrailer = "Source-Commit"
	PromotedFromTrailer = "Promoted-From"
)

// Trailers are the trailers of a commit's message: the `Key: value` lines of its last paragraph, in order.
func Trailers(message string) []Trailer {
	paragraphs := strings.Split(strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n")), "\n\n")
	if len(paragraphs) < 2 {
		return nil // a subject alone has none
	}
	var trailers []Trailer
	for line := range strings.Lines(paragraphs[len(paragraphs)-1]) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && !strings.Contains(key, " ") {
			trailers = append(trailers, Trailer{key, value})
		}
	}
	return trailers
}
