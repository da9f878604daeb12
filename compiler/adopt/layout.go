package adopt

import (
	"errors"
	"fmt"
	"go/token"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Layout says how a charts repo keeps what runs where.
type Layout struct {
	Name         string   // in a few words
	Files        []string // the files that hold it
	Environments []string // in the order in which a release passes them where that can be told
	List         string   // the key of the list of apps
	Pins         string   // the folder that holds the tags; "" where none was found

	before, after string // what stands before and after the environment's name in a file's path
}

// path is a file's path, in which an expression stands for the environment's name.
func (l Layout) path(expr string) []part {
	return []part{{text: l.before}, {expr: expr}, {text: l.after}}
}

// A survey is what was found in a charts repo, in the words that all layouts share.
type survey struct {
	layout       Layout
	environments []*place
	apps         []*app // by name
	pins         pins
	roles        roles
	keyed        []keyed
	charts       map[string]string // the path of each chart that an app names, by the name it gets here
}

// A place is an environment as it was found.
type place struct {
	name     string
	after    string // "" for the first, or where the order cannot be told
	page     *page
	defaults *node // what every app there gets; nil for nothing
	list     notes // about the list of apps
}

// An app is what was found of one app: its element for each environment.
type app struct {
	name     string
	elements map[string]*node
}

// environments are those that the app runs in, in their order.
func (s *survey) environmentsOf(a *app) []string {
	var in []string
	for _, p := range s.environments {
		if a.elements[p.name] != nil {
			in = append(in, p.name)
		}
	}
	return in
}

// recognise finds out which layout a charts repo has: the first that fits.
func recognise(charts *tree.Tree) (*survey, error) {
	layouts := []func(*tree.Tree) (*survey, diag.List){
		listPerEnvironment,
	}
	var faults diag.List
	for _, layout := range layouts {
		found, findings := layout(charts)
		if found != nil {
			return found, findings.Sorted().Err()
		}
		faults = append(faults, findings...)
	}
	if len(faults) == 0 {
		faults = append(faults, diag.Finding{
			Rule:  "unknown-layout",
			Where: token.Position{Filename: "."},
			What:  "the layout of this charts repo is not recognised",
			Why:   "no folder has files NAME-ENVIRONMENT.yaml in which a list of mappings with a name each says what runs there",
			Fix:   "name the charts repo's own root folder; other layouts have to be written as presets by hand",
		})
	}
	return nil, faults.Sorted()
}

// documentFinding is what is wrong with a document, as its author can mend it.
func documentFinding(err error) diag.Finding {
	f := diag.Finding{Rule: "bad-yaml", What: err.Error(), Fix: "mend the file, and import again"}
	var bad *document.Error
	if errors.As(err, &bad) {
		f.Where, f.What = token.Position{Filename: bad.Name, Line: bad.Line}, bad.What
	}
	f.Why = "what is adopted has to mean one thing, to Helm and to every other reader"
	return f
}

// pins is where the tags of images are kept: dir/ENVIRONMENT/IMAGE.
type pins struct {
	dir    string
	tag    string                     // the key in a file that holds the tag
	order  string                     // how tags are ordered: "numeric", "semver", or "" where that cannot be told
	images map[string]map[string]bool // by environment
}

// orderField is the line that declares how tags are ordered.
func (p pins) orderField() string {
	if p.order == "" {
		return ""
	}
	return fmt.Sprintf("\t// A tag without a place in this order, as a commit, never moves by itself.\n\torder: %q\n", p.order)
}

// has reports whether an image has a pin in any environment.
func (p pins) has(image string) bool {
	for _, images := range p.images {
		if images[image] {
			return true
		}
	}
	return false
}

// roles are the keys of an element that mean something here; "" where there is none.
type roles struct {
	values string // what the chart gets
	image  string // the image that runs, where it is not called like the app
	images string // the images, where they are several
	chart  string // the chart's folder, where the app has one of its own
	env    string // in the values: the list of environment variables
}
