package verify

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
)

// A joining is a merge, the revisions that it merges, and the newest that these have in common.
type joining struct {
	*Commit
	after   *repo.Revision
	parents []*repo.Revision
	bases   []*repo.Revision
	undone  map[string]bool // what was said already
}

// merge compares a merge with what a clean three-way merge of its parents gives: what only one side
// changed stands as that side has it.
func (v *verifier) merge(c *Commit, rev *repo.Revision) error {
	j := &joining{Commit: c, after: rev, undone: map[string]bool{}}
	paths := map[string]bool{}
	for i, id := range rev.Parents {
		parent, err := v.history.Revision(id)
		if err != nil {
			return err
		}
		j.parents = append(j.parents, parent)
		changes, err := rev.Changes(parent)
		if err != nil {
			return err
		}
		for _, change := range changes {
			paths[change.Path] = true
		}
		if i > 0 {
			bases, err := v.history.MergeBases(rev.Parents[0], id)
			if err != nil {
				return err
			}
			j.bases = append(j.bases, bases...)
		}
	}
	// What pintle knows of a tag comes after the tag, of which more can be said.
	inOrder := slices.SortedFunc(maps.Keys(paths), func(a, b string) int {
		switch {
		case isState(a) == isState(b):
			return cmp.Compare(a, b)
		case isState(a):
			return 1
		}
		return -1
	})
	for _, path := range inOrder {
		if err := v.merged(j, path); err != nil {
			return err
		}
	}
	c.Findings = c.Findings.Sorted()
	if len(c.Findings) > 0 {
		c.Verdict = Wrong
	}
	return nil
}

// A join is one thing as all revisions of a merge have it, by which it may be compared.
type join[T comparable] struct {
	result T
	sides  []T // of the parents
	bases  []T // none where the parents have nothing in common
}

// expected is what a clean merge gives; not ok where more than one side has changed it.
func (j join[T]) expected() (want T, ok bool) {
	var changed []T
	for _, s := range j.sides {
		if !slices.Contains(j.bases, s) && !slices.Contains(changed, s) {
			changed = append(changed, s)
		}
	}
	same := !slices.ContainsFunc(j.sides, func(s T) bool { return s != j.sides[0] })
	switch {
	case same:
		return j.sides[0], true
	case len(changed) == 1:
		return changed[0], true
	}
	return want, false // several have; or the bases differ among themselves, so each is somebody's
}

// clean reports whether the result is what a clean merge gives.
func (j join[T]) clean() bool {
	want, ok := j.expected()
	return ok && j.result == want
}

// stale reports whether the result is what one side had, though only another has changed it.
func (j join[T]) stale() bool {
	want, ok := j.expected()
	return ok && j.result != want && (slices.Contains(j.sides, j.result) || slices.Contains(j.bases, j.result))
}

// joined collects one thing from all revisions of a merge.
func joined[T comparable](j *joining, of func(*repo.Revision) (T, error)) (out join[T], err error) {
	if out.result, err = of(j.after); err != nil {
		return out, err
	}
	for _, r := range j.parents {
		value, err := of(r)
		if err != nil {
			return out, err
		}
		out.sides = append(out.sides, value)
	}
	for _, r := range j.bases {
		value, err := of(r)
		if err != nil {
			return out, err
		}
		out.bases = append(out.bases, value)
	}
	if len(j.bases) == 0 {
		var none T
		out.bases = append(out.bases, none)
	}
	return out, nil
}

// merged looks at one path where a merge differs from a parent.
func (v *verifier) merged(j *joining, path string) error {
	file, err := joined(j, func(r *repo.Revision) (repo.Entry, error) { return entry(r, path) })
	if err != nil || file.clean() {
		return err
	}
	if isState(path) {
		return v.mergedState(j, path, file)
	}
	pins, err := v.mergedPins(j, path)
	if err != nil {
		return err
	}
	elements, err := v.mergedElements(j, path, pins)
	if err != nil || len(pins) > 0 || elements {
		return err
	}
	switch {
	case file.stale():
		j.Notes = append(j.Notes, "puts back "+path+", which pintle does not own")
	case !slices.Contains(file.sides, file.result):
		j.Notes = append(j.Notes, "joins "+path+", which pintle does not own")
	}
	return nil
}

// mergedPins compares what the pins of a file say, whoever else wrote there.
func (v *verifier) mergedPins(j *joining, path string) ([]pinned, error) {
	var pins []pinned
	for _, r := range slices.Concat(j.parents, j.bases, []*repo.Revision{j.after}) {
		more, err := v.pinsOf(r)
		if err != nil {
			return nil, err
		}
		pins = bothPins(map[string][]pinned{path: pins}, more, path)
	}
	for _, p := range pins {
		tags, err := joined(j, func(r *repo.Revision) (string, error) {
			e, err := entry(r, path)
			if err != nil {
				return "", err
			}
			return v.tagIn(p.Pin, e)
		})
		if err != nil {
			return nil, err
		}
		if err := v.mergedPin(j, p, tags); err != nil {
			return nil, err
		}
	}
	return pins, nil
}

