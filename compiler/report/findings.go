// Package report is the program's voice: what it says, as text and as JSON.
package report

import (
	"encoding/json"
	"fmt"
	"go/token"
	"io"
	"path/filepath"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// shown is how many findings are printed. Whoever has more mends these first.
const shown = 100

// Findings prints findings for people: the place and what is wrong, then why and how to mend it.
// Prefix is the way from the current folder to the config repo, so that editors can open the places. Those
// in the charts repo are from its own root.
func Findings(w io.Writer, list diag.List, prefix string) {
	at := func(p token.Position) string {
		if p.Filename != "" && prefix != "" {
			p.Filename = filepath.ToSlash(filepath.Join(prefix, p.Filename))
		}
		return diag.Place(p)
	}
	for i, f := range list {
		if i == shown {
			break
		}
		where := at(f.Where)
		if f.InCharts() {
			where = diag.Place(f.Where)
		}
		if f.Where.Filename == "" {
			fmt.Fprintf(w, "%s [%s]\n", f.What, f.Rule)
		} else {
			fmt.Fprintf(w, "%s: %s [%s]\n", where, f.What, f.Rule)
		}
		detail(w, "why", f.Why)
		detail(w, "fix", f.Fix)
		if len(f.Also) > 0 {
			places := make([]string, 0, 4)
			for j, p := range f.Also {
				if j == 3 && len(f.Also) > 4 {
					places = append(places, fmt.Sprintf("and %d more places", len(f.Also)-j))
					break
				}
				places = append(places, at(p))
			}
			detail(w, "also", strings.Join(places, ", "))
		}
	}
	fmt.Fprintln(w, count(len(list), "finding")+cut(len(list)))
}

func cut(n int) string {
	if n <= shown {
		return ""
	}
	return fmt.Sprintf(", of which the first %d are shown", shown)
}

func detail(w io.Writer, label, text string) {
	if text == "" {
		return
	}
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			label = strings.Repeat(" ", len(label))
			fmt.Fprintf(w, "    %s  %s\n", label, line)
			continue
		}
		fmt.Fprintf(w, "    %s: %s\n", label, line)
	}
}

// count writes a number of things as a person would.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// A Place is a position in JSON.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// A Finding is a finding in JSON.
type Finding struct {
	Rule string `json:"rule"`
	Place
	What string  `json:"what"`
	Why  string  `json:"why,omitempty"`
	Fix  string  `json:"fix,omitempty"`
	Also []Place `json:"also,omitempty"`
}

// FindingsJSON are findings as values for JSON, all of them, with paths from the config repo's root.
func FindingsJSON(list diag.List) []Finding {
	out := make([]Finding, len(list))
	for i, f := range list {
		out[i] = Finding{Rule: f.Rule, Place: place(f.Where), What: f.What, Why: f.Why, Fix: f.Fix}
		for _, p := range f.Also {
			out[i].Also = append(out[i].Also, place(p))
		}
	}
	return out
}

func place(p token.Position) Place {
	return Place{File: p.Filename, Line: p.Line, Column: p.Column}
}

// JSON prints a value with indentation, and with < > & as they are.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
