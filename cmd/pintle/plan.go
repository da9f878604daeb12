package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/report"
)

// planFlags say which part of the declarations is written, and how far that may go.
type planFlags struct {
	remoteFlags
	apps, environments                []string
	overwrite, allowPrune, allowOlder bool
	branch                            string
}

func (f *planFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.apps, "app", nil, "only these apps")
	cmd.Flags().StringSliceVar(&f.environments, "env", nil, "only these environments")
	cmd.Flags().BoolVar(&f.overwrite, "overwrite", false, "take ours where somebody edited by hand, or wrote first")
	cmd.Flags().BoolVar(&f.allowPrune, "allow-prune", false, "take away more than a fifth of an environment's releases at once")
	cmd.Flags().BoolVar(&f.allowOlder, "allow-older", false, "write although a newer revision of the config repo was written")
	cmd.Flags().StringVar(&f.branch, "branch", "", "write to this branch, for a pull request, rather than to the declared one")
}

func (f *planFlags) options(p *program) (compiler.ChartsOptions, error) {
	o, err := f.remoteFlags.options(p)
	o.Apps, o.Environments = f.apps, f.environments
	o.Overwrite, o.AllowPrune, o.AllowOlder = f.overwrite, f.allowPrune, f.allowOlder
	o.Commit.Branch = f.branch
	return o, err
}

func (p *program) plan() *cobra.Command {
	var f planFlags
	var out string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "The commits that would make the charts repo what the declarations say",
		Long: `Plan reads the head of the charts repo, which may be on any git remote, and shows
the commits that would make it say what is declared. It writes nothing.

Each element that pintle writes is listed in the charts repo with a digest. One
that was edited by hand since is refused and its neighbours go on; one that nothing
declares any longer is removed. With -o the plan is written to a file, which
"pintle commit FILE" carries out later, or refuses if what it is about has moved.`,
		Example: `  pintle plan
  pintle plan --env staging                 # a change, one environment at a time
  pintle plan -o plan.json && pintle commit plan.json
  pintle plan --charts ../charts.git`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "app", "env", "charts", "out", "branch"); err != nil {
				return err
			}
			o, err := f.options(p)
			if err != nil {
				return err
			}
			bar := p.progress("plan")
			o.Progress = bar.set
			made, err := compiler.Plan(cmd.Context(), o)
			bar.done()
			if err != nil {
				return err
			}
			if out != "" {
				if err := writeFile(out, func(w *os.File) error { return report.JSON(w, made.Plan) }); err != nil {
					return err
				}
			}
			if p.format == "json" {
				if err := report.JSON(p.stdout, report.PlanJSON(made.Plan, made.Findings, made.TakenIn, made.Held)); err != nil {
					return err
				}
				return inPart(len(made.Findings))
			}
			if len(made.Findings) > 0 {
				report.Findings(p.stderr, made.Findings, p.prefix())
			}
			report.Plan(p.stdout, made.Plan, made.Changes, p.colour())
			fmt.Fprintln(p.stderr, report.PlanSummary(made.Plan, len(made.Findings), made.Held))
			if out != "" {
				fmt.Fprintf(p.stderr, "written to %s; carry it out with `pintle commit %s`\n", out, out)
			}
			return inPart(len(made.Findings))
		},
	}
	f.reading(cmd)
	f.add(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "write the plan to this file, as JSON")
	return cmd
}
