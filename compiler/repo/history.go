package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// A History is a local clone of the charts repo, read revision by revision. Trees are compared by their
// hashes, so what did not change is never read.
type History struct {
	dir     string
	git     *filesystem.Storage
	objects *objects
	held    int // entries of trees that are kept
	links   map[plumbing.Hash]*link
	shallow map[plumbing.Hash]bool // commits whose parents the clone does not have
}

const (
	// heldEntries is how many entries of trees are kept, for the next revision has most of them too.
	heldEntries = 1 << 19
	// historyCache is how many bytes of unpacked objects are kept: commits are deltas of each other.
	historyCache = 32 << 20
)

// OpenHistory is the clone that a folder is in: a checkout, a worktree or a bare repository.
func OpenHistory(dir string) (*History, error) {
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("charts repo: there is no folder %s", dir)
	} else if err != nil {
		return nil, fmt.Errorf("charts repo: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("charts repo %s: it is a file; name the folder that holds the clone", dir)
	}
	r, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: !isBare(dir), EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return nil, fmt.Errorf("charts repo %s: it is in no git repository; run this in a clone of the charts repo, or name one with --charts", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("charts repo %s: %w", dir, err)
	}
	h := &History{dir: dir, links: map[plumbing.Hash]*link{}, shallow: map[plumbing.Hash]bool{}}
	// A clone may borrow objects of another one, anywhere on the disk.
	h.git = filesystem.NewStorageWithOptions(r.Storer.(*filesystem.Storage).Filesystem(), cache.NewObjectLRU(historyCache),
		filesystem.Options{KeepDescriptors: true, AlternatesFS: osfs.New(string(filepath.Separator))})
	h.objects = &objects{store: &store{objects: h.git}, made: map[plumbing.Hash]madeObject{}, trees: map[plumbing.Hash][]entry{}}
	ends, err := h.git.Shallow()
	if err != nil {
		return nil, fmt.Errorf("charts repo %s: %w", dir, err)
	}
	for _, id := range ends {
		h.shallow[id] = true
	}
	return h, nil
}

// isBare reports whether a folder is itself what a checkout has in .git.
func isBare(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// Close lets go of the clone's files.
func (h *History) Close() error { return h.git.Close() }

// A Revision is a commit of a history.
type Revision struct {
	ID        string
	Parents   []string
	Message   string
	Author    Person
	At        time.Time // when it was authored, which a rebase keeps
	Committed time.Time

	root    plumbing.Hash
	history *History
}

// Revision is the commit of that id.
func (h *History) Revision(id string) (*Revision, error) {
	o, err := h.git.EncodedObject(plumbing.CommitObject, plumbing.NewHash(id))
	if err != nil {
		return nil, h.missing(id, err)
	}
	c, err := object.DecodeCommit(h.git, o)
	if err != nil {
		return nil, fmt.Errorf("charts repo %s: commit %s: %w", h.dir, id, err)
	}
	r := &Revision{
		ID: id, Message: c.Message, Author: Person{c.Author.Name, c.Author.Email},
		At: c.Author.When.UTC(), Committed: c.Committer.When.UTC(), root: c.TreeHash, history: h,
	}
	for _, p := range c.ParentHashes {
		r.Parents = append(r.Parents, p.String())
	}
	return r, nil
}

// missing says of an object that cannot be read why that may be.
func (h *History) missing(id string, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return fmt.Errorf("charts repo %s: the clone does not have the object %s; fetch it whole (git fetch --refetch --no-filter)", h.dir, id)
	}
	return fmt.Errorf("charts repo %s: %w", h.dir, err)
}

// An Entry is what stands at a path of a revision: a file and its mode, or something that is none. The
// zero Entry is nothing. Two entries are equal just when nothing differs.
type Entry struct {
	mode string
	id   plumbing.Hash
}

// Exists reports whether something stands there.
func (e Entry) Exists() bool { return e.mode != "" }

// Odd is what stands there if it is no ordinary file, in words, or "".
func (e Entry) Odd() string {
	switch {
	case !e.Exists() || e.mode == modeFile:
		return ""
	case e.mode == modeSymlink:
		return "a symlink"
	case e.mode == modeSubmodule:
		return "a submodule"
	case entry{mode: e.mode}.isTree():
		return "a folder"
	case e.mode == "100755":
		return "a program"
	}
	return "a file of mode " + e.mode
}

