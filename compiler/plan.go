package compiler

import (
	"cmp"
	"context"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Planned is a plan, and what keeps parts of it from being carried out.
type Planned struct {
	plan.Plan
	Findings diag.List     // what is refused, or does not compile; the rest goes on without it
	Changes  []tree.Change // of the charts repo's own files, in order
	TakenIn  int           // elements that mean already what is declared, and are listed from now on
	Held     int           // elements that are left out: out of scope, or of apps that did not compile
}

// Plan is the commits that would make the charts repo what the declarations say. It writes nothing.
func Plan(ctx context.Context, o ChartsOptions) (*Planned, error) {
	w, err := o.writing(ctx)
	if err != nil {
		return nil, err
	}
	var p *Planned
	branch := cmp.Or(w.Commit.From, w.Commit.Branch)
	err = w.remote.Read(ctx, branch, func(base *repo.Snapshot) error {
		var j *joint
		var err error
		if p, j, _, err = w.plan(base); err != nil {
			return err
		}
		w.texts(j, &p.Plan)
		p.Plan, err = p.Sealed()
		return err
	})
	return p, err
}

// plan is what is to be done on a head, and the head with it done.
func (w *writing) plan(base *repo.Snapshot) (*Planned, *joint, *repo.Snapshot, error) {
	j, err := w.join(base, w.fragments)
	if err != nil {
		return nil, nil, nil, err
	}
	p := &Planned{
		Plan:     plan.Plan{Version: plan.Version, Charts: w.remote.String(), Branch: w.Commit.Branch, Base: base.ID(), Source: w.source.String()},
		Findings: slices.Concat(w.findings, j.findings),
	}
	o := plan.Options{Overwrite: w.Overwrite, Unbound: len(w.findings) > 0, Within: w.within}
	moves, unreadable := plan.Reconcile(j.inputs, o)
	p.Findings = append(p.Findings, unreadable...)
	p.Findings = append(p.Findings, j.refused(moves)...)
	for _, m := range moves {
		switch m.Action {
		case plan.TakeIn:
			p.TakenIn++
		case plan.Abandon:
			p.Held++
		}
	}
	if !w.AllowPrune {
		if list := plan.Brake(moves, j.inputs.Manifests); len(list) > 0 {
			return nil, nil, nil, append(list, p.Findings...)
		}
	}
	if err := j.leaveOut(moves); err != nil {
		return nil, nil, nil, err
	}
	p.Commits = plan.Commits(moves, w.environments())
	next, err := w.write(base, j, p)
	p.Findings = p.Findings.Sorted()
	return p, j, next, err
}

// texts puts what is written into a plan, so that it can be carried out without the declarations.
func (w *writing) texts(j *joint, p *plan.Plan) {
	p.Pins = map[string][]string{}
	for i := range p.Commits {
		for k := range p.Commits[i].Files {
			file := &p.Commits[i].Files[k]
			for _, f := range j.fragments[file.Path] {
				file.Fragments = append(file.Fragments, plan.Fragment{
					Environment: f.Environment, App: f.App, At: f.At, By: f.By, ID: f.ID,
					Text: string(f.Text), Order: f.Order, Source: f.Source, Line: f.Pos.Line,
				})
			}
			if pins := w.pins[file.Path]; len(pins) > 0 {
				p.Pins[file.Path] = pins
			}
		}
	}
}
