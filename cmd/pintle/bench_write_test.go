package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// The charts repo that writing is measured on: as many files as a real one has, and a history that must
// not show.
const (
	benchCommits = 100_000
	benchFiles   = 700
)

// BenchmarkWriting compares what pintle writes with what a script of git commands does for the same: it
// clones, edits, commits and pushes. Side by side in one run, on a generated charts repo.
func BenchmarkWriting(b *testing.B) {
	t := &bench{B: b, dir: b.TempDir(), table: tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)}
	t.pintle = t.build("github.com/pintle-dev/pintle/cmd/pintle")
	fmt.Printf("\n%s, %d cores, %s; a charts repo of %d commits and %d files\n\n", cpuModel(), runtime.NumCPU(), runtime.Version(), benchCommits, benchFiles)
	fmt.Fprint(t.table, "what\tcommand\twall\tof git's wall\tCPU\tpeak RSS\t\n")
	t.oneBump()
	t.manyFiles()
	t.batch()
	if err := t.table.Flush(); err != nil {
		b.Fatal(err)
	}
	fmt.Println()
}

// oneBump is the case of every day: a store that is warm, and one tag that moves.
func (t *bench) oneBump() {
	const rounds = 9
	charts := repotest.Big(t, benchCommits, benchFiles)
	small := repotest.Big(t, 10, benchFiles)
	server := repotest.HTTP(t, charts, repotest.HTTPOptions{})
	config := t.imported(charts)
	tag := 1_000_000
	bump := func(url string) []string {
		tag++
		return []string{t.pintle, "bump", "account-00", fmt.Sprintf("v%d", tag), "--env", "staging", "--config", config, "--charts", url, "--automatic", "--commit"}
	}
	script := func(url string) []string {
		tag++
		return []string{"sh", "-ec", fmt.Sprintf(`rm -rf work
			git clone -q --depth 1 %s work && cd work
			sed -i 's/image_tag: .*/image_tag: v%d/' charts/app-config/image-tags/staging/asset-01
			git -c user.name=b -c user.email=b@example.org commit -qam bump
			git push -q origin HEAD:main`, url, tag)}
	}
	for _, remote := range []struct{ name, url string }{{"file://", "file://" + charts}, {"http://", server.URL}} {
		var ours, theirs usage
		t.once(t.dir, bump(remote.url)...) // warms the store
		for range rounds {
			ours = ours.faster(t.once(t.dir, bump(remote.url)...))
			theirs = theirs.faster(t.once(t.dir, script(remote.url)...))
		}
		t.wallRow("one bump, "+remote.name, "pintle bump", ours, theirs.wall)
		t.wallRow("", "git clone, edit, commit, push", theirs, 0)
	}
	var ours usage
	t.once(t.dir, bump("file://"+small)...)
	for range rounds {
		ours = ours.faster(t.once(t.dir, bump("file://"+small)...))
	}
	t.wallRow("the same, 10 commits of history", "pintle bump", ours, 0)

	// What is fetched where somebody else has written in between, and where nobody has.
	t.once(t.dir, script(server.URL)...)
	before := server.Sent()
	t.once(t.dir, bump(server.URL)...)
	between := server.Sent() - before
	before = server.Sent()
	t.once(t.dir, bump(server.URL)...)
	fmt.Printf("fetched over http for one bump: %.1f KB after somebody else's commit, %.1f KB after none\n\n", float64(between)/1024, float64(server.Sent()-before)/1024)
}

// manyFiles is a commit of the declarations that writes 10,000 files, from a plan that is made.
func (t *bench) manyFiles() {
	const apps, rounds = 2000, 3 // in 5 environments
	config := t.manyApps(apps)
	plan := filepath.Join(t.dir, "plan.json")
	charts := repotest.Big(t, benchCommits, benchFiles) // made anew by hard links, and put back between rounds
	t.once(t.dir, t.pintle, "plan", "--config", config, "--charts", charts, "-o", plan)
	files := filepath.Join(t.dir, "files")
	before := repotest.Git(t, charts, "rev-parse", "main")
	var ours, theirs usage
	for range rounds {
		ours = ours.faster(t.once(t.dir, t.pintle, "commit", plan, "--config", config, "--charts", charts))
		if _, err := os.Stat(files); err != nil { // what was written, with the manifests
			t.once(t.dir, "sh", "-ec", "git clone -q --depth 1 file://"+charts+" files && rm -rf files/.git files/charts")
		}
		repotest.Git(t, charts, "update-ref", "refs/heads/main", before)
		theirs = theirs.faster(t.once(t.dir, "sh", "-ec", `rm -rf work
			git clone -q --depth 1 file://`+charts+` work && cd work
			cp -r ../files/. .
			git add -A
			git -c user.name=b -c user.email=b@example.org commit -qm compiled
			git push -q origin HEAD:main`))
		repotest.Git(t, charts, "update-ref", "refs/heads/main", before)
	}
	t.wallRow(fmt.Sprintf("%d files and their manifests", 5*apps), "pintle commit PLAN", ours, theirs.wall)
	t.wallRow("", "git clone, cp, add, commit, push", theirs, 0)
}

