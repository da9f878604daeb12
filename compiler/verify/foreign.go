package verify

import (
	"fmt"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/repo"
)

// String is a move as a sentence goes on: shop in production from v13 back to v12.
func (m Move) String() string {
	back := ""
	if m.Back {
		back = "back "
	}
	return fmt.Sprintf("%s in %s from %s %sto %s", m.Image, m.Environment, orNothing(m.From), back, orNothing(m.To))
}

// foreign is a commit that pintle did not make: what it did to what pintle owns.
func (v *verifier) foreign(s step) error {
	c := s.commit
	c.Verdict = Foreign
	before, err := v.pinsOf(s.before)
	if err != nil {
		return err
	}
	after, err := v.pinsOf(s.after)
	if err != nil {
		return err
	}
	for _, change := range s.changes {
		if isState(change.Path) {
			c.State = append(c.State, change.Path)
			continue
		}
		pins := bothPins(before, after, change.Path)
		if err := v.movedPins(s, pins, change); err != nil {
			return err
		}
		if err := v.touched(s, pins, change); err != nil {
			return err
		}
	}
	v.judge(c)
	return nil
}

func (v *verifier) movedPins(s step, pins []pinned, change repo.FileChange) error {
	for _, p := range pins {
		was, err := v.tagIn(p.Pin, change.Before)
		if err != nil {
			return err
		}
		is, err := v.tagIn(p.Pin, change.After)
		if err != nil {
			return err
		}
		if was != is {
			s.commit.Moves = append(s.commit.Moves, Move{p.image, p.environment, p.Pin, was, is, goesBack(p.Record, is)})
		}
	}
	return nil
}

// touched finds the elements of a file that were listed and mean something else now.
func (v *verifier) touched(s step, pins []pinned, change repo.FileChange) error {
	lists, _, err := v.manifestOf(s.before, change.Path)
	if err = notFault(err); err != nil || len(lists.Elements) == 0 {
		return err
	}
	was, err := v.value(change.Path, change.Before)
	if notFault(err) != nil {
		return err
	}
	is, err := v.value(change.Path, change.After)
	if notFault(err) != nil {
		return err
	}
	for _, e := range lists.Elements {
		if e.ID == "" && e.Digest == nothing && change.After.Exists() {
			continue
		}
		a, there := e.In(was)
		b, stays := e.In(is)
		if there != stays || !document.Equal(withoutPins(pins, e.Element, a), withoutPins(pins, e.Element, b)) {
			s.commit.Elements = append(s.commit.Elements, Touched{change.Path, e.Element, !stays})
		}
	}
	return nil
}

// judge says what others may not do.
func (v *verifier) judge(c *Commit) {
	if len(c.Moves)+len(c.Elements)+len(c.State) == 0 {
		c.Notes = append(c.Notes, "touches nothing that pintle owns")
	}
	for _, m := range c.Moves {
		switch {
		case m.Back:
			c.finds("verify-pin", m.Pin.Path, "moves "+m.String(), "something newer has run there, and nobody said that going back is meant",
				fmt.Sprintf("leave the pin out of it; if going back is meant, `pintle bump %s %s --env %s`", m.Image, orNothing(m.To), m.Environment))
		case !v.opts.AllowForeign:
			c.finds("verify-pin", m.Pin.Path, "moves "+m.String(), "pintle did not make it, so no rule was asked",
				"move it with `pintle bump`, or allow it with --allow-foreign")
		}
	}
	byFile := map[string][]string{}
	var files []string
	for _, e := range c.Elements {
		if byFile[e.Path] == nil {
			files = append(files, e.Path)
		}
		byFile[e.Path] = append(byFile[e.Path], e.Element.String())
	}
	for _, file := range files {
		if !v.opts.AllowForeign {
			c.finds("verify-element", file, "changes "+few(byFile[file]), "pintle wrote it, and what is declared says otherwise now",
				"say it in CUE and write it with `pintle commit`, or allow it with --allow-foreign")
		}
	}
	for _, file := range c.State {
		c.finds("verify-state", file, "changes this by hand", "only pintle writes here: it is what pintle knows", "leave it out")
	}
}

// few are names, not more than anyone reads.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		names = append(names[:most-1:most-1], fmt.Sprintf("%d more", len(names)-most+1))
	}
	return diag.Listed(names)
}
