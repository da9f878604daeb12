// Package release holds the nouns: what runs where, at which tag.
//
// A document (Values, File.Content) is made of map[string]any, []any, string, bool, json.Number
// and nil. Numbers keep the text in which they were declared.
package release

import (
	"cmp"
	"go/token"
	"slices"
)

// An Environment is a place where apps run.
type Environment struct {
	Name        string
	Description string
	After       Ref // the environment that releases pass before; the first has none
	Files       []File
	Pos         token.Position
}

// A ChartsRepo is the repository that the GitOps tool reads and pintle writes.
type ChartsRepo struct {
	URL    string
	Branch string
	Charts []Chart
	Pos    token.Position
}

// A Chart is a Helm chart in the charts repo.
type Chart struct {
	Name string
	Path string
}

// Places is everything that is declared outside of apps.
type Places struct {
	Environments []Environment // in the order of After, then by name
	ChartsRepo   ChartsRepo
}

// InOrder sorts environments as releases pass through them, then by name.
func InOrder(environments []Environment) {
	after := map[string]string{}
	for _, e := range environments {
		after[e.Name] = e.After.Name
	}
	depth := func(e Environment) int {
		n := 0
		for at := e.After.Name; at != "" && n <= len(after); at = after[at] {
			n++
		}
		return n
	}
	slices.SortStableFunc(environments, func(a, b Environment) int {
		return cmp.Or(cmp.Compare(depth(a), depth(b)), cmp.Compare(a.Name, b.Name))
	})
}

// A Unit is what one folder of apps/ declares. It was evaluated alone.
type Unit struct {
	Name string // "frontend"
	Apps []App  // by name
}

// An App is something that is deployed from one chart.
type App struct {
	Name        string
	Owner       string
	Description string
	Builds      []Image   // by name
	Releases    []Release // by environment's name
	Files       []File
	Pos         token.Position
}

// A Release is one app in one environment: Helm's own word.
type Release struct {
	App         string
	Environment string
	Chart       Ref // a declared chart; none where the charts repo decides
	Images      []Ref
	Files       []File
	Pos         token.Position
}

// A Ref names something that is declared elsewhere.
type Ref struct {
	Name string
	Pos  token.Position // where it is named
}

// An Image is what a build produces and a bump moves.
type Image struct {
	Name   string
	Source string
	Tag    string // the shape of a tag, a regular expression
	Order  string // numeric, semver, first-seen, sequence; "" where nothing is said
	Pins   []Pin  // by environment's name
	Pos    token.Position
}

// A Pin is the tag of an image in one environment, as the charts repo holds it.
// Only bump, promote and rollback change it, so compiling twice moves nothing.
type Pin struct {
	Environment string
	Path        string   // the file
	Key         string   // the key in it that holds the tag, or a path to it
	Mirror      []Mirror // other keys of the file that a running workflow reads, by name
}

// Keys are all keys of the file that bumps write, and that are nobody's to declare.
func (p Pin) Keys() []string {
	keys := []string{p.Key}
	for _, m := range p.Mirror {
		keys = append(keys, m.Key)
	}
	return keys
}

// A Mirror is a key of a pin's file that says for others what pintle knows.
type Mirror struct {
	Key   string
	Value any // a bool, or a string: "automatic", "promotable" and "origin" stand for what is known, others for themselves
}

// A File is a document of the charts repo, or one element of one.
type File struct {
	Path    string
	Content any
	At      string   // the list of which Content is an element, or with Key the map
	By      string   // what tells elements of a list apart; "" is "name"
	Key     string   // the key of the map at At that Content belongs to
	Order   []string // keys that come first; nil is Kubernetes' own order
	Pos     token.Position
}
