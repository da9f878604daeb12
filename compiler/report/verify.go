package report

import (
	"fmt"
	"io"
	"time"

	"github.com/pintle-dev/pintle/compiler/verify"
)

// Verified prints commits, one line each, and below it what they did to what pintle owns, as far as their
// subjects do not say it.
func Verified(w io.Writer, r *verify.Report) {
	label := map[verify.Verdict]string{verify.AsSaid: "ok", verify.Foreign: "foreign", verify.Wrong: "WRONG"}
	for _, c := range r.Commits {
		fmt.Fprintf(w, "%.10s  %-7s  %s\n", c.ID, label[c.Verdict], printable(c.Subject))
		for _, line := range verified(c) {
			fmt.Fprintf(w, "    %s\n", printable(line))
		}
	}
}

func verified(c verify.Commit) []string {
	const most = 20
	var lines []string
	if c.Verdict != verify.AsSaid {
		for _, m := range c.Moves {
			lines = append(lines, "moves "+m.String())
		}
		for _, e := range c.Elements {
			verb := "changes "
			if e.Gone {
				verb = "takes away "
			}
			lines = append(lines, verb+e.Element.String()+" in "+e.Path)
		}
		for _, file := range c.State {
			lines = append(lines, "writes "+file)
		}
	}
	lines = append(lines, c.Notes...)
	if n := len(lines); n > most {
		lines = append(lines[:most-1], fmt.Sprintf("… and %d more", n-most+1))
	}
	return lines
}

// VerifiedSummary is a range of commits in one line.
func VerifiedSummary(r *verify.Report) string {
	return fmt.Sprintf("%s: %d as they say, %d foreign, %d wrong", count(len(r.Commits), "commit"),
		r.Count(verify.AsSaid), r.Count(verify.Foreign), r.Count(verify.Wrong))
}

// A verifiedCommit is a commit and what it really did, in JSON.
type verifiedCommit struct {
	ID       string           `json:"id"`
	Subject  string           `json:"subject"`
	Author   string           `json:"author"`
	At       time.Time        `json:"at"`
	Verdict  verify.Verdict   `json:"verdict"`
	Kind     string           `json:"kind,omitempty"`
	Merge    bool             `json:"merge,omitempty"`
	Pins     []movedPin       `json:"pins"`
	Elements []verify.Touched `json:"elements"`
	State    []string         `json:"state"`
	Notes    []string         `json:"notes"`
	Findings []Finding        `json:"findings"`
}

type movedPin struct {
	Image       string `json:"image"`
	Environment string `json:"environment"`
	Path        string `json:"path"`
	Key         string `json:"key"`
	From        string `json:"from,omitempty"`
	To          string `json:"to,omitempty"`
	Back        bool   `json:"back,omitempty"`
}

// VerifiedJSON is a range of commits as a value for JSON. Its own findings are about the range as a whole.
func VerifiedJSON(r *verify.Report) any {
	commits := make([]verifiedCommit, len(r.Commits))
	for i, c := range r.Commits {
		out := verifiedCommit{
			ID: c.ID, Subject: c.Subject, Author: fmt.Sprintf("%s <%s>", c.Author.Name, c.Author.Email), At: c.At,
			Verdict: c.Verdict, Kind: c.Kind, Merge: c.Merge, Findings: FindingsJSON(c.Findings),
			Pins: []movedPin{}, Elements: append([]verify.Touched{}, c.Elements...), State: append([]string{}, c.State...), Notes: append([]string{}, c.Notes...),
		}
		for _, m := range c.Moves {
			out.Pins = append(out.Pins, movedPin{m.Image, m.Environment, m.Pin.Path, m.Pin.Key, m.From, m.To, m.Back})
		}
		commits[i] = out
	}
	return struct {
		Base     string           `json:"base,omitempty"`
		Head     string           `json:"head"`
		AsSaid   int              `json:"asTheySay"`
		Foreign  int              `json:"foreign"`
		Wrong    int              `json:"wrong"`
		Commits  []verifiedCommit `json:"commits"`
		Findings []Finding        `json:"findings"`
	}{r.Base, r.Head, r.Count(verify.AsSaid), r.Count(verify.Foreign), r.Count(verify.Wrong), commits, FindingsJSON(r.Net)}
}
