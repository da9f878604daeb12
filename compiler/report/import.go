package report

import (
	"cmp"
	"fmt"
	"io"

	"github.com/pintle-dev/pintle/compiler/adopt"
	"github.com/pintle-dev/pintle/compiler/diag"
)

// An Import is what import made of a charts repo.
type Import struct {
	Layout       string   `json:"layout"`
	Environments []string `json:"environments"`
	Apps         int      `json:"apps"`
	Releases     int      `json:"releases"`
	LinesBefore  int      `json:"linesBefore"` // of YAML
	Lines        int      `json:"lines"`       // of CUE
	AppLines     int      `json:"appLines"`    // those of them in the apps' folders; the rest is shared
	BytesBefore  int      `json:"bytesBefore,omitempty"`
	Bytes        int      `json:"bytes"`
	Values       int      `json:"values"`     // leaves, each counted once however many environments have it
	OneLine      int      `json:"valuesOnce"` // those written in one place
	Carried      int      `json:"commentsCarried"`
	Lost         []Place  `json:"commentsLost"`
	Equal        bool     `json:"equal"`

	Notes       []Finding    `json:"notes"` // what the authors of the charts repo should know
	Differences []Difference `json:"differences"`
}

// A Difference is a place where a rendered file does not mean what the original meant.
type Difference struct {
	Place        // in the charts repo
	Path  string `json:"path"`
	Was   string `json:"was"` // as JSON; "" for nothing
	Is    string `json:"is"`
}

// ImportOf puts the result of an import into words and numbers.
func ImportOf(r *adopt.Result, lines, appLines, size, sizeBefore int, differences []adopt.Difference) Import {
	i := Import{
		Layout:       r.Layout.Name,
		Environments: r.Layout.Environments,
		Apps:         r.Apps,
		Releases:     r.Releases,
		LinesBefore:  r.LinesBefore,
		Lines:        lines,
		AppLines:     appLines,
		BytesBefore:  sizeBefore,
		Bytes:        size,
		Values:       r.Values,
		OneLine:      r.Once,
		Carried:      r.CommentsCarried,
		Lost:         []Place{},
		Notes:        FindingsJSON(r.Notes.Sorted()),
		Equal:        len(differences) == 0,
		Differences:  []Difference{},
	}
	for _, at := range r.Lost {
		i.Lost = append(i.Lost, place(at))
	}
	for _, d := range differences {
		i.Differences = append(i.Differences, Difference{place(d.Where), d.Path, d.Was, d.Is})
	}
	return i
}

// Print writes the import for people.
func (i Import) Print(w io.Writer, r *adopt.Result, into string) error {
	fmt.Fprintf(w, "layout    %s: %s\n", i.Layout, diag.Listed(i.Environments))
	fmt.Fprintf(w, "taken in  %s, %s\n", count(i.Apps, "app"), count(i.Releases, "release"))
	size := ""
	if i.BytesBefore > 0 {
		size = fmt.Sprintf("          %d KB, now %d KB (%s)\n", i.BytesBefore>>10, i.Bytes>>10, percent(i.Bytes, i.BytesBefore))
	}
	fmt.Fprintf(w, "size      %d lines of YAML, now %d of CUE (%s): %d in apps, %d shared\n%s", i.LinesBefore, i.Lines, percent(i.Lines, i.LinesBefore), i.AppLines, i.Lines-i.AppLines, size)
	fmt.Fprintf(w, "values    %d, of which %s are written once\n", i.Values, percent(i.OneLine, i.Values))
	fmt.Fprintf(w, "comments  %d carried, %d lost\n", i.Carried, len(i.Lost))
	for _, at := range r.Lost {
		fmt.Fprintf(w, "          lost: %s\n", diag.Place(at))
	}
	if i.Equal {
		fmt.Fprintf(w, "proof     rendered again, every document means what it did\n")
		fmt.Fprintf(w, "written   %s\n", into)
		return nil
	}
	fmt.Fprintf(w, "proof     %s to the original:\n", count(len(i.Differences), "difference"))
	for n, d := range i.Differences {
		if n == shown {
			fmt.Fprintf(w, "  and %d more\n", len(i.Differences)-n)
			break
		}
		at := fmt.Sprintf("%s:%d", d.File, d.Line)
		fmt.Fprintf(w, "  %s: %s was %s, and would be %s\n", at, d.Path, cmp.Or(d.Was, "nothing"), cmp.Or(d.Is, "nothing"))
	}
	fmt.Fprintf(w, "written   %s, all the same, to look at\n", into)
	return nil
}

func percent(part, of int) string {
	if of == 0 {
		return "0%"
	}
	return fmt.Sprintf("%d%%", (100*part+of/2)/of)
}
