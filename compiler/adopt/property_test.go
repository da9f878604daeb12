package adopt_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/adopt"
	"github.com/pintle-dev/pintle/compiler/load"
	"github.com/pintle-dev/pintle/compiler/starter"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// TestAnyRepo: whatever a charts repo says, the declarations say the same.
func TestAnyRepo(t *testing.T) {
	seeds := 60
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGenerator(uint64(seed))
			charts := g.repo()
			options := adopt.Options{Module: "example.org/config"}
			first, err := adopt.Repo(charts, options)
			if err != nil {
				t.Fatal(err)
			}
			r, differences := adopted(t, charts, options)
			for i, d := range differences {
				if i < 5 {
					t.Errorf("%s: %s\n\twas %s\n\tis  %s", d.Where, d.Path, d.Was, d.Is)
				}
			}
			if r.CommentsLost > 0 {
				t.Errorf("%d comments lost: %v", r.CommentsLost, r.Lost)
			}
			for path, data := range first.Files.All() {
				formatted, _ := load.Format(path, data)
				if again, _ := r.Files.Get(path); string(again) != string(formatted) {
					t.Errorf("%s comes out differently for the second time", path)
				}
			}
			var text strings.Builder
			for _, data := range r.Files.All() {
				text.Write(data)
			}
			for n := range g.comments {
				if !regexp.MustCompile(fmt.Sprintf(`// .*(behind|above|below) %d\b`, n+1)).MatchString(text.String()) {
					t.Errorf("comment %d stands nowhere", n+1)
				}
			}
			if t.Failed() {
				dir := filepath.Join(os.TempDir(), "adopt-"+fmt.Sprint(seed))
				write(t, dir, charts)
				write(t, dir, &r.Files)
				t.Logf("see %s", dir)
			}
		})
	}
}

// TestSomeApps: single apps can be taken in, and what else the charts repo holds stays as it is.
func TestSomeApps(t *testing.T) {
	for seed := range 15 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGenerator(uint64(seed))
			charts := g.repo()
			whole, err := adopt.Repo(charts, adopt.Options{Module: "example.org/config"})
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			for _, c := range whole.Claims {
				if c.Name != "" && (name == "" || g.IntN(3) == 0) {
					name = c.Name
				}
			}
			r, differences := adopted(t, charts, adopt.Options{Module: "example.org/config", Apps: []string{name}})
			if len(differences) > 0 {
				t.Errorf("%d differences, the first at %v", len(differences), differences[0])
			}
			if r.Apps != 1 {
				t.Errorf("%d apps, not one", r.Apps)
			}
		})
	}
}

