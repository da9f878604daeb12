package render

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
)

// Whatever stands in the charts repo, an element put into it either changes that element and no other
// line, or is refused.
func FuzzTree(f *testing.F) {
	for _, base := range []string{
		"apps:\n  - name: a\n    x: 1 # one\n\n  # the second\n  - name: b\n    x: |\n      text\n\n    y: [1,2]\ntail: 1\n",
		"apps:\n- name: b\n- {name: a}\n-   name: c\n    x: 'y'",
		"x: &x {k: v}\napps:\n  - &a\n    name: a\n    <<: *x\n  - <<: *a\n    name: c\n",
		"apps: []\n# end",
		"apps:\nz: 1\n",
		"a: 1\r\napps:\r\n  - name: a\r\n",
		"- a\n", "", "---\napps: [{name: a}]\n...\n", "\"apps\" : \n  - ? name\n    : a\n",
		"apps:\n  - name: a\n    name: a\n", "apps: &apps\n  - name: a\nothers: *apps\n",
		"\rapps:", "\"apps\":\n- ?", // a line break of YAML's own; a value on no line
		"apps:\n  - !!map\n    name: a\n  - name: >-\n      b\n",
	} {
		f.Add(base, "a", "1")
		f.Add(base, "b", "text\nof lines\n")
	}
	f.Fuzz(func(t *testing.T, base, name, value string) {
		if name == "" || base == "" || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return // CUE has no such text
		}
		content := map[string]any{"x": value}
		app := element("app", content)
		content["name"] = name
		out, err := joined(t, base, app)
		var refused diag.List
		if errors.As(err, &refused) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		had, others, err := meaning(base, name)
		if err != nil {
			return // what only our own reader takes, as a key given twice
		}
		has, same, err := meaning(out, name)
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if want := []any{map[string]any{"name": name, "x": value}}; len(had) < 2 && !reflect.DeepEqual(has, want) {
			t.Errorf("the element is\n%#v\nin\n%s", has, out)
		}
		if !reflect.DeepEqual(others, same) {
			t.Errorf("something else changed: from\n%#v\nto\n%#v\nin\n%s", others, same, out)
		}
		if len(had) == 1 && !strings.ContainsAny(base, "&*") {
			outsideStays(t, base, out, name)
		}
	})
}

// meaning is what another reader makes of a document: the elements of the list apps that bear a name, and everything else.
func meaning(text, name string) (elements []any, rest any, err error) {
	if err := yaml.Unmarshal([]byte(text), &rest); err != nil {
		return nil, nil, err
	}
	m, _ := rest.(map[string]any)
	if odd, ok := rest.(map[any]any); ok { // where a key is no text
		m = map[string]any{}
		for k, v := range odd {
			m[fmt.Sprint(k)] = v
		}
	}
	list, _ := m["apps"].([]any)
	var others []any
	for _, e := range list {
		if fields, ok := e.(map[string]any); ok && fields["name"] == name {
			elements = append(elements, e)
		} else {
			others = append(others, e)
		}
	}
	if m != nil {
		delete(m, "apps")
		return elements, []any{m, others}, nil
	}
	return elements, []any{map[string]any{}, others}, nil
}

// outsideStays checks that every line stays as it is that is not the element's own.
func outsideStays(t *testing.T, base, out, name string) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	start, end := place(doc.Content[0], name)
	before, after := strings.SplitAfter(base, "\n"), strings.SplitAfter(out, "\n")
	for i := range start - 1 {
		if i >= len(after) || before[i] != after[i] {
			t.Fatalf("line %d changed, before the element, in\n%s", i+1, out)
		}
	}
	if end == 0 {
		return
	}
	for i := 1; i <= len(before)-(end-1); i++ {
		if i > len(after) || before[len(before)-i] != after[len(after)-i] {
			t.Fatalf("line %d changed, after the element, in\n%s", len(before)-i+1, out)
		}
	}
}

// place is the line on which an element of the list apps begins, and that of whatever comes next, or 0.
func place(root *yaml.Node, name string) (start, end int) {
	var nodes []*yaml.Node // in the order of the text: keys of the document, elements of the list
	var element *yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		nodes = append(nodes, root.Content[i])
		if root.Content[i].Value != "apps" {
			continue
		}
		for _, e := range root.Content[i+1].Content {
			nodes = append(nodes, e)
			var fields map[string]any
			if e.Decode(&fields) == nil && fields["name"] == name {
				element = e
			}
		}
	}
	for i, n := range nodes {
		if n == element && i+1 < len(nodes) {
			return n.Line, nodes[i+1].Line
		}
	}
	if element == nil {
		return 1, 0
	}
	return element.Line, 0
}
