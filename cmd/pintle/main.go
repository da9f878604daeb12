// Pintle compiles CUE declarations into commits on a Helm charts repo.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/report"
)

func main() {
	os.Exit(run())
}

// Exit codes: the answer is yes, the answer is no, and there is no answer.
const (
	exitOK = iota
	exitNo
	exitFailed
)

func run() (code int) {
	// The heap is small and short-lived: collecting it less often saves a fifth of the time. Where it
	// grows all the same, as with ten thousand apps, memory comes first.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(320 << 20)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(os.Stderr, "pintle: a fault of pintle itself, please report it: %v\n", r)
			code = exitFailed
		}
	}()
	out := &output{File: os.Stdout}
	p := &program{stdout: out, stderr: os.Stderr}
	code = p.exit(ctx, p.root().ExecuteContext(ctx))
	if out.err != nil {
		fmt.Fprintf(os.Stderr, "pintle: what was asked for could not be printed: %v\n", reason(out.err))
		return exitFailed
	}
	return code
}

// An output remembers whether all of it was written: a full disk must not look like an answer.
type output struct {
	*os.File
	err error
}

func (o *output) Write(data []byte) (int, error) {
	n, err := o.File.Write(data)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// A program is one run of the command line: what all commands share.
type program struct {
	stdout, stderr io.Writer
	config         string // --config
	format         string // --format
}

// errNo ends a run whose answer is no, after the answer was printed.
var errNo = errors.New("no")

// exit prints what went wrong, and says which exit code that is.
func (p *program) exit(ctx context.Context, err error) int {
	var findings diag.List
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNo):
		return exitNo
	case ctx.Err() != nil && !errors.Is(err, commit.ErrUnclear):
		fmt.Fprintln(p.stderr, "pintle: interrupted, nothing was written")
		return exitFailed
	case errors.As(err, &findings):
		if p.format == "json" {
			err := report.JSON(p.stdout, map[string]any{"findings": report.FindingsJSON(findings)})
			if err != nil {
				fmt.Fprintf(p.stderr, "pintle: %v\n", err)
				return exitFailed
			}
			return exitNo
		}
		report.Findings(p.stderr, findings, p.prefix())
		return exitNo
	}
	fmt.Fprintf(p.stderr, "pintle: %v\n", err)
	return exitFailed
}

// colour reports whether what is printed is for a person's eyes.
func (p *program) colour() bool {
	out, ok := p.stdout.(*output)
	return ok && term.IsTerminal(int(out.Fd())) && os.Getenv("NO_COLOR") == ""
}

// prefix is the way from the current folder to the config repo, for messages.
func (p *program) prefix() string {
	root, err := load.Root(p.config)
	if err != nil {
		return ""
	}
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(here, root)
	if err != nil || rel == "." {
		return ""
	}
	return rel
}

func (p *program) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pintle",
		Short: "Compile CUE declarations into commits on a Helm charts repo",
		Long: `Pintle compiles CUE declarations of apps and environments into the files of a
Helm charts repo, which Argo CD or Flux applies. It never speaks to a cluster.

Every command prints by default; nothing is written without being asked.
Exit codes: 0 done, or nothing to do; 1 the answer is no (findings), or done in
part, and said so; 2 there is no answer (usage, machine, network).`,
		Example: `  pintle init myconfig && cd myconfig
  pintle vet
  pintle plan --charts ../charts.git
  pintle commit --charts ../charts.git
  pintle bump hello v13 --env staging --charts ../charts.git --commit`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetOut(p.stdout)
	cmd.SetErr(p.stderr)
	flags := cmd.PersistentFlags()
	flags.StringVar(&p.config, "config", ".", "a folder in the config repo")
	flags.StringVar(&p.format, "format", "text", "text or json")
	cmd.PersistentPreRunE = func(*cobra.Command, []string) error {
		if p.format != "text" && p.format != "json" {
			return fmt.Errorf("unknown format %q; there are text and json", p.format)
		}
		return nil
	}
	cmd.AddCommand(p.vet(), p.render(), p.explain(), p.init(), p.importRepo(), p.plan(), p.commit(), p.bump(), p.verify(), p.version())
	for _, c := range cmd.Commands() {
		c.Args = sayingUsage(c.Args)
	}
	cmd.SetFlagErrorFunc(unknownFlag)
	return cmd
}

// sayingUsage says how a command is called where it is called otherwise.
func sayingUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		return fmt.Errorf("call it as `pintle %s`; `pintle %s --help` has examples", cmd.Use, cmd.Name())
	}
}

// unknownFlag says what was meant where a flag's name is misspelt.
func unknownFlag(cmd *cobra.Command, err error) error {
	flag, unknown := strings.CutPrefix(err.Error(), "unknown flag: ")
	if !unknown {
		if _, flag, unknown = strings.Cut(err.Error(), "unknown shorthand flag: "); !unknown {
			return err
		}
		_, flag, _ = strings.Cut(flag, " in ")
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	if meant := diag.Suggest(flag, names); meant != "" && strings.HasPrefix(flag, "--") {
		return fmt.Errorf("unknown flag %s; did you mean %s?", flag, meant)
	}
	return fmt.Errorf("unknown flag %s; `%s --help` lists them", flag, cmd.CommandPath())
}

// noArgs says what was meant where a command's name is misspelt.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	err := fmt.Errorf("unknown command %q; `pintle help` lists them", args[0])
	if meant := diag.Suggest(args[0], names); meant != "" {
		err = fmt.Errorf("unknown command %q; did you mean %q?", args[0], meant)
	}
	if strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("unknown flag %s", args[0])
	}
	return err
}
