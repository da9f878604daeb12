package eval

import (
	"fmt"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	cuetoken "cuelang.org/go/cue/token"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// explained is what CUE has to say about a value, as findings at the author's lines.
// Places is nil where the value itself is what declares them.
func explained(inst *build.Instance, v cue.Value, places *release.Places) diag.List {
	x := explainer{inst: inst, value: v}
	if places != nil {
		x.environments = names(*places)
	}
	if inst.Err != nil {
		for _, err := range errors.Errors(inst.Err) {
			x.add(x.unloadable(err))
		}
		return x.findings
	}
	all := errors.Errors(v.Validate(cue.Concrete(true)))
	for i, err := range all {
		if !x.derived(err, all) {
			x.add(x.finding(err, all[i+1:]))
		}
	}
	return x.findings
}

type explainer struct {
	inst         *build.Instance
	value        cue.Value
	environments []string
	findings     diag.List
}

func (x *explainer) add(f diag.Finding) { x.findings = append(x.findings, f) }

// unloadable is a file that does not parse, or an import that leads nowhere.
func (x *explainer) unloadable(err errors.Error) diag.Finding {
	what := err.Error()
	f := diag.Finding{Rule: "syntax", Where: x.where(err), What: what}
	if _, after, ok := strings.Cut(what, "cannot find package "); ok {
		name, _, _ := strings.Cut(strings.TrimPrefix(after, `"`), `"`)
		f.Rule = "unknown-import"
		f.What = fmt.Sprintf("there is no package %q", name)
		f.Why = "packages of this repo begin with its module's name, and others must be declared in cue.mod/module.cue"
		f.Fix = "mend the import, or remove it"
		return f
	}
	if strings.HasPrefix(what, "import failed: ") {
		f.Rule = "unknown-import"
		f.What = strings.ReplaceAll(what, "import failed: ", "")
		return f
	}
	if cause := x.syntaxCause(f.Where); cause != "" {
		f.Fix = cause
	}
	return f
}

var dashedLabel = regexp.MustCompile(`^(\s*)([A-Za-z_][\w]*(?:[-./][\w]+)+)\s*:`)

// syntaxCause guesses what was meant on a line that does not parse.
func (x *explainer) syntaxCause(at token.Position) string {
	line := x.sourceLine(at)
	if m := dashedLabel.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("quote the name: %q:", m[2])
	}
	return ""
}

// sourceLine is the text of a line as it was read.
func (x *explainer) sourceLine(at token.Position) string {
	for _, bf := range x.inst.BuildFiles {
		if strings.TrimPrefix(bf.Filename, "/") != at.Filename {
			continue
		}
		src, ok := bf.Source.([]byte)
		if !ok {
			continue
		}
		lines := strings.SplitN(string(src), "\n", at.Line+1)
		if at.Line >= 1 && at.Line <= len(lines) {
			return lines[at.Line-1]
		}
	}
	return ""
}

// derived reports whether an error only repeats another one at a place which is computed from it:
// everything in `files` is.
func (x *explainer) derived(err errors.Error, all []errors.Error) bool {
	at := generated(err.Path())
	if at < 0 {
		// The preset's own words about a value that has a more basic fault.
		return isCustom(err) && slices.ContainsFunc(all, func(other errors.Error) bool {
			return !isCustom(other) && slices.Equal(other.Path(), err.Path())
		})
	}
	root := err.Path()[:at]
	return slices.ContainsFunc(all, func(other errors.Error) bool {
		p := other.Path()
		return generated(p) < 0 && len(p) >= at && slices.Equal(p[:at], root)
	})
}

// generated is the index of `files` in the path of an app's, release's or environment's file, or -1.
func generated(p []string) int {
	for _, i := range []int{1, 2, 3} {
		if len(p) > i+1 && p[i] == "files" && (i != 2 || p[0] == "all") {
			return i
		}
	}
	return -1
}

func isCustom(err errors.Error) bool {
	format, _ := err.Msg()
	return format == "%s"
}