// adopted adopts a charts repo, compiles the declarations, and compares.
func adopted(t *testing.T, charts *tree.Tree, o adopt.Options) (*adopt.Result, []adopt.Difference) {
	t.Helper()
	r, err := adopt.Repo(charts, o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, starter.Frame(o.Module))
	for path, data := range r.Files.All() {
		formatted, err := load.Format(path, data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		r.Files.Put(path, formatted)
	}
	write(t, dir, &r.Files)
	original := t.TempDir()
	write(t, original, charts)
	made, err := compiler.Compile(context.Background(), compiler.Options{Config: dir, Charts: chartsOf(o, original)})
	if err != nil {
		for path, data := range r.Files.All() {
			t.Logf("-- %s --\n%s", path, data)
		}
		t.Fatal(err)
	}
	return r, adopt.Differences(charts, made.Tree, r.Claims)
}

// chartsOf is what the declarations are joined with: what they do not claim stays there.
func chartsOf(o adopt.Options, dir string) string {
	if len(o.Apps) == 0 {
		return ""
	}
	return dir
}

func write(t *testing.T, dir string, files *tree.Tree) {
	t.Helper()
	for path, data := range files.All() {
		at := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A generator writes charts repos as nobody would, but somebody could.
type generator struct {
	*rand.Rand
	environments []string
	comments     int
	anchors      []anchor
	open         []string       // anchors within which we write
	often        map[string]any // what many apps have
}

type anchor struct {
	name  string
	value any
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
	all := []string{"integration", "staging", "production", "dev-2", "live", "x"}
	g.environments = all[:1+g.IntN(len(all))]
	return g
}

func (g *generator) repo() *tree.Tree {
	t := &tree.Tree{}
	var names []string
	for i := range 2 + g.IntN(6) {
		names = append(names, []string{"frontend", "draft-frontend", "environment", "blocks", "list", "router", "if", "schema", "x1"}[i])
	}
	g.often = map[string]any{"deep": map[string]any{"x": g.text(), "y": json.Number("1")}}
	for i := range 5 {
		g.often[fmt.Sprint("often", i)] = g.scalar()
	}
	g.often["list"] = []any{map[string]any{"url": "https://{env}.example.org/x", "text": g.text()}}
	bases := map[string]map[string]any{}
	for _, name := range names {
		bases[name] = g.element(name)
	}
	for i, env := range g.environments {
		g.anchors = nil
		doc := map[string]any{
			"domain": env + ".example.org", "account": fmt.Sprint(100+i) + "77", "environment": env,
			"limits": map[string]any{"cpu": json.Number("1"), "memory": "1Gi"},
		}
		var list []any
		for _, name := range names {
			if g.IntN(5) == 0 {
				continue
			}
			element := g.vary(bases[name], env).(map[string]any)
			element["name"] = name
			list = append(list, element)
		}
		if len(list) == 0 {
			list = []any{map[string]any{"name": "only"}}
		}
		doc["deployed"] = list
		var b strings.Builder
		fmt.Fprintf(&b, "# About %s.\n\n", env)
		g.block(&b, doc, 0)
		t.Put("charts/all/values-"+env+".yaml", []byte(b.String()))
		for _, name := range names {
			if g.IntN(3) > 0 {
				t.Put("charts/all/tags/"+env+"/"+name, []byte(fmt.Sprintf("flag: true\ntag: v%d\n", g.IntN(1000))))
			}
		}
	}
	return t
}

// element is what an app's elements have in common.
func (g *generator) element(name string) map[string]any {
	values := g.mapping(3)
	var env []any
	for _, key := range []string{"PATH", "ZED", "A_B", "odd key", "_HIDDEN", "if", "DATABASE_URL", "environment"} {
		switch g.IntN(4) {
		case 0:
			env = append(env, map[string]any{"name": key, "value": g.text()})
		case 1:
			env = append(env, map[string]any{"name": key, "valueFrom": map[string]any{
				"secretKeyRef": map[string]any{"name": name + "-secret", "key": []string{key, "other"}[g.IntN(2)]},
			}})
		case 2:
			if g.IntN(4) == 0 {
				env = append(env, map[string]any{"name": key, "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "x"}}})
			}
		}
	}
	g.Shuffle(len(env), func(i, j int) { env[i], env[j] = env[j], env[i] })
	if len(env) > 0 {
		values["env"] = env
	}
	if g.IntN(2) == 0 {
		var tasks []any
		for i := range 1 + g.IntN(4) {
			tasks = append(tasks, map[string]any{"name": fmt.Sprint("task-", 9-i), "schedule": "1 2 * * " + fmt.Sprint(g.IntN(9)), "args": []any{"a", g.scalar()}})
		}
		values["tasks"] = tasks
	}
	if g.IntN(4) > 0 {
		probes := map[string]any{"own": name}
		for k, v := range g.often {
			probes[k] = v
		}
		values["probes"] = probes
	}
	element := map[string]any{"values": values}
	if g.IntN(3) == 0 {
		element["chart"] = "charts/" + name
	}
	if g.IntN(3) == 0 {
		element["image"] = []string{"frontend", "router"}[g.IntN(2)]
	}
	if g.IntN(4) == 0 {
		element["namespace"] = "default"
	}
	if g.IntN(4) == 0 {
		element["channel"] = g.scalar()
	}
	return element
}

// vary is v as an environment has it: mostly the same.
func (g *generator) vary(v any, env string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range sortedKeys(v) {
			if k == "probes" && g.IntN(8) > 0 {
				out[k] = filled(v[k], env)
				continue
			}
			switch g.IntN(14) {
			case 0:
				if k == "name" || k == "valueFrom" || k == "value" || k == "secretKeyRef" || k == "key" {
					out[k] = v[k]
				}
			case 1:
				if k == "value" {
					out[k] = "in " + env
				} else if _, isMap := v[k].(map[string]any); isMap && k != "values" && k != "valueFrom" && k != "secretKeyRef" {
					out[k] = g.value(1)
				} else {
					out[k] = v[k]
				}
			case 2, 3:
				out[k] = v[k]
				if s, ok := v[k].(string); ok && k != "name" && k != "key" && k != "chart" && k != "image" && k != "namespace" {
					out[k] = []string{s + "-" + env, env + ".example.org/" + s, "http://" + env + ".example.org", env}[g.IntN(4)]
				}
			default:
				out[k] = g.vary(v[k], env)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			if g.IntN(10) > 0 {
				out = append(out, g.vary(item, env))
			}
		}
		if g.IntN(12) == 0 && len(out) > 1 {
			out[0], out[1] = out[1], out[0]
		}
		return out
	}
	if s, ok := v.(string); ok {
		return strings.ReplaceAll(s, "{env}", env)
	}
	if g.IntN(12) == 0 {
		switch v.(type) {
		case bool:
			return g.IntN(2) == 0
		case json.Number:
			return json.Number(fmt.Sprint(g.IntN(100)))
		}
	}
	return v
}

// filled is v with the environment's name in it.
func filled(v any, env string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, w := range v {
			out[k] = filled(w, env)
		}
		return out
	case []any:
		out := []any{}
		for _, w := range v {
			out = append(out, filled(w, env))
		}
		return out
	case string:
		return strings.ReplaceAll(v, "{env}", env)
	}
	return v
}

func (g *generator) mapping(depth int) map[string]any {
	keys := []string{
		"arch", "limits", "replicas", "_hidden", "#definition", "a.b/c", "{{ .Release.Name }}", "if", "true", "null", "let",
		"environment", "blocks", "values", "name", "", "é", "a b", "1", "x-y", "__x", "$y", "\"q\"", "back\\slash", "in", "app",
	}
	m := map[string]any{}
	for range 1 + g.IntN(6) {
		m[keys[g.IntN(len(keys))]] = g.value(depth - 1)
	}
	return m
}

func (g *generator) value(depth int) any {
	if depth > 0 {
		switch g.IntN(5) {
		case 0, 1:
			return g.mapping(depth)
		case 2:
			var list []any
			for range g.IntN(4) {
				list = append(list, g.value(depth-1))
			}
			return list
		}
	}
	return g.scalar()
}

func (g *generator) scalar() any {
	switch g.IntN(9) {
	case 0:
		return g.IntN(2) == 0
	case 1:
		return nil
	case 2, 3:
		return json.Number([]string{"0", "1", "-7", "1.50", "0.10", "1e3", "12345678901234567890123", "1.0", "-0.5", "3000"}[g.IntN(10)])
	case 4:
		return map[string]any{}
	case 5:
		return []any{}
	}
	return g.text()
}

func (g *generator) text() string {
	texts := []string{
		"", "plain", "1Gi", "yes", "null", "1e3", "0x10", "2001-01-01", "~", "a: b", "# no comment", "tab\there", "trailing ",
		"one\ntwo\n", "one\ntwo", "\n", "\n\nx", "x\n\n", "  indented\n  text\n", "quote \" and 'single'", `back\slash`, `\(interpolated)`,
		`"""`, "a\n\"\"\"\nb", `#"raw"#`, "a\n\\(x)\nb\n", "\r\n", "bell\a", "nul\x00", "\ufeffbom", "\u2028", "é日本🎉", "$(PATH)",
		`[{"HTTP": 80}, {"HTTPS": 443}]`, "{{ .Values.x }}", "https://integration.example.org/path", strings.Repeat("long ", 60),
		"line one with \"quotes\"\n\tand a tab\n   \nend", "\u0085", "a\tb\nc\n", "\\#(x)", "\"#", "a\n\"\"\"#\n\\#(b)\n", "\ufffd", "\u007f",
	}
	return texts[g.IntN(len(texts))]
}

// block writes a mapping over several lines, with comments, anchors and merges.
func (g *generator) block(b *strings.Builder, m map[string]any, indent int) {
	keys := sortedKeys(m)
	g.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	// The list of apps comes last, so that it can refer to what stands above.
	slices.SortStableFunc(keys, func(a, b string) int { return btoi(a == "deployed") - btoi(b == "deployed") })
	for i, k := range keys {
		if i > 0 || indent == 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(g.plainOrQuoted(k) + ":")
		g.under(b, m[k], indent)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (g *generator) under(b *strings.Builder, v any, indent int) {
	pad := strings.Repeat(" ", indent+2)
	for _, a := range g.anchors {
		if equalJSON(a.value, v) && g.IntN(2) == 0 {
			fmt.Fprintf(b, " *%s%s\n", a.name, g.behind())
			return
		}
	}
	name := ""
	if n := fmt.Sprintf("n%d", g.IntN(12)); g.IntN(6) == 0 && !slices.Contains(g.open, n) { // some are given twice
		name = n
		b.WriteString(" &" + name)
		g.anchors = slices.DeleteFunc(g.anchors, func(a anchor) bool { return a.name == name })
		g.open = append(g.open, name)
		defer func() { g.open = g.open[:len(g.open)-1] }()
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || g.IntN(8) == 0 {
			fmt.Fprintf(b, " %s%s\n", g.flow(v), g.behind())
			break
		}
		b.WriteString(g.behind() + "\n" + g.above(pad))
		rest := v
		for _, a := range g.anchors {
			part, ok := a.value.(map[string]any)
			if !ok || len(part) == 0 || g.IntN(2) == 0 || strings.HasPrefix(a.name, "!") {
				continue
			}
			if left, ok := subtract(rest, part); ok {
				fmt.Fprintf(b, "%s%s: *%s\n", pad, []string{"<<", "!!merge <<"}[g.IntN(2)], a.name)
				rest = left
				break
			}
		}
		if len(rest) > 0 {
			b.WriteString(pad)
			g.block(b, rest, indent+2)
		}
		if g.IntN(20) == 0 {
			g.comments++
			fmt.Fprintf(b, "%s# below %d\n", pad, g.comments)
		}
	case []any:
		if len(v) == 0 || indent > 0 && g.IntN(6) == 0 {
			fmt.Fprintf(b, " %s%s\n", g.flow(v), g.behind())
			break
		}
		b.WriteString(g.behind() + "\n")
		for _, item := range v {
			b.WriteString(g.above(pad))
			b.WriteString(pad + "-")
			if m, ok := item.(map[string]any); ok && len(m) > 0 {
				b.WriteString(" ")
				g.block(b, m, indent+4)
				continue
			}
			g.under(b, item, indent+2)
		}
	case string:
		if g.IntN(3) > 0 && blockable(v) {
			header := "|"
			if strings.HasSuffix(v, "\n\n") {
				header = "|+"
			} else if !strings.HasSuffix(v, "\n") {
				header = "|-"
			}
			fmt.Fprintf(b, " %s%s\n", header, g.behind())
			for line := range strings.Lines(v) {
				b.WriteString(pad + strings.TrimSuffix(line, "\n") + "\n")
			}
			break
		}
		fmt.Fprintf(b, " %s%s\n", g.plainOrQuoted(v), g.behind())
	default:
		fmt.Fprintf(b, " %s%s\n", g.flow(v), g.behind())
	}
	if name != "" {
		g.anchors = slices.DeleteFunc(g.anchors, func(a anchor) bool { return a.name == name })
		g.anchors = append(g.anchors, anchor{name, v})
	}
}

// blockable reports whether a text can be a literal block without further ado.
func blockable(s string) bool {
	if !strings.Contains(s, "\n") || strings.Trim(s, "\n") == "" || s[0] == ' ' || s[0] == '\n' || s[0] == '\t' {
		return false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && (r < ' ' || r == 0x7f || r == 0xfeff || r == 0x85 || r == 0x2028) {
			return false
		}
	}
	for line := range strings.Lines(s) {
		if strings.TrimSpace(line) == "" && line != "\n" {
			return false
		}
	}
	return true
}

func (g *generator) flow(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	for _, r := range string(data) {
		if r < ' ' || r >= 0x7f && !unicode.IsPrint(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (g *generator) plainOrQuoted(s string) string {
	switch s {
	case "if", "true", "null", "1", "":
		return `"` + s + `"`
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-' {
			return g.flow(s)
		}
	}
	switch {
	case s == "yes" || s == "in" && false || s[0] == '-' || strings.HasPrefix(s, "_"):
		return g.flow(s)
	}
	return s
}

func (g *generator) behind() string {
	if g.IntN(12) > 0 {
		return ""
	}
	g.comments++
	return fmt.Sprintf(" # behind %d", g.comments)
}

func (g *generator) above(pad string) string {
	switch g.IntN(12) {
	case 0:
		g.comments++
		return fmt.Sprintf("%s# above %d\n%s# and so on\n", pad, g.comments, pad)
	case 1:
		return pad + "# the same everywhere\n"
	}
	return ""
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func equalJSON(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// subtract is m without part, where m says all of it.
func subtract(m, part map[string]any) (map[string]any, bool) {
	rest := map[string]any{}
	for k, v := range m {
		rest[k] = v
	}
	for k, v := range part {
		w, has := m[k]
		if !has {
			return nil, false
		}
		if equalJSON(v, w) {
			delete(rest, k)
		}
	}
	return rest, true
}
