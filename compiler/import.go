package compiler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/adopt"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/eval"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/starter"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// ImportOptions say what to take in.
type ImportOptions struct {
	Charts   string   // a checkout of the charts repo
	Into     string   // the config repo; with Apps it may exist, and gets only these
	Module   string   // of a new config repo; "" is the starter's
	Apps     []string // only these; empty for all
	Progress func(done, total int)
}

// Imported is a config repo made of a charts repo, and the proof that nothing changes by it.
type Imported struct {
	*adopt.Result
	Files       *tree.Tree         // to be written, formatted, with all that a config repo needs
	Existing    bool               // Files are to be added to a config repo that exists
	Lines       int                // of CUE that was written for it
	AppLines    int                // those of them in the apps' folders; the rest is shared
	Bytes       int                //
	BytesBefore int                // of the files that were taken in; 0 where only some apps were
	Differences []adopt.Difference // what would not mean what it did
}

// maxChartsFile is the largest file of a charts repo that is looked at.
const maxChartsFile = 64 << 20

// Import takes a charts repo into declarations. It writes nothing. The declarations are compiled, and
// compared with the charts repo: an error that is a diag.List is about what stands there.
func Import(ctx context.Context, o ImportOptions) (*Imported, error) {
	checkout, err := repo.Open(o.Charts)
	if err != nil {
		return nil, err
	}
	charts, err := checkout.ReadAll(maxChartsFile)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	frame, opts, err := o.into(ctx)
	if err != nil {
		return nil, err
	}
	result, err := adopt.Repo(charts, opts)
	if err != nil {
		return nil, err
	}
	if err := refuseSymlinks(checkout, result.Layout.Files); err != nil {
		return nil, err
	}
	in := &Imported{Result: result, Files: frame, Existing: opts.Existing}
	if opts.Existing {
		in.Files = &tree.Tree{}
	}
	for name, src := range result.Files.All() {
		if src, err = load.Format(name, src); err != nil {
			return nil, err
		}
		in.Files.Put(name, src)
		frame.Put(name, src)
		lines := bytes.Count(src, []byte("\n"))
		in.Lines += lines
		if strings.Count(name, "/") == 2 {
			in.AppLines += lines
		}
		in.Bytes += len(src)
	}
	rendered, err := o.rendered(ctx, frame, charts)
	if err != nil {
		return nil, err
	}
	in.Differences = adopt.Differences(charts, rendered, result.Claims)
	if len(o.Apps) == 0 && len(in.Differences) == 0 {
		// And can it be written back into the files that are there?
		var refused diag.List
		if err := o.joins(ctx, frame); errors.As(err, &refused) {
			in.Notes = append(in.Notes, refused...)
		} else if err != nil {
			return nil, err
		}
	}
	for _, c := range result.Claims {
		if data, ok := charts.Get(c.Path); ok && c.Name == "" {
			in.BytesBefore += len(data)
		}
	}
	return in, nil
}

// refuseSymlinks finds links beside the files that are taken in: each could be one of them, and what is
// written through it would land elsewhere.
func refuseSymlinks(checkout *repo.Checkout, files []string) error {
	var findings diag.List
	seen := map[string]bool{}
	for _, file := range files {
		dir := path.Dir(file)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		links, err := checkout.Symlinks(dir)
		if err != nil {
			return err
		}
		for _, link := range links {
			if path.Ext(link) == path.Ext(file) {
				findings = append(findings, diag.Finding{
					Rule:  "charts-file",
					Where: token.Position{Filename: link},
					What:  "this is a symlink, and stands where a values file may",
					Why:   "what is written there would land elsewhere",
					Fix:   "replace it by what it points to",
				})
			}
		}
	}
	return findings.Err()
}

// into is the config repo as it is without what will be imported, and what that means for the import.
func (o ImportOptions) into(ctx context.Context) (*tree.Tree, adopt.Options, error) {
	opts := adopt.Options{Apps: o.Apps, Module: o.Module}
	if opts.Module == "" {
		opts.Module = starter.Module
	}
	if err := load.CheckModule(opts.Module); err != nil {
		return nil, opts, err
	}
	if _, err := os.Stat(filepath.Join(o.Into, "cue.mod")); err != nil || len(o.Apps) == 0 {
		return starter.Frame(opts.Module), opts, nil
	}
	config, err := load.Dir(o.Into)
	if err != nil {
		return nil, opts, err
	}
	opts.Module, opts.Existing = config.Module, true
	places, err := eval.Places(config.Environments)
	if err != nil {
		return nil, opts, err
	}
	for unit, err := range eval.Units(ctx, sources(config, config.Units), places, Options{}.workers()) {
		if err != nil {
			return nil, opts, fmt.Errorf("the config repo %s must pass `pintle vet` before more is imported into it: %w", o.Into, err)
		}
		for _, a := range unit.Apps {
			if slices.Contains(o.Apps, a.Name) {
				return nil, opts, diag.List{{
					Rule:  "app-twice",
					Where: a.Pos,
					What:  a.Name + " is declared already",
					Fix:   "leave it out of --app, or remove it here first",
				}}
			}
			for _, image := range a.Builds {
				opts.Images = append(opts.Images, image.Name)
			}
		}
	}
	files, err := cueFiles(config.Root)
	return files, opts, err
}

// cueFiles are the CUE files of a folder.
func cueFiles(root string) (*tree.Tree, error) {
	t := &tree.Tree{}
	fsys := os.DirFS(root)
	err := fs.WalkDir(fsys, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(p) != ".cue" {
			return err
		}
		data, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		t.Put(p, data)
		return nil
	})
	return t, err
}

// joins reports whether what the declarations say can be joined with the charts repo as it stands.
func (o ImportOptions) joins(ctx context.Context, config *tree.Tree) error {
	fsys, err := config.FS()
	if err != nil {
		return err
	}
	loaded, err := load.FS(o.Into, fsys)
	if err != nil {
		return err
	}
	_, err = Options{Charts: o.Charts, Progress: o.Progress}.compile(ctx, loaded)
	return err
}

// rendered is what the declarations come to. What is wrong with them is pintle's fault, not the author's.
func (o ImportOptions) rendered(ctx context.Context, config, charts *tree.Tree) (*tree.Tree, error) {
	fsys, err := config.FS()
	if err != nil {
		return nil, err
	}
	loaded, err := load.FS(o.Into, fsys)
	if err == nil {
		options := Options{Progress: o.Progress}
		if len(o.Apps) > 0 {
			options.Charts = o.Charts
		}
		var out *Output
		if out, err = options.compile(ctx, loaded); err == nil {
			return out.Tree, nil
		}
	}
	var findings diag.List
	if errors.As(err, &findings) {
		return nil, fmt.Errorf("what import wrote does not pass vet, which is a fault of pintle; please report it with this file: %s", strings.TrimSpace(findings.Error()))
	}
	return nil, err
}
