package repo

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Person is who wrote a commit, or made it.
type Person struct {
	Name  string
	Email string
}

// A Commit is what one commit says beside its files. The same commit on the same parent has the same
// id, as long as it is not signed.
type Commit struct {
	Message   string
	Author    Person
	Committer Person
	At        time.Time // the author's, written in UTC, in whole seconds; the committer's is never before that of the parent
	Signer    *Signer   // nil leaves it unsigned
}

// Commit is the snapshot with changes made to it, as one commit on top. It exists only here until it
// is pushed.
func (s *Snapshot) Commit(changes []tree.Change, c Commit) (*Snapshot, error) {
	for _, c := range changes {
		if !tidy(c.Path) {
			return nil, &PathError{c.Path, "it is no path inside of the charts repo that git could have"}
		}
	}
	next := &Snapshot{parent: s, shared: s.shared}
	root, err := next.edit("", s.root, changes)
	if err != nil {
		return nil, err
	}
	if root.IsZero() {
		root = s.add(plumbing.TreeObject, nil) // no file is left
		s.shared.trees[root] = nil
	}
	next.root = root
	if next.root == s.root {
		return nil, fmt.Errorf("commit %q: it changes nothing", firstLine(c.Message))
	}
	// Git stops looking where commits are older, so one that is older than its parent makes the remote walk
	// all of history when it is pushed.
	next.at = c.At.UTC().Truncate(time.Second)
	if next.at.Before(s.at) {
		next.at = s.at
	}
	if next.id, err = next.commit(c, s.id); err != nil {
		return nil, err
	}
	return next, nil
}

// tidy reports whether a path leads to a file below the root, and past nothing that is git's own.
func tidy(p string) bool {
	for name := range strings.SplitSeq(p, "/") {
		if name == "" || name == "." || name == ".." || strings.EqualFold(name, ".git") {
			return false
		}
	}
	return !strings.ContainsRune(p, 0)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// edit is the folder dir with the changes made below it. Changes are in the order of their paths.
func (s *Snapshot) edit(dir string, id plumbing.Hash, changes []tree.Change) (plumbing.Hash, error) {
	var entries []entry
	if !id.IsZero() {
		before, err := s.shared.tree(id)
		if err != nil {
			return id, err
		}
		entries = slices.Clone(before)
	}
	for len(changes) > 0 {
		rest := strings.TrimPrefix(strings.TrimPrefix(changes[0].Path, dir), "/")
		name, _, below := strings.Cut(rest, "/")
		at := path.Join(dir, name)
		n := 1
		for below && n < len(changes) && strings.HasPrefix(changes[n].Path, at+"/") {
			n++
		}
		e := entry{mode: modeFile, name: name}
		i, found := search(entries, name)
		if found {
			e = entries[i]
		}
		var err error
		gone := false
		if below {
			gone, err = s.editFolder(at, &e, found, changes[:n])
		} else {
			gone, err = s.editFile(at, &e, found, changes[0])
		}
		if err != nil {
			return id, err
		}
		switch {
		case found && gone:
			entries = slices.Delete(entries, i, i+1)
		case found:
			entries[i] = e
		case !gone:
			i, _ := slices.BinarySearchFunc(entries, e.key(), func(e entry, key string) int { return strings.Compare(e.key(), key) })
			entries = slices.Insert(entries, i, e)
		}
		changes = changes[n:]
	}
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil // git keeps no empty folders
	}
	made := s.add(plumbing.TreeObject, encodeTree(entries))
	s.shared.trees[made] = entries
	return made, nil
}

func (s *Snapshot) editFolder(at string, e *entry, found bool, changes []tree.Change) (gone bool, err error) {
	if found && !e.isTree() {
		return false, notPlain(at, *e, "a folder")
	}
	e.mode = modeTree
	e.id, err = s.edit(at, e.id, changes)
	return e.id.IsZero(), err
}

func (s *Snapshot) editFile(at string, e *entry, found bool, c tree.Change) (gone bool, err error) {
	if found && !e.isFile() {
		return false, notPlain(at, *e, "a file")
	}
	if c.After == nil {
		return true, nil
	}
	e.id = s.add(plumbing.BlobObject, c.After)
	return false, nil
}

// commit writes the commit object itself.
func (s *Snapshot) commit(c Commit, parent plumbing.Hash) (plumbing.Hash, error) {
	at := c.At.UTC().Truncate(time.Second)
	o := &object.Commit{
		Author:       object.Signature{Name: c.Author.Name, Email: c.Author.Email, When: at},
		Committer:    object.Signature{Name: c.Committer.Name, Email: c.Committer.Email, When: s.at},
		Message:      c.Message,
		TreeHash:     s.root,
		ParentHashes: []plumbing.Hash{parent},
	}
	data, err := encoded(o)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if c.Signer != nil {
		if o.PGPSignature, err = c.Signer.Sign(data, at); err != nil {
			return plumbing.ZeroHash, fmt.Errorf("sign the commit: %w", err)
		}
		if data, err = encoded(o); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	return s.add(plumbing.CommitObject, data), nil
}

func encoded(c *object.Commit) ([]byte, error) {
	var o plumbing.MemoryObject
	if err := c.Encode(&o); err != nil {
		return nil, fmt.Errorf("encode a commit: %w", err)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	_, err = data.ReadFrom(r)
	return data.Bytes(), err
}

// add makes an object.
func (s *Snapshot) add(kind plumbing.ObjectType, data []byte) plumbing.Hash {
	id := plumbing.ComputeHash(kind, data)
	s.shared.made[id] = madeObject{kind, id, data}
	return id
}
