// Package load finds the files of a config repo, as units that can be evaluated alone.
package load

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/schema"
)

const (
	environmentsDir = "environments"
	appsDir         = "apps"
	moduleFile      = "cue.mod/module.cue"

	// VendorDir is where plain cue looks for the schema, offline.
	VendorDir = "cue.mod/pkg/" + schema.Path
)

// perBatch is how many units share a context. Memory is linear in what shares one and is never
// given back, while each fresh one evaluates environments and presets anew.
const perBatch = 4

// A Config is a config repo: which files it has, none of them evaluated.
type Config struct {
	Root   string // its folder, for messages
	Module string
	Units  []Unit // by name
	fsys   fs.FS
}

// A Unit is one folder of apps/: usually one app, its live and draft twins together.
type Unit struct {
	Name string
}

// Dir is the folder of the unit's files, from the root.
func (u Unit) Dir() string { return path.Join(appsDir, u.Name) }

// Root is the config repo that dir is in: dir or the nearest folder above it that holds cue.mod.
func Root(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no folder %s; name one in the config repo", dir)
	} else if err != nil {
		return "", err
	}
	for d := abs; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, filepath.FromSlash(moduleFile))); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", diag.List{{
				Rule:  "no-config-repo",
				Where: token.Position{Filename: filepath.ToSlash(dir)},
				What:  "this is no config repo",
				Why:   "neither this folder nor one above it has " + moduleFile,
				Fix:   "make one with `pintle init`, or name one with --config",
			}}
		}
	}
}

// Dir finds the units of the config repo that dir is in.
func Dir(dir string) (*Config, error) {
	root, err := Root(dir)
	if err != nil {
		return nil, err
	}
	return FS(root, os.DirFS(root))
}

