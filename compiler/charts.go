package compiler

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
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
	if err := repo.CheckBranch(o.Commit.Branch); err != nil {
		return nil, err
	}
	return repo.NewRemote(url, o.Remote)
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
