package eval

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// An Explanation is one value of a release, and every place that had a say in it.
type Explanation struct {
	Path   string // within the release
	Value  any
	Places []Place
}

// A Place is one line that had a say.
type Place struct {
	Pos  token.Position
	Says string // the source there, in one line
	From string // app, preset, environment or schema
}

// Explain tells why the values at and below a path of a release are what they are. An empty path
// means the values that the chart gets.
func Explain(source Source, places release.Places, app, environment, at string) ([]Explanation, error) {
	insts, err := source()
	if err != nil {
		return nil, err
	}
	inst := insts[0]
	root := cuecontext.New().BuildInstance(inst)
	if findings, _ := wrong(inst, root, &places); len(findings) > 0 {
		return nil, findings.Sorted()
	}
	rel := root.LookupPath(cue.MakePath(cue.Str(app), cue.Str("release"), cue.Str(environment)))
	if !rel.Exists() {
		return nil, notReleased(inst, root, places, app, environment)
	}
	e := explanations{origin: originOf(inst), decoder: decoder{inst: inst}, root: len(rel.Path().Selectors())}
	v, err := e.find(rel, at, app, environment)
	if err != nil {
		return nil, err
	}
	e.below(v)
	return e.all, e.decoder.findings.Err()
}

func notReleased(inst *build.Instance, root cue.Value, places release.Places, app, environment string) error {
	known := names(places)
	if !slices.Contains(known, environment) {
		f := unknownEnvironment(environment, token.Position{}, known)
		f.Fix = ""
		if meant := diag.Suggest(environment, known); meant != "" {
			f.Fix = "ask for " + meant
		}
		return diag.List{f}
	}
	var where []string
	it, err := root.LookupPath(cue.MakePath(cue.Str(app), cue.Str("release"))).Fields()
	if err != nil {
		return err
	}
	for it.Next() {
		where = append(where, it.Selector().Unquoted())
	}
	slices.Sort(where)
	return diag.List{{
		Rule:  "not-released",
		Where: declaredAt(inst, app, "release"),
		What:  fmt.Sprintf("%s does not run in %s", app, environment),
		Why:   "it runs in " + diag.Listed(where),
		Fix:   fmt.Sprintf("ask about one of these, or add `release: %s: {}`", environment),
	}}
}

type explanations struct {
	origin
	decoder decoder
	root    int // how many fields lead to the release
	all     []Explanation
}

// find is the value at a path of a release, or at that path of its values.
func (e *explanations) find(rel cue.Value, at, app, environment string) (cue.Value, error) {
	if at == "" {
		at = "values"
	}
	p := cue.ParsePath(at)
	if err := p.Err(); err != nil {
		return cue.Value{}, diag.List{{
			Rule: "bad-path",
			What: fmt.Sprintf("%q is no path: %v", at, err),
			Fix:  `write a path such as values.replicaCount, or env."X-Y"`,
		}}
	}
	if v := rel.LookupPath(p); v.Exists() {
		return v, nil
	}
	if v := rel.LookupPath(cue.MakePath(append([]cue.Selector{cue.Str("values")}, p.Selectors()...)...)); v.Exists() {
		return v, nil
	}
	return cue.Value{}, diag.List{e.notThere(rel, p.Selectors(), app, environment)}
}

// notThere goes as far as a path leads, in the release or in its values, and says what is there.
func (e *explanations) notThere(rel cue.Value, path []cue.Selector, app, environment string) diag.Finding {
	from, known := rel, append(fieldNames(rel), fieldNames(field(rel, "values"))...)
	if !rel.LookupPath(cue.MakePath(path[0])).Exists() {
		from = field(rel, "values")
	}
	there := 0
	for ; there < len(path); there++ {
		next := from.LookupPath(cue.MakePath(path[there]))
		if !next.Exists() {
			break
		}
		from, known = next, fieldNames(next)
	}
	f := diag.Finding{
		Rule:  "unknown-field",
		Where: e.declared(app, "release", environment),
		What:  fmt.Sprintf("%s in %s has no %s", app, environment, cue.MakePath(path[:there+1]...)),
	}
	if meant := diag.Suggest(path[there].String(), known); meant != "" {
		f.Fix = "ask for " + cue.MakePath(append(slices.Clone(path[:there]), cue.Str(strings.Trim(meant, `"`)))...).String()
	} else if len(known) > 0 {
		f.Why = "there are " + diag.Listed(without(known))
	}
	return f
}

