package adopt

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/tree"
)

// maxPinBytes is more than a file has that holds a tag and a few flags.
const maxPinBytes = 4096

// findPins finds the folder, beside the values or elsewhere, that has a subfolder for each
// environment with one small file per image: the one with the most files, then the nearest.
func findPins(charts *tree.Tree, beside string, environments []string) pins {
	folders := map[string]map[string]map[string]*node{} // folder, environment, image
	for p, data := range charts.All() {
		environment := path.Base(path.Dir(p))
		if len(data) > maxPinBytes || !slices.Contains(environments, environment) {
			continue
		}
		pg, err := readPage(p, data)
		if err != nil || pg.root == nil || pg.root.kind != mapping {
			continue
		}
		dir := path.Dir(path.Dir(p))
		if folders[dir] == nil {
			folders[dir] = map[string]map[string]*node{}
		}
		if folders[dir][environment] == nil {
			folders[dir][environment] = map[string]*node{}
		}
		folders[dir][environment][path.Base(p)] = pg.root
	}
	var best pins
	most := 0
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		tag, order, n := tagKey(folders[dir])
		if tag == "" || n < most || n == most && !strings.HasPrefix(dir, beside+"/") {
			continue
		}
		most = n
		best = pins{dir: dir, tag: tag, order: order, images: map[string]map[string]bool{}}
		for environment, files := range folders[dir] {
			best.images[environment] = map[string]bool{}
			for image := range files {
				best.images[environment][image] = true
			}
		}
	}
	return best
}

// tagKey is the key that holds a text in nearly all of the files, and the most different ones: a
// tag. It also says how such tags are ordered, and counts the files.
func tagKey(folder map[string]map[string]*node) (key, order string, files int) {
	found := map[string]int{}
	different := map[string]map[string]bool{}
	for _, images := range folder {
		for _, n := range images {
			files++
			for _, f := range n.fields {
				text, ok := tagText(f.value)
				if !ok {
					continue
				}
				found[f.name]++
				if different[f.name] == nil {
					different[f.name] = map[string]bool{}
				}
				different[f.name][text] = true
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(found)) {
		if 10*found[k] >= 9*files && (key == "" || len(different[k]) > len(different[key])) {
			key = k
		}
	}
	return key, tagOrder(different[key]), files
}

var (
	numberedTag = regexp.MustCompile(`^[vVrRbB]?[0-9]{1,18}$`)
	versionTag  = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+([-+].*)?$`)
)

// tagOrder is the order that tags have, if all that have one have the same: "numeric", "semver" or "".
func tagOrder(tags map[string]bool) string {
	numbered, versions := 0, 0
	for tag := range tags {
		switch {
		case numberedTag.MatchString(tag):
			numbered++
		case versionTag.MatchString(tag):
			versions++
		}
	}
	switch {
	case numbered > 0 && versions == 0:
		return "numeric"
	case versions > 0 && numbered == 0:
		return "semver"
	}
	return ""
}

// tagText is what a value says as a tag. Plain 123 and 1.10 are tags too, to those who forget quotes.
func tagText(n *node) (string, bool) {
	if n.kind != scalar {
		return "", false
	}
	switch v := n.scalar.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	}
	return "", false
}
