package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
)

// config is a commit of declarations: generated files change, and their manifests list what changed.
func (v *verifier) config(s step, said *claim) error {
	said.check(s)
	var files []string
	for _, c := range s.changes {
		file, manifest := isManifest(c.Path)
		switch {
		case manifest:
			files = append(files, file)
		case isState(c.Path):
			s.finds("verify-path", c.Path, "changes this too", "a commit of declarations changes generated files and their manifests", byPintle)
		default:
			files = append(files, c.Path)
		}
	}
	slices.Sort(files)
	var moved []state.Element
	for _, file := range slices.Compact(files) {
		g := generated{step: s, path: file}
		err := v.readGenerated(&g)
		var bad fault
		if errors.As(err, &bad) {
			s.finds("verify-element", file, "changes this file, of which nobody can say what it did", bad.Error(), byPintle)
			continue
		} else if err != nil {
			return err
		}
		g.checkManifest(said)
		g.checkPins()
		elements := g.checkElements()
		g.checkRest()
		if env := oneEnvironment(elements); env != said.value(state.EnvironmentTrailer) && (env != "" || said.has(state.EnvironmentTrailer)) {
			s.finds("verify-trailer", file, fmt.Sprintf("says that it is about %s, and changes elements of %s",
				cmp.Or(quoted(said.value(state.EnvironmentTrailer)), "all environments"), cmp.Or(quoted(env), "all environments")), "", byPintle)
		}
		moved = append(moved, elements...)
	}
	if app := oneApp(moved); app != said.value(state.AppTrailer) {
		s.finds("verify-trailer", "", fmt.Sprintf("says that it is about %s, and changes elements of %s",
			cmp.Or(quoted(said.value(state.AppTrailer)), "several apps"), cmp.Or(quoted(app), "several apps")), "", byPintle)
	}
	return nil
}

// oneEnvironment is that of all elements, or "".
func oneEnvironment(elements []state.Element) string {
	for _, e := range elements {
		if e.Environment != elements[0].Environment {
			return ""
		}
	}
	if len(elements) == 0 {
		return ""
	}
	return elements[0].Environment
}

// oneApp is the only app that elements belong to, or "".
func oneApp(elements []state.Element) string {
	app := ""
	for _, e := range elements {
		if app != "" && e.App != "" && e.App != app {
			return ""
		}
		app = cmp.Or(app, e.App)
	}
	return app
}

// A generated file, before and after a commit.
type generated struct {
	step
	path      string
	file      repo.FileChange
	manifest  repo.FileChange
	was, is   any // what it means
	lists     state.Manifest
	listed    state.Manifest // before
	text      []byte         // of the manifest
	pins      []pinned
	tags      [][2]string // of the pins, before and after
	unwritten bool        // the manifest did not change
	tried     int         // digests; see fits
}

func (v *verifier) readGenerated(g *generated) error {
	at := state.ManifestPath(g.path)
	var err error
	if g.file, err = g.stands(g.path); err != nil {
		return err
	}
	if g.manifest, err = g.stands(at); err != nil {
		return err
	}
	g.unwritten = g.manifest.Before == g.manifest.After
	if g.listed, _, err = v.manifest(at, g.manifest.Before); err != nil {
		return err
	}
	if g.lists, g.text, err = v.manifest(at, g.manifest.After); err != nil {
		return err
	}
	if g.was, err = v.value(g.path, g.file.Before); err != nil {
		return err
	}
	if g.is, err = v.value(g.path, g.file.After); err != nil {
		return err
	}
	before, err := v.pinsOf(g.before)
	if err != nil {
		return err
	}
	after, err := v.pinsOf(g.after)
	if err != nil {
		return err
	}
	g.pins = bothPins(before, after, g.path)
	for _, p := range g.pins {
		was, err := v.tagIn(p.Pin, g.file.Before)
		if err != nil {
			return err
		}
		is, err := v.tagIn(p.Pin, g.file.After)
		if err != nil {
			return err
		}
		g.tags = append(g.tags, [2]string{was, is})
	}
	return nil
}

// stands is what stands at a path before and after, whether it changed or not.
func (s step) stands(path string) (repo.FileChange, error) {
	if c, ok := s.change(path); ok {
		return c, nil
	}
	e, err := s.after.Find(path)
	return repo.FileChange{Path: path, Before: e, After: e}, err
}

// checkManifest: the manifest is as pintle writes it, and from the revision that the commit names.
func (g *generated) checkManifest(said *claim) {
	for _, c := range []repo.FileChange{g.file, g.manifest} {
		if c.After.Exists() && c.Before != c.After && (c.Before.Exists() && c.Before.Odd() != c.After.Odd() || !c.Before.Exists() && c.After.Odd() != "") {
			g.finds("verify-path", c.Path, "makes this "+orFile(c.After.Odd()), "pintle writes ordinary files", byPintle)
		}
	}
	if len(g.lists.Elements) == 0 && len(g.listed.Elements) == 0 {
		g.finds("verify-path", g.path, "changes this too", "no manifest lists anything of it, so no declaration made it", byPintle)
		return
	}
	if g.unwritten || !g.manifest.After.Exists() {
		return
	}
	if !bytes.Equal(g.lists.Encode(g.path), g.text) || len(g.lists.Elements) == 0 {
		g.finds("verify-element", g.manifest.Path, "writes this manifest otherwise than pintle does", "what pintle makes of it is not the same bytes", byPintle)
	}
	if want := cmp.Or(said.value(state.SourceCommitTrailer), g.listed.Source); g.lists.Source != want {
		g.finds("verify-trailer", g.manifest.Path, fmt.Sprintf("is made from %s, and this manifest says %s", orNothing(want), orNothing(g.lists.Source)), "", byPintle)
	}
}

