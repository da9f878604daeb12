package adopt

import (
	"fmt"
	"slices"
	"strings"
)

// release is an element as the fields under `release`.
func (s *survey) release(a *app, element *node, keyed []keyed) *node {
	r := &node{kind: mapping, pos: element.pos, notes: element.notes}
	rest := &node{kind: mapping, pos: element.pos}
	set := func(name string, like, v *node) {
		v.pos, v.notes = like.pos, like.gathered()
		r.fields = append(r.fields, field{name, v})
	}
	for _, f := range element.fields {
		switch {
		case f.name == "name":
			r.notes.add(f.value.gathered())
		case f.name == s.roles.image && s.imageOf(element) != "" && s.imageOf(element) != a.name:
			r.notes.add(f.value.gathered())
		case f.name == s.roles.images && f.value == s.listOfImages(element):
			r.fields = append(r.fields, field{"images", f.value})
		case f.name == s.roles.chart && s.chartOf(element) != "":
			set("chart", f.value, &node{scalar: s.chartOf(element)})
		case f.name == "namespace" && dnsLabel.MatchString(f.value.text()):
			r.fields = append(r.fields, f)
		case f.name == s.roles.values && f.value.splits():
			r.fields = append(r.fields, byName(f.value, keyed)...)
		default:
			rest.fields = append(rest.fields, f)
		}
	}
	if len(rest.fields) > 0 {
		r.fields = append(r.fields, field{"element", rest})
	}
	slices.SortStableFunc(r.fields, func(a, b field) int { return rank(a.name) - rank(b.name) })
	return r
}

// rank is a field's place in the order in which a person would write a release.
func rank(name string) int {
	order := []string{"chart", "namespace", "image", "images", "element", "values", "env"}
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// byName splits an element's values into the lists that are written by name, and the rest.
func byName(values *node, lists []keyed) []field {
	var fields []field
	rest := *values
	rest.fields = nil
	for _, f := range values.fields {
		if i := slices.IndexFunc(lists, func(k keyed) bool { return k.list == f.name }); i >= 0 {
			fields = append(fields, field{lists[i].field, lists[i].byName(f.value)})
			continue
		}
		rest.fields = append(rest.fields, f)
	}
	if len(rest.fields) > 0 || !rest.notes.empty() {
		fields = append(fields, field{"values", &rest})
	}
	return fields
}

// listElement writes how a release becomes an element again.
func (p presets) listElement(b *strings.Builder, d *declarations) {
	if len(p.element) > 0 {
		b.WriteString("\n\t// element is whatever else the element says.\n\telement: #Element\n")
	}
	var about notes
	if !d.single {
		for _, e := range d.survey.environments {
			about.add(e.list)
		}
	}
	var named writer
	named.field("list", &term{literal: d.survey.layout.List, notes: about}, 2)
	fmt.Fprintf(b, "\n\tlayout: {\n\t\tfile: %s\n%s", quote(d.survey.layout.path("environment.name"), 0), named.b.String())
	order := &term{kind: list}
	for _, key := range p.order {
		order.items = append(order.items, &term{literal: key})
	}
	text, _ := order.inline()
	b.WriteString("\t\torder: " + text + "\n")
	if len(p.element) > 0 {
		b.WriteString("\t\tlet Rest = element\n")
	}
	b.WriteString("\t\t\"element\": {\n\t\t\tname: app\n")
	if len(p.element) > 0 {
		b.WriteString("\t\t\tRest\n")
	}
	if p.pins.dir != "" && (p.roles.image != "" || p.roles.images != "") {
		b.WriteString(p.imageKeys())
	}
	if p.chart != "" && len(d.survey.charts) > 0 {
		fmt.Fprintf(b, "\t\t\tif chart != _|_ {%s: environments.chartsRepo.charts[chart].path}\n", unreferred(p.chart))
	}
	if p.namespace {
		b.WriteString("\t\t\tif namespace != _|_ {\"namespace\": namespace}\n")
	}
	if p.roles.values != "" {
		fmt.Fprintf(b, "\t\t\tif len(values) > 0 {%s: values}\n", unreferred(p.roles.values))
	}
	b.WriteString("\t\t}\n\t}\n")
}

// imageKeys write down what runs, where it is not the image that is called like the app.
func (p presets) imageKeys() string {
	one, several := "", ""
	if p.roles.image != "" {
		one = fmt.Sprintf("\t\t\tif image != _|_ if image != app {%s: image}\n", unreferred(p.roles.image))
	}
	if p.roles.images != "" {
		several = fmt.Sprintf("\t\t\tif image == _|_ if images != _|_ {%s: images}\n", unreferred(p.roles.images))
	}
	return one + several
}

// unreferred is a label that hides nothing which the preset refers to.
func unreferred(name string) string {
	if slices.Contains([]string{"app", "images", "chart", "namespace", "values", "image", "element", "env"}, name) {
		return `"` + name + `"`
	}
	return label(name)
}
