package repotest_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

func TestBig(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // so that it is made, and not found
	var dirs [2]string
	var makers sync.WaitGroup
	for i := range dirs {
		makers.Go(func() { dirs[i] = repotest.Big(t, 2000, 700) })
	}
	makers.Wait()
	dir := dirs[0]
	if a, b := repotest.Git(t, dirs[0], "rev-parse", "main"), repotest.Git(t, dirs[1], "rev-parse", "main"); a != b {
		t.Errorf("two makers made %s and %s", a, b)
	}
	if n := len(strings.Split(repotest.Git(t, dir, "ls-tree", "-r", "--name-only", "HEAD"), "\n")); n != 700 {
		t.Errorf("%d files", n)
	}
	if n := repotest.Git(t, dir, "rev-list", "--count", "main"); n != "2000" {
		t.Errorf("%s commits", n)
	}
	for _, env := range []string{"integration", "staging", "production"} {
		lines := strings.Count(repotest.Git(t, dir, "show", "main:charts/app-config/values-"+env+".yaml"), "\n")
		if lines < 3800 || lines > 4200 {
			t.Errorf("the values of %s have %d lines", env, lines)
		}
	}
	if changed := repotest.Git(t, dir, "diff", "--stat", "main~1", "main"); !strings.Contains(changed, "1 file changed, 1 insertion(+), 1 deletion(-)") {
		t.Errorf("the last commit: %s", changed)
	}
	for _, kind := range []string{"pack", "bitmap"} {
		if found, _ := filepath.Glob(dir + "/objects/pack/*." + kind); len(found) != 1 {
			t.Errorf("%ss: %q", kind, found)
		}
	}
	repotest.Fsck(t, dir)

	// It is a copy: what is pushed to it is not in the next one.
	repotest.Git(t, dir, "update-ref", "refs/heads/main", "main~1")
	if next := repotest.Big(t, 2000, 700); repotest.Git(t, next, "rev-list", "--count", "main") != "2000" {
		t.Error("the cache has changed")
	}
}

func BenchmarkBig(b *testing.B) {
	for b.Loop() {
		repotest.Big(b, 100_000, 700)
	}
}
