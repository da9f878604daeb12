// Package compiler runs the stages in order: declarations become releases, releases become a tree.
package compiler

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/pintle-dev/pintle/compiler/check"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/eval"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Options say where to work. The zero value compiles the config repo of the current folder.
type Options struct {
	Config   string                // a folder in the config repo; "" is the current one
	Apps     []string              // only these; empty for all
	Charts   string                // a checkout of the charts repo, whose elements keep their bytes; "" for none
	Workers  int                   // 0: as many as there are processors
	Progress func(done, total int) // told after every unit; nil is fine
}

func (o Options) config() string {
	if o.Config == "" {
		return "."
	}
	return o.Config
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Output is what the declarations come to.
type Output struct {
	Tree         *tree.Tree // the charts repo's files that the declarations claim
	Environments int
	Apps         int
	Releases     int
	Images       int
	Unclaimed    []string // elements of the charts repo's lists that stand beside declared ones, in words
}

// Compile evaluates and checks a config repo, and renders its files. An error that is a diag.List is
// the author's to mend.
func Compile(ctx context.Context, o Options) (*Output, error) {
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	return o.compile(ctx, config)
}

func (o Options) compile(ctx context.Context, config *load.Config) (*Output, error) {
	d, err := o.declared(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := d.findings.Sorted().Err(); err != nil {
		return nil, err // what the missing units would have said cannot be judged
	}
	out := &d.Output
	base, err := o.base(d.fragments)
	if err != nil {
		return nil, err
	}
	if base != nil && len(o.Apps) == 0 {
		out.Unclaimed = render.Unclaimed(d.fragments, base)
	}
	if out.Tree, err = render.Tree(d.fragments, render.Charts{Base: base, Pins: d.pins}); err != nil {
		return nil, err
	}
	return out, nil
}

// placesOf is what a config repo declares outside of apps, checked.
func placesOf(config *load.Config) (release.Places, error) {
	places, err := eval.Places(config.Environments)
	if err != nil {
		return places, err
	}
	return places, check.Places(places).Err()
}

// declarations are a config repo, evaluated and checked.
type declarations struct {
	Output
	places    release.Places
	fragments []render.Fragment
	pins      map[string][]string // by file of the charts repo: the keys that hold tags
	findings  diag.List           // of units that are missing from the rest
}

// declared evaluates what is asked for. What keeps a single unit from being evaluated is in the findings;
// what concerns all of them is the error.
func (o Options) declared(ctx context.Context, config *load.Config) (*declarations, error) {
	places, err := placesOf(config)
	if err != nil {
		return nil, err
	}
	units, err := o.units(config)
	if err != nil {
		return nil, err
	}
	d := &declarations{Output: Output{Environments: len(places.Environments)}, places: places, pins: map[string][]string{}}
	gather := func(fs []render.Fragment, err error) {
		d.fragments = append(d.fragments, fs...)
		if list, ok := err.(diag.List); ok {
			d.findings = append(d.findings, list...)
		}
	}
	for _, e := range places.Environments {
		if len(o.Apps) == 0 {
			gather(render.Environment(e))
		}
	}
	apps, done := check.NewApps(places), 0
	for unit, err := range eval.Units(ctx, sources(config, units), places, o.workers()) {
		if list, ok := err.(diag.List); ok {
			d.findings = append(d.findings, list...)
		} else if err != nil {
			return nil, err
		}
		for _, a := range unit.Apps {
			if len(o.Apps) > 0 && !slices.Contains(o.Apps, a.Name) {
				continue
			}
			apps.Add(a)
			gather(render.App(a))
			d.count(a)
			for _, image := range a.Builds {
				for _, pin := range image.Pins {
					d.pins[pin.Path] = append(d.pins[pin.Path], pin.Keys()...)
				}
			}
		}
		if done++; o.Progress != nil {
			o.Progress(done, len(units))
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err // units are missing, and their apps would count as declared no longer
	}
	if len(o.Apps) == 0 && len(d.findings) == 0 {
		apps.AllAdded()
	}
	if list := append(apps.Findings(), render.Declared(d.fragments, d.pins)...); len(list) > 0 {
		return nil, append(d.findings, list...).Sorted()
	}
	return d, nil
}

func (o *Output) count(a release.App) {
	o.Apps++
	o.Releases += len(a.Releases)
	o.Images += len(a.Builds)
}

// base is what the charts repo holds at the claimed paths.
func (o Options) base(fragments []render.Fragment) (*tree.Tree, error) {
	if o.Charts == "" {
		return nil, nil
	}
	charts, err := repo.Open(o.Charts)
	if err != nil {
		return nil, err
	}
	paths := render.Paths(fragments)
	base, err := charts.Read(paths)
	if err == nil && base.Len() == 0 && len(paths) > 0 {
		return nil, fmt.Errorf("charts repo %s: none of the %d declared files is there, such as %s; name its root folder, or leave --charts out to begin a new one", o.Charts, len(paths), paths[0])
	}
	return base, err
}

// units are the folders to evaluate.
func (o Options) units(config *load.Config) ([]load.Unit, error) {
	if len(o.Apps) == 0 {
		return config.Units, nil
	}
	var units []load.Unit
	for _, app := range o.Apps {
		unit, ok := config.UnitOf(app)
		if !ok {
			return nil, unknownApp(app, config)
		}
		if !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units, nil
}

func unknownApp(app string, config *load.Config) error {
	f := diag.Finding{Rule: "unknown-app", What: "no app is called " + app, Why: "an app is a top-level field in a folder of apps/"}
	if meant := diag.Suggest(app, config.Apps()); meant != "" {
		f.Fix = "ask for " + meant
	}
	return diag.List{f}
}

func sources(config *load.Config, units []load.Unit) []eval.Source {
	var all []eval.Source
	for _, batch := range config.Batches(units) {
		all = append(all, batch)
	}
	return all
}

// Explain tells why the values of a release are what they are.
func Explain(o Options, app, environment, path string) ([]eval.Explanation, error) {
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	places, err := placesOf(config)
	if err != nil {
		return nil, err
	}
	unit, ok := config.UnitOf(app)
	if !ok {
		return nil, unknownApp(app, config)
	}
	return eval.Explain(config.Source(unit), places, app, environment, path)
}
