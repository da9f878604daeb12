package adopt

import (
	"fmt"
	"strings"
	"testing"
)

func TestComments(t *testing.T) {
	for _, c := range []struct{ about, doc, want string }{
		{"above, behind and below", `
# about the file

# above a
a: 1 # behind a
b:
  # above c
  c: 2
  # below c
d: 3
# at the end
`, `
file: about the file
a above: above a
a behind: behind a
b.c above: above c
b.c below: below c
d below: at the end`},
		{"lists", `
a:
  # above the first
  - x # behind the first
  - y: 1 # behind the second
    z: 2 # behind z
  # - commented out
b: # behind b
  - 1
`, `
a[0] above: above the first
a[0] behind: behind the first
a[1] behind: behind the second
a[1].z behind: behind z
a[1] below: - commented out
b behind: behind b`},
		{"a # that is none", `
a: "x # y" # one
b: 'it''s # not' # two
c: x#y # three
d: |
  # text
  more # text
e: "over
  # two lines"   # four
f: > # five
  folded # text

  # text
g: [a, # six
  "b # c"] # seven
h: &x |-
  # text
i: !!str "# text"
`, `
a behind: one
b behind: two
c behind: three
e behind: four
f behind: five
g behind: six
g[1] behind: seven`},
		{"anchors say it once", `
a: &a # behind a
  # above b
  b: 1
c: *a # behind c
d:
  <<: *a # behind the merge
  e: 1
`, `
a behind: behind a
a.b above: above b
c behind: behind c
d behind: behind the merge`},
	} {
		p, err := readPage("x.yaml", []byte(c.doc))
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		var got strings.Builder
		for _, c := range p.head.above {
			fmt.Fprintf(&got, "\nfile:%s", c.text)
		}
		told(&got, "", p.root)
		if got.String() != c.want {
			t.Errorf("%s: got%s\nwant%s", c.about, got.String(), c.want)
		}
		said := len(p.head.above)
		p.root.eachNote(func(*comment) { said++ })
		if said != len(p.comments) {
			t.Errorf("%s: %d comments, %d attached", c.about, len(p.comments), said)
		}
	}
}

// told writes each comment with the value that it belongs to.
func told(b *strings.Builder, path string, n *node) {
	write := func(where string, cs []*comment) {
		for _, c := range cs {
			fmt.Fprintf(b, "\n%s %s:%s", path, where, c.text)
		}
	}
	write("above", n.notes.above)
	write("behind", n.notes.behind)
	for _, f := range n.fields {
		told(b, strings.TrimPrefix(path+"."+f.name, "."), f.value)
	}
	for i, item := range n.items {
		told(b, fmt.Sprintf("%s[%d]", path, i), item)
	}
	write("below", n.notes.below)
}
