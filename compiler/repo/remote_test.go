package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
	"github.com/pintle-dev/pintle/compiler/tree"
)

var someCharts = map[string]string{
	"charts/app/tag":         "image_tag: v1\n",
	"charts/app/values.yaml": strings.Repeat("key: value\n", 500),
	"other/only":             "alone\n",
	"README.md":              "charts\n",
}

func newTestRemote(t *testing.T, url string, o RemoteOptions) *Remote {
	t.Helper()
	o.Auth.NoHelper = true
	r, err := NewRemote(url, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantHead is the branch's head, which has to be readable.
func wantHead(t *testing.T, r *Remote, branch string) *Snapshot {
	t.Helper()
	head, err := r.Head(t.Context(), branch)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// wantFault is trouble of one kind, which says so.
func wantFault(t *testing.T, err error, k Kind, words ...string) {
	t.Helper()
	var f Fault
	if !errors.As(err, &f) || f.Kind != k {
		t.Fatalf("the fault is of kind %d, not %d: %v", f.Kind, k, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("it does not say %q: %v", w, err)
		}
	}
}

var aCommit = Commit{
	Message: "change\n", Author: Person{"Ada", "ada@example.org"}, Committer: Person{"Bob", "bob@example.org"},
	At: time.Date(2026, 3, 2, 16, 0, 0, 7, time.FixedZone("", 3600)),
}

// withFile is a commit that writes one file, or removes it where there is no text.
func withFile(t *testing.T, on *Snapshot, path, text string) *Snapshot {
	t.Helper()
	c := tree.Change{Path: path}
	if text != "" {
		c.After = []byte(text)
	}
	next, err := on.Commit([]tree.Change{c}, aCommit)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// write changes one file of the remote, by way of r.
func write(t *testing.T, r *Remote, path, text string) *Snapshot {
	t.Helper()
	head := wantHead(t, r, "main")
	next := withFile(t, head, path, text)
	if err := r.Push(t.Context(), "main", head, next); err != nil {
		t.Fatal(err)
	}
	return next
}

// contents are the files of a folder at the head, as r sees them.
func contents(r *Remote, dir string) (files map[string]string, err error) {
	err = r.Read(context.Background(), "main", func(s *Snapshot) error {
		files = map[string]string{}
		all, err := s.Under(dir)
		if err != nil {
			return err
		}
		for p, data := range all.All() {
			files[p] = string(data)
		}
		return nil
	})
	return files, err
}

func wantMain(t *testing.T, dir, want string) {
	t.Helper()
	if got := repotest.Git(t, dir, "rev-parse", "main"); got != want {
		t.Errorf("main is %s, not %s", got, want)
	}
	repotest.Fsck(t, dir)
}

// commitHere moves main by git's own means, as somebody else would: one file becomes text.
func commitHere(t *testing.T, dir, parent, path, text string) string {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone")
	repotest.Git(t, filepath.Dir(clone), "clone", "--quiet", dir, clone)
	if parent != "" {
		repotest.Git(t, clone, "reset", "--quiet", "--hard", parent)
	}
	put(t, filepath.Join(clone, path), text)
	repotest.Git(t, clone, "add", "-A")
	repotest.Git(t, clone, "commit", "--quiet", "-m", "by somebody else: "+text)
	repotest.Git(t, clone, "push", "--quiet", "--force", "origin", "HEAD:main")
	return repotest.Git(t, clone, "rev-parse", "HEAD")
}

func TestRemoteAtAWrongAddress(t *testing.T) {
	folder, file := t.TempDir(), put(t, filepath.Join(t.TempDir(), "file"), "")
	for _, c := range []struct{ url, says string }{
		{"ftp://git.example.org/charts.git", "there is no way to reach ftp://"},
		{"/nowhere/at/all", "there is no folder /nowhere/at/all"},
		{"file:///nowhere/at/all", "there is no folder /nowhere/at/all"},
		{file, "it is a file"},
	} {
		if _, err := NewRemote(c.url, RemoteOptions{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	_, err := newTestRemote(t, folder, RemoteOptions{}).Head(t.Context(), "main")
	wantFault(t, err, NotFound, "there is no git repository", "check the address")

	server := repotest.HTTP(t, repotest.Bare(t, someCharts), repotest.HTTPOptions{})
	_, err = newTestRemote(t, server.URL+"x", RemoteOptions{}).Head(t.Context(), "main")
	wantFault(t, err, NotFound, "there is no git repository", "check the address")
	server.Close()
	_, err = newTestRemote(t, server.URL, RemoteOptions{}).Head(t.Context(), "main")
	wantFault(t, err, Unreachable, "connection refused")
	if !Passing(err) {
		t.Error("it may well be back")
	}
}

func TestRemoteWithoutTheBranch(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	repotest.Git(t, dir, "branch", "release", "main")
	_, err := newTestRemote(t, dir, RemoteOptions{}).Head(t.Context(), "mian")
	wantFault(t, err, NoBranch, "it has no branch mian", "it has main, release")
	if Passing(err) {
		t.Error("it will not be there at the next attempt")
	}
}

func TestEmptyRemote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "empty.git")
	repotest.Git(t, filepath.Dir(dir), "init", "--quiet", "--bare", dir)
	for _, url := range []string{dir, repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL} {
		_, err := newTestRemote(t, url, RemoteOptions{}).Head(t.Context(), "main")
		wantFault(t, err, Empty, "it has no commit yet", "push a first commit")
	}
}

func TestPushToACheckedOutBranch(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clone")
	repotest.Git(t, filepath.Dir(dir), "clone", "--quiet", repotest.Bare(t, someCharts), dir)
	r := newTestRemote(t, dir, RemoteOptions{})
	head := wantHead(t, r, "main")
	err := r.Push(t.Context(), "main", head, withFile(t, head, "a", "b"))
	wantFault(t, err, Denied, "checked out", "git config receive.denyCurrentBranch updateInstead")
	repotest.Git(t, dir, "config", "receive.denyCurrentBranch", "updateInstead") // as it says
	if err := r.Push(t.Context(), "main", head, withFile(t, head, "a", "b")); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(data) != "b" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestPushThatAHookRefuses(t *testing.T) {
	for _, c := range []struct {
		hook    string
		passing bool // an update hook may be of another mind the next time
	}{{"pre-receive", false}, {"update", true}} {
		for _, over := range []string{"file", "http"} {
			dir := repotest.Bare(t, someCharts)
			repotest.Hook(t, dir, c.hook, "echo 'GH006: no releases on Fridays' >&2; exit 1\n")
			url := dir
			if over == "http" {
				url = repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL
			}
			r := newTestRemote(t, url, RemoteOptions{})
			head := wantHead(t, r, "main")
			err := r.Push(t.Context(), "main", head, withFile(t, head, "a", "b"))
			if !IsRejected(err) || Passing(err) != c.passing {
				t.Errorf("%s over %s: passing %t: %v", c.hook, over, Passing(err), err)
			}
			wantFault(t, Final(err), Denied, "hook declined", "GH006: no releases on Fridays", "may be protected")
			wantMain(t, dir, head.ID())
		}
	}
}

func TestPushOnAHeadThatHasMoved(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	r := newTestRemote(t, dir, RemoteOptions{})
	head := wantHead(t, r, "main")
	now := commitHere(t, dir, "", "README.md", "faster\n")
	err := r.Push(t.Context(), "main", head, withFile(t, head, "a", "b"))
	wantFault(t, err, Moved, "main has moved since it was read")
	wantMain(t, dir, now)

	// Between the look and the push: git itself compares.
	gate := repotest.NewGate(t, dir, "pre-receive")
	head = wantHead(t, r, "main")
	failed := make(chan error)
	next := withFile(t, head, "a", "b")
	go func() { failed <- r.Push(t.Context(), "main", head, next) }()
	<-gate.Reached
	now = repotest.Git(t, dir, "commit-tree", "main^{tree}", "-p", "main", "-m", "in between")
	repotest.Git(t, dir, "update-ref", "refs/heads/main", now)
	gate.Open()
	wantFault(t, <-failed, Rejected, "cannot lock ref")
	wantMain(t, dir, now)
}

func TestRemoteThatRefusesCredentials(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{User: "ada", Password: "right", Deny: func(r *http.Request) (int, string) {
		if strings.Contains(r.RequestURI, "git-receive-pack") {
			return http.StatusForbidden, "read only"
		}
		return 0, ""
	}})
	_, err := newTestRemote(t, s.URL, RemoteOptions{Auth: Auth{User: "ada", Token: "wrong"}}).Head(t.Context(), "main")
	wantFault(t, err, Credentials, "who are you?", "give a token in PINTLE_TOKEN")
	if Passing(err) || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
	r := newTestRemote(t, s.URL, RemoteOptions{Auth: Auth{User: "ada", Token: "right"}})
	head := wantHead(t, r, "main")
	err = r.Push(t.Context(), "main", head, withFile(t, head, "a", "b"))
	wantFault(t, err, Credentials, "read only", "may not write here")
	wantMain(t, dir, head.ID())
}

// A helper's token has expired. It is told so, and gives a good one at the next attempt.
func TestTokenThatHasExpired(t *testing.T) {
	home := machine(t)
	dir := repotest.Bare(t, someCharts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{User: "ada", Password: "fresh"})
	put(t, filepath.Join(home, "token"), "stale")
	helper := put(t, filepath.Join(home, "helper"), `#!/bin/sh
case $1 in
get) echo username=ada; echo password=$(cat "$HOME/token") ;;
erase) echo fresh >"$HOME/token" ;;
store) touch "$HOME/stored" ;;
esac
`)
	if err := os.Chmod(helper, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(home, ".gitconfig"), "[credential]\n\thelper = "+helper+"\n")
	r, err := NewRemote(s.URL, RemoteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Head(t.Context(), "main")
	wantFault(t, err, Credentials)
	wantHead(t, r, "main")
	if _, err := os.Stat(filepath.Join(home, "stored")); err != nil {
		t.Error("the helper is not told that the fresh one was right")
	}
}

const shortSilence = 200 * time.Millisecond

func TestSilentRemote(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	t.Run("from the start", func(t *testing.T) {
		s := repotest.HTTP(t, dir, repotest.HTTPOptions{Faults: func(int, *http.Request) repotest.Fault { return repotest.Fault{Silence: true} }})
		_, err := newTestRemote(t, s.URL, RemoteOptions{Silence: shortSilence}).Head(t.Context(), "main")
		wantFault(t, err, Unreachable, "it said nothing for 200ms")
	})
	t.Run("over ssh", func(t *testing.T) {
		s := repotest.SSH(t, dir)
		p := repotest.NewProxy(t, s.URL, func(int) repotest.Fault { return repotest.Fault{Silence: true} })
		s.Trust(p.Addr())
		r := newTestRemote(t, p.URL, RemoteOptions{Silence: shortSilence, Auth: Auth{SSHKey: s.KeyFile, KnownHosts: s.KnownHosts}})
		_, err := r.Head(t.Context(), "main")
		wantFault(t, err, Unreachable, "it said nothing for 200ms")
	})
	for name, cache := range map[string]string{"in a pack": t.TempDir(), "in a pack, without a cache": ""} {
		t.Run(name, func(t *testing.T) {
			through := &stalling{after: 300}
			r := newTestRemote(t, through.server(t, repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL), RemoteOptions{Silence: shortSilence, Cache: cache})
			_, err := r.Head(t.Context(), "main")
			wantFault(t, err, Unreachable, "it said nothing for 200ms")
			through.after = 0
			if files, err := contents(r, "charts"); err != nil || files["charts/app/tag"] != someCharts["charts/app/tag"] {
				t.Errorf("%v, %v", files, err)
			}
		})
	}
	t.Run("after a push", func(t *testing.T) {
		gate := repotest.NewGate(t, dir, "pre-receive")
		s := repotest.HTTP(t, dir, repotest.HTTPOptions{})
		r := newTestRemote(t, s.URL, RemoteOptions{Silence: shortSilence})
		head := wantHead(t, r, "main")
		err := r.Push(t.Context(), "main", head, withFile(t, head, "a", "b"))
		wantFault(t, err, Unanswered, "it said nothing for 800ms")
		gate.Open()
	})
}

// A deadline ends a push as well, and Ctrl-C does not.
func TestPushUntilADeadline(t *testing.T) {
	for _, over := range []string{"file", "http", "ssh"} {
		t.Run(over, func(t *testing.T) {
			dir := repotest.Bare(t, someCharts)
			url, o := dir, RemoteOptions{}
			switch over {
			case "http":
				url = repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL
			case "ssh":
				s := repotest.SSH(t, dir)
				url, o.Auth = s.URL, Auth{SSHKey: s.KeyFile, KnownHosts: s.KnownHosts}
			}
			gate := repotest.NewGate(t, dir, "pre-receive")
			r := newTestRemote(t, url, o)
			head := wantHead(t, r, "main")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			wantFault(t, r.Push(ctx, "main", head, withFile(t, head, "a", "b")), Unanswered)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			gate.Open()
		})
	}
}

// A stalling proxy says nothing more after so many bytes of a pack, and does not hang up either.
type stalling struct{ after int64 }

func (s *stalling) server(t *testing.T, remote string) (through string) {
	t.Helper()
	to, err := url.Parse(remote)
	if err != nil {
		t.Fatal(err)
	}
	path := to.Path
	to.Path = ""
	p := httputil.NewSingleHostReverseProxy(to)
	p.FlushInterval = -1
	p.ModifyResponse = func(r *http.Response) error {
		if s.after > 0 && strings.HasSuffix(r.Request.URL.Path, "git-upload-pack") {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(r.Body, s.after), never{r.Request.Context()}), r.Body}
		}
		return nil
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL + path
}

type never struct{ until context.Context }

func (n never) Read([]byte) (int, error) {
	<-n.until.Done()
	return 0, n.until.Err()
}

func TestRemoteThatDiesHalfWay(t *testing.T) {
	files := map[string]string{"charts/noise": noise(200 << 10)}
	for _, cache := range []string{"", t.TempDir()} {
		for after := int64(1); after < 100<<10; after *= 8 {
			dir := repotest.Bare(t, files)
			broken := true
			s := repotest.HTTP(t, dir, repotest.HTTPOptions{Faults: func(_ int, r *http.Request) repotest.Fault {
				if broken && r.Method == http.MethodPost {
					return repotest.Fault{DropAfterDown: after}
				}
				return repotest.Fault{}
			}})
			r := newTestRemote(t, s.URL, RemoteOptions{Cache: cache})
			_, err := r.Head(t.Context(), "main")
			wantFault(t, err, Unreachable)
			broken = false
			if got, err := contents(r, "charts"); err != nil || got["charts/noise"] != files["charts/noise"] {
				t.Errorf("after %d bytes: %v", after, err)
			}
		}
	}
}

// noise does not compress, so that a full fetch is seen to be one.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/"[r.IntN(64)]
	}
	return string(b)
}

func TestIncrementalFetchIsSmall(t *testing.T) {
	dir := repotest.Bare(t, map[string]string{"charts/noise": noise(300 << 10), "charts/app/tag": "v1\n"})
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{})
	r := newTestRemote(t, s.URL, RemoteOptions{Cache: t.TempDir()})
	other := newTestRemote(t, dir, RemoteOptions{})
	cost := func() int64 {
		before := s.Sent()
		wantHead(t, r, "main")
		return s.Sent() - before
	}
	if n := cost(); n < 200<<10 {
		t.Errorf("the first fetch has %d bytes; this test wants more", n)
	}
	if n := cost(); n > 2<<10 {
		t.Errorf("nothing is new, and %d bytes come", n)
	}
	// Beyond maxPacks the store is packed anew, and nothing has to be fetched again for that.
	head := wantHead(t, other, "main")
	last := head
	for i := range maxPacks + 8 {
		last = withFile(t, last, "charts/app/tag", fmt.Sprintf("v%d\n", i+2))
	}
	if err := other.Push(t.Context(), "next", nil, last); err != nil {
		t.Fatal(err)
	}
	for i, id := range last.Since(head) {
		repotest.Git(t, dir, "update-ref", "refs/heads/main", id)
		if n := cost(); n > 20<<10 {
			t.Errorf("one new commit costs %d bytes, at fetch %d", n, i)
		}
	}
	if n := len(r.store.packs()); n > 10 || r.store.heads.Generation == 0 {
		t.Errorf("%d packs, in generation %d", n, r.store.heads.Generation)
	}
	if generations, err := filepath.Glob(filepath.Join(r.store.dir, "[0-9]*")); err != nil || len(generations) != 1 {
		t.Errorf("what was is still there: %q, %v", generations, err)
	}
	// What was pushed here is there already.
	write(t, r, "charts/app/tag", "mine\n")
	if n := cost(); n > 2<<10 {
		t.Errorf("what was pushed is fetched: %d bytes", n)
	}
}

func TestBranchThatIsRewritten(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	first := repotest.Git(t, dir, "rev-parse", "main")
	for _, cache := range []string{"", t.TempDir()} {
		r := newTestRemote(t, dir, RemoteOptions{Cache: cache})
		look := func(id, text string) {
			t.Helper()
			if head := wantHead(t, r, "main"); head.ID() != id {
				t.Errorf("%s, not %s", head.ID(), id)
			}
			if got, err := contents(r, "charts"); err != nil || got["charts/app/tag"] != text {
				t.Errorf("%q, not %q: %v", got["charts/app/tag"], text, err)
			}
		}
		look(commitHere(t, dir, "", "charts/app/tag", "a\n"), "a\n")
		look(commitHere(t, dir, first, "charts/app/tag", "b\n"), "b\n")
		repotest.Git(t, dir, "update-ref", "refs/heads/main", first)
		look(first, someCharts["charts/app/tag"])

		// Nothing in common with what was.
		foreign := repotest.Git(t, dir, "commit-tree", "main^{tree}", "-m", "a new beginning")
		repotest.Git(t, dir, "update-ref", "refs/heads/main", foreign)
		look(foreign, someCharts["charts/app/tag"])
		write(t, r, "charts/app/tag", "c\n")
		repotest.Git(t, dir, "update-ref", "refs/heads/main", first)
		repotest.Fsck(t, dir)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	clone := filepath.Join(t.TempDir(), "clone")
	repotest.Git(t, filepath.Dir(clone), "clone", "--quiet", dir, clone)
	if err := os.Symlink("charts", filepath.Join(clone, "link")); err != nil {
		t.Skipf("there are no symlinks here: %v", err)
	}
	repotest.Git(t, clone, "add", "link")
	repotest.Git(t, clone, "update-index", "--add", "--cacheinfo", "160000,"+repotest.Git(t, clone, "rev-parse", "HEAD")+",sub")
	repotest.Git(t, clone, "commit", "--quiet", "-m", "odd things")
	repotest.Git(t, clone, "push", "--quiet", "origin", "HEAD:main")
	head := wantHead(t, newTestRemote(t, dir, RemoteOptions{}), "main")
	for _, c := range []struct{ path, at, is, should string }{
		{"link", "link", "is a symlink, and what is written there would land elsewhere", "a file"},
		{"link/app/tag", "link", "is a symlink, and what is written there would land elsewhere", "a folder"},
		{"sub", "sub", "is a submodule, whose files are in another repository", "a file"},
		{"sub/a", "sub", "is a submodule, whose files are in another repository", "a folder"},
		{"charts/app", "charts/app", "is a folder", "a file"},
		{"README.md/a", "README.md", "is a file", "a folder"},
	} {
		_, read := head.Read([]string{c.path})
		_, written := head.Commit([]tree.Change{{Path: c.path, After: []byte("x")}}, aCommit)
		for _, err := range []error{read, written} {
			if err == nil || !strings.HasPrefix(err.Error(), "charts repo: "+c.at) || !strings.HasSuffix(err.Error(), c.is+"; it should be "+c.should) {
				t.Errorf("%s: %v", c.path, err)
			}
		}
	}
}

func TestCommitKeepsWhatItDoesNotChange(t *testing.T) {
	dir := repotest.Bare(t, someCharts)
	clone := filepath.Join(t.TempDir(), "clone")
	repotest.Git(t, filepath.Dir(clone), "clone", "--quiet", dir, clone)
	repotest.Git(t, clone, "update-index", "--chmod=+x", "charts/app/tag", "README.md")
	repotest.Git(t, clone, "commit", "--quiet", "-m", "modes")
	repotest.Git(t, clone, "push", "--quiet", "origin", "HEAD:main")
	r := newTestRemote(t, dir, RemoteOptions{})
	write(t, r, "charts/app/tag", "changed\n")
	write(t, r, "charts/app.yaml", "sorts between a folder and its files\n")
	write(t, r, "other/only", "") // the last file of its folder
	want := `100755 README.md
100644 charts/app.yaml
100755 charts/app/tag
100644 charts/app/values.yaml`
	if got := repotest.Git(t, dir, "ls-tree", "-r", "--format=%(objectmode) %(path)", "main"); got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if _, err := repotest.TryGit(dir, "rev-parse", "main:other"); err == nil {
		t.Error("an empty folder is left")
	}
	repotest.Fsck(t, dir)
}

// The same input makes the same commit on every machine.
func TestCommitIsTheSameEverywhere(t *testing.T) {
	var ids []string
	for _, zone := range []string{"UTC", "Asia/Kolkata"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skipf("this machine knows no time zones: %v", err)
		}
		dir := repotest.Bare(t, someCharts)
		r := newTestRemote(t, dir, RemoteOptions{Cache: t.TempDir()})
		head := wantHead(t, r, "main")
		c := aCommit
		c.At = c.At.In(loc)
		first, err := head.Commit([]tree.Change{{Path: "a/b", After: []byte("1")}, {Path: "charts/app/tag", After: []byte("2")}}, c)
		if err != nil {
			t.Fatal(err)
		}
		second := withFile(t, first, "z", "3")
		if err := r.Push(t.Context(), "main", head, second); err != nil {
			t.Fatal(err)
		}
		wantMain(t, dir, second.ID())
		if since := second.Since(head); !slices.Equal(since, []string{first.ID(), second.ID()}) {
			t.Errorf("since %s: %v", head.ID(), since)
		}
		ids = append(ids, second.ID())
		got := repotest.Git(t, dir, "show", "-s", "--format=%an <%ae> %ad, %cn <%ce> %cd: %s", "--date=iso-strict", "main")
		if want := "Ada <ada@example.org> 2026-03-02T15:00:00+00:00, Bob <bob@example.org> 2026-03-02T15:00:00+00:00: change"; got != want && got != strings.ReplaceAll(want, "+00:00", "Z") {
			t.Errorf("%s\nnot\n%s", got, want)
		}
	}
	if ids[0] != ids[1] {
		t.Errorf("%s and %s", ids[0], ids[1])
	}
}

// Whatever has happened to the files of a cache, what is read is what the remote has.
func TestDamagedCache(t *testing.T) {
	seed := rand.Uint64()
	if said, err := strconv.ParseUint(os.Getenv("PINTLE_SEED"), 10, 64); err == nil {
		seed = said
	}
	random := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if t.Failed() {
			t.Logf("the same damage again: PINTLE_SEED=%d", seed)
		}
	}()
	dir := repotest.Bare(t, someCharts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{})
	good := t.TempDir()
	r := newTestRemote(t, s.URL, RemoteOptions{Cache: good})
	write(t, r, "charts/app/tag", "v2\n")
	write(t, newTestRemote(t, dir, RemoteOptions{}), "charts/app/tag", "v3\n")
	wantHead(t, r, "main")
	before := repotest.Git(t, dir, "rev-parse", "main")

	damages := map[string]func([]byte) []byte{
		"gone":      func([]byte) []byte { return nil },
		"empty":     func([]byte) []byte { return []byte{} },
		"truncated": func(b []byte) []byte { return b[:random.IntN(len(b)+1)] },
		"zeroed":    func(b []byte) []byte { return make([]byte, len(b)) },
		"longer":    func(b []byte) []byte { return append(slices.Clone(b), b...) },
	}
	for i := range 8 {
		damages[fmt.Sprintf("flipped %d", i)] = func(b []byte) []byte {
			if b = slices.Clone(b); len(b) > 0 {
				b[random.IntN(len(b))] ^= 1 << random.IntN(8)
			}
			return b
		}
	}
	var files []string
	err := filepath.WalkDir(good, func(at string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, at)
		}
		return err
	})
	if err != nil || len(files) < 7 { // 3 packs with their indexes, and heads.json
		t.Fatalf("%q, %v", files, err)
	}
	tried := 0
	all := os.Getenv("PINTLE_LONG") != ""
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(good, file)
		if err != nil {
			t.Fatal(err)
		}
		for name, damage := range damages {
			for _, moved := range []bool{false, true} {
				if !all && random.IntN(6) > 0 {
					continue // a part of them each time; make test-long tries all
				}
				tried++
				repotest.Git(t, dir, "update-ref", "refs/heads/main", before)
				tag := "v3\n"
				if moved {
					tag = "v4\n"
					write(t, newTestRemote(t, dir, RemoteOptions{}), "charts/app/tag", tag)
				}
				bad := t.TempDir()
				if err := os.CopyFS(bad, os.DirFS(good)); err != nil {
					t.Fatal(err)
				}
				at := filepath.Join(bad, rel)
				_ = os.Chmod(at, 0o600)
				if now := damage(data); now == nil {
					err = os.Remove(at)
				} else {
					err = os.WriteFile(at, now, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("%s is %s, moved %t", rel, name, moved)
				r := newTestRemote(t, s.URL, RemoteOptions{Cache: bad})
				got, err := contents(r, "charts")
				if err != nil || got["charts/app/tag"] != tag || got["charts/app/values.yaml"] != someCharts["charts/app/values.yaml"] {
					t.Errorf("%s: %.60q, %v", what, got, err)
					continue
				}
				// And it can be used from then on, by this run and the next.
				write(t, r, "charts/app/tag", "v5\n")
				notes := ""
				next := newTestRemote(t, s.URL, RemoteOptions{Cache: bad, Note: func(s string) { notes += s }})
				if got, err := contents(next, "charts"); err != nil || got["charts/app/tag"] != "v5\n" {
					t.Errorf("%s, and then: %.60q, %v", what, got, err)
				}
			}
		}
	}
	t.Logf("%d files, %d kinds of damage", len(files), tried)
	repotest.Fsck(t, dir)
}

