package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Many write at once, and no bump is lost: those of one machine share a cache and take turns, those of
// many meet at the remote only.
func TestProveCrowd(t *testing.T) {
	for i, w := range ways {
		processes, each := times(4, 32), times(4, 8)
		if w.name == "ssh" {
			each = times(4, 2) // its handshakes are what takes the time
		}
		for j, cache := range []string{"one machine", "many machines"} {
			if !long() && (i+j)%2 == 0 {
				continue // each way once
			}
			t.Run(w.name+"/"+cache, func(t *testing.T) {
				if !long() {
					t.Parallel() // 32 processes are crowd enough
				}
				s := newSite(t, processes*each/imagesPerApp)
				to := w.open(t, s.bare)
				machine := func(int) string { return "shared" }
				if cache == "many machines" {
					machine = func(process int) string { return fmt.Sprint(process) }
				}
				caches := t.TempDir()
				began := time.Now()
				all := make([]ran, processes*each)
				var crowd sync.WaitGroup
				for p := range processes {
					crowd.Go(func() {
						for i := p * each; i < (p+1)*each; i++ {
							all[i] = s.pintle(to, filepath.Join(caches, machine(p)), bumping(s.images[i], "v7")...)
						}
					})
				}
				crowd.Wait()
				t.Logf("%s in all; %s", time.Since(began).Round(time.Millisecond), figures(append([]ran(nil), all...)))

				history, files := s.history(), s.files()
				if len(history) != len(all) {
					t.Errorf("%d bumps made %d commits", len(all), len(history))
				}
				for i, r := range all {
					if r.code != exitOK {
						t.Errorf("not every bump went through: %v", r)
						continue
					}
					if n := count(history, s.images[i], "v7"); n != 1 {
						t.Errorf("%d commits for %s", n, s.images[i])
					}
					s.runs(files, s.images[i], "v7")
				}
			})
		}
	}
}

// One image is bumped to many tags at once. A machine never moves it back; a person may. Whatever the
// order in which they came, the log explains it.
func TestProveOneImage(t *testing.T) {
	random := chance(t)
	for round := range times(2, 12) {
		w := ways[round%len(ways)]
		tags := random.Perm(8)
		byHand := map[int]bool{7: random.IntN(2) == 0} // tags[i]; the newest, or nobody's
		if round%2 == 1 {                              // and in every other round somebody who may move it back
			byHand[random.IntN(8)], byHand[random.IntN(8)] = true, true
		}
		t.Run(fmt.Sprintf("%s/%d", w.name, round), func(t *testing.T) {
			s := newSite(t, 1)
			to := w.open(t, s.bare)
			image := s.images[0]
			caches := t.TempDir()
			all := make([]ran, len(tags))
			var crowd sync.WaitGroup
			for i, tag := range tags {
				args := bumping(image, version(tag), "--automatic")
				if byHand[tag] {
					args = bumping(image, version(tag))
				}
				crowd.Go(func() { all[i] = s.pintle(to, filepath.Join(caches, fmt.Sprint(i)), args...) })
			}
			crowd.Wait()

			history := s.history()
			newest, last := -1, -1
			for _, l := range history {
				var tag int
				if _, err := fmt.Sscanf(l.tag, "v%d", &tag); err != nil {
					t.Fatal(err)
				}
				if tag -= 96; tag < newest && !byHand[tag] {
					t.Errorf("a machine moved %s back: %v", image, history)
				}
				newest, last = max(newest, tag), tag
			}
			pin, record := s.standing(s.files(), image)
			if newest != 7 || record.HighWater.Tag != version(7) {
				t.Errorf("the mark is at %s, not at the newest: %v", record.HighWater.Tag, history)
			}
			if pin != "tag: "+version(last)+"\n" || record.Tag != version(last) {
				t.Errorf("the pin says %q and the record %s, but the log ends with %s", pin, record.Tag, version(last))
			}
			for i, tag := range tags {
				superseded := strings.Contains(all[i].stdout, "is superseded: "+version(tag)+" is older than ")
				if n := count(history, image, version(tag)); all[i].code != exitOK || n > 1 || (n == 0) != superseded || byHand[tag] && superseded {
					t.Errorf("%d commits, and it said: %v", n, all[i])
				}
			}
		})
	}
}

// version is a tag whose order by number is not the one by letter: v96 to v103.
func version(n int) string { return fmt.Sprintf("v%d", 96+n) }
