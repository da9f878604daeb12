package compiler

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/eval"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/release"
	"github.com/pintle-dev/pintle/compiler/repo"
)

// Bumped is what became of intents.
type Bumped struct {
	commit.Landing
	Outcomes []commit.Outcome
	Remote   string
	Branch   string
}

// Findings are why outcomes are refused.
func (b *Bumped) Findings() diag.List {
	var list diag.List
	for _, out := range b.Outcomes {
		list = append(list, out.Findings...)
	}
	return list.Sorted()
}

// Bump moves images, one commit an intent, all in one push. With write false it only says what would be
// done. Refusals are in the outcomes; they keep no other intent from being carried out.
func Bump(ctx context.Context, o ChartsOptions, intents []commit.Intent, write bool) (*Bumped, error) {
	config, err := load.Dir(o.config())
	if err != nil {
		return nil, err
	}
	places, err := placesOf(config)
	if err != nil {
		return nil, err
	}
	remote, err := o.charts(places)
	if err != nil {
		return nil, err
	}
	// The images' units are evaluated while the head is read. If one does not compile, nobody waits for
	// the head.
	reading, stop := context.WithCancel(ctx)
	defer stop()
	policies := sync.OnceValues(func() (map[string]promote.Policy, error) {
		policies, err := o.policies(ctx, config, places, intents)
		if err != nil {
			stop()
		}
		return policies, err
	})
	go policies()
	b := &Bumped{Remote: remote.String(), Branch: o.Commit.Branch}
	moved := map[int]commit.Outcome{} // by what was tried before, and may have arrived without an answer
	err = o.bump(reading, remote, b, write, func(base *repo.Snapshot) (*repo.Snapshot, error) {
		policies, err := policies()
		if err != nil {
			return nil, err
		}
		next, outcomes, err := commit.Bump(base, intents, policies, o.Commit)
		for i, out := range outcomes {
			switch before, tried := moved[i]; {
			case out.Result == commit.Moved:
				moved[i] = out
			case tried && out.Result == commit.There && base.Knows(before.Commit):
				outcomes[i] = before
			}
		}
		b.Outcomes = outcomes
		return next, err
	})
	if _, broken := policies(); broken != nil {
		return nil, broken
	}
	return b, err
}

func (o ChartsOptions) bump(ctx context.Context, remote *repo.Remote, b *Bumped, write bool, edit func(*repo.Snapshot) (*repo.Snapshot, error)) error {
	if !write {
		return remote.Read(ctx, o.Commit.Branch, func(base *repo.Snapshot) error {
			_, err := edit(base)
			return err
		})
	}
	landing, err := commit.Land(ctx, remote, o.Commit, edit)
	if err == nil {
		b.Landing = *landing
	}
	return err
}

// policies are what is declared about the images that intents name. A unit is evaluated only if need be:
// first those whose files mention one of the images, and the others where these leave a question open.
func (o ChartsOptions) policies(ctx context.Context, config *load.Config, places release.Places, intents []commit.Intent) (map[string]promote.Policy, error) {
	s := search{places: places, policies: map[string]promote.Policy{}, used: map[string][]string{}}
	var names []string
	for _, in := range intents {
		names = append(names, in.Image)
	}
	near, far := mentioning(config, names)
	for _, units := range [][]load.Unit{near, far} {
		if err := s.evaluate(ctx, config, units, o.workers()); err != nil {
			return nil, err
		}
		if s.answers(intents) {
			break
		}
	}
	environments := make([]string, len(places.Environments))
	for i, e := range places.Environments {
		environments[i] = e.Name
	}
	for _, name := range names {
		policy := promote.Policy{Images: s.images, Environments: environments, UsedIn: s.used[name]}
		if i := slices.IndexFunc(s.found, func(i release.Image) bool { return i.Name == name }); i >= 0 {
			policy.Image = &s.found[i]
		}
		s.policies[name] = policy
	}
	if err := s.broken(intents); err != nil {
		return nil, err
	}
	return s.policies, nil
}

// A search collects what units say about images.
type search struct {
	places   release.Places
	policies map[string]promote.Policy
	found    []release.Image
	images   []string
	used     map[string][]string // by image: the environments in which some app runs it
	findings diag.List           // of units that do not compile
}

func (s *search) evaluate(ctx context.Context, config *load.Config, units []load.Unit, workers int) error {
	for unit, err := range eval.Units(ctx, sources(config, units), s.places, workers) {
		if list, ok := err.(diag.List); ok {
			s.findings = append(s.findings, list...)
		} else if err != nil {
			return err
		}
		for _, a := range unit.Apps {
			s.found = append(s.found, a.Builds...)
			for _, image := range a.Builds {
				s.images = append(s.images, image.Name)
			}
			for _, r := range a.Releases {
				for _, image := range r.Images {
					if !slices.Contains(s.used[image.Name], r.Environment) {
						s.used[image.Name] = append(s.used[image.Name], r.Environment)
					}
				}
			}
		}
	}
	return ctx.Err()
}

// answers reports whether every intent's image is found, and used where it is to go.
func (s *search) answers(intents []commit.Intent) bool {
	return !slices.ContainsFunc(intents, func(in commit.Intent) bool {
		return !slices.Contains(s.images, in.Image) || !slices.Contains(s.used[in.Image], in.Environment)
	})
}

// broken is what is wrong with units, if an image that is asked for may be declared there: one app that
// does not compile does not keep the others' images from moving.
func (s *search) broken(intents []commit.Intent) error {
	if s.answers(intents) {
		return nil
	}
	return s.findings.Sorted().Err()
}

// mentioning are the units whose files hold one of the names, and the others.
func mentioning(config *load.Config, names []string) (near, far []load.Unit) {
	for _, u := range config.Units {
		if mentions(filepath.Join(config.Root, filepath.FromSlash(u.Dir())), names) {
			near = append(near, u)
		} else {
			far = append(far, u)
		}
	}
	return near, far
}

func mentions(dir string, names []string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.cue"))
	if err != nil {
		return true // loading it says what is wrong
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return true
		}
		if slices.ContainsFunc(names, func(name string) bool { return bytes.Contains(data, []byte(name)) }) {
			return true
		}
	}
	return false
}
