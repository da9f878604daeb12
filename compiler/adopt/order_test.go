package adopt

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSortedExcept(t *testing.T) {
	for _, c := range []struct {
		lists string // names by letter, lists by space
		first string
		ok    bool
	}{
		{"", "", true},
		{"abc", "", true},
		{"bac", "b", true},
		{"cab", "c", true},
		{"acb", "ac", true}, // what stands before a listed name must be listed too
		{"abc bac", "", false},
		{"bac bc", "b", true},
		{"xab yab", "yx", true},
		{"xab ab", "x", true},
		{"zxa xya", "zxy", true},
		{"bca cba", "", false},
	} {
		var lists [][]string
		for _, l := range strings.Fields(c.lists) {
			lists = append(lists, strings.Split(l, ""))
		}
		first, ok := sortedExcept(lists)
		if ok != c.ok || ok && strings.Join(first, "") != c.first {
			t.Errorf("sortedExcept(%s) = %s, %t; want %s, %t", c.lists, strings.Join(first, ""), ok, c.first, c.ok)
		}
	}
}

// TestSortedExceptKeepsOrder: what is listed comes first, the rest is sorted, and every list is as
// it was.
func TestSortedExceptKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	agreed := 0
	for range 2000 {
		all := strings.Split("abcdefghij", "")
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var lists [][]string
		for range 1 + r.IntN(4) {
			l := slices.DeleteFunc(slices.Clone(all), func(string) bool { return r.IntN(3) == 0 })
			if r.IntN(8) == 0 && len(l) > 1 {
				l[0], l[1] = l[1], l[0]
			}
			lists = append(lists, l)
		}
		first, ok := sortedExcept(lists)
		if !ok {
			continue
		}
		agreed++
		for _, l := range lists {
			var out []string
			for _, name := range first {
				if slices.Contains(l, name) {
					out = append(out, name)
				}
			}
			rest := slices.DeleteFunc(slices.Clone(l), func(name string) bool { return slices.Contains(first, name) })
			slices.Sort(rest)
			if out = append(out, rest...); !slices.Equal(out, l) {
				t.Fatalf("%v with %v first comes out as %v", l, first, out)
			}
		}
	}
	if agreed < 500 {
		t.Errorf("only %d of 2000 had one order for all", agreed)
	}
}

func TestMergeOrders(t *testing.T) {
	for _, c := range []struct{ lists, want string }{
		{"abc", "abc"},
		{"abc abd", "abdc"},
		{"ac abc", "abc"},
		{"b ab", "ab"},
		{"ab ba", "ab"},
	} {
		var lists [][]string
		for _, l := range strings.Fields(c.lists) {
			lists = append(lists, strings.Split(l, ""))
		}
		if got := strings.Join(mergeOrders(lists), ""); got != c.want {
			t.Errorf("mergeOrders(%s) = %s, want %s", c.lists, got, c.want)
		}
	}
}

func TestPassed(t *testing.T) {
	for _, c := range []struct {
		about, docs string // environment: key=value
		want        string
	}{
		{"well-known names", "production staging integration", "integration staging production"},
		{"a value that names the next one", "one:nextStage=two two:nextStage=three three", "one two three"},
		{"a value of another meaning", "live:restoreFrom=test test", "test live"},
		{"a value wins over well-known names", "prod:promoteTo=dev dev", "prod dev"},
		{"nothing tells", "blue green", ""},
		{"two of one stage", "prod live", ""},
		{"a circle", "one:next=two two:next=one", ""},
		{"one alone", "prod", "prod"},
	} {
		docs := map[string]*node{}
		for _, d := range strings.Fields(c.docs) {
			name, hint, _ := strings.Cut(d, ":")
			docs[name] = &node{kind: mapping}
			if key, value, ok := strings.Cut(hint, "="); ok {
				docs[name].fields = []field{{"apps", &node{kind: list, items: []*node{{kind: mapping, fields: []field{{key, &node{scalar: value}}}}}}}}
			}
		}
		if got := strings.Join(passed(docs), " "); got != c.want {
			t.Errorf("%s: passed(%s) = %q, want %q", c.about, c.docs, got, c.want)
		}
	}
}

func TestCamel(t *testing.T) {
	for name, want := range map[string]string{
		"max-upload-size": "maxUploadSize", "_alb": "alb", "A_B": "aB", "x1": "x1", "1x": "x", "é": "", "already": "already", "a.b/c": "aBC",
	} {
		if got := camel(name); got != want {
			t.Errorf("camel(%s) = %s, want %s", name, got, want)
		}
	}
}
