package compiler

import (
	"cmp"
	"context"
	"fmt"
	"go/token"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
)

// CommitPlan carries out a plan that was made before, on the head as it is now, or refuses where what it
// is about has moved.
func CommitPlan(ctx context.Context, o ChartsOptions, p plan.Plan) (*Committed, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("the plan cannot be carried out: %w", err)
	}
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	places, err := placesOf(config)
	if err != nil {
		return nil, err
	}
	o.Commit.Branch = cmp.Or(o.Commit.Branch, p.Branch)
	w := &writing{ChartsOptions: o, places: places}
	if w.remote, err = w.charts(places); err != nil {
		return nil, err
	}
	if w.remote.String() != p.Charts {
		// A plan is a file, and may come from anyone: it does not say where secrets are sent.
		return nil, fmt.Errorf("the plan was made for the charts repo %s, and this is %s; name the right one with --charts, or make it anew", p.Charts, w.remote)
	}
	if w.source, err = repo.SourceOf(config.Root); err != nil {
		return nil, err
	}
	return w.land(ctx, func(base *repo.Snapshot) (*Planned, *repo.Snapshot, error) { return w.carryOut(base, p) })
}

// carryOut is a plan that was made before, done on a head as it is now.
func (w *writing) carryOut(base *repo.Snapshot, made plan.Plan) (*Planned, *repo.Snapshot, error) {
	fragments, err := fragmentsOf(made)
	if err != nil {
		return nil, nil, err
	}
	w.pins, w.source = made.Pins, w.source.At(made.Source) // what is written is the plan's, whatever is checked out
	j, err := w.join(base, fragments)
	if err != nil {
		return nil, nil, err
	}
	now, findings := plan.Reconcile(j.inputs, plan.Options{Overwrite: true})
	if len(findings) > 0 {
		return nil, nil, findings
	}
	left, stale := made.Since(now)
	if len(stale) > 0 {
		return nil, nil, staleError(stale, made.Base)
	}
	if err := j.leaveOut(left); err != nil {
		return nil, nil, err
	}
	p := &Planned{Plan: made}
	p.Base, p.Branch = base.ID(), w.Commit.Branch
	p.Commits = plan.Commits(left, w.environments())
	next, err := w.write(base, j, p)
	return p, next, err
}

// staleError says what a plan is about and has moved since.
func staleError(stale []plan.Move, base string) error {
	var findings diag.List
	for _, m := range stale {
		findings = append(findings, diag.Finding{
			Rule:  "stale",
			Where: token.Position{Filename: m.Path},
			What:  fmt.Sprintf("%s has changed since the plan was made", m.Element.Element),
			Why:   fmt.Sprintf("the plan was made on %.12s, and what it would do may not be what was meant", base),
			Fix:   "make the plan anew, and read it again",
		})
	}
	return findings
}

// fragmentsOf are the fragments that a plan holds.
func fragmentsOf(p plan.Plan) ([]render.Fragment, error) {
	var all []render.Fragment
	for _, c := range p.Commits {
		for _, file := range c.Files {
			for _, t := range file.Fragments {
				f, err := render.Fragment{
					Path: file.Path, Environment: t.Environment, App: t.App, At: t.At, By: t.By, ID: t.ID,
					Text: []byte(t.Text), Order: t.Order, Source: t.Source, Pos: token.Position{Filename: t.Source, Line: t.Line},
				}.Read()
				if err != nil {
					return nil, fmt.Errorf("the plan is not as pintle wrote it: %w", err)
				}
				all = append(all, f)
			}
		}
	}
	return all, nil
}
