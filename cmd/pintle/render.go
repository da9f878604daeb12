package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) render() *cobra.Command {
	var charts, out string
	var apps []string
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the charts repo's files",
		Long: `Render prints the files that the declarations claim in the charts repo, or writes
them into a folder. With --charts they are joined with what the checkout holds:
an element that already means the same keeps its bytes, and so does everything
that nothing declares. Pins are never touched.

The folder of -o is made, or replaced if render made it; any other is left alone.`,
		Example: `  pintle render
  pintle render -o out
  pintle render --charts ../charts -o out && diff -r ../charts out`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "app", "charts", "out"); err != nil {
				return err
			}
			if out != "" {
				if err := checkOutput(out); err != nil {
					return err
				}
			}
			bar := p.progress("render")
			made, err := compiler.Compile(cmd.Context(), compiler.Options{Config: p.config, Apps: apps, Charts: charts, Progress: bar.set})
			bar.done()
			if err != nil {
				return err
			}
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			p.unclaimed(made)
			if out != "" {
				said := summary(made)
				if err := replaceDir(out, made.Tree); err != nil {
					return err
				}
				fmt.Fprintf(p.stderr, "%s, written to %s\n", said, out)
				return nil
			}
			if p.format == "json" {
				return report.JSON(p.stdout, map[string]any{"files": report.TreeJSON(made.Tree)})
			}
			return report.Tree(p.stdout, made.Tree)
		},
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "a folder to write the files to")
	chartsFlag(cmd, &charts)
	appFlag(cmd, &apps)
	return cmd
}
