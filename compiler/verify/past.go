package verify

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Bounds of what is read. A pull request may hold anything.
const (
	maxRecord   = 1 << 20  // bytes: 200 tags and 16 intents are a hundredth of it
	maxManifest = 16 << 20 // bytes: ten thousand elements are a tenth of it
	maxPins     = 1000     // of one file
)

// stateDir is where pintle keeps what it knows.
const stateDir = ".pintle"

func isState(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return strings.EqualFold(first, stateDir)
}

// past reads what revisions say. What one blob says is read once, in however many revisions it stands.
type past struct {
	history   *repo.History
	records   map[repo.Entry]recordRead
	manifests map[repo.Entry]manifestRead
	pins      map[repo.Entry]map[string][]pinned // of the folder of all records
}

type recordRead struct {
	record state.Record
	data   []byte
	err    error
}

type manifestRead struct {
	manifest state.Manifest
	data     []byte
	err      error
}

func newPast(h *repo.History) *past {
	return &past{
		history: h, records: map[repo.Entry]recordRead{}, manifests: map[repo.Entry]manifestRead{},
		pins: map[repo.Entry]map[string][]pinned{},
	}
}

// A fault is why a file cannot be read, where whoever wrote it can mend that.
type fault string

func (f fault) Error() string { return string(f) }

// entry is what stands at a path; nothing stands in no revision.
func entry(r *repo.Revision, p string) (repo.Entry, error) {
	if r == nil {
		return repo.Entry{}, nil
	}
	return r.Find(p)
}

// bytes is the content of a file, nil where there is none. What is no file, or too large, is a fault.
func (p *past) bytes(e repo.Entry, most int64) ([]byte, error) {
	if odd := e.Odd(); odd != "" && odd != "a program" {
		return nil, fault("it is " + odd + ", where a file should be")
	}
	data, err := p.history.Bytes(e, most)
	if errors.Is(err, repo.ErrTooLarge) {
		return nil, fault(fmt.Sprintf("it has more than the %d MB that are read", most>>20))
	}
	if data == nil && err == nil && e.Exists() {
		data = []byte{}
	}
	return data, err
}

// value is what a file means, nil where it does not exist.
func (p *past) value(name string, e repo.Entry) (any, error) {
	data, err := p.bytes(e, repo.MaxFile)
	if err != nil {
		return nil, err
	}
	node, err := document.Parse(name, data)
	if err != nil {
		return nil, asFault(err)
	}
	value, err := document.Value(name, node)
	return value, asFault(err)
}

// asFault is an error that the author of a file can mend, as a fault.
func asFault(err error) error {
	var bad *document.Error
	var list diag.List
	switch {
	case errors.As(err, &bad) && bad.Line > 0:
		return fault(fmt.Sprintf("it cannot be read: line %d: %s", bad.Line, bad.What))
	case errors.As(err, &bad):
		return fault("it cannot be read: " + bad.What)
	case errors.As(err, &list) && len(list) > 0:
		f := list[0]
		if f.Where.Line > 0 {
			return fault(fmt.Sprintf("line %d: %s", f.Where.Line, f.What))
		}
		return fault(f.What)
	}
	return err
}

// record is what a record's file says, and its bytes.
func (p *past) record(name string, e repo.Entry) (state.Record, []byte, error) {
	got, done := p.records[e]
	if !done {
		if got.data, got.err = p.bytes(e, maxRecord); got.err == nil {
			got.record, got.err = state.ReadRecord(name, got.data)
			got.err = asFault(got.err)
		}
		p.records[e] = got
	}
	return got.record, got.data, got.err
}

// manifest is what a manifest's file says, and its bytes. One that does not exist lists nothing.
func (p *past) manifest(name string, e repo.Entry) (state.Manifest, []byte, error) {
	if !e.Exists() {
		return state.Manifest{}, nil, nil
	}
	got, done := p.manifests[e]
	if !done {
		if got.data, got.err = p.bytes(e, maxManifest); got.err == nil {
			got.manifest, got.err = state.ReadManifest(name, got.data)
			got.err = asFault(got.err)
		}
		p.manifests[e] = got
	}
	return got.manifest, got.data, got.err
}

// A pinned image is a record and whose it is.
type pinned struct {
	image, environment string
	state.Record
}

// pinsOf are the records of a revision by the file that holds their pin. Records that cannot be read, and
// those whose pin lies outside of the charts repo, pin nothing; whoever changed them is told elsewhere.
func (p *past) pinsOf(r *repo.Revision) (map[string][]pinned, error) {
	dir, err := entry(r, state.RecordsDir)
	if err != nil || !dir.Exists() {
		return nil, err
	}
	if pins, done := p.pins[dir]; done {
		return pins, nil
	}
	pins := map[string][]pinned{}
	var failed error
	err = r.Under(state.RecordsDir, func(name string, e repo.Entry) {
		environment, image, ok := state.RecordOf(name)
		if !ok {
			return
		}
		record, _, err := p.record(name, e)
		var bad fault
		switch {
		case errors.As(err, &bad):
		case err != nil:
			failed = err
		case tree.Unfit(record.Pin.Path) == "" && len(pins[record.Pin.Path]) < maxPins:
			pins[record.Pin.Path] = append(pins[record.Pin.Path], pinned{image, environment, record})
		}
	})
	if len(p.pins) > 64 {
		clear(p.pins)
	}
	p.pins[dir] = pins
	return pins, errors.Join(err, failed)
}

// tagIn is what a pin says in a file, "" where it says nothing that can be read.
func (p *past) tagIn(at state.PinAt, e repo.Entry) (string, error) {
	data, err := p.bytes(e, repo.MaxFile)
	if err != nil || data == nil {
		return "", notFault(err)
	}
	tag, _, err := state.Tag(at.Path, data, at.Key)
	return tag, notFault(asFault(err))
}

// notFault is an error of the machine.
func notFault(err error) error {
	var bad fault
	if errors.As(err, &bad) {
		return nil
	}
	return err
}

// bothPins are the pins of a file before or after, each once; what is known after counts less, since
// the commit itself may have written it.
func bothPins(before, after map[string][]pinned, file string) []pinned {
	pins := slices.Clone(before[file])
	for _, a := range after[file] {
		if !slices.ContainsFunc(pins, func(b pinned) bool {
			return a.image == b.image && a.environment == b.environment && a.Pin == b.Pin
		}) {
			pins = append(pins, a)
		}
	}
	return pins
}

// manifestOf is the manifest of a file in a revision.
func (p *past) manifestOf(r *repo.Revision, file string) (state.Manifest, []byte, error) {
	at := state.ManifestPath(file)
	e, err := entry(r, at)
	if err != nil {
		return state.Manifest{}, nil, err
	}
	return p.manifest(at, e)
}

// isManifest is the file that a manifest is about.
func isManifest(p string) (file string, ok bool) {
	file, ok = state.Listed(p)
	return file, ok && tree.Unfit(file) == "" && path.Clean(p) == p
}

// quoted is a value from outside as it may be shown; "" stays "".
func quoted(s string) string {
	const most = 80
	if s == "" {
		return ""
	}
	if len(s) > most {
		s = s[:most] + "…"
	}
	if q := strconv.Quote(s); q != `"`+s+`"` || strings.ContainsAny(s, " \"") {
		return q
	}
	return s
}
