// Package eval evaluates units, each alone, and decodes them into releases.
package eval

import (
	"context"
	"fmt"
	"iter"
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
	if findings := explained(inst, v, nil); len(findings) > 0 {
		return release.Places{}, findings.Sorted()
	}
	d := decoder{inst: inst}
	places := d.places(v)
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
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()

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
	findings := silent(inst, places)
	if faults := explained(inst, v, &places); len(faults) > 0 {
		return evaluated{findings: append(findings, faults...).Sorted()}
	}
	d := decoder{inst: inst}
	u := d.unit(v)
	return evaluated{u, append(findings, d.findings...).Sorted()}
}
