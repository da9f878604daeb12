package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/schema"
)

// presets is apps/presets.cue: how an app that a person writes becomes an element of this charts
// repo's lists.
func (d *declarations) presets() string {
	p := presetsOf(d)
	var b strings.Builder
	b.WriteString(presetsHead)
	b.WriteString("import (\n")
	if len(d.survey.keyed) > 0 {
		b.WriteString("\t\"list\"\n\n")
	}
	fmt.Fprintf(&b, "\t%q\n\t%q\n)\n", d.module+"/environments", schema.Path)
	b.WriteString(presetsApps)
	p.app(&b)
	p.base(&b)
	p.image(&b)
	p.release(&b, d)
	p.variables(&b)
	p.elements(&b)
	p.values(&b)
	return b.String()
}

// presets are what the presets of this repo have to say.
type presets struct {
	roles
	pins        pins
	shared      bool     // some app runs the image of its own name with the chart that all share
	imageVaries bool     // some app runs different images in different environments
	namespace   bool     // some element has one
	otherFrom   bool     // some variable is taken from elsewhere than a secret
	element     []string // keys of elements that mean nothing here, and are written down as they are
	order       []string // of an element's keys
	valueNames  []string // of the apps that share a chart
}

func presetsOf(d *declarations) presets {
	p := presets{roles: d.survey.roles, pins: d.survey.pins}
	var orders [][]string
	for _, a := range d.survey.apps {
		for _, env := range d.survey.environmentsOf(a) {
			var keys []string
			for _, f := range a.elements[env].fields {
				keys = append(keys, f.name)
			}
			orders = append(orders, keys)
		}
	}
	p.order = mergeOrders(orders)
	for _, a := range d.all {
		p.shared = p.shared || d.preset(a) == "#App"
		for _, env := range a.environments {
			r := a.releases[env]
			p.imageVaries = p.imageVaries || a.image != "" && r.get("image") != nil
			p.namespace = p.namespace || r.get("namespace") != nil
			for _, f := range r.get("element").entries() {
				p.element = append(p.element, f.name)
			}
			for _, v := range r.get("env").entries() {
				p.otherFrom = p.otherFrom || v.value.get("valueFrom") != nil
			}
			if d.preset(a) == "#App" {
				for _, f := range r.get("values").entries() {
					p.valueNames = append(p.valueNames, f.name)
				}
				for _, k := range d.survey.keyed {
					if r.get(k.field) != nil {
						p.valueNames = append(p.valueNames, k.list)
					}
				}
			}
		}
	}
	p.element = slices.Compact(slices.Sorted(slices.Values(p.element)))
	p.valueNames = slices.Compact(slices.Sorted(slices.Values(p.valueNames)))
	return p
}

const presetsHead = `// Package apps says what runs, and in which environments: one folder, one app, or those that run one
// image. What stands in this folder itself is shared by all of them, because CUE unifies a folder's
// files with those of the same package above it.
//
// An app is a preset and what it says itself: ` + "`frontend: #App & {...}`" + `. Presets are definitions, so a
// field that nobody declared is an error where it is written.
package apps

`

const presetsApps = `
// Every regular field at the top of this package is an app. Whatever is shared is a definition or hidden.
[Name=string]: {name: Name, owner!: string, release!: {...}}
`

func (p presets) app(b *strings.Builder) {
	if !p.shared {
		return
	}
	about, image := "// #App is an app with the chart that most apps share.\n", ""
	if p.pins.dir != "" {
		about = `// #App runs the image that is called like it, or another one that it names, with the chart that
// most apps share.
`
		image = "\timage: string | *name\n"
	}
	b.WriteString("\n" + about + "#App: {\n\t#Base\n\tname: _\n" + image + "\trelease: [environments.#Name]: values: #Values\n}\n")
}

func (p presets) base(b *strings.Builder) {
	b.WriteString(`
// #Base is what any app has` + p.whenBase() + `.
#Base: {
	schema.#App
	name: _
	// Nobody has said yet whose app it is: write it in the app's own file.
	owner: string | *"unowned"
`)
	if p.pins.dir != "" {
		b.WriteString(`
	// image is what runs. It is declared once, by the app that is called like it.
	image?: string
	if image != _|_ if image == name {builds: (image): {}}
	builds: [string]: #Image
`)
	}
	b.WriteString(`
	// An app runs where it says so: ` + "`release: staging: {}`" + `.
	release: close({[E=environments.#Name]: {
		#Release
		app:         name
		environment: environments.all[E]
`)
	switch {
	case p.pins.dir == "":
	case p.imageVaries:
		b.WriteString("\t\tif image != _|_ {\"image\": string | *image}\n")
	default:
		b.WriteString("\t\tif image != _|_ {\"image\": image}\n")
	}
	b.WriteString("\t}})\n}\n")
}

// whenBase says which apps take #Base itself.
func (p presets) whenBase() string {
	switch {
	case p.pins.dir != "" && p.chart != "":
		return ". Use it for apps with a chart of their own, or without an image"
	case p.pins.dir != "":
		return ". Use it for apps without an image"
	case p.chart != "":
		return ". Use it for apps with a chart of their own"
	}
	return ""
}

func (p presets) image(b *strings.Builder) {
	if p.pins.dir == "" {
		return
	}
	fmt.Fprintf(b, `
// #Image is an image that runs here. Its tag is not configuration: it stands in a file of its own
// for each environment, which bumps and promotions write and compiling does not.
#Image: {
	schema.#Image
	name: _
%s	pin: {for E, _ in environments.all {
		(E): {path: %s, tag: %s}
	}}
}
`, p.pins.orderField(), quote([]part{{text: p.pins.dir + "/"}, {expr: "E"}, {text: "/"}, {expr: "name"}}, 0), quote([]part{{text: p.pins.tag}}, 0))
}

