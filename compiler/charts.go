package compiler

import (
	"cmp"
	"context"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"time"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/eval"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// ChartsOptions say which charts repo to read and write, and how.
type ChartsOptions struct {
	Options // Charts is its URL; "" is the declared one
	Remote  repo.RemoteOptions
	Commit  commit.Options // its branch is the declared one, unless it has one of its own

	Environments []string  // only these; empty for all
	Overwrite    bool      // take ours where somebody else wrote
	AllowPrune   bool      // take away as many releases at once as it comes to
	AllowOlder   bool      // write although a newer revision of the config repo was written
	By           string    // who asks
	Reason       string    // and why
	At           time.Time // the time of commits
}

// charts is the remote that the declarations name, unless the options name one.
func (o *ChartsOptions) charts(places release.Places) (*repo.Remote, error) {
	url := cmp.Or(o.Charts, places.ChartsRepo.URL)
	if url == "" {
		return nil, diag.List{{
			Rule:  "no-charts-repo",
			Where: places.ChartsRepo.Pos,
			What:  "nothing says where the charts repo is",
			Fix:   `declare chartsRepo: url: "https://..." in environments/, or name one with --charts`,
		}}
	}
	main := cmp.Or(places.ChartsRepo.Branch, "main")
	if o.Commit.Branch == "" {
		o.Commit.Branch = main
	} else if o.Commit.Branch != main {
		o.Commit.From = main
	}
	return repo.NewRemote(url, o.Remote)
}

// Planned is a plan, and what keeps parts of it from being carried out.
type Planned struct {
	plan.Plan
	Findings  diag.List     // what is refused, or does not compile; the rest goes on without it
	Changes   []tree.Change // of the charts repo's own files, in order
	TakenIn   int           // elements that mean already what is declared, and are listed from now on
	Held      int           // elements that are left out: out of scope, or of apps that did not compile
	Unwritten []string      // what stands beside the declared elements, in words
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
		if p, j, _, err = w.plan(base); err == nil {
			w.texts(j, &p.Plan)
		}
		return err
	})
	return p, err
}

// Committed is what came of writing a plan.
type Committed struct {
	Planned
	commit.Landing
	Commits []string // their ids, in order
	Remote  string
	remote  *repo.Remote
	into    string // the branch that a pull request would go to
}

