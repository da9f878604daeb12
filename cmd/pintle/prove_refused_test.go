package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// refusing is a hook that notes each push, and refuses the first of them; -1 is all.
func refusing(t *testing.T, s *site, hook string, first int) (pushes func() int) {
	t.Helper()
	notes := filepath.Join(t.TempDir(), "pushes")
	repotest.Hook(t, s.bare, hook, fmt.Sprintf("printf . >>'%s'\n[ %d -ge 0 ] && [ $(wc -c <'%s') -gt %d ] && exit 0\necho 'GH006: ask the owners' >&2\nexit 1\n", notes, first, notes, first))
	return func() int {
		data, err := os.ReadFile(notes)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return len(data)
	}
}

// A protected branch is asked once, and says why. What may be over in a moment is tried again, some times.
func TestProveRefused(t *testing.T) {
	for _, w := range ways {
		for _, c := range []struct {
			hook   string
			first  int // so many pushes are refused; -1 is all
			pushes int
			code   int
		}{
			{"pre-receive", -1, 1, exitFailed},
			{"update", 2, 3, exitOK},
			{"update", -1, 4, exitFailed},
		} {
			t.Run(fmt.Sprintf("%s/%s %d", w.name, c.hook, c.first), func(t *testing.T) {
				t.Parallel()
				s := newSite(t, 1)
				to := w.open(t, s.bare)
				pushes := refusing(t, s, c.hook, c.first)
				r := s.pintle(to, "", bumping(s.images[0], "v1")...)
				if r.code != c.code || pushes() != c.pushes || r.unclear() {
					t.Errorf("%d pushes: %v", pushes(), r)
				}
				if r.code == exitFailed && !(strings.Contains(r.stderr, "GH006: ask the owners") && strings.Contains(r.stderr, "the branch may be protected")) {
					t.Errorf("it should say why: %v", r)
				}
				if landed := count(s.history(), s.images[0], "v1"); (landed == 1) != (c.code == exitOK) {
					t.Errorf("%d commits: %v", landed, r)
				}
			})
		}
	}
}
