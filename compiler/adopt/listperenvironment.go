package adopt

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// listPerEnvironment recognises one values file per environment, STEM-ENVIRONMENT.yaml, in which
// defaults for all apps stand beside a list with one element for each app.
func listPerEnvironment(charts *tree.Tree) (*survey, diag.List) {
	best, faults := bestFamily(charts)
	if best == nil {
		return nil, faults
	}
	s := &survey{layout: Layout{
		Name:   "one values file per environment with a list of apps",
		List:   best.list,
		before: path.Join(best.dir, best.stem) + "-",
		after:  best.ext,
	}}
	var findings diag.List
	byName := map[string]*app{}
	for _, m := range best.members {
		if m.fault == nil && m.page.root != nil && m.page.root.kind == mapping && m.page.root.get(best.list) == nil {
			continue // it is called like one, but says nothing of apps
		}
		s.layout.Files = append(s.layout.Files, m.path)
		if m.fault != nil {
			findings = append(findings, documentFinding(m.fault))
			continue
		}
		p, bad := best.place(m, byName)
		findings = append(findings, bad...)
		s.environments = append(s.environments, p)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		s.apps = append(s.apps, byName[name])
	}
	if len(findings) > 0 {
		return s, findings
	}
	s.sortEnvironments()
	s.pins = findPins(charts, path.Dir(best.members[0].path), s.layout.Environments)
	s.layout.Pins = s.pins.dir
	s.roles = findRoles(s, charts, path.Dir(best.members[0].path))
	s.charts = chartNames(s)
	s.keyed = s.keyedLists()
	return s, nil
}

// A family is a set of files in one folder that differ in the environment's name alone.
type family struct {
	dir, stem, ext string
	members        []member // by environment
	list           string   // the key of the list of apps
	apps           int      // elements in all of them together
}

type member struct {
	path        string
	environment string
	page        *page
	fault       error
}

var dnsLabel = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// bestFamily is the family with the longest lists of apps. Where there is none at all, the faults
// of the files that could have been one tell more than "not recognised".
func bestFamily(charts *tree.Tree) (*family, diag.List) {
	families := map[string]*family{}
	for p, data := range charts.All() {
		ext := path.Ext(p)
		if ext != ".yaml" && ext != ".yml" || strings.Contains("/"+p, "/templates/") {
			continue
		}
		base := strings.TrimSuffix(path.Base(p), ext)
		var read *member
		for i, r := range base {
			if r != '-' || i == 0 || !dnsLabel.MatchString(base[i+1:]) {
				continue
			}
			if read == nil {
				pg, err := readPage(p, data)
				read = &member{path: p, page: pg, fault: err}
			}
			key := path.Join(path.Dir(p), base[:i]) + ext
			if families[key] == nil {
				families[key] = &family{dir: path.Dir(p), stem: base[:i], ext: ext}
			}
			m := *read
			m.environment = base[i+1:]
			families[key].members = append(families[key].members, m)
		}
	}
	var best *family
	var faults diag.List
	for _, key := range slices.Sorted(maps.Keys(families)) {
		f := families[key]
		slices.SortFunc(f.members, func(a, b member) int { return cmp.Compare(a.environment, b.environment) })
		f.count()
		if f.apps > 0 && (best == nil || f.apps > best.apps || f.apps == best.apps && len(f.members) > len(best.members)) {
			best = f
		}
		for _, m := range f.members {
			if finding, bad := m.unusable(); bad && (len(f.members) > 1 || f.stem == "values") {
				faults = append(faults, finding)
			}
		}
	}
	return best, faults
}

// unusable is why a file cannot be one environment's values.
func (m member) unusable() (diag.Finding, bool) {
	where := token.Position{Filename: m.path}
	switch {
	case m.fault != nil:
		return documentFinding(m.fault), true
	case m.page.root == nil:
		return diag.Finding{
			Rule: "bad-values", Where: where,
			What: "this values file is empty",
			Why:  "by its name it holds what runs in " + m.environment,
			Fix:  "write its values, or remove the file",
		}, true
	case m.page.root.kind != mapping:
		where.Line = m.page.root.pos.Line
		return diag.Finding{
			Rule: "bad-values", Where: where,
			What: "this values file is no mapping",
			Why:  "by its name it holds what runs in " + m.environment + ": defaults, and a list of apps under a key",
			Fix:  "put the list under a key",
		}, true
	}
	return diag.Finding{}, false
}