// batch is 256 bumps at once, and one by one.
func (t *bench) batch() {
	const bumps = 256
	charts := repotest.Big(t, benchCommits, benchFiles)
	config := t.imported(charts)
	images := t.glob(filepath.Join(config, "apps"), "*/*.cue")
	environments := []string{"integration", "staging", "production"}
	var lines, singles strings.Builder
	for n := range bumps {
		image := filepath.Dir(images[n%len(images)])
		env := environments[n/len(images)%3]
		automatic := n/(3*len(images))%2 > 0 // what a person and what a machine asks for are two intents
		fmt.Fprintf(&lines, `{"image": %q, "tag": "v%d", "env": %q, "automatic": %v}`+"\n", image, 1_000_000+n, env, automatic)
		fmt.Fprintf(&singles, "%s bump %s v%d --env %s --config %s --charts %s --commit >/dev/null\n", t.pintle, image, 2_000_000+n, env, config, charts)
	}
	file := filepath.Join(t.dir, "bumps.jsonl")
	if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.once(t.dir, t.pintle, "plan", "--config", config, "--charts", charts) // warms the store
	before := repotest.Git(t, charts, "rev-list", "--count", "main")
	together := t.once(t.dir, t.pintle, "bump", "--batch", file, "--config", config, "--charts", charts, "--commit")
	middle := repotest.Git(t, charts, "rev-list", "--count", "main")
	alone := t.once(t.dir, "sh", "-ec", singles.String())
	after := repotest.Git(t, charts, "rev-list", "--count", "main")
	t.wallRow(fmt.Sprintf("%d bumps: %s commits", bumps, difference(middle, before)), "pintle bump --batch", together, 0)
	t.wallRow(fmt.Sprintf("the same, one by one: %s commits", difference(after, middle)), "pintle bump", alone, 0)
	fmt.Fprintf(t.table, "\tcommits a second: %.0f times as many\t\t\t\t\t\n", alone.wall.Seconds()/together.wall.Seconds())
}

func difference(a, b string) string {
	var x, y int
	fmt.Sscan(a, &x)
	fmt.Sscan(b, &y)
	return fmt.Sprint(x - y)
}

func (u usage) faster(v usage) usage {
	if u.wall == 0 || v.wall < u.wall {
		v.rss = max(u.rss, v.rss)
		return v
	}
	u.rss = max(u.rss, v.rss)
	return u
}

func (t *bench) wallRow(what, command string, u usage, of time.Duration) {
	ratio := ""
	if of > 0 {
		ratio = fmt.Sprintf("%.2f", u.wall.Seconds()/of.Seconds())
	}
	fmt.Fprintf(t.table, "%s\t%s\t%.3f s\t%s\t%.3f s\t%d MB\t\n", what, command, u.wall.Seconds(), ratio, u.cpu.Seconds(), u.rss>>20)
}

// imported is the config repo that import makes of a charts repo.
func (t *bench) imported(charts string) string {
	t.Helper()
	config := filepath.Join(t.dir, "config")
	if _, err := os.Stat(config); err == nil {
		return config
	}
	checkout := filepath.Join(t.dir, "checkout")
	repotest.Git(t, t.dir, "clone", "-q", "--depth", "1", "file://"+charts, checkout)
	t.once(t.dir, t.pintle, "import", checkout, "--out", config)
	if err := os.RemoveAll(checkout); err != nil {
		t.Fatal(err)
	}
	return config
}

// manyApps is a config repo of n apps in five environments, each with a file of its own.
func (t *bench) manyApps(n int) string {
	t.Helper()
	const perFolder = 100
	config := filepath.Join(t.dir, "many")
	t.once(t.dir, t.pintle, "init", config)
	put := func(name, text string) {
		at := filepath.Join(config, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(config, "apps/hello")); err != nil {
		t.Fatal(err)
	}
	put("environments/more.cue", `package environments

all: {for n in ["rehearsal", "training", "demo"] {(n): {after: "staging", settings: domain: "\(n).example.org"}}}
`)
	for folder := range n / perFolder {
		put(fmt.Sprintf("apps/folder%d/apps.cue", folder), strings.ReplaceAll(`package apps

import "list"

{for i in list.Range(0, 100, 1) {"app-FOLDER-\(i)": #Web & {
	owner: "platform"
	release: [E=_]: values: {host: "app-FOLDER-\(i).\(E).example.org", env: {LOG: "info", DATABASE_URL: "postgres://db.\(E).example.org/app-FOLDER-\(i)"}}
	release: {staging: {}, production: values: replicaCount: 3, rehearsal: {}, training: {}, demo: {}}
}}}
`, "FOLDER", fmt.Sprint(folder)))
	}
	return config
}
