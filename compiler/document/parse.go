// Package document is a YAML document: its meaning, and the text in which a person would write it.
//
// The meaning is what Helm gets to see: anchors and merges resolved, as JSON. So plain yes, no, on
// and off are booleans, as in YAML 1.1, and a key is always a string.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the largest document that is read: ten times the largest values file known to us.
const MaxBytes = 64 << 20

// An Error is a fault of the document, at a line of it.
type Error struct {
	Name string
	Line int // 0 where the whole file is meant
	What string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.What)
	}
	return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.What)
}

// Parse reads the one document of a file. An empty file, or one of comments only, has a nil node.
// Name is for errors.
func Parse(name string, data []byte) (*yaml.Node, error) {
	if len(data) > MaxBytes {
		return nil, &Error{name, 0, fmt.Sprintf("%d MB of YAML, more than the %d MB that are read", len(data)>>20, MaxBytes>>20)}
	}
	if i := invalidUTF8(data); i >= 0 {
		return nil, &Error{name, 1 + bytes.Count(data[:i], []byte("\n")), "this is not UTF-8 text"}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(name, err)
	}
	switch err := dec.Decode(&next); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxError(name, err)
	default:
		return nil, &Error{name, next.Line, "a second document begins here, but a file of the charts repo holds one"}
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && root.Value == "" {
		return nil, nil
	}
	return root, nil
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

var lineOfError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxError takes the line out of the library's message.
func syntaxError(name string, fault error) error {
	m := lineOfError.FindStringSubmatch(fault.Error())
	if m == nil {
		return &Error{name, 0, fault.Error()}
	}
	line, err := strconv.Atoi(m[1])
	if err != nil {
		line = 1 // the library counts from 0 and leaves that out
	}
	return &Error{name, line, m[2]}
}
