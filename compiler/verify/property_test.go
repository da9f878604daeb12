package verify_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/render"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/repo/repotest"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
	"github.com/pintle-dev/pintle/compiler/verify"
)

var environments = []string{"staging", "production"}

// Whatever pintle writes is what it says; and of that, no byte can be changed by hand without being found,
// but for what a generated file does not mean.
func TestWhatPintleWritesIsAsItSaysAndNothingElseIs(t *testing.T) {
	rounds, amends := 2, 25
	if testing.Short() {
		rounds, amends = 1, 10
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, rand.New(rand.NewPCG(uint64(seed), 7)))
			for range 40 {
				m.step()
			}
			work := filepath.Join(t.TempDir(), "work")
			repotest.Git(t, ".", "clone", "--quiet", m.bare, work)
			r := verified(t, work, repotest.Git(t, work, "rev-list", "--max-parents=0", "HEAD")+"..HEAD")
			if r.Count(verify.AsSaid) != len(r.Commits) || len(r.Findings()) > 0 || len(r.Commits) < 20 {
				t.Fatalf("%d of %d commits are as they say: %v", r.Count(verify.AsSaid), len(r.Commits), r.Findings())
			}
			for range 5 {
				m.merge(work, r.Commits[m.random.IntN(len(r.Commits)-1)])
			}
			for range amends {
				m.amend(work, r.Commits[m.random.IntN(len(r.Commits))])
			}
		})
	}
}