func (p presets) release(b *strings.Builder, d *declarations) {
	b.WriteString(`
// #Release is one app in one environment: what people write, and how it is written down.
#Release: {
	schema.#Release
	schema.#ListPerEnvironment

	app:         _
	environment: _
`)
	if p.roles.values != "" {
		b.WriteString("\tvalues: {...}\n")
	} else {
		b.WriteString("\tvalues: {} // no app of the charts repo has any: say in layout.element how they are written\n")
	}
	if p.pins.dir != "" {
		b.WriteString("\timage?: string\n\timages?: _\n\tif image != _|_ {images: [image]}\n")
	}
	// What the element has no place for must not be said in vain.
	for _, optional := range []struct {
		written bool
		name    string
	}{{p.chart != "" && len(d.survey.charts) > 0, "chart"}, {p.namespace, "namespace"}, {p.pins.dir != "", "images"}} {
		switch {
		case !optional.written:
			fmt.Fprintf(b, "\t%s?: error(\"no app of the charts repo has %s: say in layout.element how it is written\")\n", optional.name, optional.name)
		case optional.name != "images":
			fmt.Fprintf(b, "\t%s?: _\n", optional.name)
		}
	}
	for _, k := range d.survey.keyed {
		p.keyedList(b, k)
	}
	p.listElement(b, d)
	b.WriteString("}\n")
}

// keyedList writes how what is given by name becomes the list that the chart takes.
func (p presets) keyedList(b *strings.Builder, k keyed) {
	item := fmt.Sprintf("\t\t\tname: n\n\t\t\t%s[n]\n", k.field)
	if k.variables {
		b.WriteString(aboutVariables)
		b.WriteString("\tenv: [string]: #EnvVar\n")
		b.WriteString(aboutOrder)
		item = "\t\t\tname: n\n\t\t\tlet V = env[n]\n" + p.variableForms()
	} else {
		fmt.Fprintf(b, "\n\t// %[1]s are given by name too, and %[2]s is like envOrder.\n\t%[1]s: [string]: {...}\n", k.field, k.order())
	}
	fmt.Fprintf(b, keyedListText, k.field, k.order(), `"`+escape(k.list)+`"`, item)
}

const aboutVariables = `
	// env are the environment variables, by name; the chart takes a list, but lists do not merge:
	//
	//	env: LOG_LEVEL: "warn"
	//	env: DATABASE_URL: secret: "shop-postgres"              // the key has the variable's name
	//	env: OAUTH_CLIENT_ID: {secret: "shop-oauth", key: "id"} // another key
`

const aboutOrder = `
	// envOrder names variables that come first, in this order; the others follow by name. Absent names
	// are skipped, so one list serves every environment. It is there because a list in another order is
	// a new pod template, and restarts the pods: delete it when they may. Mind that Kubernetes leaves
	// $(NAME) as it stands where NAME comes later.
`

const keyedListText = `	%[2]s?: [...string]
	values: {if len(%[1]s) > 0 {
		let First = [if %[2]s != _|_ for n in %[2]s if %[1]s[n] != _|_ {n}]
		let Placed = {for n in First {(n): true}}
		let Rest = [for n, _ in %[1]s if Placed[n] == _|_ {n}]
		%[3]s: [for n in list.Concat([First, list.SortStrings(Rest)]) {
%[4]s		}]
	}}
`

// variableForms write down the forms in which a variable can be given.
func (p presets) variableForms() string {
	if !p.otherFrom {
		return "\t\t\tif V.secret == _|_ {value: V}\n" +
			"\t\t\tif V.secret != _|_ {valueFrom: secretKeyRef: {name: V.secret, key: *V.key | n}}\n"
	}
	return "\t\t\tif V.secret == _|_ if V.valueFrom == _|_ {value: V}\n" +
		"\t\t\tif V.secret != _|_ {valueFrom: secretKeyRef: {name: V.secret, key: *V.key | n}}\n" +
		"\t\t\tif V.valueFrom != _|_ {valueFrom: V.valueFrom}\n"
}

func (p presets) variables(b *strings.Builder) {
	if p.env == "" {
		return
	}
	b.WriteString("\n// #EnvVar is the text of a variable, or where it is taken from.\n")
	if p.otherFrom {
		b.WriteString("#EnvVar: string | {secret!: string, key?: string} | {valueFrom!: {...}} |\n" +
			"\terror(\"an env var is a string, {secret: NAME, key?: KEY} or {valueFrom: ...}\")\n")
		return
	}
	b.WriteString("#EnvVar: string | {secret!: string, key?: string} | error(\"an env var is a string or {secret: NAME, key?: KEY}\")\n")
}

func (p presets) elements(b *strings.Builder) {
	if len(p.element) == 0 {
		return
	}
	b.WriteString("\n// #Element is what an element may say beside what a release is made of.\n#Element: {\n")
	for _, key := range p.element {
		fmt.Fprintf(b, "\t%s?: _\n", label(key))
	}
	b.WriteString("}\n")
}

func (p presets) values(b *strings.Builder) {
	if !p.shared {
		return
	}
	b.WriteString(`
// #Values are the values of the chart that most apps share. Helm ignores a value that no template
// reads; here a misspelt one is an error. Say more about their types as you learn it.
#Values: {
`)
	for _, key := range p.valueNames {
		fmt.Fprintf(b, "\t%s?: _\n", label(key))
	}
	b.WriteString("}\n")
}
