package state

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// Whatever stands in a pin file and whatever the tag, either exactly this value changes, or it is
// refused. The library reads both sides here, not our own reader.
func FuzzSet(f *testing.F) {
	for _, data := range []string{
		"image_tag: v1\n", "# c\nimage_tag: v1 # why\npromote: true\n", "image_tag: 'v1'\r\nb: \"c\"\r\n", "\ufeffimage_tag: v1",
		"{\"image_tag\":\"v1\", b: [1, {c: d}]}", "{é: \"größe 𝄞\", image_tag: v1} # é", "{image_tag: , b: 1}", "{image_tag}", "{image_tag: # x:\n}", "{image_tag:\n\n# c:\n  }",
		"image_tag:", "image_tag: # c\n", "image_tag: ~", "image_tag: \"\"", "? image_tag\n: v1\n", "? image_tag\n", "image_tag:\n  v1\n", "- image_tag: v1\n",
		"image_tag: &a !!str # c\n  v1\n", "image_tag: !!str\nb: 1", "image_tag: !<tag:yaml.org,2002:str> v1", "image_tag: ! v1", "image_tag: !!int 5\n", "image_tag: !foo v1", "image_tag: !!binary djE=",
		"image_tag: &t v1\nb: *t\n", "t: &t v1\nimage_tag: *t # c\n", "{t: &t v1, image_tag: *t, x: y}", "image_tag: &a\nb: 1\n", "&k image_tag: v1\n*k : v2\n", "a: &a image_tag\n*a : v1\n",
		"d: &d {image_tag: v1}\n<<: *d\n", "d: &d {image_tag: v1}\n<<: *d\nimage_tag: v2\n", "a: &a\n  <<: *a\n  b: 1\n", "<<: [{a: 1}, {image_tag: v1}]\n",
		"image_tag: v1\nimage_tag: v1\n", "image_tag: |\n  v1\n", "image_tag: >-\n  v1\n", "image_tag: v1\n  v2\n", "image_tag: \"v1\\\n  v2\"\n", "image_tag: 'a\n  b'\n",
		"image_tag: [v1]\n", "image_tag: {a: b}\n", "image_tag: v1\n---\na: 1\n", "caf\xe9: 1\n", "a: b: c\n", "---\nimage_tag: v1\n...\n", "--- {image_tag: v1}\n", "%YAML 1.1\n---\nimage_tag: v1\n",
		"a: 1\rimage_tag: v1\rb: 2", "a: 1\u2028image_tag: v1\u0085b: 2", "# é\u2028\nimage_tag: v1\n", "image_tag: 1.10\n", "image_tag: yes\n", "image_tag:\tv1\t# tab\n", "image_tag: \"v1\"# c\n", "image_tag: a'b\"c\n",
		"main:\n  image_tag: v1 # c\nmain.image_tag: 'v2'\n", "image_tag: v1\nx: |\n  image_tag: v1\n", "image_tag: v1 # image_tag: v1\n", "'image_tag': v1 v2 v3\n", "image_tag: 'it''s'\n", "image_tag: \"\\\"\\\\\"\n",
		"image_tag: *\n", "image_tag: @\n", "\ufeff\ufeffimage_tag: v1", "a:\n- b\nimage_tag: v1\n", "image_tag: -\n", "image_tag: <<\n", "{image_tag: &a , b: 1}", "{image_tag: &a}", "image_tag : &a-b 'v1'\n",
	} {
		for _, tag := range []string{"v2", "1.10", "a, b", "é# :", "", "v\n2"} {
			f.Add([]byte(data), "image_tag", tag)
		}
		f.Add([]byte(data), "main.image_tag", "v2")
	}
	f.Add([]byte("00:\n"), "0", "v2") // a key that is a number
	f.Fuzz(func(t *testing.T, data []byte, key, tag string) {
		out, err := Set("pin.yaml", data, []Setting{{key, tag}})
		if refused(t, err) {
			return
		}
		old, ok, err := Tag("pin.yaml", data, key)
		if err != nil || !ok {
			t.Fatalf("set what cannot be read: %v, %v", ok, err)
		}
		if old == tag && !bytes.Equal(data, out) {
			t.Fatalf("it said %q already, and is now\n%q", tag, out)
		}
		if now, ok, err := Tag("pin.yaml", out, key); now != tag || !ok || err != nil {
			t.Fatalf("set to %q, and says %q (%v, %v)\n%q", tag, now, ok, err, out)
		}
		gone, come := middle(data, out)
		if bytes.ContainsAny(gone, "\r\n") || bytes.ContainsAny(come, "\r\n") {
			t.Fatalf("%q became %q", gone, come)
		}
		before, after := leaves(t, data), leaves(t, out)
		if len(before) != len(after) {
			t.Fatalf("another structure:\n%q\n%q", data, out)
		}
		for i := range before {
			if b, a := before[i], after[i]; b != a && (b.path != a.path || a.path != key || a.says != tag) {
				t.Fatalf("%+v became %+v\n%q\n%q", b, a, data, out)
			}
		}
		back, err := Set("pin.yaml", out, []Setting{{key, old}})
		if refused(t, err) {
			return // the tag that stood there was no text that we would write
		}
		if again, _, err := Tag("pin.yaml", back, key); again != old || err != nil {
			t.Fatalf("back to %q, and says %q (%v)\n%q", old, again, err, back)
		}
	})
}

// refused reports whether there was a finding. Any other error would mean that a machine failed.
func refused(t *testing.T, err error) bool {
	t.Helper()
	var findings diag.List
	if err != nil && !errors.As(err, &findings) {
		t.Fatalf("%v is no finding", err)
	}
	return err != nil
}

// middle is what is left of two texts without what they begin and end with.
func middle(a, b []byte) (x, y []byte) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// A leaf is a node of a file, as it can be compared.
type leaf struct {
	path   string
	kind   yaml.Kind
	says   string
	tag    string
	anchor string
	style  yaml.Style
	line   int
}

// leaves are all nodes of a file, keys among them, in order.
func leaves(t *testing.T, data []byte) []leaf {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%v\n%q", err, data)
	}
	var all []leaf
	var walk func(n *yaml.Node, names []string)
	walk = func(n *yaml.Node, names []string) {
		all = append(all, leaf{strings.Join(names, "."), n.Kind, n.Value, n.ShortTag(), n.Anchor, n.Style, n.Line})
		for i, c := range n.Content {
			name := "[]"
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				walk(c, append(slices.Clone(names), "a key"))
				continue
			}
			if n.Kind == yaml.MappingNode {
				name, _ = document.Key("", n.Content[i-1]) // 00 is the key 0 to a chart
			}
			walk(c, append(slices.Clone(names), name))
		}
	}
	for _, c := range doc.Content {
		walk(c, nil)
	}
	return all
}
