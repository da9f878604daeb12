package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Plan is the commits that make the charts repo say what the declarations say. It holds what is to be
// written as elements rather than as files, so that it can be carried out on a head that has moved on,
// as long as the elements themselves have not.
type Plan struct {
	Version int      `json:"version"`
	Charts  string   `json:"charts"`           // the remote, without secrets
	Branch  string   `json:"branch"`           //
	Base    string   `json:"base"`             // the commit of the charts repo that it was made on
	Source  string   `json:"source,omitempty"` // the commit of the config repo that it was made from; with "+changes" where files are not committed
	Commits []Commit `json:"commits"`

	// Pins are keys of the plan's files that hold tags, which are nobody's content.
	Pins map[string][]string `json:"pins,omitempty"`

	// Digest stands for all of the above, so that a plan is carried out as it was read.
	Digest string `json:"digest"`
}

// Sealed is a plan with its digest.
func (p Plan) Sealed() (Plan, error) {
	p.Digest = ""
	data, err := json.Marshal(p)
	if err != nil {
		return p, err
	}
	sum := sha256.Sum256(data)
	p.Digest = hex.EncodeToString(sum[:])
	return p, nil
}

// Check says why a plan that was read from a file cannot be carried out. A file may come from anyone, so
// it may not lead to where a declaration could not.
func (p Plan) Check() error {
	switch sealed, err := p.Sealed(); {
	case p.Version == 0:
		return errors.New("this is no plan; make one with `pintle plan -o FILE`")
	case p.Version != Version:
		return fmt.Errorf("it has version %d, and this pintle knows %d; make it anew with `pintle plan -o FILE`", p.Version, Version)
	case err != nil:
		return err
	case sealed.Digest != p.Digest:
		return errors.New("it is not as pintle wrote it; change the declarations, and make it anew")
	}
	for _, c := range p.Commits {
		for _, f := range c.Files {
			if why := tree.Unfit(f.Path); why != "" {
				return fmt.Errorf("%q is no path for a file: %s", f.Path, why)
			}
		}
	}
	return nil
}

// Version is that of a plan's JSON.
const Version = 1

// A Commit is what one commit does: all that changes in one environment, or in what environments share.
type Commit struct {
	Environment string `json:"environment,omitempty"` // "" where it is shared
	Title       string `json:"title"`
	Files       []File `json:"files"`
}

// A File is one file of the charts repo and what is done with its elements.
type File struct {
	Path      string     `json:"path"`
	Moves     []Move     `json:"elements"` // all but those that are kept
	Fragments []Fragment `json:"fragments,omitempty"`
}

// Writes reports whether the file itself changes, rather than only what is listed of it.
func (f File) Writes() bool {
	return slices.ContainsFunc(f.Moves, func(m Move) bool { return m.Action.Writes() })
}

// A Fragment is the text that is written for one owner; see the package render.
type Fragment struct {
	Environment string   `json:"environment,omitempty"`
	App         string   `json:"app,omitempty"`
	At          string   `json:"at,omitempty"`
	By          string   `json:"by,omitempty"`
	ID          string   `json:"id,omitempty"`
	Text        string   `json:"text"`
	Order       []string `json:"order,omitempty"`
	Source      string   `json:"source,omitempty"` // the file that declares it
	Line        int      `json:"line,omitempty"`
}

// Moves are those of all commits.
func (p Plan) Moves() []Move {
	var all []Move
	for _, c := range p.Commits {
		for _, f := range c.Files {
			for _, m := range f.Moves {
				m.Path = f.Path
				all = append(all, m)
			}
		}
	}
	return all
}

// Commits groups moves by environment: what environments share first, then in the order in which
// releases pass through them.
func Commits(moves []Move, environments []string) []Commit {
	byPath := map[string][]Move{}
	var paths []string
	for _, m := range moves {
		if m.Action == Keep || m.Action == Abandon || m.Action == Refuse {
			continue
		}
		if byPath[m.Path] == nil {
			paths = append(paths, m.Path)
		}
		byPath[m.Path] = append(byPath[m.Path], m)
	}
	byEnvironment := map[string]*Commit{}
	var commits []*Commit
	for _, path := range paths {
		env := environmentOf(byPath[path])
		c := byEnvironment[env]
		if c == nil {
			c = &Commit{Environment: env}
			byEnvironment[env] = c
			commits = append(commits, c)
		}
		c.Files = append(c.Files, File{Path: path, Moves: byPath[path]})
	}
	slices.SortStableFunc(commits, func(a, b *Commit) int {
		return cmp.Compare(slices.Index(environments, a.Environment), slices.Index(environments, b.Environment))
	})
	out := make([]Commit, 0, len(commits))
	for _, c := range commits {
		c.Title = c.title()
		out = append(out, *c)
	}
	return out
}

// environmentOf is the one environment that a file's moves are about, or "".
func environmentOf(moves []Move) string {
	env := moves[0].Environment
	for _, m := range moves {
		if m.Environment != env {
			return ""
		}
	}
	return env
}

