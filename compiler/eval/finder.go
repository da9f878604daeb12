package eval

import (
	"go/token"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// found is what CUE has to say about a value, as findings at the author's lines, without what only
// follows from what the source shows already, and whether the value is broken. Places is nil where the
// value itself is what declares them.
func found(inst *build.Instance, v cue.Value, places *release.Places, shown diag.List) (findings diag.List, broken bool) {
	if inst.Err != nil {
		return unbuilt(inst), true
	}
	x := finder{origin: originOf(inst), value: v, shown: shown, told: map[telling]int{}, kin: map[string]kin{}, foreign: map[string]bool{}}
	if places != nil {
		x.environments, x.charts = names(*places), charts(*places)
	}
	x.faults = x.validate()
	x.index = indexOf(x.faults)
	for _, f := range x.faults {
		if !x.follows(f) {
			x.add(x.finding(f))
		}
	}
	return x.findings, len(x.faults) > 0
}

// A finder turns CUE's errors into findings. What the source shows already is told before.
type finder struct {
	origin
	value        cue.Value
	faults       []fault
	index        index
	environments []string // nil where the value is what declares them
	charts       []string
	shown        diag.List       // what the source shows
	foreign      map[string]bool // structs by path: whether they are undeclared
	kin          map[string]kin  // the fields of structs by path
	findings     diag.List
	told         map[telling]int // which finding tells it
}

// A telling is what is said of a place.
type telling struct {
	rule  string
	where token.Position
}

// add adds a finding, unless the same has been said of the same place: one line may show in many values.
func (x *finder) add(f diag.Finding) {
	k := telling{f.Rule, f.Where}
	if i, twice := x.told[k]; twice && f.Rule != "missing-field" {
		x.findings[i].Also = append(x.findings[i].Also, f.Also...)
		return
	}
	x.told[k] = len(x.findings)
	x.findings = append(x.findings, f)
}

// validate is what is wrong with the value, and then with each release alone: where there is a
// contradiction anywhere, CUE keeps silent about all values that are merely not there.
func (x *finder) validate() []fault {
	all := faults(x.value.Validate(cue.Concrete(true)))
	if len(all) == 0 {
		return nil
	}
	told := map[string]bool{}
	for _, f := range all {
		told[f.key()+f.text] = true
	}
	for _, app := range x.apps() {
		for _, env := range x.environments {
			v := at(x.value, []string{app, "release", env})
			if !v.Exists() {
				continue
			}
			for _, f := range faults(v.Validate(cue.Concrete(true))) {
				if !told[f.key()+f.text] {
					all = append(all, f)
				}
			}
		}
	}
	for i, f := range all {
		all[i] = x.rooted(f)
	}
	return all
}

// apps are the regular fields that the unit's own files declare.
func (x *finder) apps() []string {
	var names []string
	for _, file := range x.inst.Files {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.Field); ok && regular(f.Label) != "" {
				names = append(names, regular(f.Label))
			}
		}
	}
	return without(names)
}

// rooted is the fault of the outermost field that nobody but the app's own files knows of: within an
// unknown field, CUE may complain of what it holds.
func (x *finder) rooted(f fault) fault {
	for f.format == notAllowed && len(f.path) > 1 {
		holder := fault{path: f.inside(), format: notAllowed}
		if !x.undeclared(holder) {
			break
		}
		holder.places = []token.Position{x.declared(holder.path...)}
		f = holder
	}
	return f
}

// undeclared reports whether only the app's own files say anything of a struct.
func (x *finder) undeclared(f fault) bool {
	is, known := x.foreign[f.key()]
	if !known {
		lines := x.lines(f)
		declared := func(l line) bool { return l.from != "app" || !strings.HasPrefix(l.says, "{") }
		is = len(lines) > 0 && !slices.ContainsFunc(lines, declared)
		x.foreign[f.key()] = is
	}
	return is
}

