package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"
)

// A bench is one run of `make bench`: the programs, and a folder for what they work on.
type bench struct {
	*testing.B
	pintle, cue string
	dir         string
	table       *tabwriter.Writer
}

// BenchmarkTable compares pintle with upstream's cue on the same configs, side by side in one run, and
// prints a table. Each row is the run with the least CPU of several, the programs taking turns.
func BenchmarkTable(b *testing.B) {
	t := &bench{B: b, dir: b.TempDir(), table: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.pintle = t.build("github.com/pintle-dev/pintle/cmd/pintle")
	t.cue = t.build("cuelang.org/go/cmd/cue")
	fmt.Printf("\n%s, %d cores, %s\n\n", cpuModel(), runtime.NumCPU(), runtime.Version())
	fmt.Fprint(t.table, "config\tcommand\twall\tCPU\tof cue's CPU\tpeak RSS\t\n")

	// Real charts repos, where they lie beside this one.
	for _, charts := range t.glob("../../..", "shared/data/*/charts-repo") {
		config := filepath.Join(t.dir, "imported")
		t.run(t.pintle, "import", filepath.Join("../../..", charts), "--out", config)
		t.compare("a real repo", config, 9)
	}
	small := t.generate(100)
	t.compare("100 apps x 5", small, 5)
	large := t.generate(1000)
	t.compare("1,000 apps x 5", large, 2)
	t.alone("one of 100 apps", small)
	t.alone("one of 1,000 apps", large)
	if os.Getenv("PINTLE_BENCH_LARGE") != "" {
		huge := t.generate(10000)
		t.row("10,000 apps x 5", "pintle render", t.measure(1, t.pintle, "render", "--config", huge, "-o", filepath.Join(t.dir, "out")), 0)
		t.alone("one of 10,000 apps", huge)
	}
	if err := t.table.Flush(); err != nil {
		b.Fatal(err)
	}
	fmt.Println()
}

func (t *bench) compare(name, config string, times int) {
	out := filepath.Join(t.dir, "out")
	render := []string{t.pintle, "render", "--config", config, "-o", out}
	vet := []string{t.pintle, "vet", "--config", config}
	var best [4]usage
	for range times { // taking turns, so that a busy moment of the machine meets all of them
		for i, args := range [][]string{render, {t.cue, "export", "./..."}, vet, {t.cue, "vet", "-c", "./..."}} {
			best[i] = best[i].better(t.once(config, args...))
		}
	}
	t.row(name, "pintle render", best[0], best[1].cpu)
	t.row("", "cue export", best[1], 0)
	t.row("", "pintle vet", best[2], best[3].cpu)
	t.row("", "cue vet", best[3], 0)
}

func (t *bench) alone(name, config string) {
	t.row(name, "pintle render --app", t.measure(5, t.pintle, "render", "--config", config, "--app", "frontend"), 0)
}

func (t *bench) row(config, command string, u usage, of time.Duration) {
	ratio := ""
	if of > 0 {
		ratio = fmt.Sprintf("%.2f", u.cpu.Seconds()/of.Seconds())
	}
	fmt.Fprintf(t.table, "%s\t%s\t%.2f s\t%.2f s\t%s\t%d MB\t\n", config, command, u.wall.Seconds(), u.cpu.Seconds(), ratio, u.rss>>20)
}

// usage is what one run of a program took.
type usage struct {
	wall, cpu time.Duration
	rss       int64 // bytes at the highest
}

func (u usage) better(v usage) usage {
	if u.cpu == 0 || v.cpu < u.cpu {
		return v
	}
	return u
}

func (t *bench) measure(times int, args ...string) usage {
	var best usage
	for range times {
		best = best.better(t.once(t.dir, args...))
	}
	return best
}

func (t *bench) once(dir string, args ...string) usage {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, io.Discard, &stderr
	cmd.Env = append(os.Environ(), "CUE_REGISTRY=none")
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	wall := time.Since(began)
	used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return usage{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), used.Maxrss << 10}
}

func (t *bench) run(args ...string) {
	t.Helper()
	t.once(".", args...)
}

func (t *bench) build(pkg string) string {
	t.Helper()
	bin := filepath.Join(t.dir, filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", bin, pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

var (
	linesOfImages = regexp.MustCompile(`(?m)^\s*(image|images|builds):.*$`)
	bareImage     = regexp.MustCompile(`(builds: )([a-z][a-z0-9]*):`)
	quotedName    = regexp.MustCompile(`"([a-z][a-z0-9-]*)"`)
	account       = regexp.MustCompile(`[0-9]{12}`) // no two environments share one
	topLevelApp   = regexp.MustCompile(`(?m)^"?([a-z][a-z0-9-]*)"?(:.*[^:]$)`)
)

// generate makes a config repo of n folders and five environments out of the reference configuration:
// its folders again and again, each time under other names.
func (t *bench) generate(n int) string {
	t.Helper()
	const root, module = "../..", "example.org/bench"
	dir := filepath.Join(t.dir, fmt.Sprint(n))
	t.run(t.pintle, "init", dir)
	for _, old := range []string{"apps", "environments"} {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
	}
	put := func(name, text string) {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{"environments", "apps"} {
			text = strings.ReplaceAll(text, `"github.com/pintle-dev/pintle/`+p, `"`+module+`/`+p)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("cue.mod/module.cue", "module: \""+module+"@v0\"\nlanguage: version: \"v0.17.0\"\n")
	for _, name := range t.glob(root, "environments/*.cue", "apps/*.cue") {
		put(name, t.read(root, name))
	}
	more := []string{"rehearsal", "training"}
	for i, name := range more {
		text := strings.ReplaceAll(t.read(root, "environments/staging.cue"), "staging", name)
		put("environments/"+name+".cue", account.ReplaceAllString(text, strings.Repeat(fmt.Sprint(7+i), 12)))
	}
	var folders []string
	for _, name := range t.glob(root, "apps/*") {
		if info, err := os.Stat(filepath.Join(root, name)); err == nil && info.IsDir() {
			folders = append(folders, name)
		}
	}
	for i := range n {
		folder := folders[i%len(folders)]
		suffix := ""
		if i >= len(folders) {
			suffix = fmt.Sprintf("-%d", i/len(folders))
		}
		for _, name := range t.glob(root, folder+"/*.cue") {
			text := t.read(root, name)
			apps := topLevelApp.FindAllStringSubmatch(text, -1)
			text = topLevelApp.ReplaceAllString(text, `"${1}`+suffix+`"${2}`)
			// Images that are named in full are other ones, as the apps are.
			text = linesOfImages.ReplaceAllStringFunc(text, func(line string) string {
				line = bareImage.ReplaceAllString(line, `${1}"${2}":`)
				return quotedName.ReplaceAllString(line, `"${1}`+suffix+`"`)
			})
			for _, app := range apps {
				for _, env := range more {
					text += fmt.Sprintf("\n%q: release: %q: {}\n", app[1]+suffix, env)
				}
			}
			put(folder+suffix+"/"+filepath.Base(name), text)
		}
	}
	return dir
}

func (t *bench) glob(root string, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, rel)
		}
	}
	return names
}

func (t *bench) read(root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// cpuModel names the machine, since a time without one says nothing.
func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