// finding says in our words what the error means. Later errors are the parts of a failed disjunction.
func (x *explainer) finding(err errors.Error, later []errors.Error) diag.Finding {
	format, args := err.Msg()
	p := err.Path()
	f := diag.Finding{Where: x.where(err), Also: x.others(err)}
	name := x.subject(p)
	switch {
	case format == "field not allowed":
		return x.unknownField(f, p)

	case format == "field is required but not present":
		f.Rule = "missing-field"
		f.Where = declaredAt(x.inst, p...)
		f.What = fmt.Sprintf("%s is missing", name)
		f.Why = fmt.Sprintf("%s must have it", ownerOf(p))
		f.Fix = fmt.Sprintf("add `%s: ...`", p[len(p)-1])

	case strings.HasPrefix(format, "conflicting values %s and %s (mismatched types"):
		f.Rule = "wrong-type"
		got, want := args[0], args[1]
		if isType(fmt.Sprint(got)) && !isType(fmt.Sprint(want)) {
			got, want = want, got
		}
		f.What = fmt.Sprintf("%s is %s, where %s is wanted", name, short(got), typeName(fmt.Sprint(want)))
		f.Why = x.says(err, f.Where)

	case format == "%d errors in empty disjunction:":
		return x.noneOf(f, name, p, later)

	case strings.HasPrefix(format, "conflicting values %s and %s"):
		f.Rule = "conflict"
		f.What = fmt.Sprintf("%s is both %s and %s", name, short(args[0]), short(args[1]))
		f.Why = x.says(err, f.Where)
		f.Fix = "keep one of them"
		if len(p) > 2 && p[1] == "release" && x.inOwnFiles(f.Where) {
			f.Fix = fmt.Sprintf("keep one of them; a value for all environments but one is a pattern: release: [!=%q]: ...", p[2])
		}

	case strings.HasPrefix(format, "incomplete value"), strings.HasPrefix(format, "non-concrete value"),
		strings.HasPrefix(format, "unresolved disjunction"):
		f.Rule = "incomplete"
		f.Where = x.nearest(err, p)
		f.What = fmt.Sprintf("%s has no value", name)
		f.Why = "all that is said of it is " + short(args[0])
		f.Fix = "give it one"
		if fmt.Sprint(args[0]) == "_" {
			f.Why = "nothing is said of it, or only that it is the same as something that has no value either"
		}

	case strings.HasPrefix(format, "invalid value %v (out of bound"), strings.HasPrefix(format, "invalid value"):
		return x.outOfBound(f, name, p, args, err)

	case format == "reference %q not found":
		return x.unknownReference(f, fmt.Sprint(args[0]))

	case strings.Contains(format, "cycle"):
		f.Rule = "reference-cycle"
		f.What = fmt.Sprintf("%s is defined by itself", name)
		f.Why = x.says(err, f.Where)
		f.Fix = "give one of them a value of its own"

	case strings.Contains(err.Error(), "undefined field: "):
		_, missing, _ := strings.Cut(err.Error(), "undefined field: ")
		f.Rule = "unknown-reference"
		f.What = fmt.Sprintf("there is no field %q here", missing)
		if meant := diag.Suggest(missing, x.settings(p)); meant != "" {
			f.Fix = fmt.Sprintf("write %q", meant)
		}

	case isCustom(err):
		f.Rule = "not-allowed"
		f.What = fmt.Sprintf("%s: %s", name, fmt.Sprint(args...))

	default:
		f.Rule = "evaluation"
		f.What = fmt.Sprintf("%s: %s", name, fmt.Sprintf(format, args...))
		if rest, ok := strings.CutPrefix(err.Error(), strings.Join(p, ".")+": "); ok {
			f.What = name + ": " + rest
		}
	}
	return f
}

func (x *explainer) unknownField(f diag.Finding, p []string) diag.Finding {
	last := p[len(p)-1]
	if len(p) == 3 && p[1] == "release" {
		return unknownEnvironment(last, f.Where, x.environments)
	}
	known := x.known(p[:len(p)-1])
	f.Rule = "unknown-field"
	f.What = fmt.Sprintf("unknown field %q", last)
	f.Why = fmt.Sprintf("%s has no such field", ownerOf(p))
	f.Fix = "remove it, or add it to the definition that closes this"
	if meant := diag.Suggest(last, known); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	} else if len(known) > 0 && len(known) <= 20 {
		f.Why += "; it may have " + listed(known)
	}
	return f
}

