package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// listing names the files that render wrote into a folder, so that it can tell its own from others'.
const listing = ".pintle/rendered"

// checkOutput refuses a folder that holds what render did not write.
func checkOutput(dir string) error {
	if there, err := isDir(dir); err != nil || !there {
		return err
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(listing)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ours := strings.Split(string(own), "\n")
	slices.Sort(ours)
	return filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		p := filepath.ToSlash(rel)
		if _, found := slices.BinarySearch(ours, p); !found && !e.IsDir() && p != listing {
			return fmt.Errorf("%s holds %s, which render did not write; name another folder, or empty it", dir, p)
		}
		return nil
	})
}

// isDir reports whether there is a folder. Anything else that bears its name is an error.
func isDir(dir string) (bool, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("%s: %w; name another folder", dir, reason(err))
	case !info.IsDir():
		return false, fmt.Errorf("%s is a file; name a folder", dir)
	}
	return true, nil
}

// reason is what is wrong with a file, without its name: the one that failed may be one that nobody named.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// replaceDir makes a folder that holds exactly t, with the list of its files. The old one stays until
// the new one is complete.
func replaceDir(dir string, t *tree.Tree) error {
	t.Put(listing, []byte(strings.Join(t.Paths(), "\n")+"\n"))
	return putDir(dir, t)
}

// startRepo writes a new config repo into a folder that is new, or holds nothing but what any
// repository begins with.
func startRepo(dir string, t *tree.Tree) error {
	if err := checkNew(dir); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return putDir(dir, t)
	}
	if _, err := os.Stat(filepath.Join(dir, ".gitignore")); err == nil {
		t.Delete(".gitignore") // theirs
	}
	return addFiles(dir, t)
}

// checkNew refuses a folder in which somebody has begun.
func checkNew(dir string) error {
	if there, err := isDir(dir); err != nil || !there {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "README") || strings.HasPrefix(name, "LICEN") {
			continue
		}
		return fmt.Errorf("%s is not empty, it holds %s; name a folder that is, or a new one", dir, name)
	}
	return err
}

// putDir writes beside the folder and renames, so that nothing half-written ever stands there.
func putDir(dir string, t *tree.Tree) error {
	if err := swapDir(dir, t); err != nil {
		return fmt.Errorf("nothing was written to %s: %w", dir, reason(err))
	}
	return nil
}

func swapDir(dir string, t *tree.Tree) (err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage) // what is left of it after a failure
	made, old := filepath.Join(stage, "new"), filepath.Join(parent, filepath.Base(stage)+"-old")
	if err := writeFiles(made, t); err != nil {
		return err
	}
	if exchange(made, dir) == nil {
		return nil // the old one is in the stage now
	}
	switch err := os.Rename(dir, old); {
	case errors.Is(err, fs.ErrNotExist):
		return os.Rename(made, dir)
	case errors.Is(err, syscall.EBUSY):
		return refill(dir, t) // the folder is where something is mounted
	case err != nil:
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		if lost := os.Rename(old, dir); lost != nil {
			return fmt.Errorf("%w, and what was there is now in %s", reason(err), old)
		}
		return err
	}
	_ = os.RemoveAll(old) // at worst it stays beside the new one
	return nil
}

// refill makes a folder that cannot be replaced hold exactly t, file by file.
func refill(dir string, t *tree.Tree) error {
	if err := overwriteFiles(dir, t); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		if _, ours := t.Get(filepath.ToSlash(rel)); !ours {
			return os.Remove(at)
		}
		return nil
	})
}

// writeFiles writes the files of t below a folder.
func writeFiles(dir string, t *tree.Tree) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for p, data := range t.All() {
		at := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// addFiles adds files to a folder that exists, each written beside and renamed. None may be there yet.
func addFiles(dir string, t *tree.Tree) error {
	for p := range t.All() {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(p))); err == nil {
			return fmt.Errorf("%s is there already; remove it first, or leave its app out", filepath.Join(dir, p))
		}
	}
	return overwriteFiles(dir, t)
}

// overwriteFiles writes files into a folder that exists, each written beside and renamed.
func overwriteFiles(dir string, t *tree.Tree) error {
	stage, err := os.MkdirTemp(dir, ".pintle-new-")
	if err != nil {
		return fmt.Errorf("nothing was written to %s: %w", dir, reason(err))
	}
	defer os.RemoveAll(stage)
	if err := writeFiles(stage, t); err != nil {
		return fmt.Errorf("nothing was written to %s: %w", dir, reason(err))
	}
	for _, p := range t.Paths() {
		to := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(stage, filepath.FromSlash(p)), to); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a file beside and renames it, so that it is there whole or not at all.
func writeFile(name string, write func(*os.File) error) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder; name a file", name)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".pintle-new-")
	if err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	defer os.Remove(f.Name()) // gone already if all went well
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return fmt.Errorf("%s: %w", name, reason(err))
	}
	return nil
}
