package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/starter"
	"github.com/pintle-dev/pintle/compiler/tree"
	"github.com/pintle-dev/pintle/schema"
)

func (p *program) init() *cobra.Command {
	var vendor bool
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a config repo that passes vet",
		Long: `Init writes a small config repo into an empty or new folder: environments, a
preset, one app, and the schema where plain cue and editors find it.
With --vendor it only brings the schema of a config repo up to this version.`,
		Example: `  pintle init myconfig
  cd myconfig && pintle vet && pintle render
  pintle init --vendor     # after an update of pintle`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := p.config
			if len(args) == 1 {
				dir = args[0]
			}
			if vendor {
				return p.vendorSchema(dir)
			}
			if _, err := os.Stat(filepath.Join(dir, "cue.mod")); err == nil {
				return fmt.Errorf("%s is a config repo already; `pintle init --vendor` brings its schema up to date", dir)
			}
			if err := startRepo(dir, starter.Repo()); err != nil {
				return err
			}
			fmt.Fprintf(p.stderr, "a config repo with one app is in %s; try `pintle vet` and `pintle render` there\n", dir)
			return nil
		},
	}
	cmd.Flags().BoolVar(&vendor, "vendor", false, "only write this version's schema into the config repo")
	return cmd
}

func (p *program) vendorSchema(dir string) error {
	root, err := load.Root(dir)
	if err != nil {
		return err
	}
	// A file that this version does not have must go too, so the folder is replaced as a whole.
	t := &tree.Tree{}
	for name, data := range schema.All() {
		t.Put(name, data)
	}
	if err := putDir(filepath.Join(root, filepath.FromSlash(load.VendorDir)), t); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "the schema of this version is in %s\n", filepath.Join(dir, load.VendorDir))
	return nil
}
