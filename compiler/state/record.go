package state

import (
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/pintle-dev/pintle/compiler/document"
)

// An Origin is how a tag came to stand in a pin.
type Origin string

const (
	Automatic Origin = "automatic"
	Manual    Origin = "manual"
	Rollback  Origin = "rollback"
	Hotfix    Origin = "hotfix"
	Unknown   Origin = "unknown" // there is no record, or it does not say
)

// A Record is what pintle knows about a pin. It stands beside the pin, so that the charts repo can be
// read alone and its history need not be walked. The zero Record is that of a pin nobody has moved
// yet, but for its origin, which is Unknown.
type Record struct {
	Tag          string    // what the pin said when this was written
	Sequence     string    // its place in the order, as the order writes it; "" where it has none
	HighWater    Mark      // the newest tag that ran here
	Seen         []string  // the tags in the order in which they were first seen, oldest first, at most MaxSeen
	Rejected     []string  // the tags that were rolled back from here
	Origin       Origin    //
	RequestedBy  string    //
	Reason       string    //
	At           time.Time // in UTC, whole seconds
	From         string    // the environment it was promoted from
	Previous     string    // the tag before
	SourceCommit string    //
	Pin          PinAt     // where the pin stands
	Intents      []string  // the ids of the last intents, the newest last, at most MaxIntents
}

// A Mark is a tag and its place in the order.
type Mark struct{ Tag, Sequence string }

// A PinAt is where a pin stands: a file of the charts repo and a key of it.
type PinAt struct{ Path, Key string }

// Bounds of the lists of a record, so that a file that changes 400 times a day stays small.
const (
	MaxSeen    = 200
	MaxIntents = 16
)

// RecordsDir is the folder of all records, from the root of the charts repo.
const RecordsDir = ".pintle/releases"

// RecordPath is where the record of an image in an environment stands. The slashes of an image's name
// are folders.
func RecordPath(environment, image string) string {
	return RecordsDir + "/" + environment + "/" + image + ".yaml"
}

// RecordOf is whose record stands at a path: the inverse of RecordPath.
func RecordOf(file string) (environment, image string, ok bool) {
	rest, under := strings.CutPrefix(file, RecordsDir+"/")
	environment, name, deeper := strings.Cut(rest, "/")
	image, ok = strings.CutSuffix(name, ".yaml")
	if !under || !deeper || !ok || image == "" || strings.HasSuffix(image, "/") || path.Clean(file) != file {
		return "", "", false
	}
	return environment, image, true
}

// recordVersion is that of the format: 1 until an older pintle would misread what a newer one writes.
const recordVersion = 1

// A recordField is a key of a record's file and what it is about: a *string, *Origin, *time.Time or
// *[]string, or a []recordField below it.
type recordField struct {
	key   string
	about any
}

// fields is the file of a record, in order. It is written and read by the same list.
func (r *Record) fields() []recordField {
	return []recordField{
		{"tag", &r.Tag},
		{"sequence", &r.Sequence},
		{"previous", &r.Previous},
		{"origin", &r.Origin},
		{"requestedBy", &r.RequestedBy},
		{"reason", &r.Reason},
		{"at", &r.At},
		{"from", &r.From},
		{"sourceCommit", &r.SourceCommit},
		{"highWater", []recordField{{"tag", &r.HighWater.Tag}, {"sequence", &r.HighWater.Sequence}}},
		{"rejected", &r.Rejected},
		{"seen", &r.Seen},
		{"pin", []recordField{{"path", &r.Pin.Path}, {"key", &r.Pin.Key}}},
		{"intents", &r.Intents},
	}
}

// Encode is the record as the file at a path; its first line says whose it is. What is empty is left
// out, and so are the oldest entries of a list that has too many. The same record is the same bytes.
func (r Record) Encode(file string) []byte {
	r.Seen, r.Intents = newest(r.Seen, MaxSeen), newest(r.Intents, MaxIntents)
	dst := heading(file)
	dst = fmt.Appendf(dst, "version: %d\n", recordVersion)
	return appendFields(dst, r.fields(), 0)
}

func newest(list []string, n int) []string { return list[max(0, len(list)-n):] }

// heading is the comment that a record begins with, if its path fits into one.
func heading(file string) []byte {
	environment, image, ok := RecordOf(file)
	if !ok || strings.ContainsFunc(file, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil
	}
	return fmt.Appendf(nil, "# Written by pintle: what it knows about the tag of %s in %s.\n", image, environment)
}

func appendFields(dst []byte, fields []recordField, indent int) []byte {
	for _, f := range fields {
		if below, ok := f.about.([]recordField); ok {
			if inner := appendFields(nil, below, indent+2); len(inner) > 0 {
				dst = append(document.AppendKey(dst, f.key), '\n')
				dst = append(dst, inner...)
			}
			continue
		}
		if v := f.value(); v != nil {
			dst = document.Append(dst, map[string]any{f.key: v}, indent, nil)
		}
	}
	return dst
}

// value is what stands behind the key; nil where that is nothing.
func (f recordField) value() any {
	switch v := f.about.(type) {
	case *string:
		if *v != "" {
			return *v
		}
	case *Origin:
		if *v != "" && *v != Unknown {
			return string(*v)
		}
	case *time.Time:
		if !v.IsZero() {
			return v.UTC().Format(time.RFC3339)
		}
	case *[]string:
		var list []any
		for _, s := range *v {
			list = append(list, s)
		}
		if list != nil {
			return list
		}
	}
	return nil
}