// A FileChange is one path where two revisions differ.
type FileChange struct {
	Path          string
	Before, After Entry
}

// Changes are the paths that differ from another revision, in git's order. Nil has no files.
func (r *Revision) Changes(from *Revision) ([]FileChange, error) {
	before := plumbing.ZeroHash
	if from != nil {
		before = from.root
	}
	var out []FileChange
	err := r.history.compare("", before, r.root, func(c FileChange) { out = append(out, c) })
	return out, err
}

// compare visits what two folders have differently. The zero hash is a folder that is not there.
func (h *History) compare(dir string, before, after plumbing.Hash, visit func(FileChange)) error {
	if before == after {
		return nil
	}
	was, err := h.tree(before)
	if err != nil {
		return err
	}
	is, err := h.tree(after)
	if err != nil {
		return err
	}
	for len(was) > 0 || len(is) > 0 {
		var a, b entry
		switch {
		case len(is) == 0 || len(was) > 0 && was[0].key() < is[0].key():
			a, was = was[0], was[1:]
		case len(was) == 0 || is[0].key() < was[0].key():
			b, is = is[0], is[1:]
		default:
			a, b, was, is = was[0], is[0], was[1:], is[1:]
		}
		at := path.Join(dir, a.name)
		if a.name == "" {
			at = path.Join(dir, b.name)
		}
		switch {
		case a.id == b.id && a.mode == b.mode:
		case a.isTree() || b.isTree():
			err = h.compare(at, a.id, b.id, visit) // a file of that name has another key
		default:
			visit(FileChange{at, Entry{a.mode, a.id}, Entry{b.mode, b.id}})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tree is the entries of a folder. Names that git itself would refuse are refused here too, since they
// could make one path look like another.
func (h *History) tree(id plumbing.Hash) ([]entry, error) {
	if id.IsZero() {
		return nil, nil
	}
	if entries, ok := h.objects.trees[id]; ok {
		return entries, nil
	}
	entries, err := h.objects.tree(id)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, h.missing(id.String(), err)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		i, _ := search(entries, e.name)
		if e.name == "." || e.name == ".." || strings.EqualFold(e.name, ".git") || strings.Contains(e.name, "/") || entries[i] != e {
			delete(h.objects.trees, id)
			return nil, fmt.Errorf("charts repo %s: tree %s: %q is no name that git allows there", h.dir, id, e.name)
		}
	}
	if h.held += len(entries); h.held > heldEntries {
		clear(h.objects.trees)
		h.held = 0
	}
	return entries, nil
}

// Find is what stands at a path. Below something that is no folder stands nothing.
func (r *Revision) Find(p string) (Entry, error) {
	at := Entry{modeTree, r.root}
	if p == "" {
		return at, nil
	}
	for name := range strings.SplitSeq(p, "/") {
		if !(entry{mode: at.mode}).isTree() {
			return Entry{}, nil
		}
		entries, err := r.history.tree(at.id)
		if err != nil {
			return Entry{}, err
		}
		i, found := search(entries, name)
		if !found {
			return Entry{}, nil
		}
		at = Entry{entries[i].mode, entries[i].id}
	}
	return at, nil
}

// Under visits all that stands in a folder and the folders in it, in git's order.
func (r *Revision) Under(dir string, visit func(path string, e Entry)) error {
	e, err := r.Find(dir)
	if err != nil || !(entry{mode: e.mode}).isTree() {
		return err
	}
	return r.history.compare(dir, plumbing.ZeroHash, e.id, func(c FileChange) { visit(c.Path, c.After) })
}

// ErrTooLarge is a file that has more bytes than may be read.
var ErrTooLarge = errors.New("it is too large")

// Bytes is a file's content, if it has at most that many bytes. What is no file has none.
func (h *History) Bytes(e Entry, most int64) ([]byte, error) {
	if !e.Exists() || !(entry{mode: e.mode}).isFile() {
		return nil, nil
	}
	// What is borrowed from another clone has no size that go-git would tell.
	if size, err := h.git.EncodedObjectSize(e.id); err == nil && size > most {
		return nil, ErrTooLarge
	}
	data, err := h.objects.store.object(plumbing.BlobObject, e.id)
	switch {
	case err != nil:
		return nil, h.missing(e.id.String(), err)
	case int64(len(data)) > most:
		return nil, ErrTooLarge
	}
	return data, nil
}
