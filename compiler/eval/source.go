package eval

import (
	"fmt"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/literal"
	cuetoken "cuelang.org/go/cue/token"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/release"
)

// silent finds in the source what CUE lets pass without a word, or says about another place:
// a misspelt environment, a quantity that is a number, a file that is not part of the package.
func silent(inst *build.Instance, places release.Places) diag.List {
	s := scanner{dir: inst.Dir, environments: names(places), findings: strays(inst)}
	for _, file := range inst.Files {
		s.file(file)
	}
	return s.findings
}

// strays are files that CUE passes over, because they are of another package or of none.
func strays(inst *build.Instance) diag.List {
	var findings diag.List
	for _, file := range inst.IgnoredFiles {
		reason := file.ExcludeReason
		if reason == nil || !reason.Position().IsValid() {
			continue // by its name, as _x.cue
		}
		format, args := reason.Msg()
		f := diag.Finding{
			Rule:  "wrong-package",
			Where: position(reason.Position()),
			What:  "this file has no package clause, and so it is not read",
			Why:   "the files of a folder unify with those of the same package above it",
			Fix:   fmt.Sprintf("begin it with `package %s`", inst.PkgName),
		}
		switch format {
		case "package is %s, want %s":
			f.What = fmt.Sprintf("this file is of package %s, and so it is not read", args[0])
			f.Fix = fmt.Sprintf("write `package %s`", inst.PkgName)
		case "no package name":
		default:
			continue // by a build attribute, on purpose
		}
		findings = append(findings, f)
	}
	return findings
}

func names(places release.Places) []string {
	var names []string
	for _, e := range places.Environments {
		names = append(names, e.Name)
	}
	return names
}

// A scanner reads the syntax of one unit: its own files, and the presets above them.
type scanner struct {
	dir          string
	environments []string
	findings     diag.List
}

func (s *scanner) file(file *ast.File) {
	own := path.Dir(file.Filename) == s.dir
	for _, d := range file.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		if name := regular(field.Label); name != "" && !own {
			s.add(diag.Finding{
				Rule:  "misplaced-app",
				Where: position(field.Pos()),
				What:  fmt.Sprintf("%s is declared among the presets, and so in every folder", name),
				Why:   "every regular top-level field is an app, and this file is part of each of them",
				Fix:   fmt.Sprintf("move it to %s/%s/%s.cue, or hide what is shared: _%s or #%s", path.Dir(file.Filename), name, name, name, name),
			})
		}
		if own {
			s.releases(field.Value)
		}
	}
	ast.Walk(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			s.quantity(lit)
		}
		return true
	}, nil)
}

func (s *scanner) add(f diag.Finding) { s.findings = append(s.findings, f) }

// releases looks for environments named under the `release` of an app.
func (s *scanner) releases(app ast.Expr) {
	for _, field := range fieldsOf(app) {
		if regular(field.Label) != "release" {
			continue
		}
		for _, env := range fieldsOf(field.Value) {
			s.environment(env.Label)
		}
	}
}

func (s *scanner) environment(label ast.Label) {
	if name := regular(label); name != "" {
		s.known(name, label.Pos())
		return
	}
	list, ok := label.(*ast.ListLit)
	if !ok || len(list.Elts) != 1 {
		return
	}
	ast.Walk(list.Elts[0], func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.UnaryExpr:
			if n.Op == cuetoken.MAT || n.Op == cuetoken.NMAT {
				s.matching(n)
				return false
			}
		case *ast.BasicLit:
			if text, err := literal.Unquote(n.Value); err == nil && n.Kind == cuetoken.STRING {
				s.known(text, n.Pos())
			}
		}
		return true
	}, nil)
}

func (s *scanner) known(name string, at cuetoken.Pos) {
	if !slices.Contains(s.environments, name) {
		s.add(unknownEnvironment(name, position(at), s.environments))
	}
}

func unknownEnvironment(name string, at token.Position, environments []string) diag.Finding {
	fix := fmt.Sprintf("declare it in environments/%s.cue", name)
	if meant := diag.Suggest(name, environments); meant != "" {
		fix = fmt.Sprintf("write %q, or %s", meant, fix)
	}
	return diag.Finding{
		Rule:  "unknown-environment",
		Where: at,
		What:  fmt.Sprintf("unknown environment %q", name),
		Why:   "declared are " + diag.Listed(environments),
		Fix:   fix,
	}
}

// matching checks that a pattern such as [=~"^prod"] means at least one environment.
func (s *scanner) matching(n *ast.UnaryExpr) {
	lit, ok := n.X.(*ast.BasicLit)
	if !ok {
		return
	}
	text, err := literal.Unquote(lit.Value)
	if err != nil {
		return
	}
	re, err := regexp.Compile(text)
	if err != nil || slices.ContainsFunc(s.environments, re.MatchString) {
		return
	}
	s.add(diag.Finding{
		Rule:  "unknown-environment",
		Where: position(n.Pos()),
		What:  fmt.Sprintf("no environment matches %s", lit.Value),
		Why:   "declared are " + diag.Listed(s.environments),
		Fix:   "write a pattern that matches one of them, or remove this one",
	})
}

// quantity finds 1Gi without quotes: to CUE it is the number 1073741824.
func (s *scanner) quantity(lit *ast.BasicLit) {
	if lit.Kind != cuetoken.INT && lit.Kind != cuetoken.FLOAT {
		return
	}
	last := lit.Value[len(lit.Value)-1]
	if last >= '0' && last <= '9' || strings.HasPrefix(lit.Value, "0x") || strings.HasPrefix(lit.Value, "0X") {
		return
	}
	var n literal.NumInfo
	number := lit.Value
	if err := literal.ParseNum(lit.Value, &n); err == nil {
		number = n.String()
	}
	s.add(diag.Finding{
		Rule:  "unquoted-quantity",
		Where: position(lit.Pos()),
		What:  fmt.Sprintf("%s without quotes is the number %s", lit.Value, number),
		Why:   "CUE multiplies it out, and the chart would get the number instead of the quantity",
		Fix:   fmt.Sprintf("write %q", lit.Value),
	})
}

// regular is the name of a regular field's label, or "" for patterns, definitions and hidden fields.
func regular(label ast.Label) string {
	name, ident, err := ast.LabelName(label)
	if err != nil || ident && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#")) {
		return ""
	}
	return name
}

// fieldsOf are the fields that an expression writes out, through & and parentheses.
func fieldsOf(e ast.Expr) []*ast.Field {
	switch e := e.(type) {
	case *ast.StructLit:
		var fields []*ast.Field
		for _, d := range e.Elts {
			if f, ok := d.(*ast.Field); ok {
				fields = append(fields, f)
			}
		}
		return fields
	case *ast.BinaryExpr:
		if e.Op == cuetoken.AND {
			return append(fieldsOf(e.X), fieldsOf(e.Y)...)
		}
	case *ast.ParenExpr:
		return fieldsOf(e.X)
	}
	return nil
}

// declName is the name that a declaration gives to the package, or "".
func declName(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.Field:
		if name, _, err := ast.LabelName(d.Label); err == nil {
			return name
		}
	case *ast.LetClause:
		return d.Ident.Name
	}
	return ""
}
