package repotest_test

import (
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

func TestSSHServesGit(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.SSH(t, dir)
	push(t, dir, s.URL, "-c", "core.sshCommand="+s.Command())
	repotest.Fsck(t, dir)
}

func TestSSHWantsTheRightKey(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s, other := repotest.SSH(t, dir), repotest.SSH(t, dir)
	s.KeyFile = other.KeyFile
	if _, err := repotest.TryGit(dir, "-c", "core.sshCommand="+s.Command(), "ls-remote", s.URL); err == nil || !strings.Contains(err.Error(), "Permission denied (publickey)") {
		t.Errorf("let in: %v", err)
	}
}

func TestSSHServerWithAnotherHostKeyIsNotBelieved(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.SSH(t, dir)
	list := func() error {
		_, err := repotest.TryGit(dir, "-c", "core.sshCommand="+s.Command(), "ls-remote", s.URL)
		return err
	}
	if err := list(); err != nil {
		t.Error(err)
	}
	s.NewHostKey()
	if err := list(); err == nil || !strings.Contains(err.Error(), "REMOTE HOST IDENTIFICATION HAS CHANGED") {
		t.Errorf("believed: %v", err)
	}
	s.Trust(s.Addr())
	if err := list(); err != nil {
		t.Error(err)
	}
}

// What SwallowReply is for HTTP: the push has landed, and its connection ends before the client knows.
func TestSSHPushThatLandsUntold(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.SSH(t, dir)
	p := repotest.NewProxy(t, s.URL, nil)
	s.Trust(p.Addr())
	ssh := "core.sshCommand=" + s.Command()
	clone := cloneOf(t, p.URL, "-c", ssh)
	pushed := commit(t, clone, "v2")

	gate := repotest.NewGate(t, dir, "post-receive")
	failed := make(chan error)
	go func() {
		_, err := repotest.TryGit(clone, "-c", ssh, "push", p.URL, "HEAD:main")
		failed <- err
	}()
	<-gate.Reached
	p.Cut()
	if err := <-failed; err == nil {
		t.Error("git push thinks that all is well")
	}
	wantMain(t, dir, pushed)
	repotest.Fsck(t, dir)
}

func TestSSHThroughAProxyThatDrops(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.SSH(t, dir)
	for _, f := range []repotest.Fault{{Refuse: true}, {DropAfterUp: 1000}, {DropAfterDown: 1000}, {SwallowReply: true}} {
		p := repotest.NewProxy(t, s.URL, func(int) repotest.Fault { return f })
		s.Trust(p.Addr())
		if out, err := repotest.TryGit(dir, "-c", "core.sshCommand="+s.Command(), "ls-remote", p.URL); err == nil {
			t.Errorf("%+v: %s", f, out)
		}
	}
}
