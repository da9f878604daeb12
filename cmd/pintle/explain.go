package main

import (
	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain APP ENV [PATH]",
		Short: "Tell why a value is what it is",
		Long: `Explain lists every file:line that had a say in a value of a release: the app's
own first, then presets, the environment, the schema. PATH is a path in the
release, or in its values; without one, all values are explained.`,
		Example: `  pintle explain frontend production replicaCount
  pintle explain frontend staging env.LOG_LEVEL
  pintle explain frontend production --format json`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(_ *cobra.Command, args []string) error {
			path := ""
			if len(args) == 3 {
				path = args[2]
			}
			found, err := compiler.Explain(compiler.Options{Config: p.config}, args[0], args[1], path)
			if err != nil {
				return err
			}
			if p.format == "json" {
				return report.JSON(p.stdout, map[string]any{"values": report.ExplanationsJSON(found)})
			}
			return report.Explanations(p.stdout, found, p.prefix())
		},
	}
}
