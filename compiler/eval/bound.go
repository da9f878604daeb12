package eval

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
)

func (x *finder) outOfBound(f fault) diag.Finding {
	if x.isName(f) {
		return x.badName(f)
	}
	where := x.where(f)
	out := diag.Finding{
		Rule:  "out-of-bound",
		Where: where,
		What:  fmt.Sprintf("%s is %s, which is not allowed", x.subject(f.path), short(f.arg(0))),
		Why:   x.demand(f.at),
		Also:  append(x.users(where, f), x.shared([]token.Position{f.at})...),
	}
	if bound := f.arg(1); bound != "" {
		out.Fix = bounded(bound)
	}
	if name, err := strconv.Unquote(f.arg(0)); err == nil && strings.HasPrefix(f.arg(1), "=~") {
		if nearby := label(name, "-"); fits(nearby, f.arg(1)) {
			out.Fix = fmt.Sprintf("write %q", nearby)
		}
	}
	return out
}

// bounded says in words what a bound such as >=1 asks for.
func bounded(bound string) string {
	for _, op := range []struct{ sign, words string }{
		{">=", "write %s or more"},
		{"<=", "write at most %s"},
		{"!=", "write something else"},
		{"=~", "write text that matches %s"},
		{"!~", "write text that does not match %s"},
		{">", "write more than %s"},
		{"<", "write less than %s"},
	} {
		if limit, ok := strings.CutPrefix(bound, op.sign); ok {
			if !strings.Contains(op.words, "%s") {
				return op.words
			}
			return fmt.Sprintf(op.words, limit)
		}
	}
	return ""
}

// fits reports whether a text matches a bound such as =~"^[a-z]+$".
func fits(text, bound string) bool {
	pattern, err := strconv.Unquote(strings.TrimPrefix(bound, "=~"))
	if err != nil {
		return false
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
}

// isName reports whether a fault is about the name of an app, an image, an environment or a chart,
// which is written as a field's name and turns up where the schema says what names may be.
func (x *finder) isName(f fault) bool {
	name, err := strconv.Unquote(f.arg(0))
	written := func(at token.Position) bool { return x.own(at) && x.isLiteral(at) }
	return err == nil && slices.Contains(f.inside(), name) && !slices.ContainsFunc(f.places, written)
}

func (x *finder) badName(f fault) diag.Finding {
	name, _ := strconv.Unquote(f.arg(0))
	depth := slices.Index(f.path, name)
	kind, separators := "name", "-"
	switch {
	case depth == 0:
		kind = "app"
	case f.path[depth-1] == "all":
		kind = "environment"
	case f.path[depth-1] == "builds":
		kind, separators = "image", "._/-"
	case f.path[depth-1] == "charts":
		kind = "chart"
	}
	out := diag.Finding{
		Rule:  kind + "-name",
		Where: x.declared(f.path[:depth+1]...),
		What:  fmt.Sprintf("%q cannot be the name of an %s", name, kind),
		Why:   "Kubernetes takes it as a name: small letters, digits and dashes, beginning with a letter, at most 63",
		Fix:   fmt.Sprintf("write %q", label(name, separators)),
	}
	switch kind {
	case "image":
		out.Why = "registries take small letters and digits, in groups set apart by one of - . _ /"
	case "chart", "name":
		out.What = fmt.Sprintf("%q cannot be the name of a %s", name, kind)
	}
	return out
}

// label is a name of the allowed kind that looks like name.
func label(name, separators string) string {
	s := regexp.MustCompile(`[^a-z0-9`+regexp.QuoteMeta(separators)+`]+`).ReplaceAllString(strings.ToLower(name), "-")
	s = strings.Trim(s, separators)
	if separators == "-" {
		s = strings.TrimLeft(s, "-0123456789")
	}
	return strings.Trim(s[:min(len(s), 63)], separators)
}
