package repotest_test

import (
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

var charts = map[string]string{
	"charts/app/tag":           "image_tag: v1\n",
	"charts/app/\"odd\" ü.yml": "a: 1", // no newline at the end
}

func TestBareHoldsTheFiles(t *testing.T) {
	dir := repotest.Bare(t, charts)
	for path, want := range charts {
		if got := repotest.Git(t, dir, "show", "main:"+path); got != strings.TrimSpace(want) {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if n := repotest.Git(t, dir, "rev-list", "--count", "HEAD"); n != "1" {
		t.Errorf("%s commits", n)
	}
	repotest.Fsck(t, dir)
}

func TestTheSameWorkGivesTheSameHash(t *testing.T) {
	a, b := repotest.Bare(t, charts), repotest.Bare(t, charts)
	if got, want := push(t, a, a), push(t, b, b); got != want {
		t.Errorf("%s and %s", got, want)
	}
}

func TestAHookRefuses(t *testing.T) {
	dir := repotest.Bare(t, charts)
	repotest.Hook(t, dir, "pre-receive", "echo no releases on Fridays; exit 1\n")
	clone := cloneOf(t, dir)
	commit(t, clone, "v2")
	if _, err := repotest.TryGit(clone, "push", dir, "HEAD:main"); err == nil || !strings.Contains(err.Error(), "no releases on Fridays") {
		t.Errorf("pushed: %v", err)
	}
}

func TestFsckSeesABrokenRepository(t *testing.T) {
	dir := repotest.Bare(t, charts)
	repotest.Git(t, dir, "update-ref", "refs/heads/dangling", repotest.Git(t, dir, "rev-parse", "main"))
	repotest.Fsck(t, dir)

	// A tree without its blob.
	tree := repotest.Git(t, dir, "rev-parse", "main:charts/app")
	at := tree[:2] + "/" + tree[2:]
	remove(t, dir+"/objects/"+at)
	probe := &probe{TB: t}
	repotest.Fsck(probe, dir)
	if !strings.Contains(probe.said, "missing tree "+tree) {
		t.Errorf("fsck said %q", probe.said)
	}
}

func TestAGateHoldsAPushBetweenLandingAndTelling(t *testing.T) {
	dir := repotest.Bare(t, charts)
	gate := repotest.NewGate(t, dir, "post-receive")
	clone := cloneOf(t, dir)
	want := commit(t, clone, "v2")
	pushed := make(chan error)
	go func() {
		_, err := repotest.TryGit(clone, "push", dir, "HEAD:main")
		pushed <- err
	}()
	<-gate.Reached
	if got := repotest.Git(t, dir, "rev-parse", "main"); got != want {
		t.Errorf("at the gate, main is %s, want %s", got, want)
	}
	select {
	case err := <-pushed:
		t.Errorf("the push went through a closed gate: %v", err)
	default:
	}
	gate.Open()
	if err := <-pushed; err != nil {
		t.Error(err)
	}
	// An open gate stops nobody.
	push(t, dir, dir)
}

func TestAGateThatNobodyOpensOpensWithTheEndOfTheTest(t *testing.T) {
	dir := repotest.Bare(t, charts)
	clone := cloneOf(t, dir)
	commit(t, clone, "v2")
	pushed := make(chan error, 1)
	t.Run("inner", func(t *testing.T) {
		gate := repotest.NewGate(t, dir, "pre-receive")
		server := repotest.HTTP(t, dir, repotest.HTTPOptions{}) // closed first, and waits for the push
		go func() {
			_, err := repotest.TryGit(clone, "push", server.URL, "HEAD:main")
			pushed <- err
		}()
		<-gate.Reached
	})
	<-pushed // its connection may have been cut
}
