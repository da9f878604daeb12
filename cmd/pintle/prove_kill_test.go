package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// Whenever it is killed, the same command again makes things right: the effect is there once, the remote
// is whole, and the cache of use.
func TestProveKilled(t *testing.T) {
	shared := t.TempDir()
	for _, w := range ways {
		for _, cache := range []string{"one cache", "a cache each"} {
			t.Run(w.name+"/"+cache, func(t *testing.T) {
				t.Parallel()
				k := newVictim(t, w.open)
				for i := range times(1, 27) {
					k.cache = shared
					if cache == "a cache each" {
						k.cache = filepath.Join(shared, fmt.Sprint(w.name, i))
					}
					k.bump(i)
					k.commit(i)
				}
				t.Logf("%d of %d were still running when they were killed, between 0 and %s; then %s", k.killed, k.started, k.takes.Round(time.Millisecond), figures(k.again))
			})
		}
	}
}

// A victim is a site whose pintles are killed.
type victim struct {
	*site
	way
	random  *rand.Rand
	cache   string
	takes   time.Duration // how long a run takes that nobody kills
	commits int           // that there should be
	started int
	killed  int
	again   []ran
}

func newVictim(t *testing.T, open func(*testing.T, string) way) *victim {
	t.Helper()
	v := &victim{site: newSite(t, 1), random: chance(t), cache: t.TempDir()}
	v.way = open(t, v.bare)
	for i := range 3 {
		v.takes = max(v.takes, v.must(v.way, v.cache, bumping(v.images[0], fmt.Sprintf("v%d", i+1))...).took)
		v.commits++
	}
	return v
}

// kill starts a run and kills it somewhere in the middle.
func (v *victim) kill(args ...string) {
	v.t.Helper()
	v.started++
	r := v.start(v.way, v.cache, args...)
	timer := time.AfterFunc(time.Duration(v.random.Int64N(int64(v.takes))), func() { _ = r.cmd.Process.Kill() })
	if v.end(r).code != exitOK {
		v.killed++
	}
	timer.Stop()
}

// rerun is the same again, undisturbed.
func (v *victim) rerun(args ...string) {
	v.t.Helper()
	r := v.must(v.way, v.cache, args...)
	if strings.Contains(r.stderr, "the cache") {
		v.t.Errorf("the cache has suffered: %v", r)
	}
	v.again = append(v.again, r)
}

func (v *victim) bump(i int) {
	v.t.Helper()
	image, tag := v.images[1], fmt.Sprintf("v%d", 100+i)
	v.kill(bumping(image, tag)...)
	v.rerun(bumping(image, tag)...)
	v.commits++
	history := v.history()
	if n := count(history, image, tag); n != 1 || len(history) != v.commits {
		v.t.Fatalf("%d commits move it to %s; %d commits, not %d", n, tag, len(history), v.commits)
	}
	v.runs(v.files(), image, tag)
}

// commit rolls out a change of the declarations, every other time by way of a plan in a file.
func (v *victim) commit(i int) {
	v.t.Helper()
	host := fmt.Sprintf("n%d.example.org", i)
	v.declare(0, host)
	args := []string{"commit"}
	if i%2 == 1 {
		plan := filepath.Join(v.t.TempDir(), "plan.json")
		v.kill("plan", "-o", plan)
		v.rerun("plan", "-o", plan)
		args = append(args, plan)
	}
	v.kill(args...)
	v.rerun(args...)
	v.commits++
	if history := v.history(); len(history) != v.commits {
		v.t.Fatalf("%d commits, not %d", len(history), v.commits)
	}
	if now := v.files()["apps/app0/values.yaml"]; !strings.Contains(now, "host: "+host+"\n") {
		v.t.Fatalf("it should say %s: %s", host, now)
	}
}

// Ctrl-C at any moment: the remote is as before or as after, and what is said of it is true.
func TestProveInterrupted(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, w.open)
			before, after := 0, 0
			for i := range times(4, 40) {
				tag := fmt.Sprintf("v%d", 100+i)
				r := v.start(v.way, v.cache, bumping(v.images[1], tag)...)
				timer := time.AfterFunc(time.Duration(v.random.Int64N(int64(v.takes))), func() { _ = r.cmd.Process.Signal(os.Interrupt) })
				out := v.end(r)
				timer.Stop()
				n := count(v.history(), v.images[1], tag)
				v.judge(out, n)
				if n == 0 {
					before++
				} else {
					after++
				}
				v.rerun(bumping(v.images[1], tag)...)
				if n := count(v.history(), v.images[1], tag); n != 1 {
					t.Fatalf("run again, %d commits move it to %s", n, tag)
				}
			}
			t.Logf("%d were interrupted before they wrote, %d after; then %s", before, after, figures(v.again))
		})
	}
}

