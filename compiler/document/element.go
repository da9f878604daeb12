package document

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// An Element is a part of a document that has an owner of its own: one element of a list, or what
// stands under one key. The zero Element is a document as a whole.
type Element struct {
	At string `json:"at,omitempty"` // the list or map that it stands in, such as "spec.apps"; "" for the document
	By string `json:"by,omitempty"` // the field that tells elements of a list apart; "" for a key of a map
	ID string `json:"id,omitempty"` // what that field or key says
}

// String is how people call it: apps[frontend], spec.apps.frontend, or "the document".
func (e Element) String() string {
	switch {
	case e.ID == "":
		return "the document"
	case e.By != "":
		return e.At + "[" + e.ID + "]"
	case e.At == "":
		return e.ID
	}
	return e.At + "." + e.ID
}

// Compare orders elements by where they stand, then by name.
func (e Element) Compare(f Element) int {
	if c := strings.Compare(e.At, f.At); c != 0 {
		return c
	}
	if c := strings.Compare(e.By, f.By); c != 0 {
		return c
	}
	return strings.Compare(e.ID, f.ID)
}

// In is what the element means in a document's value, if it is there.
func (e Element) In(doc any) (any, bool) {
	if e.ID == "" {
		return doc, doc != nil
	}
	if e.At != "" {
		for _, key := range strings.Split(e.At, ".") {
			m, ok := doc.(map[string]any)
			if !ok {
				return nil, false
			}
			doc = m[key]
		}
	}
	if e.By == "" {
		m, _ := doc.(map[string]any)
		v, ok := m[e.ID]
		return v, ok
	}
	list, _ := doc.([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && m[e.By] == e.ID {
			return item, true
		}
	}
	return nil, false
}

// Digest stands for what a value means, as Equal has it: the order of keys, comments, quotes and anchors
// do not show in it. It is the first half of a SHA-256, in hex.
func Digest(value any) string {
	sum := sha256.Sum256(appendCanonical(nil, value))
	return hex.EncodeToString(sum[:16])
}

// appendCanonical writes a value so that two values are Equal just when they are written the same.
func appendCanonical(dst []byte, value any) []byte {
	switch v := value.(type) {
	case map[string]any:
		dst = append(dst, '{')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			dst = strconv.AppendQuote(dst, key)
			dst = append(dst, ':')
			dst = appendCanonical(dst, v[key])
			dst = append(dst, ',')
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for _, item := range v {
			dst = appendCanonical(dst, item)
			dst = append(dst, ',')
		}
		return append(dst, ']')
	case string:
		return strconv.AppendQuote(dst, v)
	case json.Number:
		if r, ok := new(big.Rat).SetString(string(v)); ok && !longExponent(string(v)) {
			return append(dst, r.RatString()...)
		}
		return append(dst, v...)
	case bool:
		return strconv.AppendBool(dst, v)
	}
	return append(dst, "null"...)
}

// Without is a document without one of its leaves, a key or a path of keys such as "main_app.version".
// What is left is a copy where it differs.
func Without(doc any, path string) any {
	m, ok := doc.(map[string]any)
	if !ok {
		return doc
	}
	key, rest, nested := path, "", false
	if _, literal := m[path]; !literal {
		key, rest, nested = strings.Cut(path, ".")
	}
	if _, has := m[key]; !has {
		return doc
	}
	m = maps.Clone(m)
	if nested {
		m[key] = Without(m[key], rest)
	} else {
		delete(m, key)
	}
	return m
}

// Below is the way from the element to a key of its document, such as "main_app.version", and whether
// the key is inside of it.
func (e Element) Below(key string) (rest string, inside bool) {
	if e.By != "" {
		return "", false // a list's elements have no path
	}
	if e.ID == "" {
		return key, true
	}
	at := e.ID
	if e.At != "" {
		at = e.At + "." + e.ID
	}
	return strings.CutPrefix(key, at+".")
}
