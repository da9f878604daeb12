package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
	"github.com/pintle-dev/pintle/compiler/state"
)

// The proofs run the real pintle against real remotes, in crowds, through broken networks, and until it
// is killed. `make test` runs a few minutes' worth of chances in seconds; `make test-long` takes them all.

// long reports whether there is time for the whole of a proof.
func long() bool { return os.Getenv("PINTLE_LONG") != "" }

// times is how often something is tried.
func times(short, all int) int {
	if long() {
		return all
	}
	return short
}

// chance is a source of random choices. PINTLE_SEED repeats those of a run that failed.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if said := os.Getenv("PINTLE_SEED"); said != "" {
		var err error
		if seed, err = strconv.ParseUint(said, 10, 64); err != nil {
			t.Fatalf("PINTLE_SEED: %v", err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same choices again: PINTLE_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// A way is how pintle gets to a charts repo: its address, and the variables that it needs.
type way struct {
	url string
	env []string
}

// ways are all kinds of remote. Opening one skips the test where the machine does not have it.
var ways = []struct {
	name string
	open func(t *testing.T, dir string) way
}{
	{"file", func(_ *testing.T, dir string) way { return way{url: "file://" + filepath.ToSlash(dir)} }},
	{"http", func(t *testing.T, dir string) way { return way{url: repotest.HTTP(t, dir, repotest.HTTPOptions{}).URL} }},
	{"ssh", func(t *testing.T, dir string) way { return overSSH(repotest.SSH(t, dir)) }},
}

func overSSH(s *repotest.SSHServer) way {
	return way{s.URL, []string{"PINTLE_SSH_KEY=" + s.KeyFile, "PINTLE_KNOWN_HOSTS=" + s.KnownHosts}}
}

// A site is a config repo and the charts repo that it is compiled into.
type site struct {
	t      *testing.T
	config string
	bare   string // the charts repo's folder
	images []string
}

const imagesPerApp = 8

// newSite has that many apps with eight images each, in one environment. Evaluating one app takes some
// milliseconds.
func newSite(t *testing.T, apps int) *site {
	t.Helper()
	s := &site{t: t, config: t.TempDir(), bare: repotest.Bare(t, map[string]string{"README.md": "charts\n"})}
	s.write("cue.mod/module.cue", `module: "example.org/config@v0"
language: version: "v0.17.0"
`)
	s.write("environments/environments.cue", `package environments

import "github.com/pintle-dev/pintle/schema"

#Name: or([for name, _ in all {name}])
all: [Name=string]: schema.#Environment & {name: Name}
all: staging: {}
chartsRepo: schema.#ChartsRepo & {charts: web: path: "charts/web"}
`)
	s.write("apps/presets.cue", `package apps

import (
	"github.com/pintle-dev/pintle/schema"

	"example.org/config/environments"
)

[Name=string]: {name: Name, owner!: string, release: {...}}

#App: {
	schema.#App
	name: _
	let Name = name
	_images: [...string]
	builds: {for image in _images {
		(image): {tag: "^v[0-9]+$", order: "numeric", pin: staging: {path: "images/staging/\(image).yaml", tag: "tag"}}
	}}
	release: close({[E=environments.#Name]: {
		schema.#Release
		schema.#FilePerRelease
		app:         Name
		environment: environments.all[E]
		chart:       "web"
		images:      _images
		values: host!: string
		layout: file: "apps/\(Name)/values.yaml"
	}})
}
`)
	for app := range apps {
		name := fmt.Sprintf("app%d", app)
		for i := range imagesPerApp {
			s.images = append(s.images, fmt.Sprintf("%s-%d", name, i))
		}
		s.declare(app, name+".example.org")
	}
	return s
}

// declare says what host an app has.
func (s *site) declare(app int, host string) {
	s.t.Helper()
	s.write(fmt.Sprintf("apps/app%d/app.cue", app), fmt.Sprintf(`package apps

app%d: #App & {
	owner:   "platform"
	_images: ["%s"]
	release: staging: values: host: %q
}
`, app, strings.Join(s.images[app*imagesPerApp:][:imagesPerApp], `", "`), host))
}

func (s *site) write(name, text string) {
	s.t.Helper()
	at := filepath.Join(s.config, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// A ran is one run of pintle that has ended.
type ran struct {
	args   []string
	code   int // -1 where a signal ended it
	stdout string
	stderr string
	took   time.Duration
}

func (r ran) String() string {
	if lines := strings.SplitAfter(r.stderr, "\n"); len(lines) > 12 {
		r.stderr = "...\n" + strings.Join(lines[len(lines)-12:], "")
	}
	return fmt.Sprintf("pintle %s: exit %d after %s\n%s%s", strings.Join(r.args, " "), r.code, r.took.Round(time.Millisecond), r.stdout, r.stderr)
}

// attempts is how many attempts the run has spoken of.
func (r ran) attempts() int { return 1 + strings.Count(r.stderr, "pintle: attempt ") }

// unclear reports whether the run said that it does not know what it did.
func (r ran) unclear() bool { return strings.Contains(r.stderr, "whether it was written is not known") }

// A running is one run of pintle that has begun.
type running struct {
	cmd    *exec.Cmd
	began  time.Time
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// start starts a pintle that knows nothing of this machine but the cache's folder, "" being none.
func (s *site) start(w way, cache string, args ...string) *running {
	s.t.Helper()
	args = append(args, "--config", s.config, "--charts", w.url, "--cache", cache)
	r := &running{cmd: exec.Command("pintle", args...), began: time.Now()}
	r.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.config, "GIT_CONFIG_NOSYSTEM=1", "CUE_REGISTRY=none"}, w.env...)
	if tmp := os.Getenv("TMPDIR"); tmp != "" {
		r.cmd.Env = append(r.cmd.Env, "TMPDIR="+tmp)
	}
	if cover := os.Getenv("GOCOVERDIR"); cover != "" {
		r.cmd.Env = append(r.cmd.Env, "GOCOVERDIR="+cover)
	}
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	r.cmd.WaitDelay = time.Second // a killed one leaves git behind, which may hold its output
	if err := r.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// end waits for a run, which must come to an end by itself.
func (s *site) end(r *running) ran {
	s.t.Helper()
	const never = 5 * time.Minute
	ctx, cancel := context.WithTimeout(s.t.Context(), never)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = r.cmd.Process.Kill() })()
	err := r.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		s.t.Errorf("pintle: %v", err)
	}
	out := ran{r.cmd.Args[1:], r.cmd.ProcessState.ExitCode(), r.stdout.String(), r.stderr.String(), time.Since(r.began)}
	if strings.Contains(out.stderr, "fault of pintle") || strings.Contains(out.stderr, "goroutine ") {
		s.t.Errorf("it has broken down: %v", out)
	}
	return out
}

func (s *site) pintle(w way, cache string, args ...string) ran {
	s.t.Helper()
	return s.end(s.start(w, cache, args...))
}

// must is a run that ends well.
func (s *site) must(w way, cache string, args ...string) ran {
	s.t.Helper()
	r := s.pintle(w, cache, args...)
	if r.code != exitOK {
		s.t.Errorf("it should have worked: %v", r)
	}
	return r
}

func bumping(image, tag string, more ...string) []string {
	return append([]string{"bump", image, tag, "--env", "staging", "--commit"}, more...)
}

// A landed is a commit of the charts repo, as far as its trailers tell.
type landed struct{ image, tag, kind string }

// history is what was committed after the first commit, the oldest first. The repository is whole, and
// its history is a line.
func (s *site) history() []landed {
	s.t.Helper()
	repotest.Fsck(s.t, s.bare)
	const value = "%%(trailers:key=%s,valueonly,separator=%%x2C)"
	const tab = "%%x09"
	format := fmt.Sprintf("--format=%%H %%P"+tab+value+tab+value+tab+value+tab+".", state.ImageTrailer, state.ImageTagTrailer, state.KindTrailer)
	var all []landed
	for i, line := range strings.Split(repotest.Git(s.t, s.bare, "log", "--reverse", format, "main"), "\n") {
		fields := strings.Split(line, "\t")
		if parents := len(strings.Fields(fields[0])) - 1; len(fields) != 5 || parents != min(i, 1) {
			s.t.Fatalf("this is no commit in a line of them: %q", line)
		}
		if i == 0 {
			continue
		}
		all = append(all, landed{fields[1], fields[2], fields[3]})
	}
	return all
}

func count(all []landed, image, tag string) int {
	n := 0
	for _, l := range all {
		if l.image == image && l.tag == tag {
			n++
		}
	}
	return n
}

// files are all of the charts repo's at its head.
func (s *site) files() map[string]string {
	s.t.Helper()
	at := filepath.Join(s.t.TempDir(), "head.tar")
	repotest.Git(s.t, s.bare, "archive", "-o", at, "main")
	f, err := os.Open(at)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	files := map[string]string{}
	for in := tar.NewReader(f); ; {
		h, err := in.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			s.t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			s.t.Fatal(err)
		}
		files[h.Name] = string(data)
	}
}

