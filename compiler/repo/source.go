package repo

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A Source is the revision of the config repo that a folder has checked out.
type Source struct {
	Commit  string // "" where the folder is in no git repository, or nothing is committed yet
	Changed bool   // declarations are not as they were committed
	repo    *git.Repository
}

// changedMark follows the commit of a source that has changes on top.
const changedMark = "+changes"

// String is the commit, with a mark where there are changes on top of it.
func (s Source) String() string {
	if s.Changed && s.Commit != "" {
		return s.Commit + changedMark
	}
	return s.Commit
}

// SourceOf is the revision that is checked out in a folder of a config repo. Only its CUE files count.
func SourceOf(dir string) (Source, error) {
	r, err := git.PlainOpenWithOptions(dir, &git.PlainOpenOptions{DetectDotGit: true, EnableDotGitCommonDir: true})
	if errors.Is(err, git.ErrRepositoryNotExists) {
		return Source{}, nil
	}
	if err != nil {
		return Source{}, fmt.Errorf("config repo %s: %w", dir, err)
	}
	head, err := r.Head()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return Source{}, nil
	}
	if err != nil {
		return Source{}, fmt.Errorf("config repo %s: %w", dir, err)
	}
	s := Source{Commit: head.Hash().String(), repo: r}
	s.Changed, err = changed(r, head.Hash(), dir)
	if err != nil {
		return Source{}, fmt.Errorf("config repo %s: compare with what is committed: %w", dir, err)
	}
	return s, nil
}

// changed reports whether a CUE file below dir is not what the commit has.
func changed(r *git.Repository, head plumbing.Hash, dir string) (bool, error) {
	commit, err := r.CommitObject(head)
	if err != nil {
		return false, err
	}
	root, err := commit.Tree()
	if err != nil {
		return false, err
	}
	prefix, err := below(r, dir)
	if err != nil {
		return false, err
	}
	committed := map[string]plumbing.Hash{}
	walker := object.NewTreeWalker(root, true, nil)
	defer walker.Close()
	for {
		name, e, err := walker.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, err
		}
		if rel, in := strings.CutPrefix(name, prefix); in && path.Ext(name) == ".cue" && e.Mode.IsFile() {
			committed[rel] = e.Hash
		}
	}
	differs := errors.New("differs")
	err = filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && at != dir {
			return fs.SkipDir
		}
		if e.IsDir() || filepath.Ext(at) != ".cue" {
			return nil
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if committed[name] != plumbing.ComputeHash(plumbing.BlobObject, data) {
			return differs
		}
		delete(committed, name)
		return nil
	})
	if errors.Is(err, differs) {
		return true, nil
	}
	return len(committed) > 0, err
}

// below is the way from a repository's root to a folder, with a slash at its end, or "".
func below(r *git.Repository, dir string) (string, error) {
	tree, err := r.Worktree()
	if err != nil {
		return "", err
	}
	root, err := filepath.EvalSymlinks(tree.Filesystem.Root())
	if err != nil {
		return "", err
	}
	real, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if real, err = filepath.EvalSymlinks(real); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, real)
	if err != nil || rel == "." {
		return "", err
	}
	return filepath.ToSlash(rel) + "/", nil
}

// At is another revision of the same config repo, as String writes it.
func (s Source) At(revision string) Source {
	commit, changed := strings.CutSuffix(revision, changedMark)
	return Source{Commit: commit, Changed: changed, repo: s.repo}
}

// Follows reports whether a source is the one that was written last, or has come after it. Known is false
// where the last one is not in this clone's history, so that nobody can tell.
func (s Source) Follows(last string) (follows, known bool) {
	last = strings.TrimSuffix(last, changedMark)
	switch {
	case last == "" || last == s.Commit:
		return true, true
	case s.repo == nil:
		return false, false
	}
	old, err := s.repo.CommitObject(plumbing.NewHash(last))
	if err != nil {
		return false, false
	}
	head, err := s.repo.CommitObject(plumbing.NewHash(s.Commit))
	if err != nil {
		return false, false
	}
	// Clocks differ between machines, by less than this.
	const skew = 24 * time.Hour
	found, tooOld := errors.New("found"), errors.New("too old")
	err = object.NewCommitIterCTime(head, nil, nil).ForEach(func(c *object.Commit) error {
		switch {
		case c.Hash == old.Hash:
			return found
		case c.Committer.When.Before(old.Committer.When.Add(-skew)):
			return tooOld
		}
		return nil
	})
	switch {
	case errors.Is(err, found):
		return true, true
	case err == nil, errors.Is(err, tooOld):
		return false, true
	}
	return false, false // where a shallow clone ends
}