func verified(t *testing.T, dir, revs string) *verify.Report {
	t.Helper()
	h, err := repo.OpenHistory(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	s, err := h.Span(revs)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Commits(h, s, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// amend changes one byte of one file that a commit changed, by hand, and keeps its message.
func (m *model) amend(work string, c verify.Commit) {
	m.t.Helper()
	git := func(args ...string) string { return repotest.Git(m.t, work, args...) }
	git("reset", "--quiet", "--hard", c.ID)
	files := strings.Fields(git("show", "--format=", "--name-only", "--diff-filter=d", "HEAD"))
	if len(files) == 0 {
		return
	}
	file := files[m.random.IntN(len(files))]
	at := filepath.Join(work, filepath.FromSlash(file))
	before, err := os.ReadFile(at)
	if err != nil {
		m.t.Fatal(err)
	}
	after := m.damaged(before)
	if err := os.WriteFile(at, after, 0o644); err != nil {
		m.t.Fatal(err)
	}
	git("add", "-A")
	git("commit", "--quiet", "--amend", "--allow-empty", "--no-edit", "--date=@"+fmt.Sprint(c.At.Unix()))
	r := verified(m.t, work, "HEAD")
	if last := r.Commits[len(r.Commits)-1]; last.Verdict == verify.AsSaid || len(r.Findings()) == 0 {
		if c.Kind == commit.ConfigKind && !strings.HasPrefix(file, ".pintle/") && sameMeaning(before, after) {
			return // comments, quotes and the order of keys are nobody's edit
		}
		if !slices.Equal(last.Notes, c.Notes) {
			return // what a bump may mirror is not known here, so it is said instead
		}
		m.t.Errorf("%s in %s was changed by hand, and is %s\n--- before\n%s\n--- after\n%s", file, last.Subject, last.Verdict, before, after)
	}
}

// merge merges a branch that is behind: as git does it, and with the branch's files taken for whole.
func (m *model) merge(work string, behind verify.Commit) {
	m.t.Helper()
	git := func(args ...string) string { return repotest.Git(m.t, work, args...) }
	git("checkout", "--quiet", "--detach", behind.ID)
	if err := os.WriteFile(filepath.Join(work, "README.md"), []byte("more\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
	git("commit", "--quiet", "-a", "-m", "Tell more")
	branch := git("rev-parse", "HEAD")
	git("checkout", "--quiet", "--detach", "origin/main")
	git("merge", "--quiet", "--no-ff", "-m", "Merge", branch)
	if r := verified(m.t, work, "origin/main..HEAD"); len(r.Findings()) > 0 || r.Count(verify.AsSaid) != 1 {
		m.t.Errorf("a clean merge of a branch from %s: %v", behind.ID, r.Findings())
	}
	git("checkout", "--quiet", "--detach", branch)
	git("merge", "--quiet", "-s", "ours", "-m", "Merge main", "origin/main")
	if r := verified(m.t, work, "origin/main..HEAD"); r.Count(verify.Wrong) != 1 && git("diff", "--name-only", behind.ID, "origin/main") != "" {
		m.t.Errorf("a merge that undoes all since %s is %s", behind.ID, r.Commits[len(r.Commits)-1].Verdict)
	}
	git("checkout", "--quiet", "main")
}

func sameMeaning(a, b []byte) bool {
	value := func(data []byte) (any, bool) {
		n, err := document.Parse("", data)
		if err != nil {
			return nil, false
		}
		v, err := document.Value("", n)
		return v, err == nil
	}
	x, ok := value(a)
	y, also := value(b)
	return ok && also && document.Equal(x, y)
}

// damaged is data with one byte more, less, or other.
func (m *model) damaged(data []byte) []byte {
	const bytes = "v0123456789abz -:'\"#\n\t[{&*!|>,.~"
	i := m.random.IntN(len(data))
	c := bytes[m.random.IntN(len(bytes))]
	out := slices.Clone(data)
	switch m.random.IntN(3) {
	case 0:
		return slices.Insert(out, i, c)
	case 1:
		return slices.Delete(out, i, i+1)
	}
	if out[i] == c {
		c = '%'
	}
	out[i] = c
	return out
}

// A model is declarations that change at random, and a charts repo that follows them.
type model struct {
	t        *testing.T
	random   *rand.Rand
	bare     string
	remote   *repo.Remote
	at       time.Time
	images   []*release.Image
	policies map[string]promote.Policy
	version  map[string]int
	apps     map[string]int // by name and environment: a value that changes
	source   int
}

func newModel(t *testing.T, random *rand.Rand) *model {
	m := &model{
		t: t, random: random, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		policies: map[string]promote.Policy{}, version: map[string]int{}, apps: map[string]int{},
		bare: repotest.Bare(t, map[string]string{
			"README.md":                   "charts\n",
			"charts/values-staging.yaml":  "# by hand\napps:\n  - name: old   # stays\n    replicas: 1\ndomain: example.org\n",
			"images/staging/numeric":      "# moved by the build\nimage_tag: \"v1\" # now\npromote_deployment: true\nautomatic: false\n",
			"charts/inside/staging.yaml":  "main_app:\n  version: 1.0.0\n  debug: false\n",
			"images/production/sequenced": "tag: old\n",
		}),
	}
	var err error
	if m.remote, err = repo.NewRemote(m.bare, repo.RemoteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{"numeric", "semver", "first-seen", "sequence", ""} {
		name := cmp.Or(map[string]string{"sequence": "sequenced", "semver": "inside", "": "team/unordered"}[order], order)
		image := &release.Image{Name: name, Order: order}
		for _, e := range environments {
			pin := release.Pin{Environment: e, Path: "images/" + e + "/" + name, Key: "tag"}
			switch order {
			case "numeric":
				pin.Key = "image_tag"
				pin.Mirror = []release.Mirror{{Key: "promote_deployment", Value: "promotable"}, {Key: "how.it_came", Value: "origin"}}
				if e == "staging" {
					pin.Mirror = pin.Mirror[:1]
				}
			case "semver":
				pin.Path, pin.Key = "charts/inside/"+e+".yaml", "main_app.version"
			}
			image.Pins = append(image.Pins, pin)
		}
		m.images = append(m.images, image)
		m.policies[name] = promote.Policy{Image: image, Images: []string{name}, Environments: environments, UsedIn: environments}
	}
	return m
}

// step bumps something, or writes declarations that have changed.
func (m *model) step() {
	m.t.Helper()
	m.at = m.at.Add(time.Duration(1+m.random.IntN(5000)) * time.Second)
	o := commit.Options{Branch: "main", Author: repo.Person{Name: "pintle", Email: "pintle@localhost"}, Committer: repo.Person{Name: "pintle", Email: "pintle@localhost"}}
	edit := m.bump(o)
	if m.random.IntN(3) == 0 {
		edit = m.declare(o)
	}
	if _, err := commit.Land(context.Background(), m.remote, o, edit); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) bump(o commit.Options) func(*repo.Snapshot) (*repo.Snapshot, error) {
	image := m.images[m.random.IntN(len(m.images))]
	in := commit.Intent{By: "robin", At: m.at, Reason: []string{"", "fix it", "two\nlines: of it", "  #odd "}[m.random.IntN(4)]}
	in.Kind, in.Image, in.Environment = promote.ManualBump, image.Name, environments[m.random.IntN(2)]
	if m.random.IntN(2) == 0 && image.Order != "" {
		in.Kind = promote.AutomaticBump
	}
	n := max(1, m.version[image.Name]+m.random.IntN(4)-1)
	m.version[image.Name] = max(n, m.version[image.Name])
	in.Tag = fmt.Sprintf("v%d", n)
	switch image.Order {
	case "semver":
		in.Tag = fmt.Sprintf("1.%d.0", n)
	case "sequence":
		in.Tag, in.Sequence = fmt.Sprintf("build%x", n*7919), fmt.Sprint(n)
	}
	if in.Kind == promote.ManualBump && m.random.IntN(5) == 0 {
		in.Tag, in.Sequence = fmt.Sprintf("abc%04d", m.random.IntN(10000)), ""
	}
	if m.random.IntN(3) == 0 {
		in.ID, in.Source = fmt.Sprintf("run %d", m.random.Uint32()), "5d41402abc4b2a76b9719d911017c592ae1f1e6b"
	}
	return func(base *repo.Snapshot) (*repo.Snapshot, error) {
		next, _, err := commit.Bump(base, []commit.Intent{in}, m.policies, o)
		return next, err
	}
}

// declare changes, adds or removes what is declared of some apps, and writes it as the conductor does.
func (m *model) declare(o commit.Options) func(*repo.Snapshot) (*repo.Snapshot, error) {
	m.source++
	source := fmt.Sprintf("%040x", m.source)
	for range 1 + m.random.IntN(3) {
		key := []string{"web", "api", "inside"}[m.random.IntN(3)] + "/" + environments[m.random.IntN(2)]
		m.apps[key] = m.apps[key] + 1
		if m.random.IntN(4) == 0 {
			delete(m.apps, key)
		}
	}
	return func(base *repo.Snapshot) (*repo.Snapshot, error) {
		fragments := m.fragments()
		in := plan.Inputs{Wanted: map[string][]state.Element{}, Manifests: map[string]state.Manifest{}, Pins: map[string][]string{
			"charts/inside/staging.yaml": {"main_app.version"}, "charts/inside/production.yaml": {"main_app.version"},
		}}
		byPath := map[string][]render.Fragment{}
		var paths []string
		for _, f := range fragments {
			in.Wanted[f.Path] = append(in.Wanted[f.Path], f.Elements...)
			byPath[f.Path] = append(byPath[f.Path], f)
			paths = append(paths, f.Path)
		}
		manifests, err := base.Under(state.ManifestDir)
		if err != nil {
			return nil, err
		}
		for at, data := range manifests.All() {
			file, _ := state.Listed(at)
			if in.Manifests[file], err = state.ReadManifest(at, data); err != nil {
				return nil, err
			}
			paths = append(paths, file)
		}
		if in.Base, err = base.Read(paths); err != nil {
			return nil, err
		}
		moves, findings := plan.Reconcile(in, plan.Options{Overwrite: true})
		if err := findings.Err(); err != nil {
			return nil, err
		}
		next := base
		for _, c := range plan.Commits(moves, environments) {
			changes, err := written(c, in, byPath, source)
			if err != nil || len(changes) == 0 {
				return next, err
			}
			next, err = commit.Config(next, commit.Declared{Commit: c, Changes: changes, Source: source, By: "robin", At: m.at}, o)
			if err != nil {
				return nil, err
			}
		}
		return next, nil
	}
}

// fragments are what is declared: an element of a list for each app, and a file of its own for some.
func (m *model) fragments() []render.Fragment {
	var out []render.Fragment
	add := func(f render.Fragment) {
		read, err := f.Read()
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, read)
	}
	for _, e := range environments {
		add(render.Fragment{Path: "charts/values-" + e + ".yaml", Environment: e, Text: []byte("owner: platform\n"), Source: "environments/all.cue"})
		for _, app := range []string{"web", "api", "inside"} {
			n, declared := m.apps[app+"/"+e]
			if !declared {
				continue
			}
			add(render.Fragment{
				Path: "charts/values-" + e + ".yaml", Environment: e, App: app, At: "apps", By: "name", ID: app, Order: []string{"name"}, Source: "apps/" + app + ".cue",
				Text: fmt.Appendf(nil, "  - name: %s\n    args:\n      - \"%d\"\n      - x\n    replicas: %d\n", app, n, n),
			})
			if app == "inside" {
				add(render.Fragment{
					Path: "charts/inside/" + e + ".yaml", Environment: e, App: app, Source: "apps/inside.cue",
					Text: fmt.Appendf(nil, "extra: %d\nother:\n  n: %d\n  text: |\n    one\n    two\n", n/2, n),
				})
			}
		}
	}
	return out
}

// written is what the conductor writes of a commit.
func written(c plan.Commit, in plan.Inputs, byPath map[string][]render.Fragment, source string) ([]tree.Change, error) {
	var fragments []render.Fragment
	charts := render.Charts{Base: in.Base, Gone: map[string][]document.Element{}, Pins: in.Pins}
	before, after := &tree.Tree{}, &tree.Tree{}
	for _, file := range c.Files {
		if data, ok := in.Base.Get(file.Path); ok {
			before.Put(file.Path, data)
			after.Put(file.Path, data)
		}
		was := in.Manifests[file.Path]
		lists := state.Manifest{Source: source}
		moved := map[document.Element]bool{}
		writes := false
		for _, m := range file.Moves {
			moved[m.Element.Element] = true
			writes = writes || m.Action.Writes()
			if m.Action == plan.Remove {
				charts.Gone[file.Path] = append(charts.Gone[file.Path], m.Element.Element)
			}
			if m.Action != plan.Remove && m.Action != plan.Forget {
				lists.Elements = append(lists.Elements, m.Element)
			}
		}
		for _, e := range was.Elements {
			if !moved[e.Element] {
				lists.Elements = append(lists.Elements, e)
			}
		}
		slices.SortFunc(lists.Elements, func(a, b state.Element) int { return a.Element.Compare(b.Element) })
		if writes {
			after.Delete(file.Path)
			fragments = append(fragments, byPath[file.Path]...)
		}
		at := state.ManifestPath(file.Path)
		if len(was.Elements) > 0 {
			before.Put(at, was.Encode(file.Path))
		}
		if len(lists.Elements) > 0 {
			after.Put(at, lists.Encode(file.Path))
		}
	}
	made, err := render.Tree(fragments, charts)
	if err != nil {
		return nil, err
	}
	for path, data := range made.All() {
		after.Put(path, data)
	}
	return tree.Changes(before, after), nil
}
