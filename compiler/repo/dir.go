// Package repo is the charts repository.
package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Checkout is a charts repo that lies in a folder.
type Checkout struct {
	dir string
}

// Open is the charts repo in a folder.
func Open(dir string) (*Checkout, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("charts repo: there is no folder %s", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("charts repo: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("charts repo %s: it is a file; name the folder that holds the checkout", dir)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("charts repo: %w", err)
	}
	return &Checkout{dir}, nil
}

// Read is the named files, as far as they exist. A symlink on the way is refused: what is written
// there would be written somewhere else.
func (c *Checkout) Read(paths []string) (*tree.Tree, error) {
	t := &tree.Tree{}
	for _, p := range paths {
		if err := c.plain(p); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(p)))
		if err != nil {
			return nil, fmt.Errorf("charts repo: %w", err)
		}
		t.Put(p, data)
	}
	return t, nil
}

// plain reports whether p is a regular file in real folders.
func (c *Checkout) plain(p string) error {
	at := c.dir
	names := strings.Split(p, "/")
	for i, name := range names {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		switch {
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("charts repo: %s is a symlink, and what is written there would land elsewhere; replace it by what it points to", path.Join(names[:i+1]...))
		case i == len(names)-1 && !info.Mode().IsRegular():
			return fmt.Errorf("charts repo: %s is no regular file", p)
		}
	}
	return nil
}

// Symlinks are the links that lie in a folder of the checkout, by name.
func (c *Checkout) Symlinks(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(c.dir, filepath.FromSlash(dir)))
	if err != nil {
		return nil, fmt.Errorf("charts repo: %w", err)
	}
	var links []string
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink != 0 {
			links = append(links, path.Join(dir, e.Name()))
		}
	}
	return links, nil
}

// ReadAll is every file, with git's own folder, symlinks and files larger than maxBytes left out: no
// values file is one of these.
func (c *Checkout) ReadAll(maxBytes int64) (*tree.Tree, error) {
	t := &tree.Tree{}
	err := filepath.WalkDir(c.dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(c.dir, at)
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		p := filepath.ToSlash(rel)
		if !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err != nil || info.Size() > maxBytes {
			return err
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		t.Put(p, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("charts repo: %w", err)
	}
	return t, nil
}
