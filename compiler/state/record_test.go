package state

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const stagingFrontend = ".pintle/releases/staging/frontend.yaml"

func TestRecordReadsWell(t *testing.T) {
	record := Record{
		Tag: "v124", Sequence: "124", Previous: "v121",
		HighWater: Mark{"v124", "124"},
		Seen:      []string{"v121", "1.10", "v124"},
		Rejected:  []string{"v122"},
		Origin:    Automatic, RequestedBy: "ci", Reason: "two lines\nof reasons\n",
		At:   time.Date(2026, 3, 2, 16, 0, 0, 999, time.FixedZone("CET", 3600)),
		From: "integration", SourceCommit: "1e5",
		Pin:     PinAt{"charts/app-config/image-tags/staging/frontend", "image_tag"},
		Intents: []string{"a1", "b2"},
	}
	want := `# Written by pintle: what it knows about the tag of frontend in staging.
version: 1
tag: v124
sequence: "124"
previous: v121
origin: automatic
requestedBy: ci
reason: |
  two lines
  of reasons
at: "2026-03-02T15:00:00Z"
from: integration
sourceCommit: "1e5"
highWater:
  tag: v124
  sequence: "124"
rejected:
  - v122
seen:
  - v121
  - "1.10"
  - v124
pin:
  path: charts/app-config/image-tags/staging/frontend
  key: image_tag
intents:
  - a1
  - b2
`
	text := record.Encode(stagingFrontend)
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	got, err := ReadRecord(stagingFrontend, text)
	record.At = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	if err != nil || !reflect.DeepEqual(got, record) {
		t.Errorf("got %+v (%v)\nwant %+v", got, err, record)
	}
}

func TestAnEmptyRecord(t *testing.T) {
	text := Record{}.Encode("elsewhere.yaml")
	if string(text) != "version: 1\n" {
		t.Errorf("got %q", text)
	}
	if got, err := ReadRecord("elsewhere.yaml", text); err != nil || !reflect.DeepEqual(got, Record{Origin: Unknown}) {
		t.Errorf("got %+v (%v)", got, err)
	}
}

// The lists of a record do not grow for ever: the newest entries stay.
func TestRecordForgets(t *testing.T) {
	var record Record
	for i := range 500 {
		record.Seen = append(record.Seen, fmt.Sprint("v", i))
		record.Intents = append(record.Intents, fmt.Sprint("i", i))
	}
	got, err := ReadRecord(stagingFrontend, record.Encode(stagingFrontend))
	if err != nil || !reflect.DeepEqual(got.Seen, record.Seen[300:]) || !reflect.DeepEqual(got.Intents, record.Intents[484:]) {
		t.Errorf("got %+v (%v)", got, err)
	}
}

func TestRecordPath(t *testing.T) {
	for _, test := range [][3]string{
		{"staging", "frontend", stagingFrontend},
		{"staging", "alphagov/frontend", ".pintle/releases/staging/alphagov/frontend.yaml"},
		{"eu-1", "a.yaml", ".pintle/releases/eu-1/a.yaml.yaml"},
	} {
		if got := RecordPath(test[0], test[1]); got != test[2] {
			t.Errorf("got %s, want %s", got, test[2])
		}
		if e, i, ok := RecordOf(test[2]); e != test[0] || i != test[1] || !ok {
			t.Errorf("%s: got %s, %s, %v", test[2], e, i, ok)
		}
	}
	for _, file := range []string{
		"", "a.yaml", ".pintle/releases", ".pintle/releases/a.yaml", ".pintle/releases/staging/", ".pintle/releases/staging/.yaml",
		".pintle/releases/staging/a/.yaml", ".pintle/releases/staging/a.yml", ".pintle/releases/../a.yaml", ".pintle/releases/staging/../a.yaml",
		".pintle/releases//a.yaml", ".pintle/gates/staging/a.yaml", "x/.pintle/releases/staging/a.yaml",
	} {
		if e, i, ok := RecordOf(file); ok {
			t.Errorf("%s is the record of %s in %s", file, i, e)
		}
	}
}

