package repotest_test

import (
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

func TestHTTPServesGit(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{})
	push(t, dir, s.URL)
	repotest.Fsck(t, dir)

	log := s.Log()
	if last := log[len(log)-1]; last != "POST /remote.git/git-receive-pack" {
		t.Errorf("the last request was %s", last)
	}
	if s.Requests() != len(log) || s.Sent() < 500 || s.Received() < 500 {
		t.Errorf("%d requests, %d bytes sent, %d received", s.Requests(), s.Sent(), s.Received())
	}
}

func TestHTTPTakesAPushLargerThanGitsBuffer(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{})
	clone := cloneOf(t, s.URL)
	noise := make([]byte, 3<<20) // of which git sends 1 MiB at most in one piece
	rand.Read(noise)
	if err := os.WriteFile(filepath.Join(clone, "noise"), noise, 0o644); err != nil {
		t.Fatal(err)
	}
	repotest.Git(t, clone, "add", "noise")
	pushed := commit(t, clone, "v2")
	repotest.Git(t, clone, "push", "--quiet", s.URL, "HEAD:main")
	wantMain(t, dir, pushed)
	if s.Received() < int64(len(noise)) {
		t.Errorf("%d bytes received", s.Received())
	}
}

func TestHTTPAsksForThePassword(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{User: "ada", Password: "p/ss:word"})
	push(t, dir, s.URLFor("ada", "p/ss:word"))
	for _, url := range []string{s.URL, s.URLFor("ada", "wrong"), s.URLFor("", "")} {
		if out, err := repotest.TryGit(dir, "ls-remote", url); err == nil {
			t.Errorf("%s said %s", url, out)
		}
	}
}

func TestHTTPDenies(t *testing.T) {
	dir := repotest.Bare(t, charts)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{Deny: func(r *http.Request) (int, string) {
		if r.URL.Query().Get("service") == "git-receive-pack" {
			return http.StatusForbidden, "read-only"
		}
		return 0, ""
	}})
	clone := cloneOf(t, s.URL)
	commit(t, clone, "v2")
	if _, err := repotest.TryGit(clone, "push", s.URL, "HEAD:main"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("pushed: %v", err)
	}
}

// Each fault hits the one request that delivers a push. A failed push has landed or has not, and the
// repository is whole.
func TestRequestFaults(t *testing.T) {
	for _, c := range []struct {
		name         string
		fault        repotest.Fault
		told, landed bool
		deliveries   int
	}{
		{"none", repotest.Fault{}, true, true, 1},
		{"delay", repotest.Fault{Delay: 1}, true, true, 1},
		{"refuse", repotest.Fault{Refuse: true}, false, false, 0},
		{"drop after up", repotest.Fault{DropAfterUp: 200}, false, false, 0},
		{"drop after down", repotest.Fault{DropAfterDown: 20}, false, true, 1},
		{"swallow reply", repotest.Fault{SwallowReply: true}, false, true, 1},
		{"duplicate", repotest.Fault{Duplicate: true}, true, true, 2},
		{"duplicate and swallow", repotest.Fault{Duplicate: true, SwallowReply: true}, false, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := repotest.Bare(t, charts)
			deliveries := counted(t, dir, "pre-receive")
			s := repotest.HTTP(t, dir, repotest.HTTPOptions{
				OneRequestPerConnection: true,
				Faults: func(n int, r *http.Request) repotest.Fault {
					if strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
						return c.fault
					}
					return repotest.Fault{}
				},
			})
			clone := cloneOf(t, s.URL)
			want := repotest.Git(t, clone, "rev-parse", "HEAD")
			if pushed := commit(t, clone, "v2"); c.landed {
				want = pushed
			}
			_, err := repotest.TryGit(clone, "push", s.URL, "HEAD:main")
			if told := err == nil; told != c.told {
				t.Errorf("git push said: %v", err)
			}
			s.Close() // and with it the backend has ended
			wantMain(t, dir, want)
			if deliveries() != c.deliveries {
				t.Errorf("%d deliveries, want %d", deliveries(), c.deliveries)
			}
			repotest.Fsck(t, dir)
		})
	}
}

// Where a connection is used again, and ends before a byte of the reply, libcurl delivers the request once
// more, on a fresh connection and without a word. The push lands, and git reports that it was rejected.
func TestCurlDeliversASwallowedPushAgain(t *testing.T) {
	dir := repotest.Bare(t, charts)
	deliveries := counted(t, dir, "pre-receive")
	var swallowed atomic.Bool
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{Faults: func(n int, r *http.Request) repotest.Fault {
		return repotest.Fault{SwallowReply: strings.HasSuffix(r.URL.Path, "/git-receive-pack") && !swallowed.Swap(true)}
	}})
	clone := cloneOf(t, s.URL)
	pushed := commit(t, clone, "v2")
	_, err := repotest.TryGit(clone, "push", s.URL, "HEAD:main")
	if err == nil || !strings.Contains(err.Error(), "remote rejected") {
		t.Errorf("git push said: %v", err) // the second delivery was refused, for the first one had landed
	}
	wantMain(t, dir, pushed)
	if deliveries() != 2 {
		t.Errorf("%d deliveries, want 2", deliveries())
	}
	repotest.Fsck(t, dir)
}

func TestASilentRequestEndsWithTheServer(t *testing.T) {
	dir := repotest.Bare(t, charts)
	arrived := make(chan struct{}, 10)
	s := repotest.HTTP(t, dir, repotest.HTTPOptions{Faults: func(n int, r *http.Request) repotest.Fault {
		arrived <- struct{}{}
		return repotest.Fault{Silence: true}
	}})
	failed := make(chan error)
	go func() {
		_, err := repotest.TryGit(dir, "ls-remote", s.URL)
		failed <- err
	}()
	<-arrived
	s.Close()
	if err := <-failed; err == nil {
		t.Error("git heard something")
	}
}
