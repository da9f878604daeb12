// Package starter is a new config repo: what `pintle init` writes.
package starter

import (
	_ "embed"
	"fmt"
	"path"

	"golang.org/x/tools/txtar"

	"github.com/pintle-dev/pintle/compiler/tree"
	"github.com/pintle-dev/pintle/schema"
)

//go:embed config.txtar
var config []byte

// Module is the module path that the starter's files import each other by.
const Module = "example.org/config"

// Repo is a config repo that passes vet: environments, a preset and one app, to be written over.
func Repo() *tree.Tree {
	t := Frame(Module)
	for _, f := range txtar.Parse(config).Files {
		t.Put(f.Name, f.Data)
	}
	return t
}

// Frame is what every config repo has, whatever it declares: the module's file, and the schema where
// plain cue finds it.
func Frame(module string) *tree.Tree {
	t := &tree.Tree{}
	t.Put("cue.mod/module.cue", fmt.Appendf(nil, "module: %q\nlanguage: version: %q\n", module+"@v0", schema.LanguageVersion))
	t.Put(".gitignore", []byte("/out/\n"))
	Vendor(t)
	return t
}

// Vendor puts this version's schema into a config repo.
func Vendor(t *tree.Tree) {
	for name, data := range schema.All() {
		t.Put(path.Join("cue.mod/pkg", schema.Path, name), data)
	}
}