// judge compares what an interrupted run has said with what it did.
func (v *victim) judge(r ran, commits int) {
	v.t.Helper()
	ok := false
	switch {
	case r.code == exitOK:
		ok = commits == 1
	case r.code == -1: // before it listened, or after it was done
		ok = r.stderr == "" && (commits == 0) == (r.stdout == "")
	case strings.Contains(r.stderr, "pintle: interrupted, nothing was written\n"):
		ok = r.code == exitFailed && commits == 0
	case r.unclear():
		ok = r.code == exitFailed && commits <= 1
	}
	if !ok {
		v.t.Errorf("%d commits, and it said: %v", commits, r)
	}
}

// Ctrl-C while the remote is at work on a push waits for its answer.
func TestProveInterruptedWhilePushing(t *testing.T) {
	for _, w := range ways {
		for _, hook := range []string{"pre-receive", "post-receive"} {
			t.Run(w.name+"/"+hook, func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, w.open)
				gate := repotest.NewGate(t, v.bare, hook)
				r := v.start(v.way, v.cache, bumping(v.images[1], "v7")...)
				<-gate.Reached
				if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
				gate.Open()
				out := v.end(r)
				if out.code != exitOK {
					t.Errorf("it should have waited: %v", out)
				}
				v.runs(v.files(), v.images[1], "v7")
				if n := count(v.history(), v.images[1], "v7"); n != 1 {
					t.Errorf("%d commits", n)
				}
			})
		}
	}
}

// Whoever presses Ctrl-C again does not wait for a remote that does not answer. The same command later
// finds what was done.
func TestProveInterruptedTwice(t *testing.T) {
	for _, w := range ways {
		for _, hook := range []string{"pre-receive", "post-receive"} {
			t.Run(w.name+"/"+hook, func(t *testing.T) {
				t.Parallel()
				v := newVictim(t, w.open)
				gate := repotest.NewGate(t, v.bare, hook)
				r := v.start(v.way, v.cache, bumping(v.images[1], "v7")...)
				<-gate.Reached
				ended := make(chan ran)
				go func() { ended <- v.end(r) }()
				again := time.NewTicker(20 * time.Millisecond) // a person who is impatient
				defer again.Stop()
				for waiting := true; waiting; {
					select {
					case out := <-ended:
						waiting = false
						// A remote may have answered before its post-receive hook runs.
						told := out.code == exitOK && hook == "post-receive"
						if out.code == exitOK && !told || strings.Contains(out.stderr, "nothing was written") {
							t.Errorf("it cannot know that: %v", out)
						}
					case <-again.C:
						_ = r.cmd.Process.Signal(syscall.SIGINT)
					}
				}
				gate.Open()
				v.rerun(bumping(v.images[1], "v7")...)
				v.runs(v.files(), v.images[1], "v7")
				if n := count(v.history(), v.images[1], "v7"); n != 1 {
					t.Errorf("%d commits", n)
				}
			})
		}
	}
}

// Ctrl-C, and then the connection breaks, while a push has landed and its answer is on the way.
func TestProveInterruptedAndCut(t *testing.T) {
	for _, w := range ways[1:] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, 1)
			to := w.open(t, s.bare)
			p := repotest.NewProxy(t, to.url, nil)
			direct := to
			to.url = p.URL
			if w.name == "ssh" {
				to.env = append(to.env, "PINTLE_KNOWN_HOSTS="+trusting(t, direct, p))
			}
			s.must(to, "", bumping(s.images[0], "v1")...)
			gate := repotest.NewGate(t, s.bare, "post-receive")
			r := s.start(to, "", bumping(s.images[1], "v7")...)
			<-gate.Reached
			if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			p.Close()
			out := s.end(r)
			gate.Open()
			if count(s.history(), s.images[1], "v7") != 1 {
				t.Fatal("the push has not landed")
			}
			// A remote may have answered before its post-receive hook runs.
			if told := out.code <= exitOK && out.stdout != ""; !told && !out.unclear() {
				t.Errorf("it cannot know: %v", out)
			}
			s.must(direct, "", bumping(s.images[1], "v7")...)
			if n := count(s.history(), s.images[1], "v7"); n != 1 {
				t.Errorf("%d commits", n)
			}
		})
	}
}

// trusting is a file of known hosts that names a proxy as well as the server behind it.
func trusting(t *testing.T, server way, p *repotest.Proxy) string {
	t.Helper()
	var known string
	for _, v := range server.env {
		if file, ok := strings.CutPrefix(v, "PINTLE_KNOWN_HOSTS="); ok {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			known = string(data)
		}
	}
	_, key, _ := strings.Cut(strings.TrimSpace(known), " ")
	host, port, _ := strings.Cut(p.Addr(), ":")
	at := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(at, []byte(fmt.Sprintf("%s[%s]:%s %s\n", known, host, port, key)), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}
