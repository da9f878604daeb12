// Package eval evaluates units, each alone, and decodes them into releases.
package eval

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// A Source parses a few packages, anew each time: a parsed file may not be shared between contexts.
type Source func() ([]*build.Instance, error)

// Places evaluates what is declared outside of apps: environments, and the charts repo.
func Places(source Source) (release.Places, error) {
	insts, err := source()
	if err != nil {
		return release.Places{}, err
	}
	inst := insts[0]
	v := cuecontext.New().BuildInstance(inst)
	if findings, _ := wrong(inst, v, nil); len(findings) > 0 {
		return release.Places{}, findings.Sorted()
	}
	d := decoder{inst: inst}
	places := d.places(v)
	release.InOrder(places.Environments)
	return places, d.findings.Sorted().Err()
}

// Units evaluates units in parallel, and yields them in order. Each comes with the findings about
// it, or with an error that ends the sequence. What one unit holds is not kept when the next is asked for.
func Units(ctx context.Context, sources []Source, places release.Places, workers int) iter.Seq2[release.Unit, error] {
	type result struct {
		units []evaluated
		err   error
	}
	return func(yield func(release.Unit, error) bool) {
		interrupted := ctx.Done()
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer func() {
			cancel()
			select {
			case <-interrupted: // cue cannot be stopped in the middle of a unit, and nobody waits for the rest
			default:
				wg.Wait()
			}
		}()

		// One slot a batch keeps the order; the tickets bound how far workers run ahead.
		slots := make([]chan result, len(sources))
		for i := range slots {
			slots[i] = make(chan result, 1)
		}
		tickets := make(chan struct{}, 2*workers)
		next := make(chan int)
		go func() {
			defer close(next)
			for i := range sources {
				select {
				case tickets <- struct{}{}:
				case <-ctx.Done():
					return
				}
				select {
				case next <- i:
				case <-ctx.Done():
					return
				}
			}
		}()
		for range min(workers, len(sources)) {
			wg.Go(func() {
				for i := range next {
					units, err := batch(ctx, sources[i], places)
					slots[i] <- result{units, err}
				}
			})
		}
		for _, slot := range slots {
			select {
			case r := <-slot:
				<-tickets
				if r.err != nil {
					yield(release.Unit{}, r.err)
					return
				}
				for _, u := range r.units {
					if !yield(u.unit, u.findings.Err()) {
						return
					}
				}
			case <-ctx.Done():
				yield(release.Unit{}, ctx.Err())
				return
			}
		}
	}
}

type evaluated struct {
	unit     release.Unit
	findings diag.List
}

// batch evaluates the units of one source in a context of their own.
func batch(ctx context.Context, source Source, places release.Places) (units []evaluated, err error) {
	insts, err := source()
	if err != nil {
		return nil, err
	}
	// A goroutine's panic would end the program, and tell no one which app it was.
	at := ""
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("evaluate %s: cue gave up: %v", at, r)
		}
	}()
	cctx := cuecontext.New()
	units = make([]evaluated, len(insts))
	for i, inst := range insts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at = inst.Dir
		units[i] = unit(inst, cctx.BuildInstance(inst), places)
	}
	return units, nil
}

// unit decodes what evaluated without a fault.
func unit(inst *build.Instance, v cue.Value, places release.Places) evaluated {
	findings, broken := wrong(inst, v, &places)
	if broken {
		return evaluated{findings: findings.Sorted()}
	}
	d := decoder{inst: inst}
	u := d.unit(v)
	return evaluated{u, append(findings, d.findings...).Sorted()}
}

// wrong is what the source shows and what CUE says, and whether there is no value. Where both mean
// the same place, the source tells more. Places is nil where the value is what declares them.
func wrong(inst *build.Instance, v cue.Value, places *release.Places) (findings diag.List, broken bool) {
	var known release.Places
	if places != nil {
		known = *places
	}
	findings = silent(inst, known)
	faults, broken := found(inst, v, places, findings)
	for _, f := range faults {
		if !slices.ContainsFunc(findings, func(shown diag.Finding) bool { return shown.Where == f.Where }) {
			findings = append(findings, f)
		}
	}
	return findings, broken
}
