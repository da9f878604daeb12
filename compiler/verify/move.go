package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

const (
	byPintle = "make the change with pintle, or as a commit of its own without trailers"
	squashed = "where a pull request was squashed, merge it with a merge commit or a rebase instead"
)

// A moving is a commit that says it moves one image, and what its record says.
type moving struct {
	step
	*claim
	image, environment string
	recordPath         string
	was                *state.Record // nil where there was none
	now                state.Record
	tag                string // what the pin said before
}

// move is a commit that says it moves one image in one environment: exactly the pin and the record change.
func (v *verifier) move(s step, said *claim) error {
	m := moving{step: s, claim: said, image: said.value(state.ImageTrailer), environment: said.value(state.EnvironmentTrailer)}
	m.recordPath = state.RecordPath(m.environment, m.image)
	if !said.check(s, state.EnvironmentTrailer, state.ImageTagTrailer) {
		return v.foreign(s)
	}
	if e, i, ok := state.RecordOf(m.recordPath); !ok || e != m.environment || i != m.image {
		s.finds("verify-trailer", "", fmt.Sprintf("is about %s in %s, which no record can be about", quoted(m.image), quoted(m.environment)), "", byPintle)
		return v.foreign(s)
	}
	ok, err := v.readRecords(&m)
	if err != nil || !ok {
		return err
	}
	for _, c := range s.changes {
		if c.Path != m.recordPath && c.Path != m.now.Pin.Path {
			s.finds("verify-path", c.Path, "changes this too", fmt.Sprintf("it says that it moves %s in %s, and nothing else", m.image, m.environment), byPintle)
		}
	}
	if err := v.movePin(&m); err != nil {
		return err
	}
	m.checkRecord()
	return nil
}

// readRecords reads the record as it was and is, and reports whether there is one that says where the pin is.
func (v *verifier) readRecords(m *moving) (ok bool, err error) {
	c, changed := m.change(m.recordPath)
	if !changed || !c.After.Exists() {
		m.finds("verify-record", m.recordPath, "does not write this record", fmt.Sprintf("it says that it moves %s in %s", m.image, m.environment), byPintle)
		return false, v.foreign(m.step)
	}
	if c.After.Odd() != "" {
		m.finds("verify-path", m.recordPath, "makes this "+c.After.Odd(), "pintle writes ordinary files", byPintle)
		return false, nil
	}
	var bad fault
	if c.Before.Exists() {
		was, _, err := v.record(m.recordPath, c.Before)
		if errors.As(err, &bad) {
			m.finds("verify-record", m.recordPath, "writes a record over one that cannot be read", bad.Error(), byPintle)
			return false, nil
		} else if err != nil {
			return false, err
		}
		m.was = &was
	}
	now, data, err := v.record(m.recordPath, c.After)
	switch {
	case errors.As(err, &bad):
		m.finds("verify-record", m.recordPath, "writes a record that cannot be read", bad.Error(), byPintle)
		return false, nil
	case err != nil:
		return false, err
	case tree.Unfit(now.Pin.Path) != "":
		m.finds("verify-record", m.recordPath, "says that the pin stands in "+quoted(now.Pin.Path), tree.Unfit(now.Pin.Path), byPintle)
		return false, nil
	case !bytes.Equal(now.Encode(m.recordPath), data):
		m.finds("verify-record", m.recordPath, "writes this record otherwise than pintle does", "what pintle makes of it is not the same bytes", byPintle)
	}
	m.now = now
	return true, nil
}

// movePin checks the pin's file: the tag is as the trailers say, and nothing else changed.
func (v *verifier) movePin(m *moving) error {
	at := m.now.Pin
	c, changed := m.change(at.Path)
	wanted := m.value(state.ImageTagTrailer)
	move := Move{Image: m.image, Environment: m.environment, Pin: at, From: m.value(state.PreviousTagTrailer), To: wanted}
	if m.was != nil {
		move.Back = goesBack(*m.was, wanted)
	}
	m.commit.Moves = append(m.commit.Moves, move)
	switch {
	case !changed:
		m.finds("verify-pin", at.Path, "does not change this file, in which its record says that the pin stands", "", byPintle)
		return nil
	case !c.After.Exists():
		m.finds("verify-pin", at.Path, "takes this file away, in which its record says that the pin stands", "", byPintle)
		return nil
	case c.Before.Exists() && c.Before.Odd() != c.After.Odd() || !c.Before.Exists() && c.After.Odd() != "":
		m.finds("verify-path", at.Path, "makes this "+orFile(c.After.Odd()), "a pin is changed in place", byPintle)
		return nil
	}
	var bad fault
	before, err := v.bytes(c.Before, repo.MaxFile)
	after, err2 := v.bytes(c.After, repo.MaxFile)
	if err = errors.Join(err, err2); errors.As(err, &bad) {
		m.finds("verify-pin", at.Path, "changes a pin's file that cannot be read", bad.Error(), byPintle)
		return nil
	} else if err != nil {
		return err
	}
	tag, ok, err := state.Tag(at.Path, after, at.Key)
	if err == nil && !ok {
		err = fault("there is no key " + quoted(at.Key))
	}
	if err != nil {
		m.finds("verify-pin", at.Path, "leaves a pin that cannot be read", asFault(err).Error(), byPintle)
		return nil
	}
	if tag != wanted {
		m.finds("verify-pin", at.Path, fmt.Sprintf("makes the tag %s, and says that it is %s", orNothing(tag), quoted(wanted)), "", byPintle)
	}
	if before == nil {
		m.newPin(after, tag)
	} else {
		m.editedPin(before, after, tag)
	}
	if said := m.value(state.PreviousTagTrailer); said != m.tag {
		m.finds("verify-trailer", at.Path, fmt.Sprintf("says that the tag before was %s, and it was %s", orNothing(said), orNothing(m.tag)),
			"whoever made it did not look at what stands here now", "make the bump anew; "+squashed)
	}
	return nil
}

