package eval

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/format"
	cuetoken "cuelang.org/go/cue/token"
)

// An origin tells of the lines of one unit whose they are: the app's own, or what it shares.
type origin struct {
	inst  *build.Instance
	spans map[string][]span // by file, as they are asked for
}

func originOf(inst *build.Instance) origin { return origin{inst, map[string][]span{}} }

// A span is what a field takes up of a file.
type span struct {
	field      *ast.Field
	start, end int
	outer      int // index of the field around it, or -1
}

func position(p cuetoken.Pos) token.Position {
	q := p.Position()
	return token.Position{Filename: q.Filename, Offset: q.Offset, Line: q.Line, Column: q.Column}
}

// from is whose line it is: app, preset, package, environment or schema.
func (o origin) from(at token.Position) string {
	switch {
	case path.Dir(at.Filename) == o.inst.Dir:
		return "app"
	case strings.HasPrefix(at.Filename, "apps/"):
		return "preset"
	case strings.HasPrefix(at.Filename, "environments/"):
		return "environment"
	case strings.Contains(at.Filename, "/schema/"), strings.HasPrefix(at.Filename, "schema/"):
		return "schema"
	}
	return "package"
}

// own reports whether a line is of the app's own files.
func (o origin) own(at token.Position) bool { return at.Line > 0 && o.from(at) == "app" }

// around are the fields that a place lies in, the outermost first.
func (o origin) around(at token.Position) []*ast.Field {
	spans, known := o.spans[at.Filename]
	if !known {
		spans = spansOf(o.file(at.Filename, o.inst, map[*build.Instance]bool{}))
		o.spans[at.Filename] = spans
	}
	i, exact := slices.BinarySearchFunc(spans, at.Offset, func(s span, offset int) int { return s.start - offset })
	if !exact {
		i-- // the last one that begins before
	}
	var fields []*ast.Field
	for ; i >= 0; i = spans[i].outer {
		if at.Offset <= spans[i].end {
			fields = append(fields, spans[i].field)
		}
	}
	slices.Reverse(fields)
	return fields
}

// values goes over the parts of the value of the innermost field at a place.
func (o origin) values(at token.Position, visit func(ast.Node)) {
	fields := o.around(at)
	if len(fields) == 0 {
		return
	}
	ast.Walk(fields[len(fields)-1].Value, func(n ast.Node) bool {
		visit(n)
		return true
	}, nil)
}

// spansOf are the fields of a file in order.
func spansOf(file *ast.File) []span {
	if file == nil {
		return nil
	}
	var spans []span
	outer := -1
	ast.Walk(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok {
			spans = append(spans, span{f, f.Pos().Offset(), f.End().Offset(), outer})
			outer = len(spans) - 1
		}
		return true
	}, func(n ast.Node) {
		if _, ok := n.(*ast.Field); ok {
			outer = spans[outer].outer
		}
	})
	return spans
}

func (o origin) file(name string, inst *build.Instance, seen map[*build.Instance]bool) *ast.File {
	if seen[inst] {
		return nil
	}
	seen[inst] = true
	for _, file := range inst.Files {
		if file.Filename == name {
			return file
		}
	}
	for _, imported := range inst.Imports {
		if file := o.file(name, imported, seen); file != nil {
			return file
		}
	}
	return nil
}

// says is the source of the innermost field with a name at a place, if it fits on a line.
func (o origin) says(at token.Position) string {
	for _, f := range slices.Backward(o.around(at)) {
		if _, pattern := f.Label.(*ast.ListLit); pattern {
			continue
		}
		if text, err := format.Node(f); err != nil || strings.Contains(string(text), "\n") {
			return labelName(f.Label) + ": {...}"
		}
		return source(f)
	}
	return ""
}

// declared is where the app's own files write a field, or the nearest field above it that they do write.
func (o origin) declared(fields ...string) token.Position { return declaredAt(o.inst, fields...) }

// depth is how many of the fields the app's own files do write.
func (o origin) depth(fields ...string) int {
	_, depth := nearest(o.inst, fields)
	return depth
}

// declaredAt is where the instance's own files write a field, or the nearest field above it that
// they do write. A field by its name is nearer than a pattern that means it, such as [_].
func declaredAt(inst *build.Instance, fields ...string) token.Position {
	at, _ := nearest(inst, fields)
	return at
}

func nearest(inst *build.Instance, fields []string) (token.Position, int) {
	const weight = 1000 // depth counts more than names
	best, nearest := cuetoken.NoPos, 0
	var find func(f *ast.Field, depth, named int)
	find = func(f *ast.Field, depth, named int) {
		if labelName(f.Label) == fields[depth] {
			named++
		} else if !means(f.Label, fields[depth]) {
			return
		}
		if near := (depth+1)*weight + named; near > nearest {
			best, nearest = f.Label.Pos(), near
		}
		if depth+1 < len(fields) {
			for _, inner := range fieldsOf(f.Value) {
				find(inner, depth+1, named)
			}
		}
	}
	if len(fields) == 0 {
		return token.Position{}, 0
	}
	for _, file := range inst.Files {
		if path.Dir(file.Filename) != inst.Dir {
			continue
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.Field); ok {
				find(f, 0, 0)
			}
		}
	}
	return position(best), nearest / weight
}

// means reports whether a pattern such as [_] or [!="production"] means a name, as far as one can tell.
func means(label ast.Label, name string) bool {
	list, ok := label.(*ast.ListLit)
	if !ok {
		return false
	}
	except := false
	ast.Walk(list, func(n ast.Node) bool {
		if u, ok := n.(*ast.UnaryExpr); ok && u.Op == cuetoken.NEQ {
			lit, _ := u.X.(*ast.BasicLit)
			except = except || lit != nil && lit.Value == strconv.Quote(name)
		}
		return true
	}, nil)
	return !except
}

func labelName(label ast.Label) string {
	name, _, err := ast.LabelName(label)
	if err != nil {
		return ""
	}
	return name
}

// conjuncts are the values that were unified into v, in no particular order.
func conjuncts(v cue.Value) []cue.Value {
	op, args := v.Expr()
	if op != cue.AndOp {
		return []cue.Value{v}
	}
	var all []cue.Value
	for _, a := range args {
		all = append(all, conjuncts(a)...)
	}
	return all
}

// at is the value at a path of labels as CUE's errors write them, quoted where need be.
func at(v cue.Value, labels []string) cue.Value {
	for _, label := range labels {
		v = field(v, label)
	}
	return v
}

func field(v cue.Value, label string) cue.Value {
	if strings.HasPrefix(label, "_") || strings.HasPrefix(label, "#") {
		it, err := v.Fields(cue.All())
		for err == nil && it.Next() {
			if it.Selector().String() == label {
				return it.Value()
			}
		}
	}
	if i, err := strconv.Atoi(label); err == nil && v.IncompleteKind() == cue.ListKind {
		return v.LookupPath(cue.MakePath(cue.Index(i)))
	}
	return v.LookupPath(cue.MakePath(cue.Str(label)))
}

// said is source code in one line, without the name of the field that it is the value of.
func said(n ast.Node) string {
	if f, ok := n.(*ast.Field); ok {
		n = f.Value
	}
	return source(n)
}

// source is source code in one line.
func source(n ast.Node) string {
	text, err := format.Node(n)
	if err != nil {
		return ""
	}
	return short(string(text))
}

// short is a value in few words.
func short(v any) string {
	s := strings.Join(strings.Fields(fmt.Sprint(v)), " ")
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}

// without is names in order, without some of them.
func without(names []string, some ...string) []string {
	names = slices.Sorted(slices.Values(names))
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return slices.Contains(some, n) })
}
