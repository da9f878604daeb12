package eval

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// What CUE says, as far as it has to be told apart.
const (
	notAllowed = "field not allowed"
	required   = "field is required but not present"
)

// finding says in our words what a fault means.
func (x *explainer) finding(f fault) diag.Finding {
	begins := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return strings.HasPrefix(f.format, t) })
	}
	switch {
	case len(f.path) == 3 && f.path[0] == "all" && f.path[2] == "after" && x.environments == nil:
		return x.unknownAfter(f)
	case f.format == notAllowed:
		return x.unknownField(f)
	case f.format == required:
		return x.missing(f)
	case f.isChoice():
		return x.noneOf(f)
	case begins("conflicting values"):
		return x.conflict(f)
	case begins("invalid value"):
		return x.outOfBound(f)
	case strings.Contains(f.text, "undefined field: "):
		return x.undefined(f)
	case begins("cannot call non-function", "cannot use %s (type %s) as %s in argument"):
		return x.call(f)
	case begins("structural cycle"):
		return x.endless(f)
	case f.isIncomplete():
		return x.incomplete(f)
	case f.isCustom():
		return x.refused(f)
	}
	where := x.where(f)
	return diag.Finding{
		Rule:  "evaluation",
		Where: where,
		What:  fmt.Sprintf("%s: %s", x.subject(f.path), f.text),
		Also:  x.users(where, f),
	}
}

func (x *explainer) unknownField(f fault) diag.Finding {
	where := x.where(f)
	if len(f.path) == 3 && f.path[1] == "release" && x.environments != nil {
		return unknownEnvironment(f.last(), where, x.environments)
	}
	out := diag.Finding{
		Rule:  "unknown-field",
		Where: where,
		What:  fmt.Sprintf("unknown field %q", f.last()),
		Why:   fmt.Sprintf("%s has no such field", ownerOf(f.path)),
		Also:  x.users(where, f),
	}
	if meant := x.meant(f); meant != "" {
		out.Fix = fmt.Sprintf("write %q", meant)
		return out
	}
	out.Fix = "remove it, or declare it beside the fields that are allowed"
	if known := x.siblings(f); len(known.names) > 0 {
		if len(known.names) <= 20 {
			out.Why += "; it may have " + listed(known.names)
		}
		out.Also = append(out.Also, x.shared([]token.Position{known.first})...)
	}
	return out
}

// meant is the field whose name was probably misspelt.
func (x *explainer) meant(f fault) string {
	return diag.Suggest(f.last(), x.siblings(f).names)
}

// A kin is what may stand in a struct.
type kin struct {
	names []string
	first token.Position // where the first of them is declared
}

// siblings are the fields that may stand beside one that may not.
func (x *explainer) siblings(f fault) kin {
	holder := key(f.inside())
	k, known := x.kin[holder]
	if known {
		return k
	}
	it, err := at(x.value, f.inside()).Fields(cue.Optional(true))
	for err == nil && it.Next() {
		name := it.Selector().Unquoted()
		if x.index.forbidden(slices.Concat(f.inside(), []string{name})) || !it.IsOptional() && it.Selector().ConstraintType() == 0 && !it.Value().Exists() {
			continue
		}
		k.names = append(k.names, name)
		if src := it.Value().Source(); src != nil && !k.first.IsValid() {
			k.first = position(src.Pos())
		}
	}
	k.names = without(k.names)
	x.kin[holder] = k
	return k
}

func (x *explainer) missing(f fault) diag.Finding {
	says := ""
	for _, at := range f.places {
		if x.from(at) != "schema" || says == "" {
			says = x.says(at)
		}
	}
	out := diag.Finding{
		Rule:  "missing-field",
		Where: x.declared(f.path...),
		What:  fmt.Sprintf("%s is missing", x.subject(f.path)),
		Why:   fmt.Sprintf("%s must have it", ownerOf(f.path)),
		Fix:   x.addition(f.path),
		Also:  x.shared(f.places),
	}
	if says != "" {
		out.Why += ": " + says
	}
	return out
}

// addition is what to write where a value is missing.
func (x *explainer) addition(path []string) string {
	depth := x.depth(path...)
	text := fmt.Sprintf("add `%s: ...`", strings.Join(path[depth:], ": "))
	if depth == 3 && path[1] == "release" {
		text += " here, or to release: [_] for all environments"
	}
	return text
}

