package compiler

import (
	"errors"
	"go/token"
	"maps"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// A joint is a head and fragments that are to be joined with it.
type joint struct {
	base      *repo.Snapshot
	fragments map[string][]render.Fragment // by path
	inputs    plan.Inputs
	findings  diag.List
}

// join reads what a head has of the files that fragments claim, and of all that pintle ever wrote.
func (w *writing) join(base *repo.Snapshot, fragments []render.Fragment) (*joint, error) {
	j := &joint{base: base, fragments: map[string][]render.Fragment{}}
	j.inputs = plan.Inputs{Wanted: map[string][]state.Element{}, Manifests: map[string]state.Manifest{}, Pins: w.pins}
	for _, f := range fragments {
		j.fragments[f.Path] = append(j.fragments[f.Path], f)
		j.inputs.Wanted[f.Path] = append(j.inputs.Wanted[f.Path], f.Elements...)
	}
	manifests, err := base.Under(state.ManifestDir)
	if err != nil {
		return nil, err
	}
	paths := slices.Collect(maps.Keys(j.fragments))
	for at, data := range manifests.All() {
		file, ok := state.Listed(at)
		if !ok || tree.Unfit(file) != "" {
			continue
		}
		m, err := state.ReadManifest(at, data)
		if list, ok := err.(diag.List); ok {
			return nil, list
		} else if err != nil {
			return nil, err
		}
		j.inputs.Manifests[file] = m
		paths = append(paths, file)
	}
	slices.Sort(paths)
	return j, j.read(slices.Compact(paths))
}

// read is the files as they are. One that cannot be read is left out, and said; the others go on.
func (j *joint) read(paths []string) error {
	j.inputs.Base = &tree.Tree{}
	for _, p := range paths {
		files, err := j.base.Read([]string{p})
		var unfit *repo.PathError
		if errors.As(err, &unfit) {
			j.findings = append(j.findings, diag.Finding{
				Rule:  "charts-file",
				Where: token.Position{Filename: unfit.Path},
				What:  unfit.What,
				Why:   p + " is declared, or was written before; nothing of it is written now",
				Fix:   "mend it in the charts repo, or declare another path",
			})
			delete(j.fragments, p)
			delete(j.inputs.Wanted, p)
			delete(j.inputs.Manifests, p)
			continue
		}
		if err != nil {
			return err
		}
		if data, ok := files.Get(p); ok {
			j.inputs.Base.Put(p, data)
		}
	}
	return nil
}

// refused says of every element that is refused what differs.
func (j *joint) refused(moves []plan.Move) diag.List {
	var findings diag.List
	for _, m := range moves {
		if m.Action != plan.Refuse {
			continue
		}
		have, _ := valueOf(j.inputs.Base, m)
		var want any
		var at token.Position
		for _, f := range j.fragments[m.Path] {
			if value, ok := f.Value(m.Element.Element); ok {
				want, at = value, f.Pos
			}
		}
		findings = append(findings, plan.EditedByHand(m, have, want, at))
	}
	return findings
}

func valueOf(base *tree.Tree, m plan.Move) (any, bool) {
	data, ok := base.Get(m.Path)
	if !ok {
		return nil, false
	}
	node, err := document.Parse(m.Path, data)
	if err != nil {
		return nil, false
	}
	value, err := document.Value(m.Path, node)
	if err != nil {
		return nil, false
	}
	return m.In(value)
}

// leaveOut takes out of the fragments what is not to be written. What is kept stays in: a neighbour whose
// anchor changes may take it along.
func (j *joint) leaveOut(moves []plan.Move) error {
	left := map[string]map[document.Element]bool{}
	for _, m := range moves {
		if m.Action != plan.Refuse && m.Action != plan.Abandon {
			continue
		}
		if left[m.Path] == nil {
			left[m.Path] = map[document.Element]bool{}
		}
		left[m.Path][m.Element.Element] = true
	}
	for path, elements := range left {
		var stay []render.Fragment
		for _, f := range j.fragments[path] {
			f, some, err := f.Without(elements)
			if err != nil {
				return err
			}
			if some {
				stay = append(stay, f)
			}
		}
		j.fragments[path] = stay
	}
	return nil
}
