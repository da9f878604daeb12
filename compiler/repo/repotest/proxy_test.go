package repotest_test

import (
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

func TestProxyForwards(t *testing.T) {
	dir := repotest.Bare(t, charts)
	p := repotest.NewProxy(t, repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL, nil)
	push(t, dir, p.URL)
	if p.Connections() < 2 {
		t.Errorf("%d connections", p.Connections())
	}
}

// The remote takes one request per connection, so the second connection of a push is the one that
// delivers it.
func TestProxyFaults(t *testing.T) {
	for _, c := range []struct {
		name         string
		fault        repotest.Fault
		told, landed bool
		deliveries   int
	}{
		{"none", repotest.Fault{}, true, true, 1},
		{"delay", repotest.Fault{Delay: 1}, true, true, 1},
		{"refuse", repotest.Fault{Refuse: true}, false, false, 0},
		{"drop after up", repotest.Fault{DropAfterUp: 600}, false, false, 0},
		{"drop after down", repotest.Fault{DropAfterDown: 20}, false, true, 1},
		{"swallow reply", repotest.Fault{SwallowReply: true}, false, true, 1},
		{"duplicate", repotest.Fault{Duplicate: true}, true, true, 2},
		{"duplicate and swallow", repotest.Fault{Duplicate: true, SwallowReply: true}, false, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := repotest.Bare(t, charts)
			deliveries := counted(t, dir, "pre-receive")
			s := repotest.HTTP(t, dir, repotest.HTTPOptions{OneRequestPerConnection: true})
			clone := cloneOf(t, dir)
			p := repotest.NewProxy(t, s.URL, func(connection int) repotest.Fault {
				if connection == 2 {
					return c.fault
				}
				return repotest.Fault{}
			})
			want := repotest.Git(t, clone, "rev-parse", "HEAD")
			if pushed := commit(t, clone, "v2"); c.landed {
				want = pushed
			}
			_, err := repotest.TryGit(clone, "push", p.URL, "HEAD:main")
			if told := err == nil; told != c.told {
				t.Errorf("git push said: %v", err)
			}
			p.Wait()
			s.Close()
			wantMain(t, dir, want)
			if deliveries() != c.deliveries {
				t.Errorf("%d deliveries, want %d", deliveries(), c.deliveries)
			}
			if p.Connections() != 2 {
				t.Errorf("%d connections; a push was GET and POST when this was written", p.Connections())
			}
			repotest.Fsck(t, dir)
		})
	}
}

func TestASilentConnectionEndsWithACut(t *testing.T) {
	dir := repotest.Bare(t, charts)
	arrived := make(chan struct{}, 10)
	p := repotest.NewProxy(t, repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL, func(int) repotest.Fault {
		arrived <- struct{}{}
		return repotest.Fault{Silence: true}
	})
	failed := make(chan error)
	go func() {
		_, err := repotest.TryGit(dir, "ls-remote", p.URL)
		failed <- err
	}()
	<-arrived
	p.Close()
	if err := <-failed; err == nil {
		t.Error("git heard something")
	}
}