func TestBadRecords(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"empty": {"# nothing\n", "r.yaml: this record is empty"},
		"newer": {"version: 2\ncolour: red\n", `r.yaml:1:1: this record has version 2, and this pintle reads version 1
why: a newer pintle wrote it, and what this one does not know may forbid what it is about to do
fix: upgrade pintle`},
		"unknown key": {"version: 1\nrejectd: [v1]\n", `r.yaml:2:1: a record has no key rejectd that this pintle knows
why: a newer pintle wrote it, and what this one does not know may forbid what it is about to do
fix: upgrade pintle, or write rejected if that was meant`},
		"unknown deep key":  {"version: 1\npin: {file: a}\n", "r.yaml:2:7: a record has no key file that this pintle knows"},
		"unknown origin":    {"version: 1\norigin: magic\n", `r.yaml:2:9: "magic" is no origin that this pintle knows`},
		"no version":        {"tag: v1\n", "r.yaml:1:1: this record has no version\nfix: write `version: 1`"},
		"odd version":       {"version: one\n", `r.yaml:1:1: "one" is no version of a record`},
		"twice":             {"version: 1\ntag: a\ntag: b\n", "r.yaml:3:1: tag is given twice"},
		"no text":           {"version: 1\ntag: [a]\n", "r.yaml:2:6: tag holds something else than text"},
		"no list":           {"version: 1\nseen: a\n", "r.yaml:2:7: seen is no list"},
		"no mapping":        {"version: 1\nhighWater: a\n", "r.yaml:2:12: highWater is no mapping of keys"},
		"no mapping at all": {"- version\n", "r.yaml:1:1: this record is no mapping of keys"},
		"no time":           {"version: 1\nat: yesterday\n", `r.yaml:2:5: "yesterday" is no time`},
		"no YAML":           {"version: 1: 2\n", "r.yaml:1: mapping values are not allowed in this context"},
	}
	for name, test := range tests {
		_, err := ReadRecord("r.yaml", []byte(test.text))
		if got := told(t, err); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// What a person writes into a record is read, too, though pintle would write it otherwise.
func TestRecordByHand(t *testing.T) {
	got, err := ReadRecord("r.yaml", []byte("{tag: 1.10, version: 1, at: 2026-03-02T16:00:00+01:00, rejected: [1, 0x1f], from: ~, seen: []}"))
	want := Record{Tag: "1.10", Origin: Unknown, At: time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC), Rejected: []string{"1", "0x1f"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v)\nwant %+v", got, err, want)
	}
}

// Whatever stands in a record is refused, or is written again so that it stays the same.
func FuzzReadRecord(f *testing.F) {
	for _, text := range []string{
		"", "version: 1\n", "version: 2\n", "version: 99999999999999999999\n", "version: 0x1\n", "- a", "version: &v 1\ntag: *v\n", "version: 1\n<<: {tag: v1}\n", "version: 1\nat: 9999-12-31T23:59:59-23:00\n", "version: 1\nat: 0001-01-01T00:00:00Z\n",
		"version: 1\nat: 2026-03-02T15:00:00.5Z\n", "version: 1\ntag: \"\\x00\\n \"\n", "version: 1\nreason: |+\n  a\n\n", "version: 1\nseen: ['', ~, 1.10]\n", "version: 1\nhighWater: {}\npin:\n", "a: &a [*a]\n", "version: 1\ntag: !!binary YQ==\n", "? [a]\n: 1\n",
		string(Record{Tag: "v1", Origin: Hotfix, Seen: []string{"a", ""}, Pin: PinAt{"a", "b"}, Intents: []string{"x"}}.Encode(stagingFrontend)),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		record, err := ReadRecord(stagingFrontend, data)
		if refused(t, err) {
			return
		}
		text := record.Encode(stagingFrontend)
		again, err := ReadRecord(stagingFrontend, text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if next := again.Encode(stagingFrontend); !bytes.Equal(text, next) {
			t.Fatalf("%q\nis written again as\n%q", text, next)
		}
	})
}