// checkPins: declarations move no tag.
func (g *generated) checkPins() {
	for i, p := range g.pins {
		if was, is := g.tags[i][0], g.tags[i][1]; was != is {
			m := Move{p.image, p.environment, p.Pin, was, is, goesBack(p.Record, is)}
			g.commit.Moves = append(g.commit.Moves, m)
			g.finds("verify-pin", g.path, "moves "+m.String(), "a commit of declarations moves no tag", "move it with `pintle bump`")
		}
	}
}

// checkElements: what is listed anew means what the digest says, and what is listed no longer is gone. It
// returns the elements that the commit is about.
func (g *generated) checkElements() []state.Element {
	var about []state.Element
	for _, e := range g.lists.Elements {
		listed, before := g.listed.Find(e.Element)
		was, there := e.In(g.was)
		is, stays := e.In(g.is)
		stripped := g.withoutPins(e.Element, is)
		same := there == stays && document.Equal(g.withoutPins(e.Element, was), stripped)
		if before && same && listed == e {
			continue
		}
		about = append(about, e)
		switch {
		case e.ID == "" && e.Digest == nothing && g.file.After.Exists():
		case !stays:
			g.finds("verify-element", g.path, fmt.Sprintf("lists %s, which is not there", e.Element), "", byPintle)
		case before && same && listed.Digest == e.Digest:
			g.finds("verify-element", g.manifest.Path, fmt.Sprintf("says that %s is somebody else's, and does not change it", e.Element), "", byPintle)
		case document.Digest(stripped) != e.Digest && !g.fits(e, was, is):
			g.finds("verify-element", g.path, fmt.Sprintf("makes %s something else than the manifest lists", e.Element),
				"its digest is that of another meaning", "say it in CUE, and write it with `pintle commit`")
		}
	}
	for _, e := range g.listed.Elements {
		if _, still := g.lists.Find(e.Element); still {
			continue
		}
		about = append(about, e)
		if _, stays := e.In(g.is); stays && e.ID != "" {
			g.finds("verify-element", g.path, fmt.Sprintf("no longer lists %s, which is still there", e.Element), "", byPintle)
		}
	}
	return about
}

// nothing is the digest of a document without keys: who lists it claims that the file is there.
var nothing = document.Digest(map[string]any{})

func (g *generated) withoutPins(e document.Element, value any) any {
	return withoutPins(g.pins, e, value)
}

// withoutPins is what an element means without the tags in it.
func withoutPins(pins []pinned, e document.Element, value any) any {
	for _, p := range pins {
		if rest, inside := e.Below(p.Pin.Key); inside {
			value = document.Without(value, rest)
		}
	}
	return value
}

// fits reports whether the digest is that of the element without keys that may be a bump's: a tag that
// nobody has moved yet has no record, and what a bump mirrors stands beside the tag. Only what did not
// change may be taken for such.
func (g *generated) fits(e state.Element, was, is any) bool {
	const tries = 20_000 // digests of one file: a wrong manifest costs no more than this
	stripped := g.withoutPins(e.Element, is)
	unchanged := func(path []string) bool {
		a, there := at(was, path)
		b, stays := at(is, path)
		return there && stays && document.Equal(a, b)
	}
	for _, keys := range scalars(nil, stripped, nil) {
		keys = slices.DeleteFunc(keys, func(path []string) bool { return !unchanged(path) })
		for _, chosen := range choices(keys) {
			if g.tried++; g.tried > tries {
				return false
			}
			value := stripped
			for _, path := range chosen {
				value = without(value, path)
			}
			if document.Digest(value) == e.Digest {
				return true
			}
		}
	}
	return false
}

// checkRest: what no manifest lists stays, and so does the order of a list.
func (g *generated) checkRest() {
	elements := slices.Clone(g.lists.Elements)
	for _, e := range g.listed.Elements {
		if _, both := g.lists.Find(e.Element); !both {
			elements = append(elements, e)
		}
	}
	if len(elements) == 0 {
		return
	}
	was, is := g.was, g.is
	for _, p := range g.pins {
		was, is = document.Without(was, p.Pin.Key), document.Without(is, p.Pin.Key)
	}
	was, is = beside(was, elements, g.is), beside(is, elements, g.was)
	for i, d := range document.Differences(was, is) {
		if i == 3 {
			break
		}
		g.finds("verify-element", g.path, "changes more than its manifest lists: "+d.CUE(), "what pintle does not own stays as it is", byPintle)
	}
}
