package adopt

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pintle-dev/pintle/schema"
)

// environments are the files that declare where apps run, by name: one for each environment, and
// one for what they share.
func (d *declarations) environments() map[string]string {
	scopes := d.placeScopes()
	var common writer
	common.b.WriteString(d.environmentsHead())
	files := map[string]string{}
	for _, p := range d.survey.environments {
		files[p.name] = "package environments\n\nall: " + label(p.name) + ": {}\n"
	}
	for _, s := range scopes {
		if s.body.uses("values") && s.body.lookup("values") == nil {
			s.body.fields = slices.Insert(s.body.fields, 0, termField{"values", &term{expr: "_"}})
		}
		s.body.spread()
		all := &term{kind: mapping, fields: []termField{{s.label, s.body}}}
		if len(s.environments) == 1 {
			var own writer
			own.line(0, "package environments")
			own.line(0, "")
			own.field("all", all, 0)
			files[s.environments[0]] = own.b.String()
			continue
		}
		common.line(0, "")
		if s.label == "[_]" {
			common.line(0, "// The same in every environment.")
		}
		common.field("all", all, 0)
	}
	common.b.WriteString(d.chartsRepo())
	files["environments"] = common.b.String()
	return files
}

// placeScopes are what the environments say, the most general first.
func (d *declarations) placeScopes() []scope {
	f := &factoring{names: d.names.homes()}
	trees := map[string]*node{}
	for _, p := range d.survey.environments {
		f.environments = append(f.environments, p.name)
		t := &node{kind: mapping}
		if p.after != "" {
			t.fields = append(t.fields, field{"after", &node{scalar: p.after}})
		}
		if !d.single {
			if settings := d.settings(p.name); len(settings.fields) > 0 {
				t.fields = append(t.fields, field{"settings", settings})
			}
			if p.defaults != nil {
				t.fields = append(t.fields, field{"values", p.defaults})
			}
		}
		trees[p.name] = t
	}
	return f.factored(trees)
}

// settings are the values of an environment that apps refer to and that no default has.
func (d *declarations) settings(environment string) *node {
	settings := &node{kind: mapping}
	for _, id := range d.names.order {
		n := d.names.byID[id]
		if n == nil || n.setting == "" || n.values[environment] == nil || !d.refersTo(n, d.folders...) {
			continue
		}
		v := *n.values[environment]
		v.notes = notes{}
		settings.fields = append(settings.fields, field{n.setting, &v})
	}
	return settings
}

func (d *declarations) environmentsHead() string {
	head := fmt.Sprintf(`// Package environments says where apps run: each place has a file of its own beside this one.
package environments

import %q

// #Name is any declared environment. Presets close `+"`release`"+` over it, so that a misspelt one is an
// error where it is written.
#Name: or([for n, _ in all {n}])

all: [N=string]: schema.#Environment & {
	name:   N
	after?: #Name
`, schema.Path)
	with := 0
	for _, p := range d.survey.environments {
		if p.defaults != nil {
			with++
		}
	}
	switch {
	case d.single || with == 0:
	case with == len(d.survey.environments):
		head += fmt.Sprintf("\n\t// The defaults for all apps stand beside the list of apps.\n\tvalues: _\n\tfiles: %s: content: values\n", d.file("N"))
	default:
		head += fmt.Sprintf("\n\t// The defaults for all apps stand beside the list of apps.\n\tvalues: _\n\tif len(values) > 0 {files: %s: content: values}\n", d.file("N"))
	}
	return head + "}\n"
}

// file is the path of an environment's file, as a string in which expr stands for its name.
func (d *declarations) file(expr string) string {
	return quote(d.survey.layout.path(expr), 0)
}

// chartsRepo declares the repo, with the charts that apps bring.
func (d *declarations) chartsRepo() string {
	var w writer
	w.line(0, "")
	w.line(0, "// chartsRepo is the repository that the GitOps tool reads, and that pintle writes.")
	repo := &term{kind: mapping}
	for _, name := range slices.Sorted(maps.Keys(d.survey.charts)) {
		repo.put([]string{"charts", label(name), "path"}, &term{literal: d.survey.charts[name]})
	}
	if repo.empty() {
		w.line(0, "chartsRepo: schema.#ChartsRepo & {}")
	} else {
		w.line(0, "chartsRepo: schema.#ChartsRepo & "+w.lines(repo, 0))
	}
	return w.b.String()
}

// blocks is the file of what apps share that is the same in every environment; "" for nothing.
func (d *declarations) blocks() string {
	if d.names == nil {
		return ""
	}
	var w writer
	w.line(0, "")
	first := w.b.Len()
	for _, id := range d.names.order {
		if n := d.names.byID[id]; n != nil && n.block != "" && d.refersTo(n, d.folders...) {
			w.field(n.block, n.term(), 0)
		}
	}
	for _, b := range d.mined {
		w.line(0, "")
		w.field(b.name, b.body, 0)
	}
	if w.b.Len() == first {
		return ""
	}
	return "// Package blocks is what apps share, by name, and what is the same in every environment. These are\n" +
		"// regular fields: a definition would close whatever embeds it.\npackage blocks\n" + w.b.String()
}
