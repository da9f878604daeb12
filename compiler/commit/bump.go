package commit

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"time"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// An Intent is one move that somebody asks for, and all that a record keeps of it.
type Intent struct {
	promote.Request
	ID     string // what a rerun of the same intent has in common with it; "" is derived
	By     string
	Reason string
	Source string    // the commit that the image was built from
	At     time.Time // when it was asked for: the commit's time
}

// A Result is what became of an intent.
type Result string

const (
	Moved      Result = "moved"      // a commit moves the pin
	There      Result = "there"      // the pin says so already, or this very intent was carried out before
	Superseded Result = "superseded" // something newer has been there, or comes in the same batch
	Refused    Result = "refused"    // a rule forbids it, or the file cannot be edited
)

// An Outcome is an intent and what became of it.
type Outcome struct {
	Intent
	Result   Result
	From     string // the tag before; "" where there was none
	Pin      state.PinAt
	Decision promote.Decision
	Findings diag.List    // why it is refused
	Newer    string       // what superseded it, in words
	Commit   string       // the commit that moves it
	Change   *tree.Change // of the pin's file
}

// Bump makes one commit for each intent that may be carried out, in order, on top of a head. The rules
// are asked on the very tree that is written.
func Bump(base *repo.Snapshot, intents []Intent, policies map[string]promote.Policy, o Options) (*repo.Snapshot, []Outcome, error) {
	at := base
	newer := coalesced(intents, policies)
	outcomes := make([]Outcome, 0, len(intents))
	for i, intent := range intents {
		out := Outcome{Intent: intent, Result: Superseded, Newer: newer[i]}
		if newer[i] == "" {
			var err error
			if at, out, err = bump(at, intent, policies[intent.Image], o); err != nil {
				return nil, nil, err
			}
		}
		outcomes = append(outcomes, out)
	}
	return at, outcomes, nil
}

func bump(base *repo.Snapshot, in Intent, policy promote.Policy, o Options) (*repo.Snapshot, Outcome, error) {
	out := Outcome{Intent: in, Result: Refused}
	pin, there := (*release.Pin)(nil), false
	if policy.Image != nil {
		pin = policy.Pin(in.Environment)
	}
	s, files := promote.State{}, &tree.Tree{}
	recordPath := state.RecordPath(in.Environment, in.Image)
	if pin != nil {
		out.Pin = state.PinAt{Path: pin.Path, Key: pin.Key}
		var err error
		if files, err = base.Read([]string{pin.Path, recordPath}); err != nil {
			return base, refused(out, err), asMachine(err)
		}
		if s, there, err = standing(files, *pin, recordPath); err != nil {
			return base, refused(out, err), asMachine(err)
		}
	}
	out.From = s.Pin
	out.Decision = promote.Decide(policy, s, in.Request, in.At)
	if in.ID == "" {
		in.ID = derivedID(in, s)
	} else {
		in.ID += "/" + in.Tag // a build that bumps twice may give the same id to both
	}
	out.Intent.ID = in.ID
	switch done := s.Record != nil && slices.Contains(s.Record.Intents, in.ID); {
	case s.Pin == in.Tag && there, done:
		out.Result = There
		return base, out, nil
	case out.Decision.Superseded:
		out.Result, out.Newer = Superseded, out.Decision.Findings()[0].What
		return base, out, nil
	case !out.Decision.Allowed():
		out.Findings = out.Decision.Findings()
		return base, out, nil
	}
	record := in.record(s, out)
	settings := mirrored(*pin, in)
	data, err := edited(files, *pin, settings)
	if err != nil {
		return base, refused(out, err), asMachine(err)
	}
	before, _ := files.Get(pin.Path)
	old, _ := files.Get(recordPath)
	out.Change = &tree.Change{Path: pin.Path, Before: before, After: data}
	changes := []tree.Change{*out.Change, {Path: recordPath, Before: old, After: record.Encode(recordPath)}}
	slices.SortFunc(changes, func(a, b tree.Change) int { return cmp.Compare(a.Path, b.Path) })
	next, err := base.Commit(changes, o.commit(in.message(out), in.At))
	if err != nil {
		return base, refused(out, err), asMachine(err)
	}
	out.Result, out.Commit = Moved, next.ID()
	return next, out, nil
}

// refused is an outcome that the author of a file, or of an intent, can mend.
func refused(out Outcome, err error) Outcome {
	out.Result = Refused
	out.Findings = mendable(err)
	return out
}

// mendable is what the author can mend of an error, if anything.
func mendable(err error) diag.List {
	var list diag.List
	var path *repo.PathError
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &path):
		return diag.List{{
			Rule: "pin-file", Where: token.Position{Filename: path.Path}, What: path.What,
			Fix: "mend it in the charts repo, or declare another path in `pin`",
		}}
	}
	return nil
}

