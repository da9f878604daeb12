package adopt

import (
	"regexp"
	"slices"
)

// A deployed is one app in the words of the declarations.
type deployed struct {
	name         string
	environments []string         // in their order
	releases     map[string]*node // by environment: the fields under `release`
	image        string           // what runs where a release does not say otherwise; "" for none
	images       []string         // all that runs in some environment, sorted
	ownChart     bool
}

// deployedApp translates what was found of an app.
func (s *survey) deployedApp(a *app) *deployed {
	d := &deployed{name: a.name, environments: s.environmentsOf(a), releases: map[string]*node{}}
	byEnvironment := map[string]string{}
	for _, env := range d.environments {
		image, several := s.imagesOf(a, a.elements[env])
		byEnvironment[env] = image
		for _, i := range append(several, image) {
			if i != "" && !slices.Contains(d.images, i) {
				d.images = append(d.images, i)
			}
		}
		if s.charts[s.chartOf(a.elements[env])] != "" {
			d.ownChart = true
		}
	}
	slices.Sort(d.images)
	d.image = usual(byEnvironment, d)
	var fitting []keyed
	for _, k := range s.keyed {
		if k.fits(s.lists(a, k)) {
			fitting = append(fitting, k)
		}
	}
	for _, env := range d.environments {
		d.releases[env] = s.release(a, a.elements[env], fitting)
		if image := byEnvironment[env]; image != d.image {
			d.releases[env].fields = slices.Insert(d.releases[env].fields, 0, field{"image", &node{scalar: image}})
		}
	}
	for _, k := range fitting {
		k.keepOrder(d)
	}
	return d
}

// usual is the image that runs in most environments, the app's own one if it runs anywhere. What is
// said for the app cannot be taken back for a release, so there is none where some release has none.
func usual(images map[string]string, d *deployed) string {
	times := map[string]int{}
	most := images[d.environments[0]]
	for _, env := range d.environments {
		image := images[env]
		if times[image]++; image == "" {
			return ""
		}
		if image == d.name || most != d.name && times[image] > times[most] {
			most = image
		}
	}
	return most
}

// borrow has an app say in each release what it runs, so that it does not declare the image that is
// called like it: another app of the config repo does.
func (d *deployed) borrow() {
	if d.image != d.name {
		return
	}
	for _, env := range d.environments {
		if r := d.releases[env]; r.get("image") == nil {
			r.fields = slices.Insert(r.fields, 0, field{"image", &node{scalar: d.image}})
		}
	}
	d.image = ""
}

// imagesOf is the image that an element runs, or the several ones that it lists.
func (s *survey) imagesOf(a *app, element *node) (image string, several []string) {
	if image = s.imageOf(element); image != "" {
		return image, nil
	}
	if l := s.listOfImages(element); l != nil {
		for _, item := range l.items {
			several = append(several, item.text())
		}
		return "", several
	}
	if s.pins.has(a.name) {
		return a.name, nil
	}
	return "", nil
}

// imageOf is the image that an element names, or "".
func (s *survey) imageOf(element *node) string {
	if image := element.get(s.roles.image).text(); imageName.MatchString(image) {
		return image
	}
	return ""
}

// imageName is what a registry takes.
var imageName = regexp.MustCompile(`^[a-z0-9]+([-._/][a-z0-9]+)*$`)

// listOfImages is an element's list of images, where that is what it runs.
func (s *survey) listOfImages(element *node) *node {
	l := element.get(s.roles.images)
	if l == nil || l.kind != list || len(l.items) == 0 || s.imageOf(element) != "" {
		return nil
	}
	if slices.ContainsFunc(l.items, func(item *node) bool { return !imageName.MatchString(item.text()) }) {
		return nil
	}
	return l
}

// chartOf is the name of the chart that an element brings, or "".
func (s *survey) chartOf(element *node) string {
	p := element.get(s.roles.chart).text()
	for name, at := range s.charts {
		if p != "" && at == p {
			return name
		}
	}
	return ""
}
