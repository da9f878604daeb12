package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Difference is one leaf that two values have differently.
type Difference struct {
	Path []string // keys, and indices of lists
	From any      // Missing where the first does not have it
	To   any      // Missing where the second does not have it
}

// Missing stands for a leaf that is not there, which is not the same as null.
type Missing struct{}

// Differences are the leaves that differ, in order. Lists of the same length are compared item by item,
// others as a whole.
func Differences(from, to any) []Difference {
	return appendDifferences(nil, nil, from, to)
}

func appendDifferences(dst []Difference, path []string, from, to any) []Difference {
	if a, ok := from.(map[string]any); ok {
		if b, ok := to.(map[string]any); ok {
			keys := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
			slices.Sort(keys)
			for _, key := range slices.Compact(keys) {
				dst = appendDifferences(dst, append(slices.Clone(path), key), orMissing(a, key), orMissing(b, key))
			}
			return dst
		}
	}
	a, isList := from.([]any)
	b, also := to.([]any)
	if isList && also && len(a) == len(b) {
		for i := range a {
			dst = appendDifferences(dst, append(slices.Clone(path), strconv.Itoa(i)), a[i], b[i])
		}
		return dst
	}
	if Equal(from, to) {
		return dst
	}
	return append(dst, Difference{path, from, to})
}

func orMissing(m map[string]any, key string) any {
	if v, ok := m[key]; ok {
		return v
	}
	return Missing{}
}

// plainLabel is a key that CUE takes for one without quotes; with a _ in front it would be hidden.
var plainLabel = regexp.MustCompile(`^[A-Za-z$][A-Za-z0-9_$]*$`)

// CUE is the second value as CUE says it, and the first in a comment: `replicas: 9 // not 8`.
func (d Difference) CUE() string {
	var s strings.Builder
	for _, key := range d.Path {
		if !plainLabel.MatchString(key) {
			key = asJSON(key)
		}
		s.WriteString(key + ": ")
	}
	if _, gone := d.To.(Missing); gone {
		return "// without " + strings.TrimSuffix(s.String(), ": ") + ", which was " + inline(d.From)
	}
	s.WriteString(inline(d.To))
	if _, added := d.From.(Missing); !added {
		s.WriteString(" // not " + inline(d.From))
	}
	return s.String()
}

// inline is a value on one line, cut where it is long.
func inline(v any) string {
	const most = 120
	text := asJSON(v)
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// asJSON is a value on one line. JSON is CUE too, but for a byte order mark.
func asJSON(v any) string {
	var s strings.Builder
	enc := json.NewEncoder(&s)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.ReplaceAll(strings.TrimSuffix(s.String(), "\n"), "\ufeff", `\ufeff`)
}
