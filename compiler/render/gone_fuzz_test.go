package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/release"
)

// Whatever stands in the charts repo, an element that is taken out leaves every other one, and every other
// line, as it was; or it is refused.
func FuzzGone(f *testing.F) {
	for _, base := range []string{
		"apps:\n  - name: a\n    x: 1 # one\n\n  # the second\n  - name: b\n    x: |\n      text\n\n    y: [1,2]\ntail: 1\n",
		"apps:\n- name: b\n- {name: a}\n-   name: c\n    x: 'y'",
		"x: &x {k: v}\napps:\n  - &a\n    name: a\n    <<: *x\n  - <<: *a\n    name: c\n",
		"apps:\n  - name: a\n", "apps: [{name: a}]\n# end", "a: 1\r\napps:\r\n  - name: a\r\n\r\n  - name: b\r\n",
		"---\napps:\n- name: a\n...\n", "\"apps\" : \n  - ? name\n    : a\n  - name: b\n",
		"apps:\n  - name: a\n  - name: a\n", "apps: &apps\n  - name: a\n  - name: b\nothers: *apps\n",
		"apps:\n  - !!map\n    name: a\n  - name: >-\n      b\n", "apps:\n\n\n  - name: b\n\n\n\n  # x\n\n  # y\n  - name: a\n\n\n",
		"apps:\n- - name: a\n- name: a\n  z:\n  - name: a\n", "z: \"\n\n  #\n\"\napps:\n  # a\n  - name: a\n  - name: b # a\n# b\n",
	} {
		f.Add(base, "a")
		f.Add(base, "b")
	}
	f.Fuzz(func(t *testing.T, base, name string) {
		if name == "" || base == "" || !utf8.ValidString(name) {
			return
		}
		out, there, err := after(base, []document.Element{app(name)}, nil)
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
		if len(has) >= max(1, len(had)) {
			t.Errorf("it is still in\n%s", out)
		}
		if !reflect.DeepEqual(others, same) {
			t.Errorf("something else changed: from\n%#v\nto\n%#v\nin\n%s", others, same, out)
		}
		if len(had) == 0 && there && out != base {
			t.Errorf("there was nothing to take out of\n%s\nand it became\n%s", base, out)
		}
		if len(had) == 1 && there && !emptied(same) {
			othersStay(t, base, out, name)
		}
	})
}

// emptied reports whether the list apps has no elements, in what meaning makes of a document.
func emptied(rest any) bool { return rest.([]any)[1].([]any) == nil }

// othersStay checks that every line stays but those of an element and the comments and empty lines next to it.
func othersStay(t *testing.T, base, out, name string) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(base, "\n")
	above := func(n int) int { // the line, from 0, above comments and empty lines
		for n > 0 && (strings.TrimSpace(lines[n-1]) == "" || strings.HasPrefix(strings.TrimSpace(lines[n-1]), "#")) {
			n--
		}
		return n
	}
	start, end := place(doc.Content[0], name)
	head := strings.Join(lines[:above(start-1)], "")
	if !strings.HasPrefix(out, head) {
		t.Errorf("something changed before the element, of\n%s\nin\n%s", base, out)
	}
	if end == 0 {
		return
	}
	if tail := strings.Join(lines[end-1:], ""); !strings.HasSuffix(out, tail) {
		t.Errorf("something changed after the element, of\n%s\nin\n%s", base, out)
	}
}

// What was joined once is as declared: joined again, nothing changes, not a byte.
func TestJoinedAgain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	refusals, joins := 0, 0
	for range 1500 {
		base := ""
		if rnd.IntN(5) > 0 {
			base = randomBase(rnd)
		}
		apps := func() (all []release.App) {
			again := rand.New(rand.NewPCG(uint64(joins), uint64(refusals)))
			for _, name := range []string{"a", "b", "c"} {
				if again.IntN(3) > 0 {
					all = append(all, element(name, randomMap(again, 2)))
				}
			}
			return append(all, doc(map[string]any{"top": randomContent(again, 2), "other": randomContent(again, 2)}))
		}
		once, err := joined(t, base, apps()...)
		var refused diag.List
		if errors.As(err, &refused) {
			refusals++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := joined(t, once, apps()...)
		if err != nil || again != once {
			t.Fatalf("%v: from\n%s\njoined once\n%s\nand again\n%s", err, base, once, again)
		}
		joins++
	}
	if joins < 1000 {
		t.Errorf("of what a person could write, %d were refused, and %d joined", refusals, joins)
	}
}

// randomBase is a file as people write them: comments, empty lines, several ways to indent and to quote.
func randomBase(rnd *rand.Rand) string {
	var s bytes.Buffer
	comment := func(indent string) {
		switch rnd.IntN(5) {
		case 0:
			s.WriteString(indent + "# a comment\n")
		case 1:
			s.WriteString("\n")
		}
	}
	comment("")
	if rnd.IntN(2) == 0 {
		s.Write(document.Append([]byte("top:\n"), randomMap(rnd, 2), 2, nil))
		comment("")
	}
	dash := []string{"", "  "}[rnd.IntN(2)]
	s.WriteString("apps: # of all teams\n")
	for _, name := range []string{"a", "b", "z"} {
		if name != "z" && rnd.IntN(3) == 0 {
			continue
		}
		comment(dash)
		if rnd.IntN(4) == 0 {
			content, _ := json.Marshal(randomContent(rnd, 1)) // JSON is YAML on one line
			fmt.Fprintf(&s, "%s- {name: %s, x: %s}\n", dash, name, content)
			continue
		}
		fmt.Fprintf(&s, "%s- name: %s # called so\n", dash, name)
		comment(dash + "  ")
		if m := randomMap(rnd, 2); len(m) > 0 {
			s.Write(document.Append(nil, m, len(dash)+2, nil))
		}
	}
	comment("")
	if rnd.IntN(2) == 0 {
		s.WriteString("tail: 1\n")
	}
	return s.String()
}

func randomMap(rnd *rand.Rand, depth int) map[string]any {
	m := map[string]any{}
	for _, k := range []string{"k", "x", "long text", "yes"} {
		if rnd.IntN(2) == 0 {
			m[k] = randomContent(rnd, depth-1)
		}
	}
	return m
}

func randomContent(rnd *rand.Rand, depth int) any {
	if depth > 0 {
		switch rnd.IntN(4) {
		case 0:
			return randomMap(rnd, depth)
		case 1:
			list := []any{}
			for range rnd.IntN(4) {
				list = append(list, randomContent(rnd, depth-1))
			}
			return list
		}
	}
	return []any{"v", "two\nlines\n", "no", "", true, nil, json.Number("1"), json.Number("2.50"), "# no comment"}[rnd.IntN(9)]
}