func (v *verifier) mergedPin(j *joining, p pinned, tags join[string]) error {
	if tags.clean() {
		return nil
	}
	want, one := tags.expected()
	m := Move{Image: p.image, Environment: p.environment, Pin: p.Pin, From: want, To: tags.result}
	if !one {
		// Each side has moved it. The result has to be one of them, and not behind the others.
		for i, side := range tags.sides {
			if side == tags.result {
				continue
			}
			record, err := v.recordOf(j.parents[i], p)
			if err != nil {
				return err
			}
			if goesBack(record, tags.result) {
				m.From, m.Back = side, true
			}
			m.From = cmp.Or(m.From, side)
		}
		if !m.Back && slices.Contains(tags.sides, tags.result) {
			j.Notes = append(j.Notes, fmt.Sprintf("resolved by hand: %s in %s is %s, not %s", p.image, p.environment, orNothing(m.To), orNothing(m.From)))
			j.Moves = append(j.Moves, m)
			return v.recordGoesAlong(j, p, tags)
		}
	}
	m.Back = m.Back || tags.stale()
	j.Moves = append(j.Moves, m)
	if !m.Back {
		j.finds("verify-pin", p.Pin.Path, "makes "+p.image+" in "+p.environment+" "+orNothing(m.To)+" in a merge", "no side of it has that", "merge again, and leave pins as the sides have them")
		return nil
	}
	undoes, err := v.undoes(j, p.Pin.Path, tags.sides, m.From, func(r *repo.Revision) (string, error) {
		e, err := entry(r, p.Pin.Path)
		if err != nil {
			return "", err
		}
		return v.tagIn(p.Pin, e)
	})
	if err != nil {
		return err
	}
	j.undone[p.image+"\x00"+p.environment] = true
	j.putsBack("verify-pin", p.Pin.Path, fmt.Sprintf("puts %s in %s back from %s to %s", p.image, p.environment, orNothing(m.From), orNothing(m.To)), undoes)
	return nil
}

// recordGoesAlong checks that a merge which takes a tag from one side takes its record from there too.
func (v *verifier) recordGoesAlong(j *joining, p pinned, tags join[string]) error {
	now, err := v.recordOf(j.after, p)
	if err != nil || now.Tag == tags.result {
		return err
	}
	for i, side := range tags.sides {
		record, err := v.recordOf(j.parents[i], p)
		if err != nil {
			return err
		}
		if side == tags.result && record.Tag == side {
			j.finds("verify-record", state.RecordPath(p.environment, p.image), fmt.Sprintf("takes %s of %s in %s in a merge, and the record of %s", orNothing(side), p.image, p.environment, orNothing(now.Tag)),
				"a tag and what is known of it go together", "merge again, and take both from one side")
			return nil
		}
	}
	return nil
}

// putsBack is a finding that needs no more than the merge's id to be understood.
func (j *joining) putsBack(rule, path, what, undoes string) {
	if undoes != "" {
		what += ", and undoes " + undoes
	}
	j.finds(rule, path, "is a merge that "+what, "one side had moved on, and the other had not touched it",
		"merge again, and take what stands on the side that moved on")
}

// recordOf is what a revision knows of a pin; what cannot be read says nothing.
func (v *verifier) recordOf(r *repo.Revision, p pinned) (state.Record, error) {
	at := state.RecordPath(p.environment, p.image)
	e, err := entry(r, at)
	if err != nil || !e.Exists() {
		return state.Record{}, err
	}
	record, _, err := v.record(at, e)
	return record, notFault(err)
}

// undoes is the last commit that made something what a merge does not keep, with its subject; "" where it
// is not found.
func (v *verifier) undoes(j *joining, path string, sides []string, lost string, of func(*repo.Revision) (string, error)) (string, error) {
	const most = 5000 // commits
	i := slices.Index(sides, lost)
	if i < 0 {
		return "", nil
	}
	other := j.parents[0].ID
	if i == 0 {
		other = j.parents[1].ID
	}
	beside, err := v.history.Beside(other, j.parents[i].ID)
	if err != nil {
		return "", err
	}
	for n := len(beside) - 1; n >= max(0, len(beside)-most); n-- {
		r := beside[n]
		var parent *repo.Revision
		if len(r.Parents) > 0 {
			if parent, err = v.history.Revision(r.Parents[0]); err != nil {
				return "", err
			}
		}
		was, err := entry(parent, path)
		if err != nil {
			return "", err
		}
		is, err := r.Find(path)
		if err != nil {
			return "", err
		}
		if was == is || len(r.Parents) > 1 {
			continue
		}
		if says, err := of(r); err != nil || says == lost {
			return short(r.ID), err
		}
	}
	return "", nil
}