// asMachine is an error unless it is one that the author can mend.
func asMachine(err error) error {
	if mendable(err) != nil {
		return nil
	}
	return err
}

// standing is what the charts repo says of a pin. There is false where the pin's file does not exist.
func standing(files *tree.Tree, pin release.Pin, recordPath string) (s promote.State, there bool, err error) {
	if data, ok := files.Get(recordPath); ok {
		record, err := state.ReadRecord(recordPath, data)
		if err != nil {
			return s, false, err
		}
		s.Record = &record
	}
	data, ok := files.Get(pin.Path)
	if !ok {
		return s, false, nil
	}
	s.Pin, _, err = state.Tag(pin.Path, data, pin.Key)
	return s, true, err
}

// edited is the pin's file with the settings made, or a new one.
func edited(files *tree.Tree, pin release.Pin, settings []state.Setting) ([]byte, error) {
	data, ok := files.Get(pin.Path)
	if !ok {
		return state.NewPin(settings), nil
	}
	return state.Set(pin.Path, data, settings)
}

// mirrored is the tag, and what other keys of its file say for a workflow that reads them.
func mirrored(pin release.Pin, in Intent) []state.Setting {
	settings := []state.Setting{{Key: pin.Key, Value: in.Tag}}
	for _, m := range pin.Mirror {
		value := m.Value
		switch value {
		case "promotable":
			value = in.Kind.Automatic() // a manual deployment is never promoted
		case "origin":
			value = string(in.Kind.Origin())
		case "automatic":
			continue // policy has no say in it yet: what stands there stays
		}
		settings = append(settings, state.Setting{Key: m.Key, Value: value})
	}
	return settings
}

// record is what is known about the pin once the intent is carried out.
func (in Intent) record(s promote.State, out Outcome) state.Record {
	var r state.Record
	if s.Record != nil {
		r = *s.Record
	}
	r.Tag, r.Sequence, r.Previous = in.Tag, out.Decision.Sequence, s.Pin
	r.HighWater, r.Seen = out.Decision.Mark, out.Decision.Seen
	r.Origin, r.RequestedBy, r.Reason = in.Kind.Origin(), in.By, in.Reason
	r.At, r.From, r.SourceCommit = in.At.UTC().Truncate(time.Second), "", in.Source
	r.Pin = out.Pin
	r.Intents = append(slices.Clone(r.Intents), in.ID)
	return r
}

func (in Intent) message(out Outcome) string {
	subject := fmt.Sprintf("%s: %s %s", in.Environment, in.Image, in.Tag)
	body := ""
	if out.From != "" {
		body = fmt.Sprintf("%s is moved from %s to %s in %s.", in.Image, out.From, in.Tag, in.Environment)
	}
	return message(subject, body, [][2]string{
		{state.IntentTrailer, in.ID},
		{state.KindTrailer, string(in.Kind)},
		{state.ImageTrailer, in.Image},
		{state.EnvironmentTrailer, in.Environment},
		{state.ImageTagTrailer, in.Tag},
		{state.PreviousTagTrailer, out.From},
		{state.RequestedByTrailer, in.By},
		{state.ReasonTrailer, in.Reason},
		{state.SourceCommitTrailer, in.Source},
	})
}

// derivedID is the id of an intent that was given none. A machine that delivers one twice means one; a
// person who asks for the same again, after something else has run, means it again.
func derivedID(in Intent, s promote.State) string {
	texts := []string{string(in.Kind), in.Image, in.Environment, in.Tag, in.Sequence}
	if !in.Kind.Automatic() {
		texts = append(texts, s.Pin)
		if s.Record != nil && len(s.Record.Intents) > 0 {
			texts = append(texts, s.Record.Intents[len(s.Record.Intents)-1])
		}
	}
	return digest(texts...)
}

// coalesced says of each intent what in the same batch makes it needless, or "". Only what machines ask for
// in a row is, and only by what would be carried out itself: a person means each thing that is asked for.
// So a batch ends where its lines would, one by one.
func coalesced(intents []Intent, policies map[string]promote.Policy) []string {
	type pin struct{ image, environment string }
	last := map[pin]int{}
	by := make([]string, len(intents))
	for i, in := range intents {
		policy := policies[in.Image]
		if !promote.Decide(policy, promote.State{}, in.Request, in.At).Allowed() {
			continue
		}
		k := pin{in.Image, in.Environment}
		j, before := last[k]
		switch {
		case !in.Kind.Automatic():
			delete(last, k)
		case before && in.Request == intents[j].Request && in.ID == intents[j].ID:
			by[i] = "the same one comes before it in the batch"
		case before && promote.Older(policy, in.Request, intents[j].Request):
			by[i] = "a newer one in the same batch: " + intents[j].Tag
		default:
			if before && promote.Older(policy, intents[j].Request, in.Request) {
				by[j] = "a later one in the same batch: " + in.Tag
			}
			last[k] = i
		}
	}
	return by
}
