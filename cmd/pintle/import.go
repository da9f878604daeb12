package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) importRepo() *cobra.Command {
	var o compiler.ImportOptions
	cmd := &cobra.Command{
		Use:   "import CHARTS-REPO --out DIR",
		Short: "Declarations from an existing charts repo, with proof that nothing changes",
		Long: `Import writes a config repo that says what a charts repo holds. It recognises the
layout by itself, writes once what is the same in all environments, and proves its
work: what it wrote is rendered and compared with the original, document by
document. Whatever differs is listed with its place, and the exit code is 1.
Pins, and all that no app claims, are not touched.

With --app only these apps are taken in, and the rest of the charts repo stays as
it is. DIR may then be a config repo that exists.`,
		Example: `  pintle import ../charts --out myconfig
  cd myconfig && pintle vet && pintle render -o out
  pintle import ../charts --out myconfig --app frontend`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Into == "" {
				return fmt.Errorf("where to? name a new folder with --out")
			}
			if err := notEmpty(cmd, "app", "module"); err != nil {
				return err
			}
			o.Charts = args[0]
			if len(o.Apps) == 0 {
				if err := checkNew(o.Into); err != nil {
					return err
				}
			}
			bar := p.progress("import")
			o.Progress = bar.set
			in, err := compiler.Import(cmd.Context(), o)
			bar.done()
			if err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			write := startRepo
			if in.Existing {
				write = addFiles
			}
			if err := write(o.Into, in.Files); err != nil {
				return err
			}
			if p.format == "text" && len(in.Notes) > 0 {
				report.Findings(p.stderr, in.Notes.Sorted(), "")
			}
			made := report.ImportOf(in.Result, in.Lines, in.AppLines, in.Bytes, in.BytesBefore, in.Differences)
			if p.format == "json" {
				err = report.JSON(p.stdout, made)
			} else {
				err = made.Print(p.stdout, in.Result, o.Into)
			}
			if err == nil && len(in.Differences) > 0 {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().StringVar(&o.Into, "out", "", "the folder of the config repo to write")
	cmd.Flags().StringSliceVar(&o.Apps, "app", nil, "only these apps")
	cmd.Flags().StringVar(&o.Module, "module", "", "CUE module path of the new config repo (default example.org/config)")
	return cmd
}
