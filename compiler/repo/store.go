package repo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// A store keeps what was fetched of a remote: git's own packs, which are only ever added, and beside
// them one small file that says which heads are whole. That file is replaced at once, after the packs
// it speaks of, so whoever is killed leaves the store as it was, or as it will be. It can be removed
// at any time.
//
//	<cache>/<remote>/heads.json
//	<cache>/<remote>/<generation>/objects/pack/
type store struct {
	dir     string // "" in memory
	heads   heads
	objects storer.EncodedObjectStorer
	broken  bool // something in it could not be read
}

// heads say what a store has.
type heads struct {
	Version    int                      `json:"version"`
	Remote     string                   `json:"remote"` // for people who look
	Generation int                      `json:"generation"`
	Branches   map[string]plumbing.Hash `json:"branches"`
	Shallow    []plumbing.Hash          `json:"shallow"` // commits whose parents it does not have
}

const (
	storeVersion = 1
	headsFile    = "heads.json"
	// maxPacks is how many fetches a store takes before it is packed anew: each pack costs the next reader
	// an index.
	maxPacks = 64
	// objectCache is how many bytes of unpacked objects are kept, as bases of others.
	objectCache = 8 << 20
)

func memoryStore() *store { return &store{objects: memory.NewStorage()} }

// openStore is the store of a remote. It makes the folder if need be.
func openStore(folder, remote string) (*store, error) {
	if folder == "" {
		return memoryStore(), nil
	}
	sum := sha256.Sum256([]byte(remote))
	s := &store{dir: filepath.Join(folder, hex.EncodeToString(sum[:8]))}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	s.heads = s.read()
	s.heads.Remote = redact(remote)
	s.use()
	return s, nil
}

// refresh sees what other processes have put into the store meanwhile.
func (s *store) refresh() {
	if s.broken {
		_ = s.reset() // what cannot be written is found when something is put into it
	}
	if s.dir == "" {
		return
	}
	now := s.read()
	now.Remote = s.heads.Remote
	if !maps.Equal(now.Branches, s.heads.Branches) || now.Generation != s.heads.Generation {
		s.heads = now
		s.use()
	}
}

// read is what the store says that it has. One that cannot be read has nothing.
func (s *store) read() heads {
	fresh := heads{Version: storeVersion, Branches: map[string]plumbing.Hash{}}
	data, err := os.ReadFile(filepath.Join(s.dir, headsFile))
	var h heads
	if err != nil || json.Unmarshal(data, &h) != nil || h.Version != storeVersion || h.Branches == nil {
		return fresh
	}
	return h
}

// use opens the packs of the current generation.
func (s *store) use() {
	at := filepath.Join(s.dir, fmt.Sprint(s.heads.Generation))
	s.objects = filesystem.NewStorage(osfs.New(at), cache.NewObjectLRU(objectCache))
}

// known is the head of a branch that the store has whole, and where its history ends.
func (s *store) known(branch string) (plumbing.Hash, []plumbing.Hash) {
	return s.heads.Branches[branch], s.heads.Shallow
}

