package report

import (
	"fmt"
	"io"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// A Summary is what a config repo declares, in numbers.
type Summary struct {
	Apps         int `json:"apps"`
	Releases     int `json:"releases"`
	Environments int `json:"environments"`
	Images       int `json:"images"`
	Files        int `json:"files"`
}

// String is the summary as a sentence.
func (s Summary) String() string {
	return fmt.Sprintf("%s, %s in %s, %s, %s",
		count(s.Apps, "app"), count(s.Releases, "release"), count(s.Environments, "environment"), count(s.Images, "image"), count(s.Files, "file"))
}

// Tree prints files one after the other, each under its name, as one stream of YAML documents.
func Tree(w io.Writer, t *tree.Tree) error {
	for path, data := range t.All() {
		if _, err := fmt.Fprintf(w, "---\n# %s\n%s", path, data); err != nil {
			return err
		}
	}
	return nil
}

// TreeJSON are files by path.
func TreeJSON(t *tree.Tree) map[string]string {
	files := map[string]string{}
	for path, data := range t.All() {
		files[path] = string(data)
	}
	return files
}
