package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) commit() *cobra.Command {
	var f planFlags
	var openPR bool
	cmd := &cobra.Command{
		Use:   "commit [PLAN]",
		Short: "Make the charts repo what the declarations say",
		Long: `Commit writes what "pintle plan" shows, or the plan in a file, to the charts repo:
one commit for each environment, pushed together. Others may write at the same
time; what is written is computed anew on the head of that moment, and nothing is
ever forced. Running it again writes nothing twice.

With --branch it writes to a branch for a pull request, which --open-pr opens.`,
		Example: `  pintle commit
  pintle commit plan.json
  pintle commit --env staging --reason "roll out the new probes"
  pintle commit --branch config-update --open-pr`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "app", "env", "charts", "branch", "sign-key", "author", "committer"); err != nil {
				return err
			}
			if openPR && f.branch == "" {
				return fmt.Errorf("--open-pr needs a branch to open a pull request from; name one with --branch")
			}
			o, err := f.options(p)
			if err != nil {
				return err
			}
			done, err := p.carryOut(cmd, o, args)
			if err != nil {
				return err
			}
			url := ""
			if openPR {
				if url, err = compiler.OpenPullRequest(cmd.Context(), done); err != nil {
					return err
				}
			}
			if p.format == "json" {
				if err := report.JSON(p.stdout, report.CommittedJSON(done.Plan, done.Commits, done.Findings, url)); err != nil {
					return err
				}
				return inPart(len(done.Findings))
			}
			if len(done.Findings) > 0 {
				report.Findings(p.stderr, done.Findings, p.prefix())
			}
			report.Committed(p.stdout, done.Plan, done.Commits, done.Remote, len(done.Findings))
			if url != "" {
				fmt.Fprintln(p.stdout, url)
			}
			return inPart(len(done.Findings))
		},
	}
	f.writing(cmd)
	f.add(cmd)
	cmd.Flags().BoolVar(&openPR, "open-pr", false, "open a pull request on GitHub from --branch, or bring the open one up to date")
	return cmd
}

func (p *program) carryOut(cmd *cobra.Command, o compiler.ChartsOptions, args []string) (*compiler.Committed, error) {
	bar := p.progress("commit")
	defer bar.done()
	o.Progress = bar.set
	if len(args) == 0 {
		return compiler.Commit(cmd.Context(), o)
	}
	for _, name := range []string{"app", "env", "overwrite", "allow-prune"} {
		if cmd.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s has no say in a plan that is made already; give it to `pintle plan`", name)
		}
	}
	made, err := readPlan(args[0])
	if err != nil {
		return nil, err
	}
	return compiler.CommitPlan(cmd.Context(), o, made)
}

func readPlan(file string) (plan.Plan, error) {
	var made plan.Plan
	data, err := os.ReadFile(file)
	if err != nil {
		return made, fmt.Errorf("plan %s: %w", file, reason(err))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&made); err != nil {
		return made, fmt.Errorf("plan %s: this is no plan as `pintle plan -o` writes it: %w", file, err)
	}
	return made, nil
}
