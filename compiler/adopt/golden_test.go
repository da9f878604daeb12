package adopt_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/pintle-dev/pintle/compiler/adopt"
	"github.com/pintle-dev/pintle/compiler/tree"
)

var update = flag.Bool("update", false, "write what comes out into testdata")

// TestGolden adopts the charts repos in testdata and compares with the declarations that stand
// beside them, under want/. They mean what the charts repo means.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			charts := &tree.Tree{}
			var given []txtar.File
			want := map[string]string{}
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, "want/"); ok {
					want[name] = string(f.Data)
					continue
				}
				charts.Put(f.Name, f.Data)
				given = append(given, f)
			}
			r, differences := adopted(t, charts, adopt.Options{Module: "example.org/config"})
			for _, d := range differences {
				t.Errorf("%s: %s: was %s, is %s", d.Where, d.Path, d.Was, d.Is)
			}
			if r.CommentsLost > 0 {
				t.Errorf("comments lost at %v", r.Lost)
			}
			got := map[string]string{}
			for path, data := range r.Files.All() {
				got[path] = string(data)
			}
			if *update {
				archive.Files = given
				for path, data := range r.Files.All() {
					archive.Files = append(archive.Files, txtar.File{Name: "want/" + path, Data: data})
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("other declarations (-want +got; -update takes them):\n%s", d)
			}
		})
	}
}
