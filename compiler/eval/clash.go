package eval

import (
	"fmt"
	"go/token"
	"strconv"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// conflict explains two values for one thing: of different types, or just different.
func (x *finder) conflict(f fault) diag.Finding {
	mine, other := x.sides(f)
	name := x.subject(f.path)
	out := diag.Finding{
		Rule:  "wrong-type",
		Where: mine.at,
		What:  fmt.Sprintf("%s is %s, where %s is wanted", name, mine.text, kindName(other.kind)),
		Why:   x.demand(other.at),
		Fix:   retyped(mine, other.kind),
		Also:  append(x.users(mine.at, f), x.shared([]token.Position{other.at})...),
	}
	if x.own(other.at) {
		out.Also = append(out.Also, other.at)
	}
	switch {
	case mine.kind == other.kind:
		out.Rule = "conflict"
		out.What = fmt.Sprintf("%s is both %s and %s", name, mine.text, other.text)
		out.Why, out.Fix = x.settle(f, mine, other)
	case x.own(mine.at) && x.own(other.at):
		out.What = fmt.Sprintf("%s is both %s and %s", name, mine.text, other.text)
		out.Why = fmt.Sprintf("the one is %s, the other %s, and no line overrides another", kindName(mine.kind), kindName(other.kind))
		out.Fix = "keep one of them"
	}
	return out
}

// A side is one of two values that exclude each other.
type side struct {
	text, kind string
	at         token.Position
}

// sides are what the author wrote, and what that clashes with.
func (x *finder) sides(f fault) (mine, other side) {
	a, b := newSide(f, 0), newSide(f, 1)
	// CUE names the places of both first, unless it knows only one.
	if len(f.places) > 0 {
		a.at, b.at = f.places[0], f.places[0]
	}
	if len(f.places) > 1 {
		b.at = f.places[1]
	}
	if c := x.nearer(b.at, a.at); c > 0 || c == 0 && diag.ComparePositions(a.at, b.at) < 0 {
		a, b = b, a
	}
	if !x.own(a.at) {
		if l := x.lines(f); len(l) > 0 && l[0].from == "app" {
			a.at = l[0].at
		}
	}
	return a, b
}

func newSide(f fault, i int) side {
	s := side{text: short(f.arg(i)), kind: f.arg(i + 2)}
	if name := kindName(s.text); name != s.text {
		s.text = name // a type
	}
	return s
}

// settle tells why two values do not agree, and how they may.
func (x *finder) settle(f fault, mine, other side) (why, fix string) {
	if !x.own(other.at) || !x.own(mine.at) {
		return x.demand(other.at) + ", and no line overrides another", fmt.Sprintf("remove it here, or leave it open in the %s", x.from(other.at))
	}
	why, fix = "CUE unifies all lines: none overrides another", "keep one of them"
	env, named := x.environment(mine.at)
	pattern, alsoNamed := x.environment(other.at)
	if !named || alsoNamed || pattern == "" {
		return why, fix
	}
	why = fmt.Sprintf("release: %s says it of %s too, and no line overrides another", pattern, env)
	except := ""
	if p := strings.Trim(pattern, "[]"); p != "_" && p != "string" {
		except = p + " & "
	}
	return why, fmt.Sprintf("let the pattern leave %s out: release: [%s!=%q]: ...", env, except, env)
}

// demand is what a line says that something else must agree with.
func (x *finder) demand(at token.Position) string {
	says := x.says(at)
	switch from := x.from(at); {
	case says == "" || at.Line == 0:
		return ""
	case from == "app":
		return "another line says " + says
	default:
		return fmt.Sprintf("the %s says %s", from, says)
	}
}

// retyped is how a value may become one of another type.
func retyped(mine side, kind string) string {
	text, err := strconv.Unquote(mine.text)
	_, notNumber := strconv.ParseFloat(text, 64)
	switch {
	case kind == "string" && (mine.kind == "int" || mine.kind == "float" || mine.kind == "bool"):
		return fmt.Sprintf("write \"%s\"", mine.text)
	case err == nil && (notNumber == nil && (kind == "int" || kind == "number") || kind == "bool" && (text == "true" || text == "false")):
		return fmt.Sprintf("write %s, without quotes", text)
	case kind == "string" && mine.kind == "list" && strings.Count(mine.text, `"`) == 2:
		return "write " + strings.Trim(mine.text, "[]")
	case kind == "list" && mine.kind != "struct" && len(mine.text) < 40:
		return fmt.Sprintf("write [%s]", mine.text)
	case kind == "struct":
		return "write fields: {NAME: VALUE}"
	}
	return "write " + kindName(kind)
}

func kindName(kind string) string {
	switch kind {
	case "string":
		return "text"
	case "int":
		return "a whole number"
	case "number", "float", "(int|float)":
		return "a number"
	case "bool":
		return "true or false"
	case "list":
		return "a list"
	case "struct":
		return "a block of fields"
	}
	return kind
}

// noneOf explains a value that fits none of several alternatives.
func (x *finder) noneOf(f fault) diag.Finding {
	out := diag.Finding{Rule: "not-one-of", Where: x.where(f)}
	var got string
	var choices []string
	for _, alternative := range f.failed {
		if !strings.HasPrefix(alternative.format, "conflicting values") {
			continue
		}
		mine, other := x.sides(alternative)
		got = mine.text
		choices = append(choices, other.text)
		if x.own(mine.at) {
			out.Where = mine.at
		}
	}
	choices = without(choices, got)
	if x.isChart(f.path) {
		return x.unknownChart(got, out.Where)
	}
	out.What = fmt.Sprintf("%s is %s, which is not one of those allowed", x.subject(f.path), got)
	out.Why = "allowed are " + diag.Listed(choices)
	out.Fix = "write one of these"
	if meant := diag.Suggest(got, choices); meant != "" {
		out.Fix = "write " + meant
	}
	out.Also = x.users(out.Where, f)
	return out
}

// unknownAfter explains an environment that comes after one that is not declared.
func (x *finder) unknownAfter(f fault) diag.Finding {
	where, name := x.where(f), ""
	for _, l := range x.lines(f) {
		if text, err := strconv.Unquote(l.says); err == nil {
			where, name = l.at, text
		}
	}
	return unknownEnvironment(name, where, x.siblings(fault{path: f.path[:2]}).names)
}

// refused explains a value that a preset refuses in its own words.
func (x *finder) refused(f fault) diag.Finding {
	out := diag.Finding{Rule: "not-allowed", Where: x.where(f), What: fmt.Sprintf("%s: %s", x.subject(f.path), f.arg(0))}
	for _, l := range x.lines(f) {
		if l.at == out.Where {
			if x.isChart(f.path) {
				return x.unknownChart(l.says, out.Where)
			}
			out.What = fmt.Sprintf("%s is %s: %s", x.subject(f.path), l.says, f.arg(0))
		}
	}
	out.Also = append(x.users(out.Where, f), x.shared([]token.Position{f.at})...)
	return out
}

func (x *finder) isChart(p []string) bool {
	return x.charts != nil && len(p) > 1 && p[len(p)-1] == "chart" && (len(p) == 2 || len(p) == 4 && p[1] == "release")
}

func (x *finder) unknownChart(quoted string, where token.Position) diag.Finding {
	f := diag.Finding{
		Rule:  "unknown-chart",
		Where: where,
		What:  "unknown chart " + quoted,
		Why:   "declared are " + diag.Listed(without(x.charts)),
		Fix:   "declare it in environments, under chartsRepo: charts",
	}
	if meant := diag.Suggest(strings.Trim(quoted, `"`), x.charts); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}