// editedPin checks that setting what changed in the file as it was gives the file as it is.
func (m *moving) editedPin(before, after []byte, tag string) {
	at := m.now.Pin
	var err error
	if m.tag, _, err = state.Tag(at.Path, before, at.Key); err != nil {
		m.finds("verify-pin", at.Path, "changes a pin that could not be read", asFault(err).Error(), byPintle)
		return
	}
	settings := []state.Setting{{Key: at.Key, Value: tag}}
	was, err := meaning(at.Path, before)
	is, err2 := meaning(at.Path, after)
	if errors.Join(err, err2) != nil {
		m.finds("verify-pin", at.Path, "changes a pin's file that cannot be read", asFault(errors.Join(err, err2)).Error(), byPintle)
		return
	}
	for _, d := range document.Differences(was, is) {
		key := strings.Join(d.Path, ".")
		if key == at.Key {
			continue
		}
		if _, missing := d.From.(document.Missing); missing || !mirrors(d.To) {
			m.finds("verify-pin", at.Path, "changes "+quoted(key)+" too: "+d.CUE(), "it says that it moves a tag, and nothing else", byPintle)
			return
		}
		m.commit.Notes = append(m.commit.Notes, fmt.Sprintf("and %s in %s: %s", quoted(key), at.Path, d.CUE()))
		settings = append(settings, state.Setting{Key: key, Value: d.To})
	}
	if want, err := state.Set(at.Path, before, settings); err != nil {
		m.finds("verify-pin", at.Path, "changes a pin that cannot be changed in place", asFault(err).Error(), byPintle)
	} else if !bytes.Equal(want, after) {
		m.finds("verify-pin", at.Path, "changes more of this file than its tag", "every other byte has to stay as it was", byPintle)
	}
}

// newPin checks that a file which was not there is as pintle makes one.
func (m *moving) newPin(after []byte, tag string) {
	at := m.now.Pin
	root, err := document.Parse(at.Path, after)
	if err != nil {
		return // it was read before
	}
	settings, err := leaves(at.Path, nil, root, nil)
	for i, s := range settings {
		if s.Key == at.Key {
			settings[i].Value = tag
		} else if err == nil && !mirrors(s.Value) {
			err = fault(quoted(s.Key) + " is neither the tag nor something that a bump mirrors")
		} else {
			m.commit.Notes = append(m.commit.Notes, fmt.Sprintf("and %s in %s: %v", quoted(s.Key), at.Path, s.Value))
		}
	}
	if err == nil && !bytes.Equal(state.NewPin(settings), after) {
		err = fault("pintle writes such a file otherwise")
	}
	if err != nil {
		m.finds("verify-pin", at.Path, "makes a file that holds more than a pin", asFault(err).Error(), byPintle)
	}
}

// leaves are the keys of a mapping in the order in which they are written, as paths.
func leaves(name string, dst []state.Setting, n *yaml.Node, path []string) ([]state.Setting, error) {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		key, err := document.Key(name, n.Content[i])
		if err != nil {
			return dst, err
		}
		at := append(slices.Clone(path), key)
		switch value := n.Content[i+1]; value.Kind {
		case yaml.MappingNode:
			if dst, err = leaves(name, dst, value, at); err != nil {
				return dst, err
			}
		default:
			v, err := document.Value(name, value)
			if err != nil {
				return dst, err
			}
			dst = append(dst, state.Setting{Key: strings.Join(at, "."), Value: v})
		}
	}
	return dst, nil
}

