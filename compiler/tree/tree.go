// Package tree holds files in memory, and the changes between two trees.
package tree

import (
	"io/fs"
	"iter"
	"maps"
	"slices"

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

// Get is the file at path.
func (t *Tree) Get(path string) ([]byte, bool) {
	data, ok := t.files[path]
	return data, ok
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

// FS is the tree as a file system that can be read.
func (t *Tree) FS() (fs.FS, error) {
	archive := &txtar.Archive{}
	for path, data := range t.All() {
		archive.Files = append(archive.Files, txtar.File{Name: path, Data: data})
	}
	return txtar.FS(archive)
}
