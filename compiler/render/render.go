// Package render writes releases as the files of a charts repo.
package render

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Fragment is what one owner claims of one file: the whole document, or one element of it. It
// holds the text and no longer the values, so that thousands of releases fit into memory.
type Fragment struct {
	Path        string
	Environment string         // whose release it is of; "" for what an app has in common
	App         string         // "" for what an environment itself claims
	At          string         // the list or map that it is an element of; "" for the document
	ID          string         // what tells it from its neighbours; "" for a document
	By          string         // the field that holds ID, for an element of a list; "" for an entry of a map
	Text        []byte         // a document; or a list of one, or a map of one, indented by two for each key of At
	Order       []string       // keys that come first in Text
	Source      string         // the file that declares it, for the header
	Pos         token.Position // where it is declared

	// Elements are what it consists of, each with its digest: the keys of a document, or the one element.
	Elements []state.Element
}

// whole reports whether f is a document rather than an element of one.
func (f Fragment) whole() bool { return f.ID == "" }

// depth is the number of keys on the way to the list or map.
func (f Fragment) depth() int {
	if f.At == "" {
		return 0
	}
	return strings.Count(f.At, ".") + 1
}

// Environment is what an environment itself claims.
func Environment(e release.Environment) ([]Fragment, error) {
	return fragments(Fragment{Environment: e.Name}, e.Files, e.Pos)
}

// App is what an app and its releases claim.
func App(a release.App) ([]Fragment, error) {
	all, err := fragments(Fragment{App: a.Name}, a.Files, a.Pos)
	var findings diag.List
	if list, ok := err.(diag.List); ok {
		findings = list
	}
	for _, r := range a.Releases {
		at := r.Pos
		at.Filename = cmp.Or(at.Filename, a.Pos.Filename)
		fs, err := fragments(Fragment{App: a.Name, Environment: r.Environment}, r.Files, at)
		if list, ok := err.(diag.List); ok {
			findings = append(findings, list...)
		}
		all = append(all, fs...)
	}
	return all, findings.Err()
}

// fragments are what an owner claims; of holds who that is.
func fragments(of Fragment, files []release.File, owner token.Position) ([]Fragment, error) {
	var out []Fragment
	var findings diag.List
	for _, file := range files {
		if f := badPath(file.Path, owner, file.Pos); f != nil {
			findings = append(findings, *f)
			continue
		}
		f := of
		f.Path, f.At, f.Order, f.Source, f.Pos = file.Path, file.At, file.Order, owner.Filename, owner
		indent := 2 * f.depth()
		switch {
		case file.Key != "":
			f.ID = file.Key
			f.Text = document.Append(nil, map[string]any{file.Key: file.Content}, indent, file.Order)
			f.Elements = []state.Element{f.element(file.Content)}
		case file.At != "":
			f.By = cmp.Or(file.By, "name")
			m, _ := file.Content.(map[string]any)
			id, ok := m[f.By].(string)
			if !ok || id == "" {
				findings = append(findings, diag.Finding{
					Rule:  "nameless-element",
					Where: owner,
					Also:  []token.Position{file.Pos},
					What:  fmt.Sprintf("the element for the list %s of %s has no %s", file.At, file.Path, f.By),
					Why:   "elements of a list are told apart by it, so that each has its owner",
					Fix:   fmt.Sprintf("give its content a field %s, or name another one with by:", f.By),
				})
				continue
			}
			f.ID = id
			f.Text = document.Append(nil, []any{file.Content}, indent, file.Order)
			f.Elements = []state.Element{f.element(file.Content)}
		default:
			f.Text = document.Append(nil, file.Content, 0, file.Order)
			f.Elements = f.keys(file.Content)
		}
		out = append(out, f)
	}
	return out, findings.Err()
}

// element is what a fragment that is one element means.
func (f Fragment) element(content any) state.Element {
	return state.Element{
		Element: document.Element{At: f.At, By: f.By, ID: f.ID},
		App:     f.App, Environment: f.Environment, Digest: document.Digest(content),
	}
}

// keys are the elements of a document: each of its keys has an owner of its own. One that has no keys
// is claimed to be there, whatever others put into it.
func (f Fragment) keys(content any) []state.Element {
	m, ok := content.(map[string]any)
	if !ok || len(m) == 0 {
		return []state.Element{f.element(content)}
	}
	elements := make([]state.Element, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		of := f
		of.ID = key
		elements = append(elements, of.element(m[key]))
	}
	return elements
}

// badPath finds a path that leads out of the charts repo.
func badPath(p string, owner, written token.Position) *diag.Finding {
	why := tree.Unfit(p)
	if why == "" {
		return nil
	}
	where := owner
	if written.Line > 0 {
		where = written
	}
	return &diag.Finding{
		Rule:  "bad-path",
		Where: where,
		What:  fmt.Sprintf("%q is no path for a file", p),
		Why:   why,
		Fix:   "write a path from the root of the charts repo, such as \"charts/app/values.yaml\"",
	}
}

