package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/document"
)

// There is no dialect: upstream's cue gives the same values for this repo's own configuration.
func TestCueShowsTheSameValues(t *testing.T) {
	sameValues(t, filepath.Join("..", ".."))
}

// sameValues compares what `cue export` says of every app and environment with what pintle renders.
func sameValues(t *testing.T, config string) {
	t.Helper()
	out, err := compiler.Compile(t.Context(), compiler.Options{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	type file struct {
		Content any
		At      string
	}
	type owner struct{ Files map[string]file }
	compared := 0
	same := func(who, path string, f file) {
		t.Helper()
		data, ok := out.Tree.Get(path)
		if !ok {
			t.Errorf("%s: cue has a file %s that pintle does not render", who, path)
			return
		}
		got := part(t, path, data, f.At, f.Content)
		if !document.Equal(got, f.Content) {
			t.Errorf("%s: %s\ncue:    %v\npintle: %v", who, path, f.Content, got)
		}
		compared++
	}

	var environments struct{ All map[string]owner }
	cueExport(t, config, "./environments", &environments)
	for name, e := range environments.All {
		for path, f := range e.Files {
			same(name, path, f)
		}
	}
	folders, err := filepath.Glob(filepath.Join(config, "apps", "*", "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	for _, f := range folders {
		folder := "./apps/" + filepath.Base(filepath.Dir(f))
		if done[folder] {
			continue
		}
		done[folder] = true
		var apps map[string]struct {
			owner
			Release map[string]owner
		}
		cueExport(t, config, folder, &apps)
		for name, a := range apps {
			for path, f := range a.Files {
				same(name, path, f)
			}
			for env, r := range a.Release {
				for path, f := range r.Files {
					same(name+" in "+env, path, f)
				}
			}
		}
	}
	if compared != out.Releases+out.Environments {
		t.Errorf("cue has %d documents and elements, pintle %d releases and %d environments", compared, out.Releases, out.Environments)
	}
}

// part is the element of a rendered file that has the name of content, or the document without the
// list that others fill.
func part(t *testing.T, path string, data []byte, at string, content any) any {
	t.Helper()
	node, err := document.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	value, err := document.Value(path, node)
	if err != nil {
		t.Fatal(err)
	}
	doc := value.(map[string]any)
	if at == "" {
		declared := content.(map[string]any)
		for key := range doc {
			if _, ok := declared[key]; !ok {
				delete(doc, key)
			}
		}
		return doc
	}
	list, _ := doc[at].([]any)
	for _, item := range list {
		if item.(map[string]any)["name"] == content.(map[string]any)["name"] {
			return item
		}
	}
	return nil
}

// cueExport runs the real cue on a package and reads its JSON, with numbers as they are written.
func cueExport(t *testing.T, config, pkg string, into any) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(exe, "export", pkg)
	cmd.Args[0] = "cue" // the test binary is cue when it is called so
	cmd.Dir, cmd.Stderr = config, &stderr
	cmd.Env = append(os.Environ(), "CUE_REGISTRY=none")
	data, err := cmd.Output()
	if err != nil {
		t.Fatalf("cue export %s: %v\n%s", pkg, err, &stderr)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		t.Fatalf("cue export %s: %v", pkg, err)
	}
}
