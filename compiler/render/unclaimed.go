package render

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/document"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// Unclaimed says for each list and map of which fragments claim elements which others it holds. They
// stay as they are: an app that is declared no longer is still deployed.
func Unclaimed(fragments []Fragment, base *tree.Tree) []string {
	type list struct{ path, at, by string }
	claimed := map[list][]string{}
	var order []list
	for _, f := range fragments {
		k := list{f.Path, f.At, f.By}
		if f.whole() || f.At == "" {
			continue
		}
		if claimed[k] == nil {
			order = append(order, k)
		}
		claimed[k] = append(claimed[k], f.ID)
	}
	slices.SortFunc(order, func(a, b list) int { return strings.Compare(a.path+" "+a.at, b.path+" "+b.at) })
	var said []string
	for _, k := range order {
		data, _ := base.Get(k.path)
		root, err := document.Parse(k.path, data)
		if err != nil || root == nil {
			continue // joining says what is wrong with it
		}
		slices.Sort(claimed[k])
		var others []string
		for _, id := range ids(root, k.at, k.by) {
			if _, ours := slices.BinarySearch(claimed[k], id); !ours {
				others = append(others, id)
			}
		}
		if n := len(others); n > 0 {
			said = append(said, fmt.Sprintf("%s of %s, which nothing declares (%s)", some(others), k.at, k.path))
		}
	}
	return said
}

// ids are what tells the elements of a list or map apart.
func ids(n *yaml.Node, at, by string) []string {
	for _, key := range strings.Split(at, ".") {
		if n = valueOf(n, key); n == nil {
			return nil
		}
	}
	n = target(n)
	var found []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if v := valueOf(target(item), by); v != nil {
				found = append(found, target(v).Value)
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			found = append(found, n.Content[i].Value)
		}
	}
	return found
}

// some are the first few of many names.
func some(names []string) string {
	const few = 5
	if len(names) <= few+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