// conflict explains two values for one thing: of different types, or just different.
func (x *explainer) conflict(f fault) diag.Finding {
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

// settle tells why two values do not agree, and how they may.
func (x *explainer) settle(f fault, mine, other side) (why, fix string) {
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
func (x *explainer) demand(at token.Position) string {
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

// unknownAfter explains an environment that comes after one that is not declared.
func (x *explainer) unknownAfter(f fault) diag.Finding {
	where, name := x.where(f), ""
	for _, l := range x.lines(f) {
		if text, err := strconv.Unquote(l.says); err == nil {
			where, name = l.at, text
		}
	}
	return unknownEnvironment(name, where, x.siblings(fault{path: f.path[:2]}).names)
}

// noneOf explains a value that fits none of several alternatives.
func (x *explainer) noneOf(f fault) diag.Finding {
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
	out.Why = "allowed are " + listed(choices)
	out.Fix = "write one of these"
	if meant := diag.Suggest(got, choices); meant != "" {
		out.Fix = "write " + meant
	}
	out.Also = x.users(out.Where, f)
	return out
}

// refused explains a value that a preset refuses in its own words.
func (x *explainer) refused(f fault) diag.Finding {
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

func (x *explainer) isChart(p []string) bool {
	return x.charts != nil && len(p) > 1 && p[len(p)-1] == "chart" && (len(p) == 2 || len(p) == 4 && p[1] == "release")
}

func (x *explainer) unknownChart(quoted string, where token.Position) diag.Finding {
	f := diag.Finding{
		Rule:  "unknown-chart",
		Where: where,
		What:  "unknown chart " + quoted,
		Why:   "declared are " + listed(without(x.charts)),
		Fix:   "declare it in environments, under chartsRepo: charts",
	}
	if meant := diag.Suggest(strings.Trim(quoted, `"`), x.charts); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}

func (x *explainer) outOfBound(f fault) diag.Finding {
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

// fits reports whether a text matches a bound such as =~"^[a-z]+$".
func fits(text, bound string) bool {
	pattern, err := strconv.Unquote(strings.TrimPrefix(bound, "=~"))
	if err != nil {
		return false
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
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

// isName reports whether a fault is about the name of an app, an image, an environment or a chart,
// which is written as a field's name and turns up where the schema says what names may be.
func (x *explainer) isName(f fault) bool {
	name, err := strconv.Unquote(f.arg(0))
	written := func(at token.Position) bool { return x.own(at) && x.isLiteral(at) }
	return err == nil && slices.Contains(f.inside(), name) && !slices.ContainsFunc(f.places, written)
}

func (x *explainer) badName(f fault) diag.Finding {
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

// undefined explains a reference to a field that is not there.
func (x *explainer) undefined(f fault) diag.Finding {
	_, missing, _ := strings.Cut(f.text, "undefined field: ")
	out := diag.Finding{Rule: "unknown-reference", Where: f.at, What: fmt.Sprintf("there is no field %q here", missing)}
	for _, place := range f.places {
		sel := x.selector(place, missing)
		if sel == nil {
			continue
		}
		of := source(sel.X)
		out.Where = place
		out.What = fmt.Sprintf("%s has no field %q", of, missing)
		known := x.members(f.path, of)
		if len(known) > 0 {
			out.Why = "it has " + listed(known)
			out.Fix = "write one of its fields, or add this one"
		}
		if meant := diag.Suggest(missing, known); meant != "" {
			out.Why, out.Fix = "", fmt.Sprintf("write %q", meant)
		}
	}
	out.Also = x.users(out.Where, f)
	return out
}

// call explains a function that is not there, or that is given something else than it takes.
func (x *explainer) call(f fault) diag.Finding {
	out := diag.Finding{Rule: "bad-call", Where: x.where(f), What: f.arg(0) + " is no function", Fix: "see the functions of CUE's packages at https://pkg.go.dev/cuelang.org/go/pkg"}
	if len(f.args) == 5 {
		out.What = fmt.Sprintf("%s is given %s, where its argument %s must be %s", f.arg(4), f.arg(0), f.arg(3), kindName(f.arg(2)))
		out.Fix = ""
	}
	out.Also = x.users(out.Where, f)
	return out
}

// endless explains a value that holds itself.
func (x *explainer) endless(f fault) diag.Finding {
	where := x.where(f)
	return diag.Finding{
		Rule:  "reference-cycle",
		Where: where,
		What:  fmt.Sprintf("%s holds itself, and so has no end", x.subject(f.inside())),
		Why:   x.says(where) + " stands in it",
		Fix:   "refer to a part of it, or give it a value of its own",
		Also:  x.users(where, f),
	}
}

// incomplete explains a value that no line gives.
func (x *explainer) incomplete(f fault) diag.Finding {
	if circle := x.circle(f.path); circle != nil {
		return x.endlessly(circle)
	}
	out := diag.Finding{
		Rule:  "incomplete",
		Where: x.declared(f.path...),
		What:  x.subject(f.path) + " has no value",
	}
	lines := x.lines(f)
	if needed := x.needed(f); needed != nil {
		if len(lines) > 0 {
			out.Where = lines[0].at
		}
		out.Why = fmt.Sprintf("it needs %s, which has none", x.subject(needed))
		out.Fix = fmt.Sprintf("give %s a value", x.subject(needed))
		return out
	}
	if len(lines) > 0 {
		says := x.says(lines[0].at)
		out.Why = says + " says what it may be, and no line says what it is"
		out.Also = append(x.shared([]token.Position{lines[0].at}), out.Where)
	}
	out.Fix = "give it one"
	if len(f.path) > 3 && f.path[1] == "release" {
		out.Where = x.declared(f.path[:3]...)
		out.Fix = fmt.Sprintf("add `%s: ...` here, or to release: [_] for all environments", strings.Join(f.path[3:], ": "))
	}
	return out
}

// needed is the first value that an incomplete one refers to and that is not there either.
func (x *explainer) needed(f fault) []string {
	for _, c := range conjuncts(at(x.value, f.path)) {
		for _, p := range references(c) {
			if v := at(x.value, p); !v.IsConcrete() && !slices.Equal(p, f.path) {
				return p
			}
		}
	}
	return nil
}

// endlessly explains values that are defined by each other.
func (x *explainer) endlessly(circle [][]string) diag.Finding {
	out := diag.Finding{
		Rule:  "reference-cycle",
		Where: x.declared(circle[0]...),
		What:  fmt.Sprintf("%s is defined by itself", x.subject(circle[0])),
		Why:   x.through(circle),
		Fix:   "give one of them a value of its own",
	}
	if len(circle) == 1 {
		out.Why, out.Fix = x.says(out.Where), "give it a value of its own"
	}
	return out
}