func fieldNames(v cue.Value) []string {
	var names []string
	if it, err := v.Fields(); err == nil {
		for it.Next() {
			names = append(names, it.Selector().String())
		}
	}
	return names
}

// below explains every leaf of a value, in the order in which it is written.
func (e *explanations) below(v cue.Value) {
	var inner []cue.Value
	if it, err := v.Fields(); err == nil && v.Kind() == cue.StructKind {
		for it.Next() {
			inner = append(inner, it.Value())
		}
		slices.SortFunc(inner, func(a, b cue.Value) int { return cmp.Compare(a.Path().String(), b.Path().String()) })
	} else if it, err := v.List(); err == nil && v.Kind() == cue.ListKind {
		for it.Next() {
			inner = append(inner, it.Value())
		}
	}
	for _, f := range inner {
		e.below(f)
	}
	if len(inner) > 0 {
		return
	}
	e.all = append(e.all, Explanation{
		Path:   cue.MakePath(v.Path().Selectors()[e.root:]...).String(),
		Value:  e.decoder.document(v),
		Places: e.places(v),
	})
}

// places are the lines with a say in a value: the app's own first, then presets, environments, schema.
func (e *explanations) places(v cue.Value) []Place {
	ps := e.gather(v, 0)
	slices.SortStableFunc(ps, func(a, b Place) int {
		return cmp.Or(cmp.Compare(rank(a.From), rank(b.From)), diag.ComparePositions(a.Pos, b.Pos))
	})
	return joined(ps)
}

// maxHops bounds how far a value is followed from reference to reference.
const maxHops = 6

// gather is every line that a value is unified from, and those of the values that these refer to.
func (e *explanations) gather(v cue.Value, hops int) []Place {
	var ps []Place
	for _, c := range append(conjuncts(v), v, v.Eval()) {
		ps = append(ps, e.sources(c)...)
		if hops == maxHops {
			continue
		}
		for _, target := range mentioned(c) {
			ps = append(ps, e.gather(target, hops+1)...)
		}
	}
	return ps
}

// mentioned are the values that a value refers to: as a whole, or within a text.
func mentioned(v cue.Value) []cue.Value {
	parts := []cue.Value{v}
	if op, args := v.Expr(); op == cue.InterpolationOp {
		parts = args
	}
	var all []cue.Value
	for _, p := range parts {
		target := cue.Dereference(p)
		if target.Path().String() != p.Path().String() && target.Kind() != cue.StructKind {
			all = append(all, target)
		}
	}
	return all
}

// joined makes one place of those on the same line, which are the parts of what it says.
func joined(ps []Place) []Place {
	var out []Place
	for _, p := range ps {
		last := len(out) - 1
		if last < 0 || out[last].Pos.Filename != p.Pos.Filename || out[last].Pos.Line != p.Pos.Line {
			out = append(out, p)
			continue
		}
		if p.Says != "" && !slices.Contains(strings.Split(out[last].Says, " & "), p.Says) {
			out[last].Says = strings.TrimPrefix(out[last].Says+" & "+p.Says, " & ")
		}
	}
	return out
}

func (e *explanations) sources(c cue.Value) []Place {
	src := c.Source()
	if src == nil {
		if at := position(c.Pos()); at.Line > 0 {
			return []Place{{Pos: at, From: e.from(at)}}
		}
		return nil
	}
	at := position(src.Pos())
	if at.Line == 0 {
		return nil
	}
	return []Place{{Pos: at, Says: said(src), From: e.from(at)}}
}

func rank(from string) int {
	return slices.Index([]string{"app", "preset", "package", "environment", "schema"}, from)
}
