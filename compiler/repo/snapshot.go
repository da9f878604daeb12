package repo

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// MaxFile is the largest file that is read, in bytes: ten times the largest values file known to us.
const MaxFile = 64 << 20

// A Snapshot is the charts repo at one commit: a head that was fetched, or a commit that was made on
// top of one and that nobody else has yet. It does not change.
type Snapshot struct {
	id     plumbing.Hash
	root   plumbing.Hash
	at     time.Time // when it was committed
	parent *Snapshot // of a commit that was made here; nil for a head
	shared *objects
}

// A madeObject is one that was made here.
type madeObject struct {
	kind plumbing.ObjectType
	id   plumbing.Hash
	data []byte
}

// objects is where snapshots that come from one head look things up.
type objects struct {
	store *store
	made  map[plumbing.Hash]madeObject // by commits on top of the head
	trees map[plumbing.Hash][]entry    // read before
}

func newSnapshot(s *store, head plumbing.Hash) (*Snapshot, error) {
	o := &objects{store: s, made: map[plumbing.Hash]madeObject{}, trees: map[plumbing.Hash][]entry{}}
	data, err := s.object(plumbing.CommitObject, head)
	if err != nil {
		return nil, err
	}
	root, err := rootOf(data)
	if err != nil {
		return nil, storeFault{err}
	}
	at, err := committedAt(data)
	if err != nil {
		return nil, storeFault{err}
	}
	if _, err := o.tree(root); err != nil {
		return nil, err
	}
	return &Snapshot{id: head, root: root, at: at, shared: o}, nil
}

// rootOf is the tree of a commit: its first line.
func rootOf(commit []byte) (plumbing.Hash, error) {
	line, _, _ := bytes.Cut(commit, []byte("\n"))
	hex, ok := bytes.CutPrefix(line, []byte("tree "))
	if !ok || !plumbing.IsHash(string(hex)) {
		return plumbing.ZeroHash, errors.New("this is no commit")
	}
	return plumbing.NewHash(string(hex)), nil
}

// committedAt is the committer's time of a commit.
func committedAt(commit []byte) (time.Time, error) {
	_, rest, ok := bytes.Cut(commit, []byte("\ncommitter "))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	words := bytes.Fields(line[bytes.LastIndexByte(line, '>')+1:])
	if !ok || len(words) == 0 {
		return time.Time{}, errors.New("this commit has no committer")
	}
	seconds, err := strconv.ParseInt(string(words[0]), 10, 64)
	return time.Unix(seconds, 0).UTC(), err
}

// ID is the commit's id.
func (s *Snapshot) ID() string { return s.id.String() }

// Since are the ids of the commits that were made on top of a snapshot, in order.
func (s *Snapshot) Since(base *Snapshot) []string {
	var ids []string
	for at := s; at != nil && at.id != base.id; at = at.parent {
		ids = append(ids, at.ID())
	}
	slices.Reverse(ids)
	return ids
}

// Knows reports whether a commit has come with this snapshot's history.
func (s *Snapshot) Knows(id string) bool {
	return s.shared.store.objects.HasEncodedObject(plumbing.NewHash(id)) == nil
}

// Read is the named files, as far as they exist. A symlink, a submodule or a folder where a file should
// be is an error.
func (s *Snapshot) Read(paths []string) (*tree.Tree, error) {
	t := &tree.Tree{}
	for _, p := range paths {
		e, err := s.shared.find(s.root, p)
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		data, err := s.shared.blob(p, *e)
		if err != nil {
			return nil, err
		}
		t.Put(p, data)
	}
	return t, nil
}

// Under is every regular file of a folder and the folders in it. A folder that does not exist has none.
func (s *Snapshot) Under(dir string) (*tree.Tree, error) {
	t := &tree.Tree{}
	e, err := s.shared.find(s.root, dir)
	if err != nil || e == nil || !e.isTree() {
		return t, err
	}
	return t, s.shared.walk(dir, e.id, func(p string, e entry) error {
		if !e.isFile() {
			return nil
		}
		data, err := s.shared.blob(p, e)
		if err == nil {
			t.Put(p, data)
		}
		return err
	})
}

// find is the entry at a path, or nil where there is none.
func (o *objects) find(root plumbing.Hash, p string) (*entry, error) {
	at := root
	names := strings.Split(p, "/")
	for i, name := range names {
		entries, err := o.tree(at)
		if err != nil {
			return nil, err
		}
		j, found := search(entries, name)
		if !found {
			return nil, nil
		}
		e := entries[j]
		if i == len(names)-1 {
			return &e, nil
		}
		if !e.isTree() {
			return nil, notPlain(path.Join(names[:i+1]...), e, "a folder")
		}
		at = e.id
	}
	return nil, nil
}

// walk visits what is in a folder and the folders in it, in git's order.
func (o *objects) walk(dir string, id plumbing.Hash, visit func(string, entry) error) error {
	entries, err := o.tree(id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		at := path.Join(dir, e.name)
		if e.isTree() {
			err = o.walk(at, e.id, visit)
		} else {
			err = visit(at, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blob is the bytes of a file.
func (o *objects) blob(p string, e entry) ([]byte, error) {
	if !e.isFile() {
		return nil, notPlain(p, e, "a file")
	}
	if made, ok := o.made[e.id]; ok {
		return made.data, nil
	}
	if size, err := o.store.objects.EncodedObjectSize(e.id); err == nil && size > MaxFile {
		return nil, &PathError{p, fmt.Sprintf("it has %d MB, more than the %d MB that are read", size>>20, MaxFile>>20)}
	}
	return o.store.object(plumbing.BlobObject, e.id)
}

// A PathError is a path of the charts repo at which there is something that cannot be read or written
// as a file. It concerns this path alone.
type PathError struct {
	Path string
	What string // "it is a symlink, ..."
}

func (e *PathError) Error() string { return fmt.Sprintf("charts repo: %s: %s", e.Path, e.What) }

func notPlain(p string, e entry, wanted string) error {
	is := "a file"
	switch {
	case e.isTree():
		is = "a folder"
	case e.mode == modeSymlink:
		is = "a symlink, and what is written there would land elsewhere"
	case e.mode == modeSubmodule:
		is = "a submodule, whose files are in another repository"
	}
	return &PathError{p, fmt.Sprintf("it is %s; it should be %s", is, wanted)}
}

// madeSince are the objects that commits after a head consist of, as far as they were made here.
func (s *Snapshot) madeSince(head *Snapshot) []madeObject {
	var out []madeObject
	seen := map[plumbing.Hash]bool{}
	var add func(id plumbing.Hash)
	add = func(id plumbing.Hash) {
		o, made := s.shared.made[id]
		if !made || seen[id] {
			return
		}
		seen[id] = true
		out = append(out, o)
		if o.kind == plumbing.TreeObject {
			for _, e := range s.shared.trees[id] {
				add(e.id)
			}
		}
	}
	for at := s; at != nil && at.id != head.id; at = at.parent {
		add(at.id)
		add(at.root)
	}
	return out
}