func meaning(name string, data []byte) (any, error) {
	node, err := document.Parse(name, data)
	if err != nil {
		return nil, err
	}
	return document.Value(name, node)
}

// mirrors reports whether a bump may write such a value beside the tag. Which keys are mirrored is
// declared, and declarations are not at hand.
func mirrors(v any) bool {
	switch v := v.(type) {
	case bool:
		return true
	case string:
		switch state.Origin(v) {
		case state.Automatic, state.Manual, state.Rollback, state.Hotfix:
			return true
		}
	}
	return false
}

// checkRecord checks that the record says what the trailers say, and keeps what it said before: it is what
// pintle would have written for an image with one of the orders that there are.
func (m *moving) checkRecord() {
	var was state.Record
	if m.was != nil {
		was = *m.was
	}
	wrong := func(what, says, should string) {
		m.finds("verify-record", m.recordPath, fmt.Sprintf("makes %s of this record %s", what, says), "it should be "+should, byPintle)
	}
	for _, f := range []struct{ what, says, should string }{
		{"the tag", m.now.Tag, m.value(state.ImageTagTrailer)},
		{"the tag before", m.now.Previous, m.tag},
		{"requestedBy", oneLine(m.now.RequestedBy), m.value(state.RequestedByTrailer)},
		{"the reason", oneLine(m.now.Reason), m.value(state.ReasonTrailer)},
		{"sourceCommit", oneLine(m.now.SourceCommit), m.value(state.SourceCommitTrailer)},
		{"from", oneLine(m.now.From), m.value(state.PromotedFromTrailer)},
		{"the time", m.now.At.Format(time.RFC3339), m.after.At.Truncate(time.Second).Format(time.RFC3339)},
	} {
		if f.says != f.should {
			wrong(f.what, orNothing(f.says), orNothing(f.should))
		}
	}
	intents := newest(append(slices.Clone(was.Intents), m.value(state.IntentTrailer)), state.MaxIntents)
	if n := len(m.now.Intents); n == 0 || !slices.Equal(append(slices.Clone(m.now.Intents[:n-1]), oneLine(m.now.Intents[n-1])), intents) {
		wrong("the intents", listed(m.now.Intents), listed(intents))
	}
	kind := promote.Kind(m.kind)
	if kind == promote.AutomaticBump || kind == promote.ManualBump {
		if m.now.Origin != kind.Origin() {
			wrong("the origin", string(m.now.Origin), string(kind.Origin()))
		}
		if !slices.Equal(m.now.Rejected, was.Rejected) {
			wrong("what was rejected", listed(m.now.Rejected), listed(was.Rejected))
		}
	}
	m.checkOrder(was)
}

// checkOrder checks the tag's place, and that the newest that has run is known on.
func (m *moving) checkOrder(was state.Record) {
	for _, order := range []string{"numeric", "semver", "first-seen", "sequence"} {
		d := m.ruled(order)
		if m.now.Sequence == d.Sequence && m.now.HighWater == d.Mark && slices.Equal(m.now.Seen, newest(d.Seen, state.MaxSeen)) {
			return
		}
	}
	why := "it is none that an order of tags gives"
	if was.HighWater.Tag != "" && m.now.HighWater.Tag != m.now.Tag && m.now.HighWater != was.HighWater {
		why = fmt.Sprintf("it was %s, and is lowered by nothing", was.HighWater.Tag)
	}
	m.finds("verify-record", m.recordPath, "makes the newest tag that has run there "+orNothing(m.now.HighWater.Tag)+sequence(m.now.HighWater.Sequence), why, byPintle)
}

func sequence(s string) string {
	if s == "" {
		return ""
	}
	return " (" + quoted(s) + ")"
}

// ruled is what the rules say of the move for an order of tags.
func (m *moving) ruled(order string) promote.Decision {
	r := promote.Request{Kind: promote.Kind(m.kind), Image: m.image, Environment: m.environment, Tag: m.now.Tag}
	if order == "sequence" {
		r.Sequence = m.now.Sequence
	}
	return ruling(order, promote.State{Pin: m.tag, Record: m.was}, r)
}

// newest are the last entries of a list that a record bounds; none are nil.
func newest(list []string, n int) []string { return list[max(0, len(list)-n):] }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// listed is a list as it may be shown.
func listed(list []string) string {
	const most = 4
	var out []string
	if len(list) > most {
		out, list = append(out, fmt.Sprintf("%d others", len(list)-most)), list[len(list)-most:]
	}
	for _, s := range list {
		out = append(out, quoted(s))
	}
	if len(out) == 0 {
		return "nothing"
	}
	return diag.Listed(out)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return quoted(s)
}

func orFile(odd string) string {
	if odd == "" {
		return "an ordinary file"
	}
	return odd
}
