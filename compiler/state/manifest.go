package state

import (
	"encoding/json"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// An Element is a part of a generated file: whose it is, and what it meant when pintle wrote it.
type Element struct {
	document.Element
	App         string `json:"app,omitempty"`         // "" for what an environment itself declares
	Environment string `json:"environment,omitempty"` // "" for what an app has in common
	Digest      string `json:"digest,omitempty"`      // document.Digest of its value, without pins
}

// A Manifest lists what pintle owns of one file of the charts repo. An element that no longer means what
// its digest says was edited by hand.
type Manifest struct {
	Source   string    // the commit of the config repo that was compiled when this was last written
	Elements []Element // in order
}

// ManifestDir is the folder of all manifests, from the root of the charts repo.
const ManifestDir = ".pintle/manifest"

// ManifestPath is where the manifest of a file stands.
func ManifestPath(file string) string { return ManifestDir + "/" + file + ".yaml" }

// Listed is the file that a manifest is about.
func Listed(manifest string) (file string, ok bool) {
	file, ok = strings.CutPrefix(manifest, ManifestDir+"/")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(file, ".yaml")
}

// Find is the listed element of that address.
func (m Manifest) Find(e document.Element) (Element, bool) {
	i, ok := slices.BinarySearchFunc(m.Elements, e, func(a Element, b document.Element) int { return a.Element.Compare(b) })
	if !ok {
		return Element{}, false
	}
	return m.Elements[i], true
}

// Encode is the manifest as a file.
func (m Manifest) Encode(file string) []byte {
	elements := []any{}
	for _, e := range m.Elements {
		fields := map[string]any{"digest": e.Digest}
		for key, text := range map[string]string{"at": e.At, "by": e.By, "id": e.ID, "app": e.App, "environment": e.Environment} {
			if text != "" {
				fields[key] = text
			}
		}
		elements = append(elements, fields)
	}
	doc := map[string]any{"version": json.Number("1"), "elements": elements}
	if m.Source != "" {
		doc["source"] = m.Source
	}
	return document.Append(fmt.Appendf(nil, "# What pintle wrote in %q, and what it meant.\n", file), doc, 0,
		[]string{"version", "source", "elements", "at", "by", "id", "app", "environment", "digest"})
}

// ReadManifest is a manifest from its file.
func ReadManifest(path string, data []byte) (Manifest, error) {
	node, err := document.Parse(path, data)
	if err != nil {
		return Manifest{}, badManifest(path, "this cannot be read: "+err.Error())
	}
	value, err := document.Value(path, node)
	if err != nil {
		return Manifest{}, badManifest(path, "this cannot be read: "+err.Error())
	}
	doc, _ := value.(map[string]any)
	if doc["version"] != json.Number("1") {
		return Manifest{}, badManifest(path, "this is no manifest that this pintle knows; a newer one may have written it")
	}
	m := Manifest{Source: text(doc["source"])}
	list, _ := doc["elements"].([]any)
	for _, item := range list {
		f, ok := item.(map[string]any)
		if !ok {
			return m, badManifest(path, "an element is no mapping of keys")
		}
		e := Element{
			Element: document.Element{At: text(f["at"]), By: text(f["by"]), ID: text(f["id"])},
			App:     text(f["app"]), Environment: text(f["environment"]), Digest: text(f["digest"]),
		}
		if e.Digest == "" {
			return m, badManifest(path, "the element "+e.String()+" has no digest")
		}
		m.Elements = append(m.Elements, e)
	}
	slices.SortStableFunc(m.Elements, func(a, b Element) int { return a.Element.Compare(b.Element) })
	return m, nil
}

func badManifest(path, what string) error {
	return diag.List{{
		Rule:  "manifest",
		Where: token.Position{Filename: path},
		What:  what,
		Why:   "the manifest says what pintle wrote; without it every element counts as somebody else's",
		Fix:   "put it back as it was in the charts repo's history, or remove it and let pintle take the file in again",
	}}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