// standing is what a charts repo says of an image: its pin's file, and its record.
func (s *site) standing(files map[string]string, image string) (pin string, r state.Record) {
	s.t.Helper()
	at := state.RecordPath("staging", image)
	r, err := state.ReadRecord(at, []byte(files[at]))
	if err != nil {
		s.t.Fatalf("the record of %s: %v", image, err)
	}
	return files["images/staging/"+image+".yaml"], r
}

// runs fails the test unless an image runs a tag, and its record knows it.
func (s *site) runs(files map[string]string, image, tag string) {
	s.t.Helper()
	pin, r := s.standing(files, image)
	if pin != "tag: "+tag+"\n" || r.Tag != tag || r.HighWater.Tag != tag || r.Sequence != tag[1:] {
		s.t.Errorf("%s should run %s; its pin is %q, its record %+v", image, tag, pin, r)
	}
}

// figures are how long runs took and how often they tried.
func figures(all []ran) string {
	slices.SortFunc(all, func(a, b ran) int { return int(a.took - b.took) })
	tries, most := 0, 0
	for _, r := range all {
		tries += r.attempts()
		most = max(most, r.attempts())
	}
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))].took.Round(time.Millisecond) }
	return fmt.Sprintf("%d runs: median %s, 95%% %s, slowest %s; %.2f attempts a run, %d at most", len(all), at(0.5), at(0.95), at(1), float64(tries)/float64(len(all)), most)
}
