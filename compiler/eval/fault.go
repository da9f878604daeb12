package eval

import (
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/errors"
)

// What CUE says, as far as it has to be told apart.
const (
	notAllowed = "field not allowed"
	required   = "field is required but not present"
)

// A fault is one of CUE's errors. What it says of each alternative of a value that fits none of them is one.
type fault struct {
	path     []string // unquoted
	format   string
	args     []any
	text     string // format with args, without the path
	at       token.Position
	places   []token.Position // all that had a say, in CUE's order
	failed   []fault          // alternatives
	repeated bool             // it is about another fault
}

// faults are the errors of a validation.
func faults(err error) []fault {
	var all []fault
	for _, e := range errors.Errors(err) {
		f := newFault(e)
		if last := len(all) - 1; last >= 0 && all[last].isChoice() && len(f.path) >= len(all[last].path) &&
			slices.Equal(f.path[:len(all[last].path)], all[last].path) {
			all[last].failed = append(all[last].failed, f)
			continue
		}
		all = append(all, f)
	}
	return all
}

func newFault(e errors.Error) fault {
	f := fault{at: position(e.Position())}
	f.format, f.args = e.Msg()
	for _, label := range e.Path() {
		if name, err := strconv.Unquote(label); err == nil {
			label = name
		}
		f.path = append(f.path, label)
	}
	f.text = strings.TrimPrefix(e.Error(), strings.Join(e.Path(), ".")+": ")
	for _, p := range append([]token.Position{f.at}, positions(e)...) {
		if p.Line > 0 && !slices.Contains(f.places, p) {
			f.places = append(f.places, p)
		}
	}
	f.repeated = strings.HasPrefix(f.format, "error in call to ") ||
		slices.ContainsFunc(f.args, func(arg any) bool { _, is := arg.(error); return is })
	return f
}

func positions(e errors.Error) []token.Position {
	var ps []token.Position
	for _, p := range e.InputPositions() {
		ps = append(ps, position(p))
	}
	return ps
}

func (f fault) key() string { return key(f.path) }

func (f fault) last() string {
	if len(f.path) == 0 {
		return ""
	}
	return f.path[len(f.path)-1]
}

// inside is the path of what holds it.
func (f fault) inside() []string { return f.path[:max(0, len(f.path)-1)] }

// arg is an argument as text.
func (f fault) arg(i int) string {
	if i >= len(f.args) {
		return ""
	}
	return fmt.Sprint(f.args[i])
}

func (f fault) isChoice() bool { return f.format == "%d errors in empty disjunction:" }

// isIncomplete reports whether nothing is wrong with the value but that there is none.
func (f fault) isIncomplete() bool {
	return slices.ContainsFunc([]string{"incomplete value", "non-concrete value", "unresolved disjunction", "invalid interpolation"}, func(s string) bool {
		return strings.HasPrefix(f.format, s)
	})
}

// isCustom reports whether the words are the preset's own: error("...").
func (f fault) isCustom() bool { return f.format == "%s" }