// title says what a commit does, in the words of its apps.
func (c *Commit) title() string {
	where := cmp.Or(c.Environment, "all environments")
	var parts []string
	added, _ := c.owners(Add)
	removed, _ := c.owners(Remove)
	moved := slices.DeleteFunc(added, func(app string) bool { return !slices.Contains(removed, app) })
	for _, a := range []struct {
		action Action
		verb   string
	}{{Change, "change"}, {Add, "add"}, {Remove, "remove"}, {TakeIn, "take in"}, {Forget, "forget"}} {
		apps, defaults := c.owners(a.action)
		switch a.action {
		case Change:
			apps = append(apps, moved...)
			slices.Sort(apps)
			apps = slices.Compact(apps)
		case Add, Remove:
			apps = slices.DeleteFunc(apps, func(app string) bool { return slices.Contains(moved, app) })
		}
		if len(apps) == 0 && !defaults || a.action == TakeIn && len(parts) > 0 {
			continue
		}
		parts = append(parts, a.verb+" "+diag.Listed(named(apps, defaults)))
	}
	return where + ": " + strings.Join(parts, "; ")
}

// named are a few owners by name, and many by number.
func named(apps []string, defaults bool) []string {
	const few = 3
	if len(apps) > few {
		apps = []string{fmt.Sprintf("%d apps", len(apps))}
	}
	if defaults {
		apps = append([]string{"its defaults"}, apps...)
	}
	return apps
}

// Apps are the apps that a commit is about, by name.
func (c Commit) Apps() []string {
	var names []string
	for _, f := range c.Files {
		for _, m := range f.Moves {
			if m.App != "" {
				names = append(names, m.App)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// owners are whose elements an action is about: apps by name, and the environment itself.
func (c *Commit) owners(action Action) (apps []string, defaults bool) {
	for _, f := range c.Files {
		for _, m := range f.Moves {
			switch {
			case m.Action != action:
			case m.App == "":
				defaults = true
			default:
				apps = append(apps, m.App)
			}
		}
	}
	slices.Sort(apps)
	return slices.Compact(apps), defaults
}

// maxShare is the part of an environment's releases that may go at once without being asked for: a fifth.
const maxShare = 5

// Brake finds environments from which more releases would be taken away at once than anyone means to.
func Brake(moves []Move, manifests map[string]state.Manifest) diag.List {
	type where struct{ app, environment string }
	listed := map[string]map[string]bool{} // by environment
	for _, m := range manifests {
		for _, e := range m.Elements {
			if e.App == "" || e.Environment == "" {
				continue
			}
			if listed[e.Environment] == nil {
				listed[e.Environment] = map[string]bool{}
			}
			listed[e.Environment][e.App] = true
		}
	}
	stays, goes := map[where]bool{}, map[where]bool{}
	for _, m := range moves {
		at := where{m.App, m.Environment}
		if m.Action == Remove || m.Action == Forget {
			goes[at] = true
		} else {
			stays[at] = true
		}
	}
	gone := map[string][]string{}
	for at := range goes {
		if !stays[at] && at.app != "" && at.environment != "" {
			gone[at.environment] = append(gone[at.environment], at.app)
		}
	}
	var findings diag.List
	for environment, apps := range gone {
		all := len(listed[environment])
		if len(apps)*maxShare <= all {
			continue
		}
		slices.Sort(apps)
		const few = 5
		names := apps
		if len(names) > few {
			names = append(slices.Clone(names[:few-1]), fmt.Sprintf("%d more", len(apps)-few+1))
		}
		f := diag.Finding{
			Rule: "prune-brake",
			What: fmt.Sprintf("%d of %d releases would be taken away from %s at once: %s", len(apps), all, environment, diag.Listed(names)),
			Why:  "no declaration makes them any longer; more than a fifth at once is more often a mistake than meant",
			Fix:  "if it is meant, say so with --allow-prune",
		}
		if len(apps) == all {
			f.Why = "no declaration makes them any longer, and nothing would be left there"
		}
		findings = append(findings, f)
	}
	slices.SortFunc(findings, func(a, b diag.Finding) int { return cmp.Compare(a.What, b.What) })
	return findings
}

// Since sorts out what a plan means on another head than it was made on. Now is what reconciling finds
// there, with ours taken where they differ. Stale is what has moved: elements that are neither what they
// were then nor what the plan makes of them. Left is what remains to be done; all else stays as it is.
func (p Plan) Since(now []Move) (left, stale []Move) {
	then := map[string]Move{}
	for _, m := range p.Moves() {
		then[m.key()] = m
	}
	for _, n := range now {
		m, planned := then[n.key()]
		delete(then, n.key())
		switch {
		case !planned && n.Action != Keep:
			n.Action = Abandon
		case planned && n.From != m.From && n.From != m.Digest:
			stale = append(stale, n)
		}
		left = append(left, n)
	}
	for _, m := range then {
		if m.Action != Forget && m.Action != Remove {
			stale = append(stale, m)
		}
	}
	slices.SortFunc(stale, func(a, b Move) int { return cmp.Compare(a.key(), b.key()) })
	return left, stale
}

func (m Move) key() string { return strings.Join([]string{m.Path, m.At, m.By, m.ID}, "\x00") }
