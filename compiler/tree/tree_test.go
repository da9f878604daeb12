package tree

import (
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func of(files map[string]string) *Tree {
	t := &Tree{}
	for path, text := range files {
		t.Put(path, []byte(text))
	}
	return t
}

// An empty file is a file, and none is none: nil says so.
func TestChanges(t *testing.T) {
	before := of(map[string]string{"same": "s", "changed": "old", "gone": "g", "emptied": "e", "gone empty": ""})
	after := of(map[string]string{"same": "s", "changed": "new", "new": "n", "emptied": "", "new empty": "", "b/below": "x"})
	before.Put("filled", nil)
	after.Put("filled", []byte("f"))
	before.Put("still empty", nil)
	after.Put("still empty", []byte{})
	after.Put("new and nil", nil)
	want := []Change{
		{"b/below", nil, []byte("x")},
		{"changed", []byte("old"), []byte("new")},
		{"emptied", []byte("e"), []byte{}},
		{"filled", []byte{}, []byte("f")},
		{"gone", []byte("g"), nil},
		{"gone empty", []byte{}, nil},
		{"new", nil, []byte("n")},
		{"new and nil", nil, []byte{}},
		{"new empty", nil, []byte{}},
	}
	if diff := cmp.Diff(want, Changes(before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Changes(&Tree{}, &Tree{}); got != nil {
		t.Errorf("between two empty trees: %v", got)
	}
}

func TestTree(t *testing.T) {
	var tr Tree
	if _, ok := tr.Get("a"); ok || tr.Len() != 0 || tr.Paths() != nil {
		t.Error("the zero tree is not empty")
	}
	tr.Delete("a")
	tr.Put("b/c", []byte("1"))
	tr.Put("a", nil)
	tr.Put("d", []byte("2"))
	tr.Delete("d")
	if diff := cmp.Diff([]string{"a", "b/c"}, tr.Paths()); diff != "" || tr.Len() != 2 {
		t.Error(diff)
	}
	if data, ok := tr.Get("a"); !ok || len(data) > 0 {
		t.Error("an empty file is not there")
	}
	for path := range tr.All() {
		if path != "a" {
			t.Errorf("the first file is %s", path)
		}
		break
	}
	files, err := tr.FS()
	if err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(files, "b/c"); err != nil || string(data) != "1" {
		t.Errorf("b/c is %q, %v", data, err)
	}
}

func TestUnfit(t *testing.T) {
	for _, p := range []string{"a", "a/b.yaml", "..a", "a..", ".github/x", ".gitignore", "x.git/a", "a/.pintle/x", "ö/ü", "a b", "C:/x"} {
		if why := Unfit(p); why != "" {
			t.Errorf("%q is refused: %s", p, why)
		}
	}
	for _, p := range []string{"", "/", "/a", "a/", ".", "..", "a/..", "../a", "a/../b", "a//b", "./a", ".git", "a/.Git/b", ".pintle", ".PINTLE/x", "a\\b", "C:\\x", "a\x00b", "a\nb", "a\x7fb"} {
		if Unfit(p) == "" {
			t.Errorf("%q is taken", p)
		}
	}
}
