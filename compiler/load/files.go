package load

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/mod/modfile"
	"golang.org/x/tools/txtar"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/schema"
)

const (
	// schemaDir is where cue sees the schema of this binary: as a module in a folder.
	schemaDir = "cue.mod/pintle"
	// localModule is cue's own file to say that a module is to be found in a folder (replaceWith).
	localModule = "cue.mod/local-module.cue"
)

// configFS is a config repo as cue sees it: its own files, and the schema of this binary in place of
// the vendored copy.
type configFS struct {
	repo    fs.FS
	schema  fs.FS                         // nil in the repo that holds the schema's source itself
	presets func() ([]fs.DirEntry, error) // the files of apps/, without its folders
}

func newConfigFS(repo fs.FS, mod *modfile.File) (*configFS, error) {
	c := &configFS{repo: repo}
	c.presets = sync.OnceValues(func() ([]fs.DirEntry, error) {
		entries, err := fs.ReadDir(repo, appsDir)
		return slices.DeleteFunc(entries, fs.DirEntry.IsDir), err
	})
	if mod.ModuleRootPath() == schema.Module {
		return c, nil
	}
	local, err := localModuleFile(repo, mod)
	if err != nil {
		return nil, err
	}
	archive := &txtar.Archive{Files: []txtar.File{
		{Name: localModule, Data: local},
		{Name: schemaDir + "/cue.mod/module.cue", Data: fmt.Appendf(nil, "module: %q\nlanguage: version: %q\n", schema.Module+"@v0", schema.LanguageVersion)},
	}}
	for name, data := range schema.All() {
		archive.Files = append(archive.Files, txtar.File{Name: schemaDir + "/schema/" + name, Data: data})
	}
	c.schema, err = txtar.FS(archive)
	return c, err
}

// localModuleFile is the repo's own dependencies and the one on the schema.
func localModuleFile(repo fs.FS, mod *modfile.File) ([]byte, error) {
	if data, err := fs.ReadFile(repo, localModule); err == nil {
		if f := unfit(localModule, data); f != nil {
			return nil, diag.List{*f}
		}
		if mod, err = modfile.ParseLocal(data, localModule, mod); err != nil {
			return nil, err
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(mod.Deps)) {
		dep := mod.Deps[name]
		fmt.Fprintf(&b, "deps: %q: {v: %q, default: %v", name, dep.Version, dep.Default)
		if dep.ReplaceWith != "" {
			fmt.Fprintf(&b, ", replaceWith: %q", dep.ReplaceWith)
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "deps: %q: {v: \"v0.0.0\", replaceWith: %q}\n", schema.Module+"@v0", "./"+schemaDir)
	return []byte(b.String()), nil
}

// at is the file system that holds a path. A vendored schema is in neither: cue must not find two.
func (c *configFS) at(name string) fs.FS {
	if c.schema != nil && (name == localModule || within(name, schemaDir) || within(name, VendorDir)) {
		return c.schema
	}
	return c.repo
}

func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}

// Open implements fs.FS.
func (c *configFS) Open(name string) (fs.File, error) {
	return c.at(name).Open(name)
}

// Stat implements fs.StatFS.
func (c *configFS) Stat(name string) (fs.FileInfo, error) {
	return fs.Stat(c.at(name), name)
}

// ReadDir implements fs.ReadDirFS. The folder apps/ shows only its files: cue looks into it once for
// every unit, and a unit must not cost more where there are many others.
func (c *configFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == appsDir {
		return c.presets()
	}
	return fs.ReadDir(c.at(name), name)
}

// shown is how a path of a configFS is called in messages: the schema by the place of its vendored copy.
func shown(p string) string {
	p = strings.TrimPrefix(p, "/")
	if name, ok := strings.CutPrefix(p, schemaDir+"/schema/"); ok {
		return VendorDir + "/" + name
	}
	return p
}
