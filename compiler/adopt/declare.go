package adopt

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// declarations are what is written for the apps of a charts repo.
type declarations struct {
	survey       *survey
	module       string
	folders      []*folder   // by name
	all          []*deployed // every app of the repo, adopted or not: the presets serve them all
	names        *names
	mined        []mined // what repeats without having a name
	single       bool    // only some apps are adopted: each folder holds all that it needs
	existing     bool
	once, values int
}

// A folder declares one app, or those that run the same image.
type folder struct {
	name   string
	apps   []*declared // the one that the folder is called after first, then by name
	shared *term       // what they have in common
	hidden []*named    // what has a name in this folder alone
}

// A declared is an app's declaration.
type declared struct {
	*deployed
	builds []string // images that it builds and that are not called like it
	scopes []scope
}

func newDeclarations(s *survey, wanted []*app, opts Options) *declarations {
	d := &declarations{
		survey:   s,
		module:   strings.Split(opts.Module, "@")[0],
		single:   len(opts.Apps) > 0,
		existing: opts.Existing && len(opts.Apps) > 0,
	}
	var apps []*declared
	for _, a := range s.apps {
		app := s.deployedApp(a)
		if slices.Contains(opts.Images, a.name) {
			app.borrow()
		}
		d.all = append(d.all, app)
		if slices.Contains(wanted, a) {
			apps = append(apps, &declared{deployed: app})
		}
	}
	d.divide(apps, opts.Images)
	d.factor()
	for _, f := range d.folders {
		f.shared = f.share()
	}
	if !d.single {
		d.mine()
	}
	return d
}

// divide puts apps into folders, and has every image declared once: by the app of its name, or else
// by the first one that runs it.
func (d *declarations) divide(apps []*declared, known []string) {
	builders := map[string]*declared{}
	for _, a := range apps {
		for _, image := range a.images {
			if b := builders[image]; b == nil || a.name == image {
				builders[image] = a
			}
		}
	}
	for _, image := range slices.Sorted(maps.Keys(builders)) {
		b := builders[image]
		if b.image != image || b.name != image {
			if !slices.Contains(known, image) {
				b.builds = append(b.builds, image)
			}
		}
	}
	byName := map[string]*folder{}
	for _, a := range apps {
		name := a.name
		if b := builders[a.image]; b != nil {
			name = b.name
		}
		if byName[name] == nil {
			byName[name] = &folder{name: name}
		}
		byName[name].apps = append(byName[name].apps, a)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		f := byName[name]
		slices.SortFunc(f.apps, func(a, b *declared) int { return cmp.Compare(a.name, b.name) })
		if i := slices.IndexFunc(f.apps, func(a *declared) bool { return a.name == name }); i > 0 {
			first := f.apps[i]
			f.apps = slices.Insert(slices.Delete(f.apps, i, i+1), 0, first)
		}
		d.folders = append(d.folders, f)
	}
}

// factor writes each app's values once for all environments in which they are the same. It is done
// twice: only when all places are known that could refer to a name is it known which names are
// worth it, and where they belong.
func (d *declarations) factor() {
	base := "environment."
	facts := d.survey.facts(base)
	if d.single {
		facts = facts[:1] // the name; what else an environment says is not claimed
	} else {
		d.names = namesOf(d.survey)
	}
	for range 2 {
		d.once, d.values = 0, 0
		for _, folder := range d.folders {
			for _, a := range folder.apps {
				f := &factoring{folder: folder.name, environments: a.environments, names: d.names, base: base, facts: facts}
				a.scopes = f.factored(a.releases)
				d.once += f.once
				d.values += f.values
			}
		}
		if d.names == nil || d.names.placed {
			return
		}
		d.settle()
	}
}

// write writes all files.
func (d *declarations) write(files *tree.Tree) {
	for _, folder := range d.folders {
		files.Put(path.Join("apps", folder.name, folder.name+".cue"), []byte(d.folder(folder)))
	}
	if d.existing {
		return
	}
	files.Put("apps/presets.cue", []byte(d.presets()))
	for name, text := range d.environments() {
		files.Put("environments/"+name+".cue", []byte(text))
	}
	if blocks := d.blocks(); blocks != "" {
		files.Put("blocks/blocks.cue", []byte(blocks))
	}
}

// folder is the file that declares the apps of a folder.
func (d *declarations) folder(f *folder) string {
	var w writer
	shared := f.shared
	uses := shared != nil && shared.uses("blocks")
	for _, a := range f.apps {
		uses = uses || slices.ContainsFunc(a.scopes, func(s scope) bool { return s.body.uses("blocks") })
	}
	w.line(0, "package apps")
	w.line(0, "")
	if uses {
		w.line(0, "import "+line([]part{{text: d.module + "/blocks"}}))
		w.line(0, "")
	}
	for _, n := range f.hidden {
		if d.refersTo(n, f) {
			w.field(n.ref, n.term(), 0)
			w.line(0, "")
		}
	}
	if shared != nil {
		w.line(0, "// "+f.sharedBy())
		w.field(f.sharedName(), shared, 0)
		w.line(0, "")
	}
	for i, a := range f.apps {
		if i > 0 {
			w.line(0, "")
		}
		d.app(&w, a, f)
	}
	return w.b.String()
}

// refersTo reports whether one of these folders refers to n. A name may lose its last place to
// another one.
func (d *declarations) refersTo(n *named, folders ...*folder) bool {
	return slices.ContainsFunc(folders, func(f *folder) bool {
		return f.shared != nil && f.shared.uses(n.ref) || slices.ContainsFunc(f.apps, func(a *declared) bool {
			return slices.ContainsFunc(a.scopes, func(s scope) bool { return s.body.uses(n.ref) })
		})
	})
}

// app writes an app.
func (d *declarations) app(w *writer, a *declared, f *folder) {
	var around notes
	for _, env := range a.environments {
		around.add(a.releases[env].notes)
	}
	body := &term{kind: mapping}
	if a.image != "" && (a.image != a.name || d.preset(a.deployed) == "#Base") {
		body.put([]string{"image"}, &term{literal: a.image})
	}
	for _, image := range a.builds {
		body.put([]string{"builds", label(image)}, &term{kind: mapping})
	}
	for _, s := range a.scopes {
		if len(s.environments) > 1 {
			body.release(s.label, s.body)
		}
	}
	for _, env := range a.environments {
		own := &term{kind: mapping}
		for _, s := range a.scopes {
			if s.label == label(env) {
				own = s.body
			}
		}
		body.release(label(env), own)
	}
	w.comments(append(around.above, around.behind...), 0)
	embeds := d.preset(a.deployed) + " & "
	if f.shared != nil {
		embeds += f.sharedName() + " & "
	}
	w.line(0, label(a.name)+": "+embeds+w.lines(body, 0))
	w.comments(around.below, 0)
}

// release adds what is said in a scope.
func (t *term) release(label string, body *term) {
	body.spread()
	if body.uses("environment") {
		body.fields = slices.Insert(body.fields, 0, termField{"environment", &term{expr: "_"}})
	}
	t.fields = append(t.fields, termField{"release", &term{kind: mapping, fields: []termField{{label, body}}}})
}

// spread has the body of a scope, and what it consists of, written over several lines.
func (t *term) spread() {
	t.open = true
	for _, f := range t.fields {
		f.value.open = f.value.kind == mapping
	}
}

// preset is the one that fits an app.
func (d *declarations) preset(a *deployed) string {
	if a.ownChart || a.image == "" && d.survey.pins.dir != "" {
		return "#Base"
	}
	return "#App"
}