// known are the fields that may stand at a path.
func (x *explainer) known(p []string) []string {
	it, err := x.at(p).Fields(cue.Optional(true))
	var names []string
	if err != nil {
		// The struct holds the very error that is being explained; its definition does not.
		return names
	}
	for it.Next() {
		if it.IsOptional() || it.Selector().ConstraintType() != 0 || it.Value().Exists() {
			names = append(names, it.Selector().Unquoted())
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == p[len(p)-1] })
}

func (x *explainer) at(p []string) cue.Value {
	sels := make([]cue.Selector, len(p))
	for i, s := range p {
		sels[i] = cue.Str(s)
	}
	return x.value.LookupPath(cue.MakePath(sels...))
}

// noneOf explains a value that fits none of several alternatives, which CUE says once for each of them.
func (x *explainer) noneOf(f diag.Finding, name string, p []string, parts []errors.Error) diag.Finding {
	var choices []string
	var got string
	for _, part := range parts {
		if !slices.Equal(part.Path(), p) {
			break
		}
		format, args := part.Msg()
		if !strings.HasPrefix(format, "conflicting values") {
			continue
		}
		if !f.Where.IsValid() || !x.inOwnFiles(f.Where) {
			f.Where = x.where(part)
		}
		a, b := fmt.Sprint(args[0]), fmt.Sprint(args[1])
		choices = append(choices, a, b)
	}
	counts := map[string]int{}
	for _, c := range choices {
		if counts[c]++; counts[c] > 1 {
			got = c
		}
	}
	choices = slices.DeleteFunc(choices, func(c string) bool { return c == got })
	slices.Sort(choices)
	choices = slices.Compact(choices)
	f.Also = nil
	f.Rule = "not-one-of"
	f.What = fmt.Sprintf("%s is %s, which is none of %s", name, got, listed(choices))
	unquoted := make([]string, len(choices))
	for i, c := range choices {
		unquoted[i] = strings.Trim(c, `"`)
	}
	if len(p) == 4 && p[1] == "release" && p[3] == "chart" {
		f.Rule = "unknown-chart"
		f.What = "unknown chart " + got
		f.Why = "declared are " + listed(unquoted)
		f.Fix = "declare it in environments, under chartsRepo: charts"
	}
	if meant := diag.Suggest(strings.Trim(got, `"`), unquoted); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}

func (x *explainer) outOfBound(f diag.Finding, name string, p []string, args []any, err errors.Error) diag.Finding {
	f.Rule = "out-of-bound"
	f.What = fmt.Sprintf("%s is %s, which is not allowed", name, short(args[0]))
	if len(args) > 1 {
		f.Why = fmt.Sprintf("it must be %v", args[1])
	}
	app := len(p) > 0 && len(args) > 0 && fmt.Sprint(args[0]) == fmt.Sprintf("%q", p[0])
	if app && (p[len(p)-1] == "name" || p[len(p)-1] == "app") {
		f.Rule = "app-name"
		f.Where = declaredAt(x.inst, p[0])
		f.Also = nil
		f.What = fmt.Sprintf("%q cannot be an app's name", p[0])
		f.Why = "it becomes the name of a Kubernetes service: small letters, digits and dashes, beginning with a letter, at most 63"
		f.Fix = fmt.Sprintf("write %q", label(p[0]))
	}
	return f
}

var notInLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label is a DNS label that looks like name.
func label(name string) string {
	s := strings.Trim(notInLabel.ReplaceAllString(strings.ToLower(name), "-"), "-0123456789")
	return s[:min(len(s), 63)]
}

func (x *explainer) unknownReference(f diag.Finding, name string) diag.Finding {
	f.Rule = "unknown-reference"
	f.What = fmt.Sprintf("nothing here is called %s", name)
	var known []string
	for _, file := range x.inst.Files {
		for _, d := range file.Decls {
			known = append(known, declName(d))
		}
	}
	switch meant := diag.Suggest(name, known); {
	case meant != "":
		f.Fix = "write " + meant
	case !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, "_"):
		f.Why = "a name is looked up in the source around it; what a preset adds to this struct is not in sight"
		f.Fix = fmt.Sprintf("bring it into scope by a line `%s: _` beside this one, if it is a field of the same struct", name)
	}
	return f
}

