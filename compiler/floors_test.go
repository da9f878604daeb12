package compiler_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pintle-dev/pintle/"

// floors is the import law: what each package may import of this module. Nouns on the ground, verbs
// above them, one conductor, one front door. No verb imports another one.
var floors = map[string][]string{
	// Floor 1: nouns.
	"schema":            {},
	"compiler/diag":     {},
	"compiler/release":  {},
	"compiler/tree":     {},
	"compiler/document": {},
	"compiler/repo":     {"compiler/tree"},
	"compiler/state":    {"compiler/diag", "compiler/document"},

	// The charts repo's remotes as tests need them: real ones, and a network that fails.
	"compiler/repo/repotest": {},

	// Floor 2: verbs.
	"compiler/load":    {"schema", "compiler/diag"},
	"compiler/eval":    {"compiler/release", "compiler/diag"},
	"compiler/check":   {"compiler/release", "compiler/tree", "compiler/diag"},
	"compiler/render":  {"compiler/release", "compiler/tree", "compiler/diag", "compiler/document", "compiler/state"},
	"compiler/promote": {"compiler/release", "compiler/state", "compiler/diag"},
	"compiler/plan":    {"compiler/tree", "compiler/state", "compiler/document", "compiler/diag"},
	"compiler/diff":    {"compiler/tree"},
	"compiler/adopt":   {"schema", "compiler/release", "compiler/tree", "compiler/diag", "compiler/document"},
	"compiler/starter": {"schema", "compiler/tree"},

	// Floor 3: what speaks of several verbs.
	"compiler/commit": {
		"compiler/plan", "compiler/promote", "compiler/state", "compiler/repo", "compiler/release", "compiler/tree",
		"compiler/diag",
	},
	"compiler/verify": {
		"compiler/promote", "compiler/state", "compiler/repo", "compiler/release", "compiler/tree", "compiler/document",
		"compiler/diag",
	},
	"compiler/report": {
		"compiler/diag", "compiler/tree", "compiler/eval", "compiler/adopt", "compiler/plan", "compiler/promote",
		"compiler/commit", "compiler/diff", "compiler/verify",
	},

	// Floor 4: the conductor. Floor 5: the command line.
	"compiler": {
		"compiler/diag", "compiler/release", "compiler/tree", "compiler/repo", "compiler/load", "compiler/eval",
		"compiler/check", "compiler/render", "compiler/adopt", "compiler/starter", "compiler/state", "compiler/document",
		"compiler/promote", "compiler/plan", "compiler/commit", "compiler/verify",
	},
	"cmd/pintle": {
		"schema", "compiler", "compiler/report", "compiler/diag", "compiler/tree", "compiler/load", "compiler/starter",
		"compiler/repo", "compiler/commit", "compiler/plan", "compiler/promote",
	},
}

// doors are the libraries that only some packages may open, so that swapping one opens one room.
var doors = map[string][]string{
	"cuelang.org/go/":          {"compiler/load", "compiler/eval"},
	"helm.sh/helm/":            {"compiler/chart"},
	"github.com/go-git/":       {"compiler/repo"},
	"github.com/sergi/go-diff": {"compiler/diff"},
	"github.com/spf13/cobra":   {"cmd/pintle"},
}

func TestFloors(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (strings.HasPrefix(e.Name(), ".") && at != root || e.Name() == "testdata") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(at, ".go") || strings.HasSuffix(at, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		seen[pkg] = true
		allowed, known := floors[pkg]
		if !known {
			t.Errorf("package %s has no floor; give it one, and its sentence in ARCHITECTURE.md", pkg)
		}
		for _, imported := range imports(t, at) {
			if inside, ours := strings.CutPrefix(imported, module); ours && !slices.Contains(allowed, inside) {
				t.Errorf("%s imports %s, which is not below it", rel, inside)
			}
			for library, may := range doors {
				if strings.HasPrefix(imported, library) && !slices.Contains(may, pkg) {
					t.Errorf("%s imports %s, which only %s may", rel, imported, strings.Join(may, " and "))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floors {
		if !seen[pkg] {
			t.Errorf("package %s has a floor and no code", pkg)
		}
	}
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// Every package says in one sentence what it is for, in ARCHITECTURE.md and in its own comment.
func TestEveryRoomHasItsSentence(t *testing.T) {
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range floors {
		if !strings.Contains(string(page), "`"+pkg+"`") {
			t.Errorf("ARCHITECTURE.md does not name %s", pkg)
		}
	}
}
