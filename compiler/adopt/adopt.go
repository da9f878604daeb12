// Package adopt takes an existing charts repo into declarations.
//
// It is given files and makes files, and touches nothing. What it writes means exactly what it was
// given: Differences is the proof, on what the declarations render to.
//
// No organisation, chart or key is known by name. Everything is recognised by its shape, and the
// repo's own words go into the presets that are written for it.
package adopt

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Options say what to adopt. The zero value adopts everything.
type Options struct {
	// Apps are the apps to adopt; none: all. Their folders then hold all that they need, and the
	// environments claim nothing.
	Apps []string
	// Module is the CUE module of the config repo that is written.
	Module string
	// Existing leaves out environments and presets, with Apps: the config repo has them.
	Existing bool
	// Images are those that the config repo declares already.
	Images []string
}

// A Result is what was adopted, and how well.
type Result struct {
	Layout Layout
	Files  tree.Tree // CUE, not yet formatted, without cue.mod
	Claims []Claim   // what the declarations say of the original

	Apps, Releases int
	LinesBefore    int // of the files, or elements, that are adopted

	// Values are the values of all apps, each counted once however many environments have it; Once
	// are those among them that are written in one place.
	Once, Values int

	CommentsCarried, CommentsLost int
	Lost                          []token.Position // of comments

	Notes diag.List // what the authors of the charts repo should know; it did not keep anything from being adopted
}

// A Claim is a part of the charts repo that the declarations now say.
type Claim struct {
	Path string         // the file
	List string         // the key of a list in it
	Name string         // the element of that list; "" for everything else in the file
	Pos  token.Position // where the original says it
}

// Repo takes a charts repo into declarations. What its authors have to mend first is a diag.List.
func Repo(charts *tree.Tree, opts Options) (*Result, error) {
	s, err := recognise(charts)
	if err != nil {
		return nil, err
	}
	wanted, err := s.wanted(opts.Apps)
	if err != nil {
		return nil, err
	}
	d := newDeclarations(s, wanted, opts)
	r := &Result{Layout: s.layout, Apps: len(wanted)}
	d.write(&r.Files)
	r.Once, r.Values = d.once, d.values
	s.account(r, wanted, len(opts.Apps) == 0)
	return r, nil
}

// wanted are the apps of the given names; all where none is given.
func (s *survey) wanted(names []string) ([]*app, error) {
	if len(names) == 0 {
		return s.apps, nil
	}
	var all []string
	for _, a := range s.apps {
		all = append(all, a.name)
	}
	var found []*app
	var findings diag.List
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		i := slices.Index(all, name)
		if i >= 0 {
			found = append(found, s.apps[i])
			continue
		}
		f := diag.Finding{
			Rule:  "unknown-app",
			Where: token.Position{Filename: s.layout.Files[0]},
			What:  fmt.Sprintf("no app is called %q", name),
			Why:   "an app is an element of " + s.layout.List + ", known by its name",
		}
		if meant := diag.Suggest(name, all); meant != "" {
			f.Fix = fmt.Sprintf("ask for %q", meant)
		}
		findings = append(findings, f)
	}
	return found, findings.Err()
}

// account says what is claimed, and what became of the comments.
func (s *survey) account(r *Result, wanted []*app, whole bool) {
	count := func(c *comment) {
		if c.carried {
			r.CommentsCarried++
			return
		}
		r.CommentsLost++
		r.Lost = append(r.Lost, c.pos)
	}
	for _, p := range s.environments {
		r.Notes = append(r.Notes, p.page.repeated...)
		if whole {
			r.LinesBefore += p.page.lines
			for _, c := range p.page.comments {
				count(c)
			}
			r.Claims = append(r.Claims, Claim{p.page.name, s.layout.List, "", token.Position{Filename: p.page.name, Line: 1}})
		}
		for _, a := range wanted {
			element := a.elements[p.name]
			if element == nil {
				continue
			}
			r.Releases++
			r.Claims = append(r.Claims, Claim{p.page.name, s.layout.List, a.name, element.pos})
			if !whole {
				r.LinesBefore += p.linesOf(element, s.layout.List)
				element.eachNote(count)
			}
		}
	}
	slices.SortFunc(r.Claims, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(r.Lost, diag.ComparePositions)
}

// linesOf is how many lines an element has: up to the next one.
func (p *place) linesOf(element *node, list string) int {
	end := p.page.lines + 1
	for _, other := range p.page.root.get(list).items {
		if other.pos.Line > element.pos.Line {
			end = min(end, other.pos.Line)
		}
	}
	return end - element.pos.Line
}
