package repotest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// start is when the first commit of every repository was made.
var start = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

// A stream is input for git fast-import: commits on branch main, each with the files that it changes.
type stream struct {
	bytes.Buffer
}

func (s *stream) commit(message string, at time.Time) {
	fmt.Fprintf(s, "commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n", at.Unix())
	s.data(message)
}

func (s *stream) file(path, content string) {
	fmt.Fprintf(s, "M 100644 inline \"%s\"\n", quotePath.Replace(path))
	s.data(content)
}

var quotePath = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (s *stream) data(content string) {
	fmt.Fprintf(s, "data %d\n%s\n", len(content), content)
}

func (s *stream) send(t testing.TB, dir string) {
	t.Helper()
	s.WriteString("done\n")
	if _, stderr, err := run(dir, s.String(), "fast-import", "--quiet", "--done"); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, stderr)
	}
}
