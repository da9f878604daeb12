package verify

import (
	"slices"
	"time"

	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/state"
)

// goesBack reports whether a tag is known to be older than the newest that has run where a record is about.
// The record does not say how its tags are ordered; what it says of the newest one shows it.
func goesBack(r state.Record, tag string) bool {
	mark := r.HighWater
	switch {
	case tag == "" || tag == r.Tag && tag == mark.Tag:
		return false
	case slices.Contains(r.Rejected, tag):
		return true
	case mark.Tag == "" || mark.Sequence == "":
		return tag == r.Previous
	case tag == mark.Tag:
		return false
	}
	for _, order := range []string{"numeric", "semver"} {
		if ruling(order, promote.State{}, promote.Request{Tag: mark.Tag}).Sequence == mark.Sequence {
			return ruling(order, promote.State{Pin: r.Tag, Record: &r}, promote.Request{Tag: tag}).Superseded
		}
	}
	if i := slices.Index(r.Seen, tag); i >= 0 {
		return i < slices.Index(r.Seen, mark.Tag)
	}
	return tag == r.Previous
}

// ruling is what the rules say of a request, for an image of which nothing but its order is known. A
// request without a kind is a machine's.
func ruling(order string, s promote.State, r promote.Request) promote.Decision {
	if r.Kind == "" {
		r.Kind = promote.AutomaticBump
	}
	image := &release.Image{Name: r.Image, Order: order, Pins: []release.Pin{{Environment: r.Environment}}}
	return promote.Decide(promote.Policy{
		Image: image, Environments: []string{r.Environment}, UsedIn: []string{r.Environment},
	}, s, r, time.Time{})
}
