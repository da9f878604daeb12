// Package schema is the CUE language of apps, environments and promotion, embedded.
//
// A config repo imports it as Path. The binary resolves that import from its own copy, offline;
// `pintle init` also vendors it, so that plain cue and editors find it too.
package schema

import (
	"embed"
	"iter"
)

const (
	// Path is what a config repo imports.
	Path = Module + "/schema"

	// Module is the CUE module of which this package is a part. In that module's own repository
	// the schema is not vendored but stands in schema/.
	Module = "github.com/pintle-dev/pintle"

	// LanguageVersion is the version of CUE in which the schema is written.
	LanguageVersion = "v0.17.0"
)

//go:embed *.cue
var files embed.FS

// All goes over the files of the schema by name.
func All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		entries, err := files.ReadDir(".")
		if err != nil {
			panic(err) // embedded: it cannot be missing
		}
		for _, e := range entries {
			data, err := files.ReadFile(e.Name())
			if err != nil {
				panic(err)
			}
			if !yield(e.Name(), data) {
				return
			}
		}
	}
}