// Charts is the charts repo as it is now, as far as joining has to know it. The zero Charts is one that
// has nothing.
type Charts struct {
	Base *tree.Tree                    // the files that are claimed, or that something goes away from
	Gone map[string][]document.Element // by file: what nothing declares any longer, and is taken out
	Pins map[string][]string           // by file: keys that hold tags. They are state, and stay what they are
}

func (c Charts) file(path string) ([]byte, bool) {
	if c.Base == nil {
		return nil, false
	}
	return c.Base.Get(path)
}

// Tree joins fragments into the files of the charts repo: an element that means what is declared keeps
// its bytes, and so does all that no fragment claims. A file from which everything is taken out is
// not in the result.
func Tree(fragments []Fragment, charts Charts) (*tree.Tree, error) {
	slices.SortStableFunc(fragments, func(a, b Fragment) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID), diag.ComparePositions(a.Pos, b.Pos))
	})
	out := &tree.Tree{}
	findings := append(claimedTwice(fragments), inTheWay(fragments)...)
	if len(findings) > 0 {
		return nil, findings.Sorted()
	}
	joined := map[string]bool{}
	for len(fragments) > 0 {
		n := 1
		for n < len(fragments) && fragments[n].Path == fragments[0].Path {
			n++
		}
		file := fragments[:n]
		data, err := join(file, charts)
		if list, ok := err.(diag.List); ok {
			findings = append(findings, list...)
		} else if err != nil {
			return nil, err
		} else if data != nil {
			out.Put(file[0].Path, data)
		}
		joined[file[0].Path] = true
		clear(file) // a large file's parts are garbage once it is joined
		fragments = fragments[n:]
	}
	for _, path := range slices.Sorted(maps.Keys(charts.Gone)) {
		data, ok := charts.file(path)
		if joined[path] || !ok {
			continue
		}
		data, err := splice(path, data, nil, charts)
		if list, ok := err.(diag.List); ok {
			findings = append(findings, list...)
		} else if err != nil {
			return nil, err
		} else if data != nil {
			out.Put(path, data)
		}
	}
	return out, findings.Sorted().Err()
}

func join(file []Fragment, charts Charts) ([]byte, error) {
	if data, ok := charts.file(file[0].Path); ok {
		return splice(file[0].Path, data, file, charts)
	}
	return fresh(file)
}

// claimedTwice finds fragments, in order, that claim the same thing. Two owners that do so in three
// environments are one finding.
func claimedTwice(fragments []Fragment) diag.List {
	type clash struct{ at, id, by, and string }
	var order []clash
	places := map[clash][]token.Position{}
	paths := map[clash][]string{}
	for i := 1; i < len(fragments); i++ {
		a, b := fragments[i-1], fragments[i]
		if a.Path != b.Path || a.At != b.At || a.ID != b.ID {
			continue
		}
		k := clash{a.At, a.ID, a.Pos.Filename, b.Pos.Filename}
		if paths[k] == nil {
			order = append(order, k)
		}
		places[k] = append(places[k], a.Pos, b.Pos)
		if !slices.Contains(paths[k], a.Path) {
			paths[k] = append(paths[k], a.Path)
		}
	}
	var findings diag.List
	for _, k := range order {
		in := strings.Join(paths[k], " and ")
		f := diag.Finding{
			Rule:  "claimed-twice",
			Where: places[k][1],
			Also:  places[k],
			What:  fmt.Sprintf("the whole of %s is claimed twice", in),
			Why:   "a file has one owner, or one for each of its elements",
			Fix:   "remove one of them, or give it a file of its own",
		}
		if k.id != "" {
			f.What = fmt.Sprintf("the element %s of %s is claimed twice", k.id, cmp.Or(k.at, "the document"))
			f.Why = "each element has one owner, and this has two in " + in
			f.Fix = "remove one of them, or give it another name"
		}
		findings = append(findings, f)
	}
	return findings
}

// inTheWay finds files that stand where another one needs a folder.
func inTheWay(fragments []Fragment) diag.List {
	files := map[string]token.Position{}
	for _, f := range fragments {
		files[f.Path] = f.Pos
	}
	var findings diag.List
	for _, f := range fragments {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if pos, is := files[dir]; is {
				findings = append(findings, diag.Finding{
					Rule:  "bad-path",
					Where: f.Pos,
					Also:  []token.Position{pos},
					What:  fmt.Sprintf("%s is a file, and %s needs it to be a folder", dir, f.Path),
					Fix:   "rename one of them",
				})
			}
		}
	}
	return findings
}

