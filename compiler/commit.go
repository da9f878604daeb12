package compiler

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Committed is what came of writing a plan.
type Committed struct {
	Planned
	commit.Landing
	Commits []string // their ids, in order
	Remote  string
	remote  *repo.Remote
	into    string // the branch that a pull request would go to
}

// Commit makes the charts repo what the declarations say.
func Commit(ctx context.Context, o ChartsOptions) (*Committed, error) {
	w, err := o.writing(ctx)
	if err != nil {
		return nil, err
	}
	return w.land(ctx, func(base *repo.Snapshot) (*Planned, *repo.Snapshot, error) {
		p, _, next, err := w.plan(base)
		return p, next, err
	})
}

func (w *writing) land(ctx context.Context, make func(*repo.Snapshot) (*Planned, *repo.Snapshot, error)) (*Committed, error) {
	c := &Committed{Remote: w.remote.String(), remote: w.remote, into: cmp.Or(w.Commit.From, w.Commit.Branch)}
	landing, err := commit.Land(ctx, w.remote, w.Commit, func(base *repo.Snapshot) (*repo.Snapshot, error) {
		p, next, err := make(base)
		if err != nil {
			return nil, err
		}
		if ids := next.Since(base); len(ids) > 0 || len(c.Commits) == 0 || !base.Knows(c.Commits[len(c.Commits)-1]) {
			c.Planned, c.Commits = *p, ids
		} // else what was tried before has arrived, without an answer
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	c.Landing = *landing
	return c, nil
}

// write makes the commits of a plan on top of a head. A file that cannot be changed in place is left out
// of the plan, and said; the others go on.
func (w *writing) write(base *repo.Snapshot, j *joint, p *Planned) (*repo.Snapshot, error) {
	if err := w.notOlder(j, p); err != nil {
		return nil, err
	}
	next := base
	var made []plan.Commit
	for _, c := range p.Commits {
		joined, refused, err := j.joined(&c)
		if err != nil {
			return nil, err
		}
		p.Findings = append(p.Findings, refused...)
		own, all, err := j.changes(c, joined, p.Source)
		if err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, own...)
		if len(all) == 0 {
			continue
		}
		next, err = commit.Config(next, commit.Declared{
			Commit: c, Changes: all, Source: p.Source, By: w.By, Reason: w.Reason, At: w.At,
		}, w.Commit)
		if err != nil {
			return nil, err
		}
		made = append(made, c)
	}
	p.Commits = made
	return next, nil
}

// joined is the files that a commit writes, as they will be; one that goes away is not among them. What
// is refused goes out of the commit.
func (j *joint) joined(c *plan.Commit) (*tree.Tree, diag.List, error) {
	var fragments []render.Fragment
	charts := render.Charts{Base: j.inputs.Base, Gone: map[string][]document.Element{}, Pins: j.inputs.Pins}
	for _, file := range c.Files {
		for _, m := range file.Moves {
			if m.Action == plan.Remove {
				charts.Gone[file.Path] = append(charts.Gone[file.Path], m.Element.Element)
			}
		}
		if file.Writes() {
			fragments = append(fragments, j.fragments[file.Path]...)
		}
	}
	made, err := render.Tree(fragments, charts)
	var findings diag.List
	if err != nil && (!errors.As(err, &findings) || made == nil) {
		return nil, nil, err
	}
	c.Files = slices.DeleteFunc(slices.Clone(c.Files), func(file plan.File) bool {
		_, there := made.Get(file.Path)
		named := slices.ContainsFunc(findings, func(f diag.Finding) bool { return f.Where.Filename == file.Path })
		return named || file.Writes() && !there && len(j.fragments[file.Path]) > 0
	})
	return made, findings, nil
}

// changes are what one commit does to the charts repo's own files, and with the manifests.
func (j *joint) changes(c plan.Commit, joined *tree.Tree, source string) (own, all []tree.Change, err error) {
	before, after, manifests := &tree.Tree{}, &tree.Tree{}, &tree.Tree{}
	for _, file := range c.Files {
		j.manifest(file, source, manifests)
		if !file.Writes() {
			continue // it is only listed
		}
		if data, ok := j.inputs.Base.Get(file.Path); ok {
			before.Put(file.Path, data)
		}
		if data, ok := joined.Get(file.Path); ok {
			after.Put(file.Path, data)
		}
	}
	own = tree.Changes(before, after)
	old, err := j.base.Read(manifests.Paths())
	if err != nil {
		return nil, nil, err
	}
	for path, data := range manifests.All() {
		if len(data) == 0 {
			manifests.Delete(path) // nothing of the file is ours any more
		}
	}
	all = slices.Concat(own, tree.Changes(old, manifests))
	slices.SortFunc(all, func(a, b tree.Change) int { return cmp.Compare(a.Path, b.Path) })
	return own, all, nil
}

// manifest puts what is listed of a file once its moves are made; nothing where nothing is left.
func (j *joint) manifest(file plan.File, source string, into *tree.Tree) {
	was := j.inputs.Manifests[file.Path]
	m := state.Manifest{Source: cmp.Or(source, was.Source)}
	moved := map[document.Element]bool{}
	for _, move := range file.Moves {
		moved[move.Element.Element] = true
		if move.Action != plan.Remove && move.Action != plan.Forget {
			m.Elements = append(m.Elements, move.Element)
		}
	}
	for _, e := range was.Elements {
		if !moved[e.Element] {
			m.Elements = append(m.Elements, e)
		}
	}
	slices.SortFunc(m.Elements, func(a, b state.Element) int { return a.Element.Compare(b.Element) })
	at := state.ManifestPath(file.Path)
	if len(m.Elements) == 0 {
		into.Put(at, nil)
		return
	}
	into.Put(at, m.Encode(file.Path))
}

// notOlder asks the rules of every file that is written: what is older than what was written last is
// refused, file by file, because a rollout may have brought some of them further than others.
func (w *writing) notOlder(j *joint, p *Planned) error {
	if w.AllowOlder {
		return nil
	}
	seen := map[string]bool{}
	for _, c := range p.Commits {
		for _, file := range c.Files {
			last := j.inputs.Manifests[file.Path].Source
			if seen[last] {
				continue
			}
			seen[last] = true
			r := promote.Revision{Path: file.Path, Source: w.source.Commit, Last: last}
			r.Follows, r.Known = w.source.Follows(last)
			d := promote.DecideConfig(r)
			if !d.Allowed() {
				return d.Findings()
			}
		}
	}
	return nil
}
