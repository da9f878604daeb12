package adopt

import (
	"maps"
	"regexp"
	"slices"
)

// stages are the words by which environments are commonly called, in the order in which a release
// passes them.
var stages = [][]string{
	{"local", "dev", "development", "sandbox", "ephemeral"},
	{"ci", "test", "testing"},
	{"int", "integration"},
	{"qa", "uat", "acceptance", "preview"},
	{"stage", "staging", "preprod", "pre-production", "preproduction"},
	{"prod", "production", "live"},
}

var namesNext = regexp.MustCompile(`(?i)next|promote`)

// passed is the order in which a release passes the environments, or nil where nothing tells. A
// value such as `nextEnvironment: staging` tells it for sure, well-known names otherwise.
func passed(docs map[string]*node) []string {
	names := slices.Sorted(maps.Keys(docs))
	next := map[string]string{}
	for _, env := range names {
		eachScalar(docs[env], "", func(key string, n *node) {
			to := n.text()
			if docs[to] != nil && to != env && namesNext.MatchString(key) && next[env] == "" {
				next[env] = to
			}
		})
	}
	if chain := follow(names, next); chain != nil {
		return chain
	}
	rank := func(name string) int {
		return slices.IndexFunc(stages, func(words []string) bool { return slices.Contains(words, name) })
	}
	ordered := slices.SortedFunc(slices.Values(names), func(a, b string) int { return rank(a) - rank(b) })
	for i, name := range ordered {
		if rank(name) < 0 || i > 0 && rank(name) == rank(ordered[i-1]) {
			return nil
		}
	}
	return ordered
}

// follow is the one chain that links all names, or nil.
func follow(names []string, next map[string]string) []string {
	if len(next) != len(names)-1 {
		return nil
	}
	starts := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(slices.Collect(maps.Values(next)), name)
	})
	if len(starts) != 1 {
		return nil
	}
	chain := starts
	for len(chain) < len(names) {
		to, ok := next[chain[len(chain)-1]]
		if !ok || slices.Contains(chain, to) {
			return nil
		}
		chain = append(chain, to)
	}
	return chain
}

func eachScalar(n *node, key string, yield func(key string, n *node)) {
	if n == nil {
		return
	}
	if n.kind == scalar {
		yield(key, n)
	}
	for _, f := range n.fields {
		eachScalar(f.value, f.name, yield)
	}
	for _, item := range n.items {
		eachScalar(item, key, yield)
	}
}
