package state

import (
	"fmt"
	"go/token"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/document"
)

// ReadRecord reads the file of a record. The error is a diag.List of everything that is wrong with it:
// a record is never half understood, as what it says may be the reason why a tag must not move.
func ReadRecord(path string, data []byte) (Record, error) {
	r := Record{Origin: Unknown}
	root, err := document.Parse(path, data)
	if err == nil {
		_, err = document.Value(path, root) // it is bounded, and so is what follows
	}
	if err != nil {
		return Record{}, unreadable("record", err)
	}
	read := recordReader{path: path}
	version := "" // of the format
	fields := append([]recordField{{"version", &version}}, r.fields()...)
	switch {
	case root == nil:
		read.finds(nil, "this record is empty", "", putBack)
	default:
		read.mapping(root, "this record", fields)
		read.version(root, version)
	}
	if err := read.findings.Err(); err != nil {
		return Record{}, err
	}
	return r, nil
}

const (
	putBack = "put it back as the charts repo's history has it"
	upgrade = "upgrade pintle"
	newer   = "a newer pintle wrote it, and what this one does not know may forbid what it is about to do"
)

type recordReader struct {
	path     string
	findings diag.List
}

func (r *recordReader) finds(n *yaml.Node, what, why, fix string) {
	where := token.Position{Filename: r.path}
	if n != nil {
		where.Line, where.Column = n.Line, n.Column
	}
	r.findings = append(r.findings, diag.Finding{Rule: "record", Where: where, What: what, Why: why, Fix: fix})
}

// version finds fault with a format that is not ours. All that is unknown in a newer one is one fault.
func (r *recordReader) version(root *yaml.Node, version string) {
	switch n, err := strconv.Atoi(version); {
	case err == nil && n > recordVersion:
		r.findings = nil
		r.finds(root, fmt.Sprintf("this record has version %d, and this pintle reads version %d", n, recordVersion), newer, upgrade)
	case version == "":
		r.finds(root, "this record has no version", "", fmt.Sprintf("write `version: %d`", recordVersion))
	case n != recordVersion:
		r.finds(root, fmt.Sprintf("%q is no version of a record", version), "", putBack)
	}
}

func (r *recordReader) mapping(n *yaml.Node, name string, fields []recordField) {
	if n.Kind != yaml.MappingNode {
		r.finds(n, name+" is no mapping of keys", "", putBack)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		name, _ := document.Key(r.path, key) // Value has read it already
		if seen[name] {
			r.finds(key, name+" is given twice", "", "take one of them out")
			continue
		}
		seen[name] = true
		r.field(key, n.Content[i+1], name, fields)
	}
}

// field reads the value of one key into what it is about.
func (r *recordReader) field(key, value *yaml.Node, name string, fields []recordField) {
	var known []string
	for _, f := range fields {
		if f.key == name {
			r.into(value, f)
			return
		}
		known = append(known, f.key)
	}
	fix := upgrade
	if near := diag.Suggest(name, known); near != "" {
		fix = fmt.Sprintf("upgrade pintle, or write %s if that was meant", near)
	}
	r.finds(key, fmt.Sprintf("a record has no key %s that this pintle knows", name), newer, fix)
}

func (r *recordReader) into(n *yaml.Node, f recordField) {
	switch about := f.about.(type) {
	case []recordField:
		r.mapping(n, f.key, about)
	case *string:
		*about = r.text(n, f.key)
	case *Origin:
		r.origin(n, about)
	case *time.Time:
		r.time(n, about)
	case *[]string:
		if n.Kind != yaml.SequenceNode {
			r.finds(n, f.key+" is no list", "", putBack)
			return
		}
		for _, item := range n.Content {
			*about = append(*about, r.text(item, f.key))
		}
	}
}

func (r *recordReader) text(n *yaml.Node, name string) string {
	if n.Kind != yaml.ScalarNode {
		r.finds(n, fmt.Sprintf("%s holds something else than text", name), "", putBack)
		return ""
	}
	return spelling(n)
}

func (r *recordReader) origin(n *yaml.Node, about *Origin) {
	text := r.text(n, "origin")
	switch o := Origin(text); o {
	case Automatic, Manual, Rollback, Hotfix, Unknown:
		*about = o
	case "":
	default:
		r.finds(n, fmt.Sprintf("%q is no origin that this pintle knows", text), newer, "upgrade pintle; an origin is automatic, manual, rollback or hotfix")
	}
}

func (r *recordReader) time(n *yaml.Node, about *time.Time) {
	text := r.text(n, "at")
	if text == "" {
		return
	}
	at, err := time.Parse(time.RFC3339, text)
	at = at.UTC().Truncate(time.Second)
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		r.finds(n, fmt.Sprintf("%q is no time", text), "", "write it as 2006-01-02T15:04:05Z")
		return
	}
	*about = at
}
