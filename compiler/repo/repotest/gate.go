package repotest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A Gate is a hook at which pushes stop until the test lets them through, so that a test can act
// between two steps of a push and needs no sleep to hit the moment. At post-receive the push has landed
// and its client does not know it yet; at pre-receive its objects are there and its branch has not moved.
type Gate struct {
	// Reached has one value for each push that came to the gate.
	Reached <-chan struct{}

	open   func()
	opened string
	pipe   *os.File
}

// NewGate makes the named hook of the repository a gate. It opens by itself when the test ends.
func NewGate(t testing.TB, bareDir, hook string) *Gate {
	t.Helper()
	dir := t.TempDir()
	arrivals := fifo(t, filepath.Join(dir, "reached"))
	g := &Gate{opened: filepath.Join(dir, "opened"), pipe: fifo(t, filepath.Join(dir, "open"))}
	reached := make(chan struct{}, crowd)
	g.Reached = reached
	go func() {
		var b [1]byte
		for {
			if _, err := arrivals.Read(b[:]); err != nil {
				return
			}
			reached <- struct{}{}
		}
	}()
	g.open = sync.OnceFunc(func() {
		if err := os.WriteFile(g.opened, nil, 0o644); err != nil {
			t.Error(err)
		}
		// For those who looked for the file before it was there.
		if _, err := g.pipe.WriteString(strings.Repeat("\n", crowd)); err != nil {
			t.Error(err)
		}
	})
	Hook(t, bareDir, hook, fmt.Sprintf("cd %s && printf . >reached && { [ -e opened ] || read -r _ <open; }\n", shellQuote(dir)))
	t.Cleanup(g.Open)
	// Also before any clean-up, of which an earlier one may be a server that waits for this push.
	context.AfterFunc(t.Context(), g.Open)
	return g
}

// crowd is how many pushes may stand at a gate at once.
const crowd = 1000

// Open lets through who waits, and who comes later.
func (g *Gate) Open() { g.open() }

// fifo makes a named pipe and holds both of its ends, so that opening it never blocks anybody.
func fifo(t testing.TB, at string) *os.File {
	t.Helper()
	if out, err := exec.Command("mkfifo", at).CombinedOutput(); err != nil {
		t.Skipf("a gate needs named pipes: mkfifo: %v: %s", err, out)
	}
	f, err := os.OpenFile(at, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
