package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of pintle, and of the CUE in it",
		Example: `  pintle version --format json`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			version, cue, goVersion := "unknown", "unknown", "unknown"
			if info, ok := debug.ReadBuildInfo(); ok {
				version, goVersion = info.Main.Version, info.GoVersion
				for _, m := range info.Deps {
					if m.Path == "cuelang.org/go" {
						cue = m.Version
					}
				}
			}
			if p.format == "json" {
				return report.JSON(p.stdout, map[string]string{"pintle": version, "cue": cue, "go": goVersion})
			}
			fmt.Fprintf(p.stdout, "pintle %s, cue %s, %s\n", version, cue, goVersion)
			return nil
		},
	}
}
