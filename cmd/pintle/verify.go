package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/report"
)

func (p *program) verify() *cobra.Command {
	var charts string
	var o compiler.VerifyOptions
	cmd := &cobra.Command{
		Use:   "verify BASE..HEAD",
		Short: "Check that commits of the charts repo do what they say, and nothing else",
		Long: `Verify reads again what each commit changed: the guard for pull requests on the
charts repo. It runs in a clone of that, and needs no declarations and no network.

A commit with pintle's trailers has to be what pintle would have written: a bump
changes one tag and its record, a commit of declarations the elements that its
manifests list. One without trailers is foreign: it may change what pintle does
not own; --allow-foreign lets it move tags on, but never back. A merge has to keep
what each side did. A tag that is older at HEAD than at BASE has to be meant.

BASE...HEAD begins where HEAD left BASE: for a branch that is behind. HEAD alone
begins at its first parent.`,
		Example: `  pintle verify origin/main..HEAD
  pintle verify origin/main...my-branch
  pintle verify HEAD~3..HEAD --charts ../charts --format json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "charts"); err != nil {
				return err
			}
			if args[0] == "" {
				return fmt.Errorf("BASE..HEAD is empty; name the commits to look at")
			}
			r, err := compiler.Verify(charts, args[0], o)
			if err != nil {
				return unknownRevision(err)
			}
			findings := r.Findings()
			if p.format == "json" {
				if err := report.JSON(p.stdout, report.VerifiedJSON(r)); err != nil {
					return err
				}
				return inPart(len(findings))
			}
			report.Verified(p.stdout, r)
			if len(findings) > 0 {
				report.Findings(p.stderr, findings, "")
			}
			fmt.Fprintln(p.stderr, report.VerifiedSummary(r))
			return inPart(len(findings))
		},
	}
	cmd.Flags().StringVar(&charts, "charts", ".", "a clone of the charts repo")
	cmd.Flags().BoolVar(&o.AllowForeign, "allow-foreign", false, "let others move tags on, and change what pintle wrote")
	return cmd
}

// unknownRevision says what was meant where a revision's name is misspelt, and what there is otherwise.
func unknownRevision(err error) error {
	var e *repo.NoRevision
	if !errors.As(err, &e) {
		return err
	}
	const few = 5
	hint := ""
	switch meant := diag.Suggest(e.Name, e.Known); {
	case meant != "":
		hint = fmt.Sprintf("; did you mean %s?", meant)
	case len(e.Known) > few:
		hint = fmt.Sprintf("; there are %s and %d more", diag.Listed(e.Known[:few]), len(e.Known)-few)
	case len(e.Known) > 0:
		hint = "; there is " + diag.Listed(e.Known)
	}
	if e.Ends {
		hint += "\n    the clone is shallow: fetch what is missing (git fetch --unshallow origin; in GitHub Actions, fetch-depth: 0)"
	}
	return fmt.Errorf("%w%s", err, hint)
}