// follows reports whether a fault is only what comes of another one, which is told instead.
func (x *finder) follows(f fault) bool {
	switch {
	case len(f.path) > 3 && f.path[1] == "release" && x.environments != nil && !slices.Contains(x.environments, f.path[2]):
		return true // nothing is known of an environment that does not exist
	case f.repeated && x.index.original, slices.ContainsFunc(f.places, x.misnamed):
		return true
	case slices.ContainsFunc(x.index.at[f.key()], func(g fault) bool { return gravity(g) < gravity(f) }):
		return true
	}
	for i := range f.path {
		if x.index.forbidden(f.path[:i]) {
			return true // of what an unknown field holds
		}
	}
	if f.format == required {
		return slices.ContainsFunc(x.index.inside[key(f.inside())], func(g fault) bool { return x.meant(g) == f.last() })
	}
	if _, field, ok := strings.Cut(f.text, "required field missing: "); ok && x.index.missing[field] {
		return true
	}
	if f.format == notAllowed && x.ofUnknownChart(f.path) {
		return true // what a chart takes is not known where the chart is not
	}
	if f.isIncomplete() && x.circle(f.path) == nil {
		if needed := x.needed(f); needed != nil && len(x.index.at[key(needed)]) > 0 {
			return true
		}
	}
	// What is written to files is computed from everything else.
	i := generated(f.path)
	return i >= 0 && x.index.below[key(f.path[:i])]
}

// gravity orders what may be wrong with one value: the smaller, the more it tells.
func gravity(f fault) int {
	switch {
	case f.repeated:
		return 4
	case f.isCustom():
		return 3
	case f.isChoice(), f.format == notAllowed:
		return 1
	}
	return 2
}

// ofUnknownChart reports whether a path is among the values of a release whose chart is at fault.
func (x *finder) ofUnknownChart(path []string) bool {
	if len(path) < 5 || path[1] != "release" || path[3] != "values" {
		return false
	}
	return len(x.index.at[key([]string{path[0], "chart"})]) > 0 || len(x.index.at[key(append(slices.Clone(path[:3]), "chart"))]) > 0
}

// misnamed reports whether a line is the app's own and stands below an environment's name, or a pattern,
// of which something is said already.
func (x *finder) misnamed(at token.Position) bool {
	for _, s := range x.shown {
		if s.Rule != "unknown-environment" || s.Where.Filename != at.Filename {
			continue
		}
		for _, f := range x.around(at) {
			if f.Label.Pos().Offset() <= s.Where.Offset && s.Where.Offset < f.Label.End().Offset() {
				return true
			}
		}
	}
	return false
}

// generated is the index of `files` in the path of an app's, release's or environment's file, or -1.
func generated(p []string) int {
	for _, i := range []int{1, 2, 3} {
		if len(p) > i+1 && p[i] == "files" && (i != 2 || p[0] == "all") {
			return i
		}
	}
	return -1
}

func charts(places release.Places) []string {
	var names []string
	for _, c := range places.ChartsRepo.Charts {
		names = append(names, c.Name)
	}
	return names
}

// An index finds faults by their paths.
type index struct {
	at       map[string][]fault // by path
	inside   map[string][]fault // fields that are not allowed, by the path of what holds them
	below    map[string]bool    // paths below which something is wrong that is not generated
	missing  map[string]bool    // names of required fields
	original bool               // not all faults repeat others
}

func indexOf(faults []fault) index {
	x := index{at: map[string][]fault{}, inside: map[string][]fault{}, below: map[string]bool{}, missing: map[string]bool{}}
	for _, f := range faults {
		x.at[f.key()] = append(x.at[f.key()], f)
		x.original = x.original || !f.repeated
		if f.format == notAllowed {
			k := key(f.inside())
			x.inside[k] = append(x.inside[k], f)
		}
		if f.format == required {
			x.missing[f.last()] = true
		}
		for i := range f.path {
			x.below[key(f.path[:i])] = x.below[key(f.path[:i])] || generated(f.path) < 0
		}
	}
	return x
}

// forbidden reports whether there must be no field at a path.
func (x index) forbidden(path []string) bool {
	return slices.ContainsFunc(x.at[key(path)], func(f fault) bool { return f.format == notAllowed })
}

func key(path []string) string { return strings.Join(path, "\x00") }