// Two processes use one cache at once, and write to the same remote.
func TestTwoOnOneCache(t *testing.T) {
	dir, cache := repotest.Bare(t, someCharts), t.TempDir()
	var two sync.WaitGroup
	each := 12
	if os.Getenv("PINTLE_LONG") != "" {
		each = maxPacks // and packing anew meets the other
	}
	last := fmt.Sprintf("%d\n", each-1)
	for who := range 2 {
		r := newTestRemote(t, dir, RemoteOptions{Cache: cache})
		two.Go(func() {
			for i := range each {
				path, text := fmt.Sprintf("charts/%d", who), fmt.Sprintf("%d\n", i)
				for {
					var head, next *Snapshot
					err := r.Read(t.Context(), "main", func(s *Snapshot) (err error) {
						head = s
						next, err = s.Commit([]tree.Change{{Path: path, After: []byte(text)}}, aCommit)
						return err
					})
					if err == nil {
						err = r.Push(t.Context(), "main", head, next)
					}
					if err == nil {
						break
					}
					if !Passing(err) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	two.Wait()
	if n := repotest.Git(t, dir, "rev-list", "--count", "main"); n != fmt.Sprint(1+2*each) {
		t.Errorf("%s commits", n)
	}
	repotest.Fsck(t, dir)
	if got, err := contents(newTestRemote(t, dir, RemoteOptions{Cache: cache}), "charts"); err != nil || got["charts/0"] != last || got["charts/1"] != last {
		t.Errorf("%v, %v", got, err)
	}
}

// A cache on a disk that is full, or may not be written, is done without, and said.
func TestCacheThatCannotBeWritten(t *testing.T) {
	const inside = "PINTLE_TEST_DISK"
	if dir := os.Getenv(inside); dir != "" {
		cacheThatCannotBeWritten(t, dir)
		return
	}
	if runtime.GOOS != "linux" || exec.Command("unshare", "--mount", "true").Run() != nil {
		t.Skip("a small disk can be mounted by root on Linux only")
	}
	for name, mount := range map[string]string{
		"full":      "mount -t tmpfs -o size=64k tmpfs $1",
		"read-only": "mount -t tmpfs -o ro tmpfs $1",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command("unshare", "--mount", "sh", "-ec", mount+" && exec $2 -test.run='^TestCacheThatCannotBeWritten$' -test.v", "sh", dir, os.Args[0])
			cmd.Env = append(os.Environ(), inside+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func cacheThatCannotBeWritten(t *testing.T, disk string) {
	files := map[string]string{"charts/noise": noise(200 << 10), "charts/app/tag": "v1\n"}
	dir := repotest.Bare(t, files)
	notes := ""
	r := newTestRemote(t, dir, RemoteOptions{Cache: filepath.Join(disk, "cache"), Note: func(s string) { notes += s + "\n" }})
	defer r.Turn(t.Context())()
	for i := range 3 {
		if got, err := contents(r, "charts"); err != nil || got["charts/noise"] != files["charts/noise"] {
			t.Errorf("%v", err)
		}
		write(t, r, "charts/app/tag", fmt.Sprintf("v%d\n", i+2))
	}
	if !strings.Contains(notes, "cache") || strings.Count(notes, "\n") != 1 {
		t.Errorf("it should be said once: %q", notes)
	}
	repotest.Fsck(t, dir)
}

// A path that leads out of the repository, or into what is git's own, is never written.
func TestCommitRefusesOddPaths(t *testing.T) {
	r := newTestRemote(t, repotest.Bare(t, someCharts), RemoteOptions{})
	head := wantHead(t, r, "main")
	for _, path := range []string{"", "/x", "../x", "a/../x", "a//x", "./x", ".git/config", "a/.GIT/config", "a/", "a\x00b"} {
		_, err := head.Commit([]tree.Change{{Path: path, After: []byte("x")}}, Commit{Message: "m"})
		var odd *PathError
		if !errors.As(err, &odd) {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, branch := range []string{"", "a b", "-x", "HEAD", "refs/heads/x", "../x", "a..b", "x.lock", "a~1", "@{0}"} {
		if CheckBranch(branch) == nil {
			t.Errorf("branch %q: taken", branch)
		}
	}
}
