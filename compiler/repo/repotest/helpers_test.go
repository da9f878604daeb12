package repotest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// cloneOf is a clone, with git's own command and the given -c options before it.
func cloneOf(t *testing.T, url string, options ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	repotest.Git(t, filepath.Dir(dir), append(options, "clone", "--quiet", url, dir)...)
	return dir
}

func commit(t *testing.T, clone, tag string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(clone, "charts/app/tag"), []byte("image_tag: "+tag+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	repotest.Git(t, clone, "commit", "--quiet", "-am", "bump to "+tag)
	return repotest.Git(t, clone, "rev-parse", "HEAD")
}

// push clones the bare repository in dir, pushes one more commit to url, and checks that it landed.
func push(t *testing.T, dir, url string, options ...string) string {
	t.Helper()
	clone := cloneOf(t, url, options...)
	pushed := commit(t, clone, "v"+repotest.Git(t, dir, "rev-list", "--count", "main")+".1")
	repotest.Git(t, clone, append(options, "push", "--quiet", url, "HEAD:main")...)
	wantMain(t, dir, pushed)
	return pushed
}

func wantMain(t *testing.T, dir, want string) {
	t.Helper()
	if got := repotest.Git(t, dir, "rev-parse", "main"); got != want {
		t.Errorf("main is %s, want %s", got, want)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// A probe is a test that hears what a failing one would say.
type probe struct {
	testing.TB
	said string
}

func (p *probe) Errorf(format string, args ...any) { p.said += fmt.Sprintf(format, args...) + "\n" }

// counted makes a hook of the repository that notes each of its runs, and returns how many there were.
func counted(t *testing.T, dir, hook string) (runs func() int) {
	t.Helper()
	notes := filepath.Join(t.TempDir(), "runs")
	repotest.Hook(t, dir, hook, "printf . >>'"+notes+"'\n")
	return func() int {
		said, err := os.ReadFile(notes)
		if err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
		return len(said)
	}
}