// mergedElements compares what the listed elements of a file mean. It reports whether there are any.
func (v *verifier) mergedElements(j *joining, path string, pins []pinned) (bool, error) {
	elements := map[document.Element]bool{}
	for _, r := range slices.Concat(j.parents, []*repo.Revision{j.after}) {
		m, _, err := v.manifestOf(r, path)
		if notFault(err) != nil {
			return false, err
		}
		for _, e := range m.Elements {
			if e.ID != "" || e.Digest != nothing {
				elements[e.Element] = true
			}
		}
	}
	values := map[*repo.Revision]any{}
	for _, r := range slices.Concat(j.parents, j.bases, []*repo.Revision{j.after}) {
		e, err := entry(r, path)
		if err != nil {
			return false, err
		}
		if values[r], err = v.value(path, e); notFault(err) != nil {
			return false, err
		}
	}
	for _, e := range slices.SortedFunc(maps.Keys(elements), document.Element.Compare) {
		means := func(r *repo.Revision) (string, error) {
			value, there := e.In(values[r])
			if !there {
				return "", nil
			}
			return document.Digest(withoutPins(pins, e, value)), nil
		}
		digests, err := joined(j, means)
		if err != nil {
			return false, err
		}
		if digests.clean() {
			continue
		}
		j.Elements = append(j.Elements, Touched{path, e, digests.result == ""})
		switch {
		case digests.stale():
			want, _ := digests.expected()
			undoes, err := v.undoes(j, path, digests.sides, want, func(r *repo.Revision) (string, error) {
				at, err := entry(r, path)
				if err != nil {
					return "", err
				}
				doc, err := v.value(path, at)
				if err != nil {
					return "", notFault(err)
				}
				value, there := e.In(doc)
				if !there {
					return "", nil
				}
				return document.Digest(withoutPins(pins, e, value)), nil
			})
			if err != nil {
				return false, err
			}
			j.putsBack("verify-element", path, fmt.Sprintf("puts %s back", e), undoes)
		case slices.Contains(digests.sides, digests.result):
			j.Notes = append(j.Notes, fmt.Sprintf("resolved by hand: %s in %s is as one side has it", e, path))
		case !v.opts.AllowForeign:
			j.finds("verify-element", path, fmt.Sprintf("makes %s in a merge what no side has", e), "so no declaration says it",
				"merge again, and write it with `pintle commit`; or allow it with --allow-foreign")
		}
	}
	return len(elements) > 0, nil
}

// mergedState looks at a file of pintle's own. Only a manifest may be a mixture of the sides, since its
// elements have owners of their own.
func (v *verifier) mergedState(j *joining, path string, file join[repo.Entry]) error {
	if list, ok := isManifest(path); ok && !slices.Contains(file.sides, file.result) && file.result.Exists() {
		return v.mergedManifest(j, path, list)
	}
	switch {
	case !slices.Contains(file.sides, file.result):
		j.State = append(j.State, path)
		j.finds("verify-state", path, "makes this in a merge what no side has", "only pintle writes here", "merge again, and take it as one side has it")
	case file.stale():
		j.State = append(j.State, path)
		if environment, image, ok := state.RecordOf(path); ok && j.undone[image+"\x00"+environment] {
			return nil // that is said of the pin
		}
		j.putsBack("verify-state", path, "puts this back", "")
	}
	return nil
}

// mergedManifest: each element is listed as a clean merge of the listings has it.
func (v *verifier) mergedManifest(j *joining, path, file string) error {
	elements := map[document.Element]bool{}
	lists := map[*repo.Revision]state.Manifest{}
	for _, r := range slices.Concat(j.parents, j.bases, []*repo.Revision{j.after}) {
		m, data, err := v.manifestOf(r, file)
		if notFault(err) != nil {
			return err
		}
		if r == j.after && (err != nil || !bytes.Equal(m.Encode(file), data)) {
			j.State = append(j.State, path)
			j.finds("verify-state", path, "makes this in a merge what pintle would not write", "", "merge again, and take it as one side has it")
			return nil
		}
		lists[r] = m
		for _, e := range m.Elements {
			elements[e.Element] = true
		}
	}
	for _, e := range slices.SortedFunc(maps.Keys(elements), document.Element.Compare) {
		listing, err := joined(j, func(r *repo.Revision) (state.Element, error) {
			listed, _ := lists[r].Find(e)
			return listed, nil
		})
		if err != nil {
			return err
		}
		if !listing.clean() && (listing.stale() || !slices.Contains(listing.sides, listing.result)) {
			j.State = append(j.State, path)
			j.finds("verify-state", path, fmt.Sprintf("lists %s otherwise than a clean merge does", e), "", "merge again, and take it as one side has it")
		}
	}
	source := lists[j.after].Source
	if !slices.ContainsFunc(j.parents, func(r *repo.Revision) bool { return lists[r].Source == source }) {
		j.finds("verify-state", path, "makes this in a merge from "+orNothing(source), "no side has that", "merge again, and take it as one side has it")
	}
	return nil
}