// size is how many bytes of packs there are.
func (s *store) size() int64 {
	var n int64
	for _, name := range s.packs() {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

func (s *store) packs() []string {
	if s.dir == "" {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(s.dir, fmt.Sprint(s.heads.Generation), "objects", "pack", "*.pack"))
	if err != nil {
		return nil
	}
	return names
}

// remember says that a head is in the store, whole. Others may do the same at this moment, for other
// branches: what they said is kept.
func (s *store) remember(branch string, head plumbing.Hash, shallow []plumbing.Hash) error {
	if s.dir == "" {
		if s.heads.Branches == nil {
			s.heads.Branches = map[string]plumbing.Hash{}
		}
		s.heads.note(branch, head, shallow)
		return nil
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(s.dir, "lock")).Lock()
	if err != nil {
		return storeFault{err}
	}
	defer unlock()
	if now := s.read(); now.Generation == s.heads.Generation {
		s.heads.Branches, s.heads.Shallow = now.Branches, now.Shallow
	} else if now.Generation > s.heads.Generation {
		return nil // it was made anew meanwhile, and what was added here is gone: this process still has it open
	}
	s.heads.note(branch, head, shallow)
	if len(s.packs()) > maxPacks {
		return s.repack(branch, head)
	}
	return s.write()
}

func (h *heads) note(branch string, head plumbing.Hash, shallow []plumbing.Hash) {
	h.Branches[branch] = head
	for _, c := range shallow {
		if !slices.Contains(h.Shallow, c) {
			h.Shallow = append(h.Shallow, c)
		}
	}
}

// write replaces the file that says what there is.
func (s *store) write() error {
	data, err := json.MarshalIndent(s.heads, "", "  ")
	if err != nil {
		return err
	}
	return putFile(filepath.Join(s.dir, headsFile), append(data, '\n'))
}

// reset begins a new generation, with nothing in it.
func (s *store) reset() error {
	s.broken = false
	if s.dir == "" {
		s.objects, s.heads = memory.NewStorage(), heads{}
		return nil
	}
	s.heads = heads{Version: storeVersion, Remote: s.heads.Remote, Generation: s.next(), Branches: map[string]plumbing.Hash{}}
	s.use()
	if err := s.write(); err != nil {
		return err
	}
	s.sweep()
	return nil
}

// next is a generation that nobody has used.
func (s *store) next() int {
	return max(s.heads.Generation, s.read().Generation) + 1
}

// repack puts what one head needs into one pack of a new generation, and forgets the rest. The lock is held.
func (s *store) repack(branch string, head plumbing.Hash) error {
	old := s.objects
	hashes, err := s.reachable(head)
	if err != nil {
		return err
	}
	var pack bytes.Buffer
	if _, err := packfile.NewEncoder(&pack, old, false).Encode(hashes, 10); err != nil {
		return storeFault{err}
	}
	s.heads = heads{
		Version: storeVersion, Remote: s.heads.Remote, Generation: s.next(),
		Branches: map[string]plumbing.Hash{branch: head}, Shallow: []plumbing.Hash{head},
	}
	s.use()
	if err := s.add(&pack); err != nil {
		return err
	}
	if err := s.write(); err != nil {
		return err
	}
	s.sweep()
	return nil
}

// sweep removes older generations, as far as that goes: somebody may be reading one, and finds out. What
// was killed while it wrote leaves a file beside them.
func (s *store) sweep() {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		var generation int
		_, err := fmt.Sscan(e.Name(), &generation)
		old := err == nil && e.IsDir() && generation < s.heads.Generation
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), ".new-") {
			old = time.Since(info.ModTime()) > abandoned
		}
		if old {
			_ = os.RemoveAll(filepath.Join(s.dir, e.Name()))
		}
	}
}

// abandoned is how old a file is that nobody writes any more.
const abandoned = time.Hour

// reachable is every object that a commit alone needs: itself, its folders and its files.
func (s *store) reachable(head plumbing.Hash) ([]plumbing.Hash, error) {
	at, err := newSnapshot(s, head)
	if err != nil {
		return nil, err
	}
	o, seen := at.shared, map[plumbing.Hash]bool{}
	ids := []plumbing.Hash{head}
	var visit func(id plumbing.Hash) error
	visit = func(id plumbing.Hash) error {
		entries, err := o.tree(id)
		if err != nil {
			return err
		}
		seen[id] = true
		ids = append(ids, id)
		for _, e := range entries {
			switch {
			case seen[e.id] || e.mode == modeSubmodule:
			case e.isTree():
				if err := visit(e.id); err != nil {
					return err
				}
			default:
				seen[e.id] = true
				ids = append(ids, e.id)
			}
		}
		return nil
	}
	return ids, visit(at.root)
}

// object reads one object and proves that it is the one that was asked for. Once that fails, the
// store is made anew when the head is read next.
func (s *store) object(kind plumbing.ObjectType, id plumbing.Hash) ([]byte, error) {
	data, err := s.proved(kind, id)
	s.broken = s.broken || err != nil
	return data, err
}

func (s *store) proved(kind plumbing.ObjectType, id plumbing.Hash) ([]byte, error) {
	o, err := s.objects.EncodedObject(kind, id)
	if err != nil {
		return nil, storeFault{fmt.Errorf("object %s: %w", id, err)}
	}
	r, err := o.Reader()
	if err != nil {
		return nil, storeFault{err}
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, storeFault{err}
	}
	if plumbing.ComputeHash(kind, data) != id {
		return nil, storeFault{fmt.Errorf("object %s is damaged", id)}
	}
	return data, nil
}

// turn waits until no other process of this machine writes to the remote, or until the context ends. It
// is a courtesy, which saves all of them from losing races; nothing depends on it.
func (s *store) turn(ctx context.Context) (release func()) {
	if s.dir == "" {
		return func() {}
	}
	got := make(chan func(), 1)
	go func() {
		unlock, err := lockedfile.MutexAt(filepath.Join(s.dir, "turn")).Lock()
		if err != nil {
			unlock = func() {}
		}
		got <- unlock
	}()
	select {
	case unlock := <-got:
		return unlock
	case <-ctx.Done():
		go func() { (<-got)() }() // it comes later, and goes on to whoever waits
		return func() {}
	}
}

// CacheDir is where stores are kept unless something else is said: in the user's folder for caches.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil || strings.TrimSpace(dir) == "" {
		return ""
	}
	return filepath.Join(dir, "pintle", "charts")
}