// OpenPullRequest opens a pull request for the branch that was written, or brings the open one up to
// date. It reports where it is, or "" where the branch has nothing that the other has not.
func OpenPullRequest(ctx context.Context, c *Committed) (url string, err error) {
	heads, err := c.remote.Branches(ctx)
	if err != nil || heads[c.Branch] == heads[c.into] {
		return "", err
	}
	pr := repo.PullRequest{Head: c.Branch, Base: c.into, Title: "Update from the declarations", Keep: len(c.Plan.Commits) == 0}
	if len(c.Plan.Commits) == 1 {
		pr.Title = c.Plan.Commits[0].Title
	}
	pr.Body = "Made by pintle from the declarations"
	if c.Source != "" {
		pr.Body += " at " + c.Source
	}
	pr.Body += ".\n"
	for _, made := range c.Plan.Commits {
		pr.Body += "\n* " + made.Title
	}
	url, _, err = c.remote.OpenPullRequest(ctx, pr)
	return url, err
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

// CommitPlan carries out a plan that was made before, on the head as it is now, or refuses where what it
// is about has moved.
func CommitPlan(ctx context.Context, o ChartsOptions, p plan.Plan) (*Committed, error) {
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	places, err := eval.Places(config.Environments)
	if err != nil {
		return nil, err
	}
	o.Charts = cmp.Or(o.Charts, p.Charts)
	w := &writing{ChartsOptions: o, places: places}
	if w.remote, err = w.charts(places); err != nil {
		return nil, err
	}
	if w.source, err = repo.SourceOf(config.Root); err != nil {
		return nil, err
	}
	return w.land(ctx, func(base *repo.Snapshot) (*Planned, *repo.Snapshot, error) { return w.carryOut(base, p) })
}

func (w *writing) land(ctx context.Context, make func(*repo.Snapshot) (*Planned, *repo.Snapshot, error)) (*Committed, error) {
	c := &Committed{Remote: w.remote.String(), remote: w.remote, into: cmp.Or(w.Commit.From, w.Commit.Branch)}
	landing, err := commit.Land(ctx, w.remote, w.Commit, func(base *repo.Snapshot) (*repo.Snapshot, error) {
		p, next, err := make(base)
		if err != nil {
			return nil, err
		}
		c.Planned = *p
		return next, nil
	})
	if err != nil {
		return nil, err
	}
	c.Landing = *landing
	c.Commits = landing.Head.Since(landing.Base)
	return c, nil
}

// writing is one write of declarations to the charts repo: all that does not depend on the head.
type writing struct {
	ChartsOptions
	remote    *repo.Remote
	source    repo.Source
	places    release.Places
	findings  diag.List
	fragments []render.Fragment
	pins      map[string][]string
}

// writing evaluates the declarations.
func (o ChartsOptions) writing(ctx context.Context) (*writing, error) {
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	d, err := o.declared(ctx, config)
	if err != nil {
		return nil, err
	}
	w := &writing{ChartsOptions: o, places: d.places, findings: d.findings, fragments: d.fragments, pins: d.pins}
	if err := w.checkEnvironments(); err != nil {
		return nil, err
	}
	if w.remote, err = w.charts(d.places); err != nil {
		return nil, err
	}
	if w.source, err = repo.SourceOf(config.Root); err != nil {
		return nil, err
	}
	return w, nil
}

// checkEnvironments finds an environment that was asked for and is not declared.
func (w *writing) checkEnvironments() error {
	names := w.environments()
	for _, name := range w.Environments {
		if slices.Contains(names, name) {
			continue
		}
		f := diag.Finding{
			Rule: "unknown-environment",
			What: fmt.Sprintf("no environment is called %s", name),
			Why:  "declared are " + diag.Listed(names),
		}
		if meant := diag.Suggest(name, names); meant != "" {
			f.Fix = "ask for " + meant
		}
		return diag.List{f}
	}
	return nil
}

// environments are in the order in which releases pass through them.
func (w *writing) environments() []string {
	var names []string
	for _, e := range w.places.Environments {
		names = append(names, e.Name)
	}
	return names
}

// within reports whether an element is in the part of the declarations that is rolled out. What
// environments share goes along only with all of them.
func (w *writing) within(app, environment string) bool {
	return (len(w.Apps) == 0 || slices.Contains(w.Apps, app)) &&
		(len(w.Environments) == 0 || slices.Contains(w.Environments, environment))
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

// carryOut is a plan that was made before, done on a head as it is now.
func (w *writing) carryOut(base *repo.Snapshot, made plan.Plan) (*Planned, *repo.Snapshot, error) {
	if made.Version != plan.Version {
		return nil, nil, fmt.Errorf("the plan has version %d, and this pintle knows %d; make it anew with `pintle plan -o FILE`", made.Version, plan.Version)
	}
	fragments, err := fragmentsOf(made)
	if err != nil {
		return nil, nil, err
	}
	w.pins = made.Pins
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
	j.inputs.Base, err = base.Read(slices.Compact(paths))
	return j, err
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

// write makes the commits of a plan on top of a head.
func (w *writing) write(base *repo.Snapshot, j *joint, p *Planned) (*repo.Snapshot, error) {
	if err := w.notOlder(j, p); err != nil {
		return nil, err
	}
	next := base
	for i := range p.Commits {
		c := &p.Commits[i]
		own, all, err := w.changes(j, c)
		if err != nil {
			return nil, err
		}
		p.Changes = append(p.Changes, own...)
		if len(all) == 0 {
			continue
		}
		next, err = commit.Config(next, commit.Declared{
			Commit: *c, Changes: all, Source: p.Source, By: w.By, Reason: w.Reason, At: w.At,
		}, w.Commit)
		if err != nil {
			return nil, err
		}
	}
	return next, nil
}

// changes are what one commit does to the charts repo's own files, and with the manifests.
func (w *writing) changes(j *joint, c *plan.Commit) (own, all []tree.Change, err error) {
	var fragments []render.Fragment
	charts := render.Charts{Base: j.inputs.Base, Gone: map[string][]document.Element{}, Pins: j.inputs.Pins}
	before, after := &tree.Tree{}, &tree.Tree{}
	manifests := &tree.Tree{}
	for _, file := range c.Files {
		if data, ok := j.inputs.Base.Get(file.Path); ok {
			before.Put(file.Path, data)
			after.Put(file.Path, data)
		}
		writes := false
		for _, m := range file.Moves {
			writes = writes || m.Action.Writes()
			if m.Action == plan.Remove {
				charts.Gone[file.Path] = append(charts.Gone[file.Path], m.Element.Element)
			}
		}
		if writes {
			after.Delete(file.Path)
			fragments = append(fragments, j.fragments[file.Path]...)
		}
		w.manifest(j, file, manifests)
	}
	made, err := render.Tree(fragments, charts)
	if err != nil {
		return nil, nil, err
	}
	for path, data := range made.All() {
		after.Put(path, data)
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
func (w *writing) manifest(j *joint, file plan.File, into *tree.Tree) {
	was := j.inputs.Manifests[file.Path]
	m := state.Manifest{Source: cmp.Or(w.source.String(), was.Source)}
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

// notOlder is the rule `order` for the declarations: what is written comes from a revision that has come
// after the one that was written last, file by file.
func (w *writing) notOlder(j *joint, p *Planned) error {
	if w.AllowOlder {
		return nil
	}
	seen := map[string]bool{}
	for _, c := range p.Commits {
		for _, file := range c.Files {
			last := j.inputs.Manifests[file.Path].Source
			if last == "" || seen[last] {
				continue
			}
			seen[last] = true
			f := diag.Finding{Rule: "order", Where: token.Position{Filename: file.Path}}
			switch w.source.After(last) {
			case repo.Newer:
				continue
			case repo.Older:
				f.What = fmt.Sprintf("the config repo is at %.12s, which does not come after %.12s, from which this was last written", w.source.Commit, last)
				f.Why = "two merges may have been compiled out of order, or this is another branch; writing it would undo the newer one"
				f.Fix = "compile the newest revision; if going back is meant, say so with --allow-older"
			default:
				f.What = fmt.Sprintf("this was last written from %.12s, which the config repo here does not have", last)
				f.Why = "so nobody can tell whether what is declared here is newer"
				f.Fix = "fetch its history (git fetch --unshallow; in GitHub Actions, fetch-depth: 0), or say --allow-older"
			}
			return diag.List{f}
		}
	}
	return nil
}
