package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/diff"
	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Plan prints the commits of a plan, and what changes in the charts repo's own files.
func Plan(w io.Writer, p plan.Plan, changes []tree.Change, colour bool) {
	byPath := map[string]tree.Change{}
	for _, c := range changes {
		byPath[c.Path] = c
	}
	for i, c := range p.Commits {
		fmt.Fprintf(w, "commit %d  %s\n", i+1, c.Title)
		for _, f := range c.Files {
			fmt.Fprintf(w, "    %s\n", f.Path)
			for _, line := range moved(f.Moves) {
				fmt.Fprintf(w, "      %s\n", line)
			}
		}
		for _, f := range c.Files {
			if change, ok := byPath[f.Path]; ok {
				Change(w, change, colour)
			}
		}
	}
}

// signs are how actions are shown in front of an element.
var signs = map[plan.Action]string{plan.Add: "+", plan.Change: "~", plan.Remove: "-", plan.Forget: "-"}

// moved are the elements that change, one line each, and a count of those that are only listed.
func moved(moves []plan.Move) []string {
	const most = 20
	var lines []string
	takenIn := 0
	for _, m := range moves {
		if m.Action == plan.TakeIn {
			takenIn++
			continue
		}
		lines = append(lines, signs[m.Action]+" "+m.Element.Element.String())
	}
	if n := len(lines); n > most {
		lines = append(lines[:most-1], fmt.Sprintf("… and %d more", n-most+1))
	}
	if takenIn > 0 {
		lines = append(lines, fmt.Sprintf("= %s as declared already, listed from now on", count(takenIn, "element")))
	}
	return lines
}

// Change prints a change of one file as `diff -u` does.
func Change(w io.Writer, c tree.Change, colour bool) {
	const most = 400 // lines
	lines := strings.SplitAfter(strings.TrimSuffix(diff.Unified(c), "\n"), "\n")
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(w, "… and %d more lines\n", len(lines)-most)
			return
		}
		fmt.Fprintln(w, coloured(printable(strings.TrimSuffix(line, "\n")), colour))
	}
}

// printable shows what would otherwise steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return '�'
		}
		return r
	}, strings.TrimSuffix(s, "\r"))
}

func coloured(line string, colour bool) string {
	code := ""
	switch {
	case !colour:
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		code = "1"
	case strings.HasPrefix(line, "+"):
		code = "32"
	case strings.HasPrefix(line, "-"):
		code = "31"
	case strings.HasPrefix(line, "@@"):
		code = "36"
	}
	if code == "" {
		return line
	}
	return "\x1b[" + code + "m" + line + "\x1b[0m"
}

// PlanSummary is a plan in one line.
func PlanSummary(p plan.Plan, refused, held int) string {
	counts := map[plan.Action]int{}
	for _, m := range p.Moves() {
		counts[m.Action]++
	}
	switch {
	case len(p.Commits) == 0 && refused > 0:
		return "nothing can be written: see above" + leftOut(held)
	case len(p.Commits) == 0:
		return "nothing to do: the charts repo says what is declared" + leftOut(held)
	}
	var parts []string
	for _, a := range []struct {
		action plan.Action
		text   string
	}{{plan.Change, "changed"}, {plan.Add, "new"}, {plan.Remove, "removed"}, {plan.TakeIn, "taken in as they are"}, {plan.Forget, "forgotten"}} {
		if n := counts[a.action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a.text))
		}
	}
	return fmt.Sprintf("%s on %s of %s; elements: %s%s", count(len(p.Commits), "commit"), p.Branch, p.Charts, strings.Join(parts, ", "), leftOut(held))
}

func leftOut(held int) string {
	if held == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s left out)", count(held, "element"))
}

// PlanJSON is a plan with what is refused of it.
func PlanJSON(p plan.Plan, findings diag.List, takenIn, held int) any {
	return struct {
		plan.Plan
		Findings []Finding `json:"findings"`
		TakenIn  int       `json:"takenIn"`
		LeftOut  int       `json:"leftOut"`
	}{p, FindingsJSON(findings), takenIn, held}
}

// Committed prints the commits that were written.
func Committed(w io.Writer, p plan.Plan, commits []string, remote string, refused int) {
	switch {
	case len(commits) == 0 && refused > 0:
		fmt.Fprintf(w, "nothing is written to %s of %s: what differs is refused\n", p.Branch, remote)
		return
	case len(commits) == 0:
		fmt.Fprintf(w, "nothing to write: %s of %s says what is declared\n", p.Branch, remote)
		return
	}
	for i, id := range commits {
		fmt.Fprintf(w, "%.10s  %s\n", id, p.Commits[i].Title)
	}
	fmt.Fprintf(w, "%s on %s of %s\n", count(len(commits), "commit"), p.Branch, remote)
}

// CommittedJSON are the commits that were written.
func CommittedJSON(p plan.Plan, commits []string, findings diag.List, pullRequest string) any {
	type commit struct {
		ID          string `json:"id"`
		Environment string `json:"environment,omitempty"`
		Title       string `json:"title"`
	}
	out := struct {
		Charts      string    `json:"charts"`
		Branch      string    `json:"branch"`
		Commits     []commit  `json:"commits"`
		PullRequest string    `json:"pullRequest,omitempty"`
		Findings    []Finding `json:"findings"`
	}{p.Charts, p.Branch, []commit{}, pullRequest, FindingsJSON(findings)}
	for i, id := range commits {
		out.Commits = append(out.Commits, commit{id, p.Commits[i].Environment, p.Commits[i].Title})
	}
	return out
}
