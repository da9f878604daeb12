package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/promote"
	"github.com/pintle-dev/pintle/compiler/report"
)

// bumpFlags are the flags of one bump.
type bumpFlags struct {
	remoteFlags
	env                             []string
	sequence, intent, source, batch string
	automatic, write                bool
}

func (p *program) bump() *cobra.Command {
	var f bumpFlags
	cmd := &cobra.Command{
		Use:   "bump IMAGE TAG --env ENV",
		Short: "Move an image to a tag in one environment",
		Long: `Bump shows what would change if an image ran a tag in an environment, and with
--commit writes it: one commit that changes the pin, with every other byte of its
file as it was, and the record of who moved it and why.

A bump is by hand unless it says --automatic, as CI does: then a tag that is older
than the newest that has run there does nothing, and one without a place in the
order is refused. A tag that runs there already makes no commit.

--batch reads one bump a line as JSON, "-" from standard input, and writes all of
them in one push: {"image": "shop", "tag": "v13", "env": "staging", "automatic":
true}, and where wanted "sequence", "by", "reason", "source", "intent", "at".`,
		Example: `  pintle bump shop v13 --env staging
  pintle bump shop v13 --env staging --commit --reason "fix the basket"
  pintle bump shop v13 --env staging --commit --automatic      # from CI
  pintle bump --batch bumps.jsonl --commit`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd, "env", "charts", "batch", "sequence", "intent", "source", "sign-key", "author", "committer"); err != nil {
				return err
			}
			o, err := f.options(p)
			if err != nil {
				return err
			}
			intents, err := f.intents(o, args)
			if err != nil {
				return err
			}
			done, err := compiler.Bump(cmd.Context(), o, intents, f.write)
			if err != nil {
				return err
			}
			if len(intents) == 0 {
				fmt.Fprintf(p.stderr, "--batch %s has no bumps, so there is nothing to do\n", f.batch)
			}
			refused := 0
			for _, out := range done.Outcomes {
				refused += len(out.Findings)
			}
			where := report.Where{Remote: done.Remote, Branch: done.Branch, Written: f.write, Colour: p.colour()}
			if p.format == "json" {
				if err := report.JSON(p.stdout, report.BumpedJSON(done.Outcomes, where)); err != nil {
					return err
				}
				return inPart(refused)
			}
			report.Bumped(p.stdout, done.Outcomes, where)
			if refused > 0 {
				report.Findings(p.stderr, done.Findings(), p.prefix())
			}
			if !f.write && refused < len(done.Outcomes) {
				fmt.Fprintln(p.stderr, "nothing is written; --commit writes it")
			}
			return inPart(refused)
		},
	}
	f.writing(cmd)
	cmd.Flags().StringSliceVar(&f.env, "env", nil, "the environment")
	cmd.Flags().BoolVar(&f.automatic, "automatic", false, "a machine asks, and nobody answers for it")
	cmd.Flags().StringVar(&f.sequence, "sequence", "", "the build's number, for images whose order is by sequence")
	cmd.Flags().StringVar(&f.source, "source", "", "the commit that the image was built from")
	cmd.Flags().StringVar(&f.intent, "intent", "", "an id that a rerun has in common, such as the CI run's: what was done under it is not done again")
	cmd.Flags().StringVar(&f.batch, "batch", "", "a file with one bump a line, as JSON; - is standard input")
	cmd.Flags().BoolVar(&f.write, "commit", false, "write it")
	return cmd
}

// intents are what is asked for: one bump, or those of a file.
func (f *bumpFlags) intents(o compiler.ChartsOptions, args []string) ([]commit.Intent, error) {
	one := commit.Intent{ID: f.intent, By: o.By, Reason: o.Reason, Source: f.source, At: o.At}
	one.Kind, one.Sequence = kind(f.automatic), f.sequence
	if f.batch != "" {
		if len(args) > 0 || len(f.env) > 0 || f.sequence != "" || f.intent != "" {
			return nil, fmt.Errorf("--batch says of each bump what it is; leave IMAGE, TAG, --env, --sequence and --intent out")
		}
		in := io.ReadCloser(os.Stdin)
		if f.batch != "-" {
			file, err := os.Open(f.batch)
			if err != nil {
				return nil, fmt.Errorf("--batch %s: %w", f.batch, reason(err))
			}
			in = file
		}
		defer in.Close()
		return commit.ReadIntents(f.batch, in, one)
	}
	switch {
	case len(args) != 2:
		return nil, fmt.Errorf("call it as `pintle bump IMAGE TAG --env ENV`; `pintle bump --help` has examples")
	case args[0] == "" || args[1] == "":
		return nil, fmt.Errorf("IMAGE or TAG is empty; call it as `pintle bump IMAGE TAG --env ENV`")
	case len(f.env) == 0:
		return nil, fmt.Errorf("where? name the environment with --env")
	case len(f.env) > 1:
		return nil, fmt.Errorf("a bump moves an image in one environment, not in %s; give them one by one, or as --batch", diag.Listed(f.env))
	}
	if _, err := strconv.ParseUint(f.sequence, 10, 64); f.sequence != "" && err != nil {
		return nil, fmt.Errorf("--sequence %s is no number from 0 up", f.sequence)
	}
	one.Image, one.Tag, one.Environment = args[0], args[1], f.env[0]
	return []commit.Intent{one}, nil
}

func kind(automatic bool) promote.Kind {
	if automatic {
		return promote.AutomaticBump
	}
	return promote.ManualBump
}
