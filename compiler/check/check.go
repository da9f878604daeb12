// Package check holds the rules that CUE alone cannot state.
package check

import (
	"fmt"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Places finds what is wrong with the order of environments.
func Places(p release.Places) diag.List {
	var findings diag.List
	if len(p.Environments) == 0 {
		return diag.List{{
			Rule:  "no-environments",
			Where: token.Position{Filename: "environments"},
			What:  "no environment is declared",
			Why:   "an app is released to the environments that package environments declares under `all`",
			Fix:   "write environments/environments.cue; `pintle init` shows how",
		}}
	}
	after := map[string]string{}
	var names []string
	for _, e := range p.Environments {
		after[e.Name] = e.After.Name
		names = append(names, e.Name)
	}
	for _, e := range p.Environments {
		if _, known := after[e.After.Name]; e.After.Name != "" && !known {
			f := diag.Finding{
				Rule:  "unknown-environment",
				Where: e.After.Pos,
				What:  fmt.Sprintf("%s comes after %q, which is not declared", e.Name, e.After.Name),
				Why:   "declared are " + diag.Listed(slices.Sorted(slices.Values(names))),
				Fix:   "declare it, or leave `after` out",
			}
			if meant := diag.Suggest(e.After.Name, names); meant != "" {
				f.Fix = fmt.Sprintf("write after: %q", meant)
			}
			findings = append(findings, f)
		}
		if way := circle(e.Name, after); way != nil && e.Name == slices.Min(way) {
			findings = append(findings, diag.Finding{
				Rule:  "environment-cycle",
				Where: e.After.Pos,
				What:  fmt.Sprintf("%s comes after itself", e.Name),
				Why:   arrow(way) + ", so nothing can arrive there",
				Fix:   "leave `after` out of the environment where releases arrive first",
			})
		}
	}
	return findings
}

// arrow tells a circle: a comes after b, which comes after a.
func arrow(way []string) string {
	return way[0] + " comes after " + strings.Join(way[1:], ", which comes after ")
}

// circle is the way from an environment back to itself, or nil.
func circle(from string, after map[string]string) []string {
	way := []string{from}
	for at := after[from]; at != ""; at = after[at] {
		way = append(way, at)
		if at == from {
			return way
		}
		if len(way) > len(after) {
			return nil // another one's circle
		}
	}
	return nil
}

// Apps checks apps against each other. It is given one at a time and keeps of each only what others
// may clash with.
type Apps struct {
	places   release.Places
	apps     map[string]token.Position
	images   map[string]build
	uses     []use
	findings diag.List
}

// A build is where an image is declared, and by which app.
type build struct {
	app string
	pos token.Position
}

// A use is an app that runs an image.
type use struct {
	image release.Ref
	app   release.App
}

// NewApps checks apps that run in the given places.
func NewApps(places release.Places) *Apps {
	return &Apps{places: places, apps: map[string]token.Position{}, images: map[string]build{}}
}

// Add checks one app.
func (c *Apps) Add(a release.App) {
	if first, twice := c.apps[a.Name]; twice {
		c.add(diag.Finding{
			Rule:  "app-twice",
			Where: a.Pos,
			Also:  []token.Position{first},
			What:  fmt.Sprintf("%s is declared in two folders", a.Name),
			Why:   "a folder is evaluated alone, so the two would not be unified: each would be half an app",
			Fix:   "move one into the folder of the other, or give it another name",
		})
	}
	c.apps[a.Name] = a.Pos
	if len(a.Releases) == 0 {
		c.add(diag.Finding{
			Rule:  "no-environment",
			Where: a.Pos,
			What:  fmt.Sprintf("%s runs in no environment", a.Name),
			Why:   "it names none; a pattern such as release: [_] adds to releases, and makes none",
			Fix:   fmt.Sprintf("add `release: %s: {}`", c.firstEnvironment()),
		})
	}
	for _, image := range a.Builds {
		c.image(a, image)
	}
	seen := map[string]bool{}
	for _, r := range a.Releases {
		if r.Chart.Name != "" && !slices.ContainsFunc(c.places.ChartsRepo.Charts, func(k release.Chart) bool { return k.Name == r.Chart.Name }) {
			c.add(c.unknownChart(r.Chart, a))
		}
		for _, image := range r.Images {
			if !seen[image.Name] {
				seen[image.Name] = true
				c.uses = append(c.uses, use{image, release.App{Name: a.Name, Pos: a.Pos}})
			}
		}
	}
}

func (c *Apps) add(f diag.Finding) { c.findings = append(c.findings, f) }

func (c *Apps) firstEnvironment() string {
	for _, e := range c.places.Environments {
		if e.After.Name == "" {
			return e.Name
		}
	}
	return "ENVIRONMENT"
}

func (c *Apps) image(a release.App, image release.Image) {
	if first, twice := c.images[image.Name]; twice {
		if first.app == a.Name {
			return // the app itself is declared twice
		}
		c.add(diag.Finding{
			Rule:  "image-twice",
			Where: image.Pos,
			Also:  []token.Position{first.pos},
			What:  fmt.Sprintf("the image %s is declared twice", image.Name),
			Why:   fmt.Sprintf("%s builds it too; an image is declared once, by the app whose code it is, and others only name it", first.app),
			Fix:   "take it out of `builds` in one of them",
		})
		return
	}
	c.images[image.Name] = build{a.Name, image.Pos}
	for _, pin := range image.Pins {
		if why := tree.Unfit(pin.Path); why != "" {
			c.add(diag.Finding{
				Rule:  "bad-path",
				Where: image.Pos,
				What:  fmt.Sprintf("%q is no path for the pin of the image %s", pin.Path, image.Name),
				Why:   why,
				Fix:   `write a path from the root of the charts repo, such as "images/staging/app.yaml"`,
			})
		}
	}
	if _, err := regexp.Compile(image.Tag); err != nil {
		c.add(diag.Finding{
			Rule:  "bad-pattern",
			Where: image.Pos,
			What:  fmt.Sprintf("the tag %q of the image %s is no regular expression", image.Tag, image.Name),
			Why:   strings.TrimPrefix(err.Error(), "error parsing regexp: "),
			Fix:   `write one such as "^v[0-9]+$"`,
		})
	}
}

func (c *Apps) unknownChart(chart release.Ref, a release.App) diag.Finding {
	var names []string
	for _, k := range c.places.ChartsRepo.Charts {
		names = append(names, k.Name)
	}
	f := diag.Finding{
		Rule:  "unknown-chart",
		Where: named(chart, a),
		Also:  users(chart, a),
		What:  fmt.Sprintf("unknown chart %q", chart.Name),
		Why:   "declared are " + diag.Listed(slices.Sorted(slices.Values(names))),
		Fix:   "declare it in environments, under chartsRepo: charts",
	}
	if meant := diag.Suggest(chart.Name, names); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}

// named is where an app names something: at the line that does, if it is not the schema's.
func named(r release.Ref, a release.App) token.Position {
	if strings.HasPrefix(r.Pos.Filename, "apps/") {
		return r.Pos
	}
	return a.Pos
}

// users is the app for whose sake a preset names something.
func users(r release.Ref, a release.App) []token.Position {
	if path.Dir(named(r, a).Filename) == path.Dir(a.Pos.Filename) {
		return nil
	}
	return []token.Position{a.Pos}
}

// AllAdded finds what only all apps together show: an image that none of them builds.
func (c *Apps) AllAdded() {
	names := slices.Sorted(maps.Keys(c.images))
	for _, u := range c.uses {
		if _, known := c.images[u.image.Name]; known {
			continue
		}
		f := diag.Finding{
			Rule:  "unknown-image",
			Where: named(u.image, u.app),
			Also:  users(u.image, u.app),
			What:  fmt.Sprintf("no app builds the image %s", u.image.Name),
			Why:   "an image is declared once, by the app whose code it is, and others only name it",
			Fix:   fmt.Sprintf("declare it in that app: `builds: %q: {...}`", u.image.Name),
		}
		if meant := diag.Suggest(u.image.Name, names); meant != "" {
			f.Fix = fmt.Sprintf("write %q, or %s", meant, f.Fix)
		}
		c.add(f)
	}
}

// Findings is what is wrong with the apps that were added.
func (c *Apps) Findings() diag.List { return c.findings.Sorted() }
