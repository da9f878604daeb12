// Package plan turns what is declared, what stands in the charts repo and what pintle wrote there last
// into what is to be done: element by element, grouped into commits, in order.
package plan

import (
	"errors"
	"fmt"
	"go/token"
	"maps"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// An Action is what is done with one element.
type Action string

const (
	Keep    Action = "keep"    // it is as declared
	TakeIn  Action = "take-in" // it means what is declared, and is listed from now on; its bytes stay
	Add     Action = "add"     // it is new
	Change  Action = "change"  //
	Remove  Action = "remove"  // nothing declares it any longer
	Forget  Action = "forget"  // it is gone already, and only its listing goes
	Refuse  Action = "refuse"  // somebody else wrote what stands there
	Abandon Action = "abandon" // nothing declares it, but its app did not compile, or it is out of scope: it stays
)

// Writes reports whether an action changes the element's file.
func (a Action) Writes() bool { return a == Add || a == Change || a == Remove }

// A Move is one element and what is done with it. Its digest is what is declared, or "" where nothing is.
type Move struct {
	Path string `json:"-"`
	state.Element
	Action Action `json:"action"`
	From   string `json:"from,omitempty"`   // the digest of what stands there; "" where nothing does
	Listed string `json:"listed,omitempty"` // the digest of what pintle wrote; "" where it is not listed
}

// Inputs are what a plan is made from.
type Inputs struct {
	Wanted    map[string][]state.Element // by file: what is declared
	Base      *tree.Tree                 // the files that are declared or listed, as they are
	Manifests map[string]state.Manifest  // by file
	Pins      map[string][]string        // by file: keys that hold tags, which are nobody's content
}

// Options say how far a plan may go.
type Options struct {
	Overwrite bool                               // take ours where somebody else wrote
	Unbound   bool                               // some app did not compile, so what nothing declares may still be declared: nothing is removed
	Within    func(app, environment string) bool // the part of the declarations that is rolled out; nil for all
}

func (o Options) within(e state.Element) bool {
	return o.Within == nil || o.Within(e.App, e.Environment)
}

// Reconcile decides about every element that is declared or listed, in the order of files and of elements
// in them. What is refused is said in findings, and does not keep the others from being written.
func Reconcile(in Inputs, o Options) ([]Move, diag.List) {
	var moves []Move
	var findings diag.List
	paths := slices.Sorted(maps.Keys(in.Wanted))
	for path := range in.Manifests {
		if _, wanted := in.Wanted[path]; !wanted {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		have, found := in.meaning(path)
		if found != nil {
			findings = append(findings, *found)
			continue
		}
		for _, m := range in.elements(path) {
			if value, ok := m.In(have); ok {
				m.From = in.digest(m, value)
			}
			m.Action = o.action(m)
			moves = append(moves, m)
		}
	}
	return moves, findings
}

// elements are the declared and the listed elements of a file, each once.
func (in Inputs) elements(path string) []Move {
	manifest := in.Manifests[path]
	var moves []Move
	wanted := slices.Clone(in.Wanted[path])
	slices.SortFunc(wanted, func(a, b state.Element) int { return a.Element.Compare(b.Element) })
	for _, e := range wanted {
		m := Move{Path: path, Element: e}
		if listed, ok := manifest.Find(e.Element); ok {
			m.Listed = listed.Digest
		}
		moves = append(moves, m)
	}
	for _, e := range manifest.Elements {
		_, declared := slices.BinarySearchFunc(wanted, e.Element, func(a state.Element, b document.Element) int { return a.Element.Compare(b) })
		if !declared {
			listed := e.Digest
			e.Digest = ""
			moves = append(moves, Move{Path: path, Element: e, Listed: listed})
		}
	}
	slices.SortStableFunc(moves, func(a, b Move) int { return a.Element.Element.Compare(b.Element.Element) })
	return moves
}

// action decides about one element. Digest is what is declared, From what stands there, Listed what
// pintle wrote; each may be "".
func (o Options) action(m Move) Action {
	theirs := m.From != m.Listed // somebody else wrote, or removed, what stands there
	switch {
	case !o.within(m.Element):
		return Abandon
	case m.Digest != "" && m.Digest == m.From && m.Listed == m.From:
		return Keep
	case m.Digest != "" && m.Digest == m.From:
		return TakeIn
	case m.Digest == "" && o.Unbound:
		return Abandon
	case m.Digest == "" && m.From == "":
		return Forget
	case theirs && !o.Overwrite:
		return Refuse
	case m.Digest == "":
		return Remove
	case m.From == "":
		return Add
	}
	return Change
}

// meaning is the value of a file as it stands, or nil where it does not exist.
func (in Inputs) meaning(path string) (any, *diag.Finding) {
	data, ok := in.Base.Get(path)
	if !ok {
		return nil, nil
	}
	node, err := document.Parse(path, data)
	if err == nil {
		var value any
		if value, err = document.Value(path, node); err == nil {
			return value, nil
		}
	}
	what, line := err.Error(), 0
	var bad *document.Error
	if errors.As(err, &bad) {
		what, line = bad.What, bad.Line
	}
	return nil, &diag.Finding{
		Rule:  "charts-file",
		Where: token.Position{Filename: path, Line: line},
		What:  "this cannot be read, so nothing in the file is written: " + what,
		Why:   "a file of the charts repo is changed in place, and for that it has to be understood",
		Fix:   "mend it in the charts repo",
	}
}

// nothing is the digest of a document without keys. Who declares one claims that the file is there, and
// nothing in it.
var nothing = document.Digest(map[string]any{})

// digest stands for what an element means in the charts repo.
func (in Inputs) digest(m Move, value any) string {
	if m.ID == "" && (m.Digest == nothing || m.Listed == nothing) {
		return nothing
	}
	return document.Digest(in.withoutPins(m.Path, m.Element.Element, value))
}

// withoutPins is what an element means without the tags in it.
func (in Inputs) withoutPins(path string, e document.Element, value any) any {
	for _, pin := range in.Pins[path] {
		if rest, inside := e.Below(pin); inside {
			value = document.Without(value, rest)
		}
	}
	return value
}

// EditedByHand is what to say of an element that is refused. Have is what stands there, want what is
// declared, nil where nothing is.
func EditedByHand(m Move, have, want any, declared token.Position) diag.Finding {
	f := diag.Finding{
		Rule:  "hand-edit",
		Where: token.Position{Filename: m.Path},
		What:  fmt.Sprintf("%s was edited by hand, and is left as it is", m.Element.Element),
		Why:   "it no longer means what pintle wrote there",
		Fix:   "say the same in CUE, or take ours with --overwrite",
	}
	if declared.Filename != "" {
		f.Also = []token.Position{declared}
	}
	if m.Listed == "" {
		f.Rule = "not-listed"
		f.What = fmt.Sprintf("%s is there already and means something else, so it is left as it is", m.Element.Element)
		f.Why = "pintle did not write it"
	}
	switch differences := document.Differences(want, have); {
	case m.Digest == "":
		f.Why += ", and nothing declares it any longer"
		f.Fix = "remove it by hand, or let it be removed with --overwrite"
	case m.From == "":
		f.What = fmt.Sprintf("%s was removed by hand, and is not put back", m.Element.Element)
		f.Why = "pintle wrote it, and it is still declared"
		f.Fix = "remove it from the declarations, or write it again with --overwrite"
	default:
		f.Why += "; as CUE, what stands there is\n" + asCUE(differences)
	}
	return f
}

// asCUE writes what differs as CUE would have to say it, one line each.
func asCUE(differences []document.Difference) string {
	const most = 12
	s := ""
	for i, d := range differences {
		if i == most {
			return s + fmt.Sprintf("\n  … and %d more", len(differences)-most)
		}
		if i > 0 {
			s += "\n"
		}
		s += "  " + d.CUE()
	}
	return s
}
