package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) vet() *cobra.Command {
	var charts string
	var apps []string
	cmd := &cobra.Command{
		Use:   "vet [DIR]",
		Short: "Check the declarations",
		Long: `Vet evaluates every app in every environment, and says what is wrong with it:
where, what, why, and how to mend it. DIR is a folder in the config repo.`,
		Example: `  pintle vet
  pintle vet ../config --format json
  pintle vet --charts ../charts      # and whether its files can take them`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				p.config = args[0]
			}
			if err := notEmpty(cmd, "app", "charts"); err != nil {
				return err
			}
			bar := p.progress("vet")
			out, err := compiler.Compile(cmd.Context(), compiler.Options{Config: p.config, Apps: apps, Charts: charts, Progress: bar.set})
			bar.done()
			if err != nil {
				return err
			}
			p.unclaimed(out)
			if p.format == "json" {
				return report.JSON(p.stdout, struct {
					Findings []report.Finding `json:"findings"`
					report.Summary
				}{[]report.Finding{}, summary(out)})
			}
			fmt.Fprintf(p.stderr, "%s: no findings\n", summary(out))
			return nil
		},
	}
	chartsFlag(cmd, &charts)
	appFlag(cmd, &apps)
	return cmd
}

// unclaimed says what stands beside the declared elements and stays as it is.
func (p *program) unclaimed(out *compiler.Output) {
	for _, u := range out.Unclaimed {
		fmt.Fprintf(p.stderr, "left alone: %s\n", u)
	}
}

func chartsFlag(cmd *cobra.Command, charts *string) {
	cmd.Flags().StringVar(charts, "charts", "", "a checkout of the charts repo: what nothing declares there stays as it is")
}

// notEmpty refuses flags that were given without a value, as by a variable that is not set.
func notEmpty(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if f := cmd.Flags().Lookup(name); f.Changed && (f.Value.String() == "" || f.Value.String() == "[]") {
			return fmt.Errorf("--%s is empty; give it a value, or leave it out", name)
		}
	}
	return nil
}

func appFlag(cmd *cobra.Command, apps *[]string) {
	cmd.Flags().StringSliceVar(apps, "app", nil, "only these apps; it costs nothing how many others there are")
}

func summary(out *compiler.Output) report.Summary {
	return report.Summary{Apps: out.Apps, Releases: out.Releases, Environments: out.Environments, Images: out.Images, Files: out.Tree.Len()}
}
