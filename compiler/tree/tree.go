// Package tree holds files in memory, and the changes between two trees.
package tree

import (
	"bytes"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// A Tree is what a charts repo says, or should say. Paths are relative to its root, with slashes.
// The zero Tree is empty and ready to use.
type Tree struct {
	files map[string][]byte
}

// Put sets the bytes of a file. They must not be changed afterwards.
func (t *Tree) Put(path string, data []byte) {
	if t.files == nil {
		t.files = map[string][]byte{}
	}
	t.files[path] = data
}

// Delete takes a file away.
func (t *Tree) Delete(path string) { delete(t.files, path) }

// Get is the file at path.
func (t *Tree) Get(path string) ([]byte, bool) {
	data, ok := t.files[path]
	return data, ok
}

// Unfit is why a path cannot name a file of a charts repo, or "" where it can: it leads out of the
// repo, or to what git and pintle keep there for themselves.
func Unfit(p string) string {
	names := strings.Split(p, "/")
	switch {
	case p == "" || p == "." || strings.HasSuffix(p, "/"):
		return "it names no file"
	case strings.HasPrefix(p, "/") || strings.Contains(p, ":\\"):
		return "it is absolute"
	case strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }):
		return "it holds a backslash or a control character"
	case slices.Contains(names, ".."):
		return "it leads out of the charts repo"
	case path.Clean(p) != p:
		return "it is not the shortest way to say where"
	case slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, ".git") }):
		return "git keeps its own files there"
	case strings.EqualFold(names[0], ".pintle"):
		return "pintle keeps its records there"
	}
	return ""
}

// Len is the number of files.
func (t *Tree) Len() int { return len(t.files) }

// Paths lists the files by name.
func (t *Tree) Paths() []string { return slices.Sorted(maps.Keys(t.files)) }

// All goes over the files by name.
func (t *Tree) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, path := range t.Paths() {
			if !yield(path, t.files[path]) {
				return
			}
		}
	}
}

// A Change is one file that two trees have differently.
type Change struct {
	Path   string
	Before []byte // nil where it is new
	After  []byte // nil where it is gone
}

// Changes are the differences between two trees, by path.
func Changes(before, after *Tree) []Change {
	var changes []Change
	for _, p := range merged(before.Paths(), after.Paths()) {
		old, was := before.files[p]
		now, is := after.files[p]
		switch {
		case was && is && bytes.Equal(old, now):
			continue
		case is && now == nil:
			now = []byte{} // an empty file is a file
		case was && old == nil:
			old = []byte{}
		}
		changes = append(changes, Change{p, old, now})
	}
	return changes
}

// merged is two lists of names as one, in order, each name once.
func merged(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// FS is the tree as a file system that can be read.
func (t *Tree) FS() (fs.FS, error) {
	archive := &txtar.Archive{}
	for path, data := range t.All() {
		archive.Files = append(archive.Files, txtar.File{Name: path, Data: data})
	}
	return txtar.FS(archive)
}
