package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/tree"
)

func TestUnified(t *testing.T) {
	ten := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
	tests := []struct {
		name          string
		before, after []byte
		want          string
	}{
		{
			"a line changes", []byte(ten), []byte(strings.Replace(ten, "5", "five", 1)),
			"--- a/v.yaml\n+++ b/v.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
		},
		{
			"two far apart", []byte(ten), []byte("0\n" + strings.TrimSuffix(ten, "10\n")),
			"--- a/v.yaml\n+++ b/v.yaml\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -7,4 +8,3 @@\n 7\n 8\n 9\n-10\n",
		},
		{
			"two near each other", []byte(ten), []byte("1\n3\n4\n5\n6\n7\n8\n10\n"),
			"--- a/v.yaml\n+++ b/v.yaml\n@@ -1,10 +1,8 @@\n 1\n-2\n 3\n 4\n 5\n 6\n 7\n 8\n-9\n 10\n",
		},
		{"a file is new", nil, []byte("a\nb\n"), "--- /dev/null\n+++ b/v.yaml\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a file goes", []byte("a\n"), nil, "--- a/v.yaml\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"},
		{"an empty file is filled", []byte{}, []byte("a\n"), "--- a/v.yaml\n+++ b/v.yaml\n@@ -0,0 +1 @@\n+a\n"},
		{
			"the end of the last line goes", []byte("a\nb\n"), []byte("a\nb"),
			"--- a/v.yaml\n+++ b/v.yaml\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n",
		},
		{"an empty file is new", nil, []byte{}, "diff --git a/v.yaml b/v.yaml\nnew file mode 100644\n"},
		{"an empty file goes", []byte{}, nil, "diff --git a/v.yaml b/v.yaml\ndeleted file mode 100644\n"},
		{"nothing changes", []byte("a\n"), []byte("a\n"), "--- a/v.yaml\n+++ b/v.yaml\n"},
	}
	for _, test := range tests {
		got := Unified(tree.Change{Path: "v.yaml", Before: test.before, After: test.after})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// What git makes of a difference is the other side of it, to the byte.
func TestGitAppliesIt(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed, and only it says what git apply makes of a difference")
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	var changes []tree.Change
	for n := range 150 {
		before := randomText(rnd, rnd.IntN(30))
		after := mutated(rnd, before)
		if n%10 == 0 {
			after = randomText(rnd, rnd.IntN(30))
		}
		c := tree.Change{Path: fmt.Sprintf("dir %d/ö.yaml", n), Before: []byte(before), After: []byte(after)}
		switch {
		case n%17 == 1:
			c.Before = nil
		case n%17 == 2:
			c.After = nil
		}
		changes = append(changes, c)
	}
	changes = append(changes,
		tree.Change{Path: "new and empty", After: []byte{}},
		tree.Change{Path: "gone and empty", Before: []byte{}},
	)
	dir := t.TempDir()
	for _, c := range changes {
		if string(c.Before) == string(c.After) && (c.Before == nil) == (c.After == nil) {
			continue // git apply wants something to do
		}
		if c.Before != nil {
			write(t, filepath.Join(dir, c.Path), c.Before)
		}
		patch := Unified(c)
		apply := exec.Command("git", "apply", "--whitespace=nowarn", "-")
		apply.Dir, apply.Stdin = dir, strings.NewReader(patch)
		apply.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)}
		if said, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, said, patch)
		}
		got, err := os.ReadFile(filepath.Join(dir, c.Path))
		switch {
		case c.After == nil && !os.IsNotExist(err):
			t.Errorf("%s is still there: %q", c.Path, got)
		case c.After != nil && (err != nil || string(got) != string(c.After)):
			t.Errorf("%v\n%q\nbecame\n%q\nand not\n%q\nby\n%s", err, c.Before, got, c.After, patch)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// randomText has few different lines, so that many of them are the same.
func randomText(rnd *rand.Rand, lines int) string {
	var s strings.Builder
	for range lines {
		s.WriteString([]string{"a\n", "b\n", "\n", "  - c: é\n", "d\r\n", "-e\n", "+f\n", "\\ g\n", "--- h\n", "@@ -1 +1 @@\n", "\ti \n"}[rnd.IntN(11)])
	}
	if rnd.IntN(3) == 0 {
		s.WriteString("no end")
	}
	return s.String()
}

// mutated is a text with a few of its lines taken out and others put in.
func mutated(rnd *rand.Rand, text string) string {
	var s strings.Builder
	for line := range strings.Lines(text) {
		switch rnd.IntN(8) {
		case 0:
		case 1:
			s.WriteString(randomText(rnd, 1))
			if strings.HasSuffix(s.String(), "no end") {
				s.WriteString("\n")
			}
			fallthrough
		default:
			s.WriteString(line)
		}
	}
	return s.String()
}

// The time that a difference takes, and what it says, do not hang on how fast the machine is.
func TestManyLines(t *testing.T) {
	numbered := func(n int, format string) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, format, i)
		}
		return s.String()
	}
	const many = 70_000 // more than two bytes count
	before := numbered(many, "line %d\n")
	tests := map[string]struct {
		before, after string
		lines         int // of the difference
	}{
		"one line of many":       {before, strings.Replace(before, "line 65000\n", "changed\n", 1), 2 + 1 + 8},
		"one line of the same":   {strings.Repeat("same\n", 20_000), strings.Repeat("same\n", 20_001), 2 + 1 + 4},
		"a file of its own":      {"", before, 2 + 1 + many},
		"nothing stays the same": {numbered(3_000, "old %d\n"), numbered(3_000, "new %d\n"), 2 + 1 + 6_000},
		"every second line":      {numbered(3_000, "%d\nsame\n"), numbered(3_000, "new %d\nsame\n"), 2 + 1 + 9_000},
	}
	for name, test := range tests {
		began := time.Now()
		got := Unified(tree.Change{Path: "v.yaml", Before: []byte(test.before), After: []byte(test.after)})
		if lines := strings.Count(got, "\n"); lines != test.lines {
			t.Errorf("%s: %d lines, want %d", name, lines, test.lines)
		}
		t.Logf("%s: %s", name, time.Since(began))
	}
}