// settings are the names that an app is likely to look for in its environment.
func (x *explainer) settings(p []string) []string {
	if len(p) < 3 {
		return nil
	}
	env := x.at(p[:3]).LookupPath(cue.ParsePath("environment"))
	var names []string
	for _, v := range []cue.Value{env, env.LookupPath(cue.ParsePath("settings")), env.LookupPath(cue.ParsePath("values"))} {
		it, err := v.Fields()
		if err != nil {
			continue
		}
		for it.Next() {
			names = append(names, it.Selector().Unquoted())
		}
	}
	return names
}

// subject is a path as the author thinks of it: within the release, or within the app.
func (x *explainer) subject(p []string) string {
	switch {
	case len(p) > 3 && p[1] == "release":
		p = p[3:]
	case len(p) > 2 && p[0] == "all":
		p = p[2:]
	case len(p) > 1:
		p = p[1:]
	}
	if len(p) == 0 {
		return "this"
	}
	sels := make([]cue.Selector, len(p))
	for i, s := range p {
		sels[i] = cue.Str(s)
	}
	return cue.MakePath(sels...).String()
}

// ownerOf is what the last field of a path belongs to.
func ownerOf(p []string) string {
	switch {
	case len(p) == 1:
		return "this package"
	case p[0] == "all" && len(p) == 3:
		return "an environment"
	case len(p) == 2:
		return "an app"
	case len(p) == 4 && p[1] == "release":
		return "a release"
	default:
		return p[len(p)-2]
	}
}

// where is the place to mend an error: in the author's own file if one had a say, else in the
// presets, else wherever CUE noticed.
func (x *explainer) where(err errors.Error) token.Position {
	ps := x.positions(err)
	for _, fits := range []func(token.Position) bool{x.inOwnFiles, inConfig} {
		if i := slices.IndexFunc(ps, fits); i >= 0 {
			return ps[i]
		}
	}
	if len(ps) > 0 {
		return ps[0]
	}
	return declaredAt(x.inst, err.Path()...)
}

// nearest is where an error is that carries no position: at the closest field that the author wrote.
func (x *explainer) nearest(err errors.Error, p []string) token.Position {
	for _, at := range x.positions(err) {
		if x.inOwnFiles(at) {
			return at
		}
	}
	if v := x.at(p); v.Exists() {
		for _, part := range conjuncts(v) {
			if at := position(part.Source().Pos()); x.inOwnFiles(at) {
				return at
			}
		}
	}
	return declaredAt(x.inst, p...)
}

// others are further places with a say, without the schema and without the app's first line, which
// has one in everything.
func (x *explainer) others(err errors.Error) []token.Position {
	app := declaredAt(x.inst, first(err.Path())...)
	ps := x.positions(err)
	return slices.DeleteFunc(ps, func(p token.Position) bool {
		return !inConfig(p) || p.Line == app.Line && p.Filename == app.Filename
	})
}

func first(p []string) []string {
	return p[:min(len(p), 1)]
}

// says names the place that demands otherwise.
func (x *explainer) says(err errors.Error, here token.Position) string {
	for _, p := range x.positions(err) {
		if p.Filename != here.Filename || p.Line != here.Line {
			return "see " + diag.Place(p)
		}
	}
	return ""
}

func (x *explainer) positions(err errors.Error) []token.Position {
	var ps []token.Position
	for _, p := range append([]cuetoken.Pos{err.Position()}, err.InputPositions()...) {
		if at := position(p); at.Filename != "" && at.Line > 0 && !slices.Contains(ps, at) {
			ps = append(ps, at)
		}
	}
	return ps
}

func (x *explainer) inOwnFiles(p token.Position) bool { return path.Dir(p.Filename) == x.inst.Dir }

// inConfig reports whether a place belongs to the config repo, and not to the schema.
func inConfig(p token.Position) bool {
	return strings.HasPrefix(p.Filename, "apps/") || strings.HasPrefix(p.Filename, "environments/")
}

func isType(s string) bool {
	switch s {
	case "string", "int", "uint", "bool", "number", "float", "null", "bytes":
		return true
	}
	return strings.HasPrefix(s, "[") || strings.HasPrefix(s, "{") || strings.HasPrefix(s, "struct") || strings.HasPrefix(s, "list")
}

func typeName(s string) string {
	switch s {
	case "string":
		return "text"
	case "int", "uint":
		return "a whole number"
	case "number", "float":
		return "a number"
	case "bool":
		return "true or false"
	}
	return short(s)
}

// short is a value in few words.
func short(v any) string {
	s := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
