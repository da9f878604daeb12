package adopt

import (
	"fmt"
	"strings"
	"testing"
)

func TestDifferences(t *testing.T) {
	const original = `
-- values.yaml --
a: 1
base: &base {x: 1, w: [1, 2]}
apps:
  - name: web
    values: {<<: *base, n: 1.0}
  - name: api
    values: {e: 1}
`
	for _, c := range []struct{ about, rendered, want string }{
		{"the same in another order, with merges written out", `
base: {w: [1, 2], x: 1}
a: 1
apps:
- {name: api, values: {e: 1}}
- {name: web, values: {n: 1, x: 1, w: [1, 2]}}
`, ""},
		{
			"a value", "a: 2\nbase: {x: 1, w: [1, 2]}\napps: [{name: api, values: {e: 1}}, {name: web, values: {n: 1, x: 1, w: [1, 2]}}]\n",
			"values.yaml:1:1 a: 1 -> 2",
		},
		{
			"the order of a list", "a: 1\nbase: {x: 1, w: [2, 1]}\napps: [{name: api, values: {e: 1}}, {name: web, values: {n: 1, x: 1, w: [1, 2]}}]\n",
			"values.yaml:2:24 base.w[0]: 1 -> 2\nvalues.yaml:2:27 base.w[1]: 2 -> 1",
		},
		{
			"an element that is missing, and one too many", "a: 1\nbase: {x: 1, w: [1, 2]}\napps: [{name: app, values: {e: 1}}, {name: web, values: {n: 1, x: 1, w: [1, 2]}}]\n",
			"values.yaml:3:1 apps[app]:  -> {\"name\":\"app\",\"values\":{\"e\":1}}\nvalues.yaml:6:5 apps[api]: {\"name\":\"api\",\"values\":{\"e\":1}} -> ",
		},
		{
			"a key too many, and a text for a number", "a: \"1\"\nbase: {x: 1, w: [1, 2]}\nb: 1\napps: [{name: api, values: {e: 1}}, {name: web, values: {n: 1, x: 1, w: [1, 2]}}]\n",
			"values.yaml:1:1 a: 1 -> \"1\"\nvalues.yaml:1:1 b:  -> 1",
		},
		{
			"an app twice", "a: 1\nbase: {x: 1, w: [1, 2]}\napps: [{name: api, values: {e: 1}}, {name: api, values: {e: 1}}, {name: web, values: {n: 1, x: 1, w: [1, 2]}}]\n",
			"values.yaml:6:5 apps[api]: {\"name\":\"api\",\"values\":{\"e\":1}} -> [{\"name\":\"api\",\"values\":{\"e\":1}},{\"name\":\"api\",\"values\":{\"e\":1}}]",
		},
	} {
		var got []string
		for _, d := range Differences(chartsRepo(original), chartsRepo("-- values.yaml --\n"+c.rendered), []Claim{{Path: "values.yaml", List: "apps"}}) {
			got = append(got, fmt.Sprintf("%s %s: %s -> %s", d.Where, d.Path, d.Was, d.Is))
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.about, strings.Join(got, "\n"), c.want)
		}
	}
	missing := Differences(chartsRepo(original), chartsRepo(""), []Claim{{Path: "values.yaml", List: "apps"}})
	if len(missing) != 1 || missing[0].Is != "values.yaml does not exist" {
		t.Errorf("a file that is missing: %v", missing)
	}
}
