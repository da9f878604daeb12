package repo

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// An entry is a line of a git tree. Its mode keeps the text in which it was written, so that what
// nobody changes stays what it is.
type entry struct {
	mode string
	name string
	id   plumbing.Hash
}

const (
	modeFile      = "100644"
	modeTree      = "40000"
	modeSymlink   = "120000"
	modeSubmodule = "160000"
)

func (e entry) isTree() bool { return e.mode == modeTree || e.mode == "040000" }

func (e entry) isFile() bool { return len(e.mode) == 6 && e.mode[:3] == "100" }

// key is what git orders entries by: a folder as if its name ended with a slash.
func (e entry) key() string {
	if e.isTree() {
		return e.name + "/"
	}
	return e.name
}

// search is where an entry of that name stands. Entries are in git's order, in which a file and a
// folder of one name would stand apart.
func search(entries []entry, name string) (int, bool) {
	for _, key := range []string{name, name + "/"} {
		i, ok := slices.BinarySearchFunc(entries, key, func(e entry, key string) int { return cmp.Compare(e.key(), key) })
		if ok {
			return i, true
		}
	}
	return 0, false
}

var errTree = errors.New("this is no tree as git writes it")

// tree is the entries of a folder, in git's order.
func (o *objects) tree(id plumbing.Hash) ([]entry, error) {
	if entries, ok := o.trees[id]; ok {
		return entries, nil
	}
	var data []byte
	if made, ok := o.made[id]; ok {
		data = made.data
	} else {
		var err error
		if data, err = o.store.object(plumbing.TreeObject, id); err != nil {
			return nil, err
		}
	}
	entries, err := decodeTree(data)
	if err != nil {
		return nil, fmt.Errorf("charts repo: tree %s: %w", id, err)
	}
	o.trees[id] = entries
	return entries, nil
}

func decodeTree(data []byte) ([]entry, error) {
	entries := make([]entry, 0, len(data)/40)
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte(" "))
		name, rest, also := bytes.Cut(rest, []byte{0})
		if !ok || !also || len(rest) < len(plumbing.ZeroHash) || len(mode) == 0 || len(name) == 0 {
			return nil, errTree
		}
		e := entry{mode: string(mode), name: string(name)}
		copy(e.id[:], rest)
		if n := len(entries); n > 0 && entries[n-1].key() >= e.key() {
			return nil, errTree
		}
		entries = append(entries, e)
		data = rest[len(e.id):]
	}
	return entries, nil
}

func encodeTree(entries []entry) []byte {
	var out []byte
	for _, e := range entries {
		out = append(out, e.mode...)
		out = append(out, ' ')
		out = append(out, e.name...)
		out = append(out, 0)
		out = append(out, e.id[:]...)
	}
	return out
}
