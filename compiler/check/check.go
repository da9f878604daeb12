// Package check holds the rules that CUE alone cannot state.
package check

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
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
		after[e.Name] = e.After
		names = append(names, e.Name)
	}
	for _, e := range p.Environments {
		if _, known := after[e.After]; e.After != "" && !known {
			f := diag.Finding{
				Rule:  "unknown-environment",
				Where: e.Pos,
				What:  fmt.Sprintf("%s comes after %q, which is not declared", e.Name, e.After),
				Fix:   "declare it, or leave `after` out",
			}
			if meant := diag.Suggest(e.After, names); meant != "" {
				f.Fix = fmt.Sprintf("write after: %q", meant)
			}
			findings = append(findings, f)
		}
		if way := circle(e.Name, after); way != nil {
			findings = append(findings, diag.Finding{
				Rule:  "environment-cycle",
				Where: e.Pos,
				What:  fmt.Sprintf("%s comes after itself", e.Name),
				Why:   strings.Join(way, " after "),
				Fix:   "the first environment has no `after`",
			})
		}
	}
	return findings
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
	images   map[string]token.Position
	uses     []use
	findings diag.List
}

type use struct {
	image, app string
	pos        token.Position
}

// NewApps checks apps that run in the given places.
func NewApps(places release.Places) *Apps {
	return &Apps{places: places, apps: map[string]token.Position{}, images: map[string]token.Position{}}
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
			Why:   "a pattern such as release: [_] adds to releases that are written out, and makes none",
			Fix:   fmt.Sprintf("add `release: %s: {}`", c.firstEnvironment()),
		})
	}
	for _, image := range a.Builds {
		c.image(a, image)
	}
	seen := map[string]bool{}
	for _, r := range a.Releases {
		if r.Chart != "" && !slices.ContainsFunc(c.places.ChartsRepo.Charts, func(k release.Chart) bool { return k.Name == r.Chart }) {
			c.add(c.unknownChart(r, a))
		}
		for _, image := range r.Images {
			if !seen[image] {
				seen[image] = true
				c.uses = append(c.uses, use{image, a.Name, a.Pos})
			}
		}
	}
}

func (c *Apps) add(f diag.Finding) { c.findings = append(c.findings, f) }

func (c *Apps) firstEnvironment() string {
	for _, e := range c.places.Environments {
		if e.After == "" {
			return e.Name
		}
	}
	return "ENVIRONMENT"
}

func (c *Apps) image(a release.App, image release.Image) {
	if first, twice := c.images[image.Name]; twice {
		c.add(diag.Finding{
			Rule:  "image-twice",
			Where: a.Pos,
			Also:  []token.Position{first},
			What:  fmt.Sprintf("the image %s is declared twice", image.Name),
			Why:   "an image is declared once, by the app that builds it; others only name it",
			Fix:   "take it out of `builds` here",
		})
		return
	}
	c.images[image.Name] = a.Pos
	if _, err := regexp.Compile(image.Tag); err != nil {
		c.add(diag.Finding{
			Rule:  "bad-pattern",
			Where: a.Pos,
			What:  fmt.Sprintf("the tag's shape %q of image %s is no regular expression", image.Tag, image.Name),
			Why:   err.Error(),
			Fix:   "write one such as \"^v[0-9]+$\"",
		})
	}
}

func (c *Apps) unknownChart(r release.Release, a release.App) diag.Finding {
	var names []string
	for _, k := range c.places.ChartsRepo.Charts {
		names = append(names, k.Name)
	}
	f := diag.Finding{
		Rule:  "unknown-chart",
		Where: a.Pos,
		What:  fmt.Sprintf("unknown chart %q", r.Chart),
		Why:   "declared are " + strings.Join(names, ", "),
		Fix:   "declare it in environments, under chartsRepo: charts",
	}
	if meant := diag.Suggest(r.Chart, names); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}

// AllAdded finds what only all apps together show: an image that none of them builds.
func (c *Apps) AllAdded() {
	var names []string
	for name := range c.images {
		names = append(names, name)
	}
	for _, u := range c.uses {
		if _, known := c.images[u.image]; known {
			continue
		}
		f := diag.Finding{
			Rule:  "unknown-image",
			Where: u.pos,
			What:  fmt.Sprintf("%s runs the image %s, which no app builds", u.app, u.image),
			Why:   "an image is declared once, in the folder of the app that builds it",
			Fix:   fmt.Sprintf("add `builds: %q: {...}` to that app", u.image),
		}
		if meant := diag.Suggest(u.image, names); meant != "" {
			f.Fix = fmt.Sprintf("write %q, or %s", meant, f.Fix)
		}
		c.findings = append(c.findings, f)
	}
}

// Findings is what is wrong with the apps that were added.
func (c *Apps) Findings() diag.List { return c.findings.Sorted() }
