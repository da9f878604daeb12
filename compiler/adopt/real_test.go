package adopt_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pintle-dev/pintle/compiler/adopt"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// TestRealData adopts real charts repos, which stand beside this repo and are no part of it.
func TestRealData(t *testing.T) {
	for _, dir := range realData(t) {
		charts := folder(t, dir)
		r, differences := adopted(t, charts, adopt.Options{Module: "example.org/config"})
		for i, d := range differences {
			if i < 10 {
				t.Errorf("%s: %s: was %s, is %s", d.Where, d.Path, d.Was, d.Is)
			}
		}
		if r.CommentsLost > 0 {
			t.Errorf("comments lost at %v", r.Lost)
		}
		lines, size, before := 0, 0, 0
		for _, data := range r.Files.All() {
			lines += bytes.Count(data, []byte("\n"))
			size += len(data)
		}
		for _, file := range r.Layout.Files {
			data, _ := charts.Get(file)
			before += len(data)
		}
		t.Logf("%d apps, %d releases, %d lines now %d, %d bytes now %d, %d of %d values written once, %d comments",
			r.Apps, r.Releases, r.LinesBefore, lines, before, size, r.Once, r.Values, r.CommentsCarried)
		if 100*lines > 35*r.LinesBefore || 100*size > 45*before {
			t.Errorf("%d lines of YAML became %d of CUE, %d bytes became %d", r.LinesBefore, lines, before, size)
		}
	}
}

func BenchmarkRepo(b *testing.B) {
	for _, dir := range realData(b) {
		charts := folder(b, dir)
		for b.Loop() {
			if _, err := adopt.Repo(charts, adopt.Options{Module: "example.org/config"}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func realData(t testing.TB) []string {
	dirs, err := filepath.Glob("../../../shared/data/*/charts-repo")
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) == 0 {
		t.Skip("there is no real charts repo in ../shared/data, beside this repo")
	}
	return dirs
}

func folder(t testing.TB, dir string) *tree.Tree {
	t.Helper()
	files := &tree.Tree{}
	fsys := os.DirFS(dir)
	err := fs.WalkDir(fsys, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files.Put(path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