// count finds the key that holds the longest lists of named mappings.
func (f *family) count() {
	sums := map[string]int{}
	for _, m := range f.members {
		if m.fault != nil || m.page.root == nil {
			continue
		}
		for _, top := range m.page.root.fields {
			if named := namedMappings(top.value); 2*named > len(top.value.items) {
				sums[top.name] += named
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(sums)) {
		if sums[key] > f.apps {
			f.list, f.apps = key, sums[key]
		}
	}
}

// namedMappings is how many items of a list are mappings with a name.
func namedMappings(n *node) int {
	named := 0
	for _, item := range n.items {
		if item.get("name").text() != "" {
			named++
		}
	}
	return named
}

// place takes one file apart into defaults and apps.
func (f *family) place(m member, apps map[string]*app) (*place, diag.List) {
	p := &place{name: m.environment, page: m.page}
	if finding, bad := m.unusable(); bad {
		return p, diag.List{finding}
	}
	var findings diag.List
	defaults := *m.page.root
	defaults.fields = nil
	defaults.notes.add(m.page.head)
	for _, top := range m.page.root.fields {
		// A list without apps stays what it is.
		if top.name != f.list || len(top.value.items) == 0 && top.value.kind != mapping {
			defaults.fields = append(defaults.fields, top)
			continue
		}
		p.list = top.value.notes
		findings = append(findings, f.elements(m, top.value, apps)...)
	}
	if len(defaults.fields) > 0 {
		p.defaults = &defaults
	} else {
		p.list.add(defaults.notes)
	}
	return p, findings
}

func (f *family) elements(m member, l *node, apps map[string]*app) diag.List {
	var findings diag.List
	bad := func(n *node, what, why, fix string) {
		findings = append(findings, diag.Finding{Rule: "bad-app", Where: n.pos, What: what, Why: why, Fix: fix})
	}
	if l.kind != list {
		bad(l, f.list+" is no list here", "in other environments it is the list of apps", "write a list of mappings with a name each")
		return findings
	}
	for _, element := range l.items {
		name := element.get("name").text()
		switch {
		case element.kind != mapping || name == "":
			bad(element, "an element of "+f.list+" has no name", "an app is known by its name", "write `name: ...`, or remove the element")
		case !dnsLabel.MatchString(name):
			bad(element, fmt.Sprintf("the app name %q is no DNS label", name),
				"Kubernetes takes a-z, 0-9 and - in the name of a service, at most 63 of them, and a letter first", "rename the app")
		case apps[name] != nil && apps[name].elements[m.environment] != nil:
			bad(element, fmt.Sprintf("two elements are called %q", name),
				fmt.Sprintf("the other one is at line %d; which one is deployed depends on the reader", apps[name].elements[m.environment].pos.Line),
				"remove one of them, or rename it")
		default:
			if apps[name] == nil {
				apps[name] = &app{name: name, elements: map[string]*node{}}
			}
			apps[name].elements[m.environment] = element
		}
	}
	return findings
}

// sortEnvironments puts the environments in the order in which a release passes them, and says
// which one each comes after, where that can be told.
func (s *survey) sortEnvironments() {
	docs := map[string]*node{}
	for _, p := range s.environments {
		docs[p.name] = p.page.root
	}
	order := passed(docs)
	if order != nil {
		slices.SortFunc(s.environments, func(a, b *place) int {
			return slices.Index(order, a.name) - slices.Index(order, b.name)
		})
		for i := 1; i < len(s.environments); i++ {
			s.environments[i].after = s.environments[i-1].name
		}
	}
	for _, p := range s.environments {
		s.layout.Environments = append(s.layout.Environments, p.name)
	}
}
