package eval

import (
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// unbuilt is why there is no value at all: a file does not parse, an import leads nowhere, a name
// means nothing.
func unbuilt(inst *build.Instance) diag.List {
	var findings diag.List
	for _, err := range errors.Errors(inst.Err) {
		var list diag.List
		if errors.As(err, &list) { // load's own words about a file
			findings = append(findings, list...)
			continue
		}
		var none *load.NoFilesError
		if errors.As(err, &none) && len(strays(inst)) > 0 {
			continue
		}
		findings = append(findings, unbuildable(inst, err))
	}
	return findings
}

func unbuildable(inst *build.Instance, err errors.Error) diag.Finding {
	format, args := err.Msg()
	f := diag.Finding{Rule: "evaluation", Where: position(err.Position()), What: fmt.Sprintf(format, args...)}
	switch text := err.Error(); {
	case format == "reference %q not found":
		return unknownReference(inst, f, fmt.Sprint(args[0]))
	case format == "builtin package %q undefined":
		return unknownImport(inst, f, fmt.Sprint(args[0]))
	case strings.Contains(text, "cannot find package "):
		_, after, _ := strings.Cut(text, `cannot find package "`)
		name, _, _ := strings.Cut(after, `"`)
		if ps := errors.Positions(err); len(ps) > 0 {
			f.Where = position(ps[len(ps)-1]) // the import itself, and not those that lead to it
		}
		return unknownImport(inst, f, name)
	case strings.HasPrefix(format, "imported and not used"):
		f.Rule = "unused-import"
		f.What = fmt.Sprintf("%s is imported and not used", args[0])
		f.Fix = "remove the import"
	}
	return f
}

func unknownImport(inst *build.Instance, f diag.Finding, name string) diag.Finding {
	f.Rule = "unknown-import"
	f.What = fmt.Sprintf("there is no package %q", name)
	f.Fix = "mend the import, or remove it"
	module, _, _ := strings.Cut(inst.Module, "@")
	switch folder, inside := strings.CutPrefix(name, module+"/"); {
	case inside:
		f.Why = fmt.Sprintf("no folder %s/ of this repo holds CUE", folder)
	case strings.Contains(name, "."):
		f.Why = "it is not of this repo, and cue.mod/module.cue names no module that has it"
	default:
		f.Why = "packages without a dot in the name are CUE's own"
	}
	known := append(builtin(), importPaths(inst)...)
	if meant := diag.Suggest(name, without(known, name)); meant != "" {
		f.Fix = fmt.Sprintf("write %q", meant)
	}
	return f
}

// importPaths are the packages that a unit's files import.
func importPaths(inst *build.Instance) []string {
	var paths []string
	for _, file := range inst.Files {
		for spec := range file.ImportSpecs() {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// builtin are those of CUE's own packages that a config may need.
func builtin() []string {
	return []string{"encoding/base64", "encoding/json", "encoding/yaml", "list", "math", "net", "path", "regexp", "strconv", "strings", "struct", "text/template", "time"}
}

func unknownReference(inst *build.Instance, f diag.Finding, name string) diag.Finding {
	f.Rule = "unknown-reference"
	f.What = "nothing here is called " + name
	if slices.Contains(builtin(), name) {
		f.What = fmt.Sprintf("the package %s is not imported", name)
		f.Fix = fmt.Sprintf("add `import %q` below the package clause", name)
		return f
	}
	f.Why = "a name is looked for in the braces around it, then at the top of this folder's files and of apps/*.cue"
	var known []string
	for _, file := range inst.Files {
		for _, d := range file.Decls {
			known = append(known, declName(d))
		}
	}
	for _, field := range originOf(inst).around(f.Where) {
		for _, inner := range fieldsOf(field.Value) {
			known = append(known, labelName(inner.Label))
		}
	}
	switch meant := diag.Suggest(name, without(known, "")); {
	case inRelease(inst, f.Where) && slices.Contains([]string{"environment", "app", "chart", "images", "namespace"}, name):
		f.Why = "what the schema or a preset adds to a release is not in sight from here"
		f.Fix = fmt.Sprintf("bring it into sight: release: [_]: {%s: _, ...}", name)
	case meant != "":
		f.Why, f.Fix = "", "write "+meant
	case strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_"):
		f.Fix = "declare it, or remove it"
	default:
		f.Fix = fmt.Sprintf("put it in quotes if it is text; if it is a field that a preset adds, write `%s: _` beside this", name)
	}
	return f
}

func inRelease(inst *build.Instance, at token.Position) bool {
	return slices.ContainsFunc(originOf(inst).around(at), func(f *ast.Field) bool { return labelName(f.Label) == "release" })
}