// fresh writes a file that does not exist yet: a line that says where it comes from, the document,
// then the lists and maps that others fill.
func fresh(file []Fragment) ([]byte, error) {
	size := 100
	for _, f := range file {
		size += len(f.Text)
	}
	out := append(make([]byte, 0, size), header(file)...)
	if file[0].whole() && len(file) > 1 || slices.ContainsFunc(file, func(f Fragment) bool { return f.depth() > 1 }) {
		if err := checkRoom(file); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(file, func(f Fragment) bool { return f.depth() > 1 }) {
		return nested(out, file)
	}
	at := ""
	for _, f := range file {
		if !f.whole() && f.At != at {
			at = f.At
			out = document.AppendKey(out, at)
			out = append(out, '\n')
		}
		if f.whole() && len(file) > 1 && string(f.Text) == "{}\n" {
			continue
		}
		out = append(out, f.Text...)
	}
	return out, nil
}

// madeBy is how the header of a file begins.
const madeBy = "# Made by pintle from "

// header names the source of a file, and nothing that changes without it: it must not cause a write.
func header(file []Fragment) string {
	source := file[0].Source
	for _, f := range file {
		if f.Source != source {
			// Of several owners, the one of the document; or what they have in common.
			if file[0].whole() {
				source += " and apps/"
			} else {
				source = "apps/"
			}
			break
		}
	}
	if strings.ContainsFunc(source, func(r rune) bool { return !unicode.IsPrint(r) }) {
		source = strconv.Quote(source) // a file's name may hold a newline
	}
	return fmt.Sprintf(madeBy+"%s: edit it there.\n", source)
}

// checkRoom finds a document that says something itself where others have elements.
func checkRoom(file []Fragment) error {
	var findings diag.List
	if !file[0].whole() {
		return nil
	}
	value, err := parsed(file[0])
	if err != nil {
		return err
	}
	for i, f := range file[1:] {
		if i > 0 && file[i].At == f.At && f.At != "" {
			continue
		}
		if why := noRoom(value, f); why != "" {
			findings = append(findings, diag.Finding{
				Rule:  "claimed-twice",
				Where: f.Pos,
				Also:  []token.Position{file[0].Pos},
				What:  fmt.Sprintf("%s %s has no place in %s", f.At, f.ID, f.Path),
				Why:   why,
				Fix:   "leave it out of the document, so that elements can fill it",
			})
		}
	}
	return findings.Err()
}

func noRoom(value any, f Fragment) string {
	keys := strings.Split(f.At, ".")
	if f.At == "" {
		keys = nil
	}
	for i, key := range keys {
		m, ok := value.(map[string]any)
		if !ok {
			return fmt.Sprintf("the document that %s declares is no mapping there", diag.Place(f.Pos))
		}
		next, has := m[key]
		if !has {
			return ""
		}
		if i == len(keys)-1 && f.By != "" {
			return "the document already has " + f.At
		}
		value = next
	}
	m, ok := value.(map[string]any)
	if !ok {
		return "the document is no mapping there"
	}
	if _, has := m[f.ID]; has && f.By == "" {
		return "the document already has " + f.ID
	}
	return ""
}

// nested writes a file with elements deep inside of it, which have to be put into the document.
func nested(out []byte, file []Fragment) ([]byte, error) {
	root := map[string]any{}
	for _, f := range file {
		value, err := parsed(f)
		if err != nil {
			return nil, err
		}
		if f.whole() {
			if m, ok := value.(map[string]any); ok {
				root = m
			}
			continue
		}
		m := root
		keys := strings.Split(f.At, ".")
		if f.At == "" {
			keys = nil
		}
		last := ""
		if f.By != "" {
			keys, last = keys[:len(keys)-1], keys[len(keys)-1]
		}
		for _, key := range keys {
			next, ok := m[key].(map[string]any)
			if !ok {
				next = map[string]any{}
				m[key] = next
			}
			m = next
		}
		if f.By != "" {
			list, _ := m[last].([]any)
			m[last] = append(list, value)
		} else {
			m[f.ID] = value
		}
	}
	return document.Append(out, root, 0, file[0].Order), nil
}

// parsed is what a fragment's text means: its content.
func parsed(f Fragment) (any, error) {
	node, err := document.Parse(f.Path, f.Text)
	if err != nil {
		return nil, fmt.Errorf("read back what was written for %s: %w", f.Path, err)
	}
	value, err := document.Value(f.Path, node)
	if err != nil {
		return nil, fmt.Errorf("read back what was written for %s: %w", f.Path, err)
	}
	switch v := value.(type) {
	case []any:
		if !f.whole() {
			return v[0], nil
		}
	case map[string]any:
		if !f.whole() {
			return v[f.ID], nil
		}
	}
	return value, nil
}

// Paths are the files that fragments claim, by name.
func Paths(fragments []Fragment) []string {
	var paths []string
	for _, f := range fragments {
		paths = append(paths, f.Path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}
