package document

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what aliases may expand to: a few lines of nested aliases stand for billions of nodes.
const maxNodes = 4_000_000

// maxDepth bounds nesting, so that a document cannot exhaust the stack.
const maxDepth = 200

// Value is what a node means: map[string]any, []any, string, bool, json.Number or nil. Where a key
// stands twice, the last one counts, as it does for Helm.
func Value(name string, n *yaml.Node) (any, error) {
	r := resolver{name: name, left: maxNodes}
	return r.value(n, 0)
}

type resolver struct {
	name string
	left int
}

func (r *resolver) errorf(n *yaml.Node, format string, args ...any) error {
	return &Error{r.name, n.Line, fmt.Sprintf(format, args...)}
}

func (r *resolver) value(n *yaml.Node, depth int) (any, error) {
	if n == nil {
		return nil, nil
	}
	if r.left--; r.left < 0 {
		return nil, r.errorf(n, "aliases expand to more than %d nodes", maxNodes)
	}
	if depth > maxDepth {
		return nil, r.errorf(n, "nested more than %d levels deep", maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.ScalarNode:
		return r.scalar(n)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := r.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	return nil, r.errorf(n, "this is no YAML value")
}

func (r *resolver) mapping(n *yaml.Node, depth int) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, node := n.Content[i], n.Content[i+1]
		if IsMerge(key) {
			merges = append(merges, node)
			continue
		}
		k, err := Key(r.name, key)
		if err != nil {
			return nil, err
		}
		if m[k], err = r.value(node, depth+1); err != nil {
			return nil, err
		}
	}
	for _, node := range merges {
		if err := r.merge(m, node, depth+1); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// merge adds what m does not have yet: a key of its own wins, then the earlier merge.
func (r *resolver) merge(m map[string]any, n *yaml.Node, depth int) error {
	target := n
	if n.Kind == yaml.AliasNode {
		target = n.Alias
	}
	if target.Kind == yaml.SequenceNode {
		for _, item := range target.Content {
			if err := r.merge(m, item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	v, err := r.value(target, depth)
	if err != nil {
		return err
	}
	from, ok := v.(map[string]any)
	if !ok {
		return r.errorf(n, "<< merges mappings, and this is none")
	}
	for k, v := range from {
		if _, has := m[k]; !has {
			m[k] = v
		}
	}
	return nil
}

// IsMerge reports whether a key is the merge key, << or !!merge <<.
func IsMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

// Key is what a mapping's key means as JSON, where all keys are strings.
func Key(name string, n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	r := resolver{name: name, left: 1}
	if n.Kind != yaml.ScalarNode {
		return "", r.errorf(n, "a mapping's key must be a plain word")
	}
	v, err := r.scalar(n)
	if err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case nil:
		return "null", nil
	default:
		return fmt.Sprint(v), nil
	}
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	// What YAML 1.1 reads as a boolean, and Helm with it.
	bool11 = map[string]bool{
		"y": true, "Y": true, "n": false, "N": false,
		"yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
		"no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false,
	}
)

func (r *resolver) scalar(n *yaml.Node) (any, error) {
	switch tag := n.ShortTag(); tag {
	case "!!str":
		if b, ok := bool11[n.Value]; ok && n.Style == 0 && n.Tag != "!" {
			return b, nil
		}
		return n.Value, nil
	case "!!timestamp", "!!merge":
		return n.Value, nil // a date is text to Helm
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, r.errorf(n, "%q is no boolean", n.Value)
		}
		return b, nil
	case "!!int", "!!float":
		return r.number(n)
	case "!!binary":
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil || !utf8.Valid(text) {
			return nil, r.errorf(n, "this !!binary is no text, so no chart can get it")
		}
		return string(text), nil
	default:
		return nil, r.errorf(n, "the tag %s is none of YAML's own; quote the value if it is text", n.Tag)
	}
}

func (r *resolver) number(n *yaml.Node) (any, error) {
	if jsonNumber.MatchString(n.Value) {
		return json.Number(n.Value), nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, r.errorf(n, "%q is no number", n.Value)
	}
	switch v := v.(type) {
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return json.Number(strconv.FormatUint(v, 10)), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, r.errorf(n, "%s is no number in JSON, so no chart can get it", n.Value)
		}
		return json.Number(strconv.FormatFloat(v, 'f', -1, 64)), nil
	}
	return nil, r.errorf(n, "%q is no number", n.Value)
}

// Equal reports whether two values mean the same: the order of lists counts, that of keys does
// not, and numbers are equal by value.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, has := b[k]
			if !has || !Equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !Equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || equalNumbers(string(a), string(b)))
	default:
		return a == b
	}
}

// maxExponent is how many characters of an exponent are counted with, so that 1e999999999 does not become
// a number of a billion digits. What a chart gets ends at 1e308.
const maxExponent = 4

func equalNumbers(a, b string) bool {
	if longExponent(a) || longExponent(b) {
		return false
	}
	x, ok := new(big.Rat).SetString(a)
	y, also := new(big.Rat).SetString(b)
	return ok && also && x.Cmp(y) == 0
}

func longExponent(s string) bool {
	_, e, has := strings.Cut(strings.ToLower(s), "e")
	return has && len(e) > maxExponent
}
