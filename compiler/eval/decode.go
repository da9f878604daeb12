package eval

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"go/token"
	"path"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// A decoder turns values that hold no error into the nouns.
type decoder struct {
	inst     *build.Instance
	findings diag.List
}

func (d *decoder) places(v cue.Value) release.Places {
	var p release.Places
	for name, env := range d.fields(v, "all") {
		p.Environments = append(p.Environments, release.Environment{
			Name:        name,
			Description: d.text(env, "description"),
			After:       d.ref(env, "after"),
			Files:       d.files(env, "all", name),
			Pos:         declaredAt(d.inst, "all", name),
		})
	}
	repo := v.LookupPath(cue.MakePath(cue.Str("chartsRepo")))
	if repo.Exists() {
		p.ChartsRepo = release.ChartsRepo{
			URL:    d.text(repo, "url"),
			Branch: d.text(repo, "branch"),
			Pos:    declaredAt(d.inst, "chartsRepo"),
		}
		for name, chart := range d.fields(repo, "charts") {
			p.ChartsRepo.Charts = append(p.ChartsRepo.Charts, release.Chart{Name: name, Path: d.text(chart, "path")})
		}
	}
	return p
}

func (d *decoder) unit(v cue.Value) release.Unit {
	u := release.Unit{Name: path.Base(d.inst.Dir)}
	apps, err := v.Fields()
	if err != nil {
		d.broken(v, err)
		return u
	}
	for apps.Next() {
		u.Apps = append(u.Apps, d.app(apps.Selector().Unquoted(), apps.Value()))
	}
	slices.SortFunc(u.Apps, func(a, b release.App) int { return cmp.Compare(a.Name, b.Name) })
	return u
}

func (d *decoder) app(name string, v cue.Value) release.App {
	a := release.App{
		Name:        name,
		Owner:       d.text(v, "owner"),
		Description: d.text(v, "description"),
		Files:       d.files(v, name),
		Pos:         declaredAt(d.inst, name),
	}
	for image, iv := range d.fields(v, "builds") {
		a.Builds = append(a.Builds, d.image(image, iv, declaredAt(d.inst, name, "builds", image)))
	}
	for env, rv := range d.fields(v, "release") {
		r := release.Release{
			App:         name,
			Environment: env,
			Chart:       d.ref(rv, "chart"),
			Files:       d.files(rv, name, "release", env),
			Pos:         declaredAt(d.inst, name, "release", env),
		}
		for _, image := range d.list(rv, "images") {
			s, err := image.String()
			d.broken(image, err)
			r.Images = append(r.Images, release.Ref{Name: s, Pos: position(image.Pos())})
		}
		a.Releases = append(a.Releases, r)
	}
	return a
}

func (d *decoder) image(name string, v cue.Value, at token.Position) release.Image {
	i := release.Image{
		Name:   name,
		Source: d.text(v, "source"),
		Tag:    d.text(v, "tag"),
		Order:  d.text(v, "order"),
		Pos:    at,
	}
	for env, pin := range d.fields(v, "pin") {
		p := release.Pin{Environment: env, Path: d.text(pin, "path"), Key: d.text(pin, "tag")}
		for key, mv := range d.fields(pin, "mirror") {
			p.Mirror = append(p.Mirror, release.Mirror{Key: key, Value: d.document(mv)})
		}
		i.Pins = append(i.Pins, p)
	}
	return i
}

// files are the files of what stands at a path.
func (d *decoder) files(v cue.Value, path ...string) []release.File {
	var files []release.File
	for name, fv := range d.fields(v, "files") {
		f := release.File{
			Path:    name,
			Content: d.document(fv.LookupPath(cue.MakePath(cue.Str("content")))),
			At:      d.text(fv, "at"),
			By:      d.text(fv, "by"),
			Key:     d.text(fv, "key"),
			Pos:     declaredAt(d.inst, slices.Concat(path, []string{"files", name})...),
		}
		for _, key := range d.list(fv, "order") {
			s, err := key.String()
			d.broken(key, err)
			f.Order = append(f.Order, s)
		}
		files = append(files, f)
	}
	return files
}

// fields goes over the regular fields of a struct by name: never in CUE's own order, which a renamed
// file changes.
func (d *decoder) fields(v cue.Value, name string) func(func(string, cue.Value) bool) {
	type field struct {
		name  string
		value cue.Value
	}
	return func(yield func(string, cue.Value) bool) {
		v := v.LookupPath(cue.MakePath(cue.Str(name)))
		if !v.Exists() {
			return
		}
		it, err := v.Fields()
		if err != nil {
			d.broken(v, err)
			return
		}
		var fields []field
		for it.Next() {
			fields = append(fields, field{it.Selector().Unquoted(), it.Value()})
		}
		slices.SortFunc(fields, func(a, b field) int { return cmp.Compare(a.name, b.name) })
		for _, f := range fields {
			if !yield(f.name, f.value) {
				return
			}
		}
	}
}

// text is a string field, or "" where it is absent.
func (d *decoder) text(v cue.Value, name string) string {
	f := v.LookupPath(cue.MakePath(cue.Str(name)))
	if !f.Exists() {
		return ""
	}
	s, err := f.String()
	d.broken(f, err)
	return s
}

// ref is a string field that names something else.
func (d *decoder) ref(v cue.Value, name string) release.Ref {
	f := v.LookupPath(cue.MakePath(cue.Str(name)))
	if !f.Exists() {
		return release.Ref{}
	}
	return release.Ref{Name: d.text(v, name), Pos: position(f.Pos())}
}

func (d *decoder) list(v cue.Value, name string) []cue.Value {
	f := v.LookupPath(cue.MakePath(cue.Str(name)))
	if !f.Exists() {
		return nil
	}
	it, err := f.List()
	if err != nil {
		d.broken(f, err)
		return nil
	}
	var items []cue.Value
	for it.Next() {
		items = append(items, it.Value())
	}
	return items
}

// document is a value as plain data.
func (d *decoder) document(v cue.Value) any {
	kind := v.Kind()
	if kind == cue.BottomKind {
		v, _ = v.Default()
		kind = v.Kind()
	}
	switch kind {
	case cue.StructKind:
		it, err := v.Fields()
		if err != nil {
			break
		}
		m := map[string]any{}
		for it.Next() {
			m[it.Selector().Unquoted()] = d.document(it.Value())
		}
		return m
	case cue.ListKind:
		it, err := v.List()
		if err != nil {
			break
		}
		list := []any{}
		for it.Next() {
			list = append(list, d.document(it.Value()))
		}
		return list
	case cue.StringKind:
		s, err := v.String()
		d.broken(v, err)
		return s
	case cue.BytesKind:
		b, err := v.Bytes()
		d.broken(v, err)
		return base64.StdEncoding.EncodeToString(b) // as in JSON: YAML's !!binary is not for charts
	case cue.BoolKind:
		b, err := v.Bool()
		d.broken(v, err)
		return b
	case cue.IntKind, cue.FloatKind, cue.NumberKind:
		n, err := v.MarshalJSON()
		d.broken(v, err)
		return json.Number(n)
	case cue.NullKind:
		return nil
	}
	d.broken(v, fmt.Errorf("%v is no data", v))
	return nil
}

// broken notes what should have been found before decoding began.
func (d *decoder) broken(v cue.Value, err error) {
	if err == nil {
		return
	}
	d.findings = append(d.findings, diag.Finding{
		Rule:  "evaluation",
		Where: position(v.Pos()),
		What:  fmt.Sprintf("%s: %v", v.Path(), err),
	})
}
