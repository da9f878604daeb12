package repo_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// tangle makes a bare repository of commits that branch and merge at random, a branch for each: c0, c1 ...
// Their clocks are wrong by less than a day.
func tangle(t *testing.T, random *rand.Rand, commits int) string {
	t.Helper()
	dir := repotest.Bare(t, map[string]string{"README.md": "0\n"})
	var s bytes.Buffer
	for i := range commits {
		at := 1_700_000_000 + i*600 + random.IntN(20*60*60)
		fmt.Fprintf(&s, "commit refs/heads/c%d\nmark :%d\ncommitter Ada <ada@example.org> %d +0000\ndata 2\nc\n", i, i+1, at)
		if i > 0 {
			fmt.Fprintf(&s, "from :%d\n", 1+max(0, i-1-random.IntN(6)))
			for range random.IntN(3) {
				fmt.Fprintf(&s, "merge :%d\n", 1+max(0, i-1-random.IntN(12)))
			}
		}
		fmt.Fprintf(&s, "M 100644 inline d%d/%d\ndata 3\n%02d\n", random.IntN(3), random.IntN(4), random.IntN(20))
		if random.IntN(4) == 0 {
			fmt.Fprintf(&s, "D d%d\n", random.IntN(3))
		}
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, repotest.Env(), &s
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return dir
}

// What a span holds is what git says, however history is tangled.
func TestSpanIsWhatGitSays(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 3))
		const commits = 60
		dir := tangle(t, random, commits)
		h := history(t, dir)
		for range 25 {
			a, b := fmt.Sprintf("c%d", random.IntN(commits)), fmt.Sprintf("c%d", random.IntN(commits))
			s, err := h.Span(a + ".." + b)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			var ids []string
			for _, r := range s.Revisions {
				for _, p := range r.Parents {
					if slices.ContainsFunc(s.Revisions, func(r *repo.Revision) bool { return r.ID == p }) && !seen[p] {
						t.Errorf("%s..%s: %s comes before its parent %s", a, b, r.ID, p)
					}
				}
				seen[r.ID] = true
				ids = append(ids, r.ID)
			}
			// Git's own a..b is fooled by clocks; all that each has is not.
			of := strings.Fields(repotest.Git(t, dir, "rev-list", a))
			want := slices.DeleteFunc(strings.Fields(repotest.Git(t, dir, "rev-list", b)), func(id string) bool { return slices.Contains(of, id) })
			slices.Sort(ids)
			slices.Sort(want)
			if !slices.Equal(ids, want) {
				t.Errorf("%s..%s holds %d commits, and git says %d", a, b, len(ids), len(want))
			}
			bases, err := h.MergeBases(s.Base.ID, s.Head.ID)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range bases {
				got = append(got, r.ID)
			}
			best, _ := repotest.TryGit(dir, "merge-base", "--all", a, b)
			want = strings.Fields(best)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("merge bases of %s and %s: %v, and git says %v", a, b, got, want)
			}
			changes, err := s.Head.Changes(s.Base)
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for _, c := range changes {
				got = append(got, c.Path)
			}
			want = strings.Fields(repotest.Git(t, dir, "diff-tree", "-r", "--name-only", "--no-renames", a, b))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("between %s and %s differ %v, and git says %v", a, b, got, want)
			}
		}
	}
}

// A commit whose clock is years wrong, either way, is found all the same.
func TestSpanBelievesNoClock(t *testing.T) {
	for _, date := range []string{"@1 +0000", "@4000000000 +0000"} {
		work := t.TempDir()
		repotest.Git(t, work, "clone", "--quiet", repotest.Big(t, 10, 700), ".")
		repotest.Git(t, work, "-c", "user.name=a", "commit", "--quiet", "--allow-empty", "-m", "a")
		cmd := exec.Command("git", "commit", "--quiet", "--allow-empty", "-m", "b")
		cmd.Dir, cmd.Env = work, append(repotest.Env(), "GIT_COMMITTER_DATE="+date)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		repotest.Git(t, work, "commit", "--quiet", "--allow-empty", "-m", "c")
		for revs, want := range map[string]int{"origin/main..HEAD": 3, "HEAD~1..HEAD": 1, "HEAD..origin/main": 0, "HEAD~5..HEAD~1": 4} {
			s, err := history(t, work).Span(revs)
			if err != nil || len(s.Revisions) != want {
				t.Errorf("%s with %s: %d commits, not %d: %v", revs, date, len(s.Revisions), want, err)
			}
		}
	}
}

// A range costs what it holds, and not what came before it.
func TestSpanDoesNotWalkAllHistory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a repository of 100,000 commits")
	}
	dir := repotest.Big(t, 100_000, 700)
	for _, revs := range []string{"main~100..main", "main..main~100"} {
		start := time.Now()
		if _, err := history(t, dir).Span(revs); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s", revs, took)
		}
	}
}

func history(t *testing.T, dir string) *repo.History {
	t.Helper()
	h, err := repo.OpenHistory(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}
