package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// A network is a way to the charts repo that breaks by plan.
type network struct {
	way
	plan  atomic.Pointer[func() repotest.Fault] // nil breaks nothing
	quiet func()                                // returns when nothing is under way any more
}

// fault is what the next request or connection meets.
func (n *network) fault() repotest.Fault {
	if plan := n.plan.Load(); plan != nil {
		return (*plan)()
	}
	return repotest.Fault{}
}

// networks break single requests, or whole connections.
var networks = []struct {
	name string
	open func(t *testing.T, dir string) *network
}{
	{"http requests", func(t *testing.T, dir string) *network {
		n := &network{}
		remote, err := url.Parse(repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL)
		if err != nil {
			t.Fatal(err)
		}
		path := remote.Path
		remote.Path = ""
		forward := httputil.NewSingleHostReverseProxy(remote)
		forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
		broken := repotest.RequestFaults(forward, func(int, *http.Request) repotest.Fault { return n.fault() })
		var underWay sync.WaitGroup
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			underWay.Add(1)
			defer underWay.Done()
			broken.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		n.url, n.quiet = server.URL+path, underWay.Wait
		return n
	}},
	{"http connections", func(t *testing.T, dir string) *network {
		n := &network{}
		p := repotest.NewProxy(t, repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL, func(int) repotest.Fault { return n.fault() })
		n.url, n.quiet = p.URL, p.Wait
		return n
	}},
	{"ssh connections", func(t *testing.T, dir string) *network {
		n := &network{}
		s := repotest.SSH(t, dir)
		p := repotest.NewProxy(t, s.URL, func(int) repotest.Fault { return n.fault() })
		s.Trust(p.Addr())
		n.way = overSSH(s)
		n.url, n.quiet = p.URL, p.Wait
		return n
	}},
}

// The network breaks in every way that it can. Each run ends in its time, and what it says is true.
func TestProveFaults(t *testing.T) {
	const margin = 3 * time.Second // for a busy machine
	for _, medium := range networks {
		t.Run(medium.name, func(t *testing.T) {
			t.Parallel()
			random := chance(t)
			s, cache := newSite(t, 1), t.TempDir()
			n := medium.open(t, s.bare)
			var all []ran
			outcomes := map[string]int{}
			for i := range times(7, 60) {
				image, tag := s.images[i%len(s.images)], fmt.Sprintf("v%d", 1+i)
				timeout := time.Duration(200+random.IntN(2800)) * time.Millisecond
				plan, told := misfortune(random)
				n.plan.Store(&plan)
				r := s.pintle(n.way, cache, bumping(image, tag, "--timeout", timeout.String())...)
				n.plan.Store(nil)
				n.quiet()
				all = append(all, r)

				history := s.history()
				switch landed := count(history, image, tag); {
				case r.took > timeout+margin:
					t.Errorf("it should have given up: %v", r)
				case r.code == exitOK && landed == 1:
					outcomes["worked"]++
				case r.code == exitFailed && r.unclear() && landed == 1:
					outcomes["not known, and there"]++
				case r.code == exitFailed && r.unclear() && landed == 0:
					outcomes["not known, and not there"]++
				case r.code == exitFailed && landed == 0:
					outcomes["failed"]++
				default:
					t.Errorf("%d commits, and it said: %v", landed, r)
				}
				s.must(n.way, cache, bumping(image, tag)...)
				history = s.history()
				if landed := count(history, image, tag); landed != 1 || len(history) != i+1 {
					t.Errorf("%d commits move it to %s; %d commits, not %d", landed, tag, len(history), i+1)
				}
				s.runs(s.files(), image, tag)
				if t.Failed() {
					t.Fatalf("run %d met %s", i+1, told())
				}
			}
			t.Logf("%v; %s", outcomes, figures(all))
		})
	}
}

// misfortune is a plan of faults: of a good day, a bad one, or one on which nothing works. What it has
// dealt out so far is told.
func misfortune(random *rand.Rand) (plan func() repotest.Fault, told func() string) {
	luck := []float64{0.8, 0.4, 0.4, 0}[random.IntN(4)]
	silent := random.IntN(10) == 0
	var mu sync.Mutex
	var dealt []string
	plan = func() repotest.Fault {
		mu.Lock()
		defer mu.Unlock()
		var f repotest.Fault
		if random.Float64() >= luck {
			f = fault(random, silent)
		}
		dealt = append(dealt, fmt.Sprintf("%+v", f))
		return f
	}
	return plan, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(dealt, "\n")
	}
}

// fault is one of those that there are. A push and its answer have some hundred bytes each, and so has
// what surrounds them.
func fault(random *rand.Rand, silent bool) repotest.Fault {
	f := repotest.Fault{Delay: time.Duration(random.IntN(100)) * time.Millisecond}
	bytes := 1 + random.Int64N(1500)
	switch random.IntN(7) {
	case 0:
		f.Refuse = true
	case 1:
		f.DropAfterUp = bytes
	case 2:
		f.DropAfterDown = bytes
	case 3:
		f.SwallowReply = true
	case 4:
		f.Duplicate = true
	case 5:
		f.Duplicate, f.SwallowReply = true, true
	case 6:
		f.Silence = silent
	}
	return f
}
