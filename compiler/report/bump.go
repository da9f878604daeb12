package report

import (
	"fmt"
	"io"

	"github.com/pintle-dev/pintle/compiler/commit"
)

// Where is what a command wrote to, or would.
type Where struct {
	Remote, Branch string
	Written        bool // or only shown
	Colour         bool
}

// Bumped prints what became of intents, one after the other.
func Bumped(w io.Writer, outcomes []commit.Outcome, where Where) {
	moved := 0
	for _, out := range outcomes {
		name := fmt.Sprintf("%s in %s", out.Image, out.Environment)
		switch out.Result {
		case commit.Moved:
			moved++
			fmt.Fprintf(w, "%s: %s\n", name, fromTo(out))
			for _, f := range out.Decision.Advice() {
				fmt.Fprintf(w, "    note: %s\n", f.What)
			}
			if len(outcomes) == 1 {
				Change(w, *out.Change, where.Colour)
			}
			if where.Written {
				fmt.Fprintf(w, "%.10s on %s of %s\n", out.Commit, where.Branch, where.Remote)
			}
		case commit.There:
			fmt.Fprintf(w, "%s: %s\n", name, there(out))
		case commit.Superseded:
			fmt.Fprintf(w, "%s: %s is superseded: %s\n", name, out.Tag, out.Newer)
		case commit.Refused:
			fmt.Fprintf(w, "%s: %s is refused: %s\n", name, out.Tag, out.Findings[0].What)
		}
	}
	if len(outcomes) > 1 {
		fmt.Fprintf(w, "%d of %s moved\n", moved, count(len(outcomes), "bump"))
	}
}

func fromTo(out commit.Outcome) string {
	if out.From == "" {
		return out.Tag + ", the first one"
	}
	return out.From + " -> " + out.Tag
}

func there(out commit.Outcome) string {
	if out.From == out.Tag {
		return "already runs " + out.Tag + "; nothing to do"
	}
	return fmt.Sprintf("%s was carried out before; it runs %s now, and nothing is done again", out.Tag, out.From)
}

// An outcome is what became of one bump, in JSON.
type outcome struct {
	Image       string        `json:"image"`
	Environment string        `json:"environment"`
	Tag         string        `json:"tag"`
	From        string        `json:"from,omitempty"`
	Result      commit.Result `json:"result"`
	Newer       string        `json:"newer,omitempty"`
	Intent      string        `json:"intent"`
	Commit      string        `json:"commit,omitempty"`
	Path        string        `json:"path,omitempty"`
	Key         string        `json:"key,omitempty"`
	Rules       []ruling      `json:"rules"`
	Findings    []Finding     `json:"findings"`
}

type ruling struct {
	Rule     string `json:"rule"`
	Verdict  string `json:"verdict"`
	Sentence string `json:"sentence"`
	Place
}

// BumpedJSON are outcomes as values for JSON.
func BumpedJSON(outcomes []commit.Outcome, where Where) any {
	list, written := make([]outcome, len(outcomes)), false
	for i, out := range outcomes {
		written = written || where.Written && out.Result == commit.Moved
		list[i] = outcome{
			Image: out.Image, Environment: out.Environment, Tag: out.Tag, From: out.From, Result: out.Result,
			Newer: out.Newer, Intent: out.ID, Path: out.Pin.Path, Key: out.Pin.Key, Findings: FindingsJSON(out.Findings),
			Rules: []ruling{},
		}
		if where.Written {
			list[i].Commit = out.Commit
		}
		for _, r := range out.Decision.Rulings {
			list[i].Rules = append(list[i].Rules, ruling{r.Rule, string(r.Verdict), r.Sentence, place(r.Where)})
		}
	}
	return struct {
		Charts   string    `json:"charts"`
		Branch   string    `json:"branch"`
		Written  bool      `json:"written"`
		Outcomes []outcome `json:"outcomes"`
	}{where.Remote, where.Branch, written, list}
}