// FS finds the units of a config repo whose files need not lie on a disk. Root is for messages.
func FS(root string, repo fs.FS) (*Config, error) {
	data, err := fs.ReadFile(repo, moduleFile)
	if err != nil {
		return nil, err
	}
	if f := unfit(moduleFile, data); f != nil {
		return nil, diag.List{*f}
	}
	mod, err := modfile.ParseNonStrict(data, moduleFile)
	if err != nil {
		return nil, diag.List{{
			Rule:  "bad-module",
			Where: token.Position{Filename: moduleFile},
			What:  "this is no CUE module: " + firstLine(err),
			Fix:   "write `module: \"example.org/config@v0\"` and `language: version: \"v0.17.0\"`",
		}}
	}
	c := &Config{Root: root, Module: mod.ModuleRootPath()}
	var findings diag.List
	c.Units, findings = units(repo)
	findings = append(findings, otherSchema(repo, c.Module)...)
	if err := findings.Sorted().Err(); err != nil {
		return nil, err
	}
	if c.fsys, err = newConfigFS(repo, mod); err != nil {
		return nil, err
	}
	return c, nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// CheckModule reports what is wrong with the path of a CUE module.
func CheckModule(path string) error {
	if err := module.CheckPathWithoutVersion(path); err != nil {
		return fmt.Errorf("%w; write a module path such as example.org/config", err)
	}
	return nil
}

// Environments parses the package that declares the places where apps run.
func (c *Config) Environments() ([]*build.Instance, error) {
	return c.instances("./" + environmentsDir + ":" + environmentsDir)
}

// Batches are units in groups that share a context. Each is parsed anew when it is called,
// since a parsed file may not be shared between contexts.
func (c *Config) Batches(units []Unit) []func() ([]*build.Instance, error) {
	// A small repo makes smaller groups, so that no worker is left without one.
	size := min(perBatch, max(1, (len(units)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0)))
	var batches []func() ([]*build.Instance, error)
	for group := range slices.Chunk(units, size) {
		batches = append(batches, c.Source(group...))
	}
	return batches
}

// Source parses units anew each time that it is called, with all that they import. What is wrong with
// a file stands in the instance's Err.
func (c *Config) Source(units ...Unit) func() ([]*build.Instance, error) {
	dirs := make([]string, len(units))
	for i, u := range units {
		dirs[i] = "./" + u.Dir() + ":" + appsDir
	}
	return func() ([]*build.Instance, error) { return c.instances(dirs...) }
}

func (c *Config) instances(dirs ...string) ([]*build.Instance, error) {
	insts := load.Instances(dirs, &load.Config{
		FS:         c.fsys,
		Dir:        "/",
		ModuleRoot: "/",
		FromFSPath: shown,
		ParseFile:  parse,
		Env:        registryEnv(),
	})
	if len(insts) != len(dirs) {
		return nil, fmt.Errorf("load %s: cue found %d packages in %d folders", strings.Join(dirs, " "), len(insts), len(dirs))
	}
	return insts, nil
}

// registryEnv keeps cue off the network unless the user names a registry: everything but the push works offline.
func registryEnv() []string {
	env := os.Environ()
	if os.Getenv("CUE_REGISTRY") == "" {
		env = append(env, "CUE_REGISTRY=none")
	}
	return env
}

// UnitOf is the unit whose files declare an app, found without evaluating any.
func (c *Config) UnitOf(app string) (Unit, bool) {
	i, named := slices.BinarySearchFunc(c.Units, app, func(u Unit, name string) int { return strings.Compare(u.Name, name) })
	if named && slices.Contains(c.declared(c.Units[i]), app) {
		return c.Units[i], true
	}
	for _, u := range c.Units {
		if slices.Contains(c.declared(u), app) {
			return u, true
		}
	}
	return Unit{}, false
}

// Apps are the names that the units' files declare, in order. A file that does not parse has none.
func (c *Config) Apps() []string {
	var names []string
	for _, u := range c.Units {
		names = append(names, c.declared(u)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// declared are the regular top-level fields of a unit's files.
func (c *Config) declared(u Unit) []string {
	var names []string
	paths, err := fs.Glob(c.fsys, u.Dir()+"/*.cue")
	if err != nil {
		return nil
	}
	for _, p := range paths {
		data, err := fs.ReadFile(c.fsys, p)
		if err != nil {
			continue
		}
		file, err := parse(p, data, parser.NewConfig())
		if err != nil {
			continue
		}
		for _, decl := range file.Decls {
			if name := regularField(decl); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func regularField(decl ast.Decl) string {
	field, ok := decl.(*ast.Field)
	if !ok || field.Constraint != 0 {
		return ""
	}
	name, ident, err := ast.LabelName(field.Label)
	if err != nil || ident && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#")) {
		return ""
	}
	return name
}

// Format writes CUE source as `cue fmt` does.
func Format(name string, src []byte) ([]byte, error) {
	out, err := format.Source(src)
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", name, err)
	}
	return out, nil
}

// units are the folders of apps/ that hold CUE.
func units(fsys fs.FS) ([]Unit, diag.List) {
	var found []Unit
	var findings diag.List
	entries, err := fs.ReadDir(fsys, appsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, diag.List{unreadable(appsDir, err)}
	}
	places, bad := cueFiles(fsys, environmentsDir)
	findings = append(findings, bad...)
	_, bad = cueFiles(fsys, appsDir)
	findings = append(findings, bad...)
	if places == 0 && len(findings) == 0 {
		findings = append(findings, diag.Finding{
			Rule:  "no-environments",
			Where: token.Position{Filename: environmentsDir},
			What:  "no environment is declared",
			Why:   "an app is released to the environments that package environments declares under `all`",
			Fix:   "write environments/environments.cue; `pintle init` shows how",
		})
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
			continue
		}
		info, err := fs.Stat(fsys, path.Join(appsDir, name))
		if err != nil {
			findings = append(findings, unreadable(path.Join(appsDir, name), err))
			continue
		}
		if !info.IsDir() {
			continue
		}
		files, bad := cueFiles(fsys, path.Join(appsDir, name))
		findings = append(findings, bad...)
		if files > 0 {
			found = append(found, Unit{Name: name})
		}
	}
	if len(found) == 0 && len(findings) == 0 {
		findings = append(findings, diag.Finding{
			Rule:  "no-apps",
			Where: token.Position{Filename: appsDir},
			What:  "no app is declared",
			Why:   "every folder of " + appsDir + "/ with *.cue files in it is a unit, and there is none",
			Fix:   "write " + appsDir + "/NAME/NAME.cue",
		})
	}
	return found, findings
}

// cueFiles counts the CUE files of a folder, and finds those which cannot be read.
func cueFiles(fsys fs.FS, dir string) (int, diag.List) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		return 0, diag.List{unreadable(dir, err)}
	}
	n := 0
	var findings diag.List
	for _, e := range entries {
		p := path.Join(dir, e.Name())
		if e.IsDir() && dir != appsDir && dir != environmentsDir {
			if nested, _ := fs.Glob(fsys, p+"/*.cue"); len(nested) > 0 {
				findings = append(findings, diag.Finding{
					Rule:  "nested-app",
					Where: token.Position{Filename: nested[0]},
					What:  "an app's folder holds another folder of CUE, which nothing would read",
					Why:   "one folder of " + appsDir + "/ is one unit, and units do not nest",
					Fix:   fmt.Sprintf("move it to %s/%s", appsDir, e.Name()),
				})
			}
		}
		if !strings.HasSuffix(e.Name(), ".cue") {
			continue
		}
		info, err := fs.Stat(fsys, p)
		switch {
		case err != nil:
			findings = append(findings, unreadable(p, err))
		case info.IsDir():
		case !info.Mode().IsRegular():
			findings = append(findings, unreadable(p, errors.New("it is not a regular file")))
		case info.Size() > maxFileBytes:
			findings = append(findings, tooLarge(p, info.Size()))
		default:
			n++
		}
	}
	return n, findings
}

func unreadable(p string, err error) diag.Finding {
	var perr *fs.PathError
	if errors.As(err, &perr) {
		err = perr.Err
	}
	return diag.Finding{
		Rule:  "unreadable",
		Where: token.Position{Filename: p},
		What:  "this cannot be read: " + err.Error(),
		Fix:   "remove it, or mend what it points to",
	}
}

// otherSchema finds a vendored schema that is not the one in this binary: then plain cue and pintle
// would not mean the same.
func otherSchema(fsys fs.FS, module string) diag.List {
	dir, fix := VendorDir, "run `pintle init --vendor`, which writes this version's copy"
	if module == schema.Module {
		dir, fix = "schema", "build pintle from this checkout: go build ./cmd/pintle"
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil // not vendored: plain cue will miss it, pintle does not
	}
	var differs []string
	ours := map[string]bool{}
	for name, want := range schema.All() {
		ours[name] = true
		got, err := fs.ReadFile(fsys, path.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			differs = append(differs, name)
		}
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".cue") && !ours[e.Name()] {
			differs = append(differs, e.Name())
		}
	}
	if len(differs) == 0 {
		return nil
	}
	slices.Sort(differs)
	return diag.List{{
		Rule:  "schema-version",
		Where: token.Position{Filename: path.Join(dir, differs[0])},
		What:  "the schema in this repo is not the one of this pintle",
		Why:   "plain cue would check against one language and pintle against another; " + strings.Join(differs, ", ") + " differs",
		Fix:   fix,
	}}
}
