package report

import (
	"encoding/json"
	"fmt"
	"go/token"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/eval"
)

// Explanations prints values, each with the lines below it that had a say.
func Explanations(w io.Writer, all []eval.Explanation, prefix string) error {
	for _, e := range all {
		value, err := json.Marshal(e.Value)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s: %s\n", e.Path, readable(value))
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, p := range e.Places {
			at := diag.Place(token.Position{Filename: filepath.ToSlash(filepath.Join(prefix, p.Pos.Filename)), Line: p.Pos.Line})
			fmt.Fprintf(table, "    %s\t%s\t%s\n", at, p.From, p.Says)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// readable undoes what json.Marshal does for the sake of web pages.
func readable(b []byte) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// An Explanation is one value in JSON, and every line that had a say in it.
type Explanation struct {
	Path   string    `json:"path"`
	Value  any       `json:"value"`
	Places []Speaker `json:"places"`
}

// A Speaker is one line with a say, and whether it belongs to the app, a preset, an environment or the schema.
type Speaker struct {
	Place
	Says string `json:"says,omitempty"`
	From string `json:"from"`
}

// ExplanationsJSON are explanations as values for JSON.
func ExplanationsJSON(all []eval.Explanation) []Explanation {
	out := make([]Explanation, len(all))
	for i, e := range all {
		out[i] = Explanation{Path: e.Path, Value: e.Value, Places: []Speaker{}}
		for _, p := range e.Places {
			out[i].Places = append(out[i].Places, Speaker{place(p.Pos), p.Says, p.From})
		}
	}
	return out
}
