package commit

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/diag"
	"github.com/pintle-dev/pintle/compiler/promote"
)

var march = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

func TestReadIntents(t *testing.T) {
	common := Intent{Request: promote.Request{Kind: promote.ManualBump}, By: "ci", Reason: "nightly", At: march}
	text := `{"image": "shop", "tag": "v1", "env": "staging"}

  {"image":"shop","tag":"v2","env":"staging","automatic":true,"sequence":7,"by":"ada","reason":"r","source":"abc","intent":"i","at":"2026-03-03T01:00:00+02:00"}` + "\r\n"
	got, err := ReadIntents("bumps", strings.NewReader(text), common)
	if err != nil {
		t.Fatal(err)
	}
	plus2 := time.FixedZone("", 2*60*60)
	want := []Intent{
		{Request: promote.Request{Kind: promote.ManualBump, Image: "shop", Environment: "staging", Tag: "v1"}, By: "ci", Reason: "nightly", At: march},
		{
			Request: promote.Request{Kind: promote.AutomaticBump, Image: "shop", Environment: "staging", Tag: "v2", Sequence: "7"},
			ID:      "i", By: "ada", Reason: "r", Source: "abc", At: time.Date(2026, 3, 3, 1, 0, 0, 0, plus2),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadIntentsFinds(t *testing.T) {
	tests := []struct{ line, what string }{
		{`{"image": "shop", "tag": "v1"}`, "env is missing"},
		{`{"image": "", "tag": "v1", "env": "staging"}`, "image is missing"},
		{`null`, "image is missing"},
		{`[]`, "this is no bump as JSON"},
		{`{"image": "shop", "tag": "v1", "env": "staging", "who": "x"}`, "unknown field"},
		{`{"image": "shop", "tag": "v1", "env": "staging"} 1`, "more than one bump"},
		{`{"image": "shop", "tag": "v1", "env": "staging"`, "this is no bump as JSON"},
		{`{"image": "shop", "tag": "v1", "env": "staging", "sequence": 1e3}`, "sequence 1e3 is no number"},
		{`{"image": "shop", "tag": "v1", "env": "staging", "at": "today"}`, "this is no bump as JSON"},
		{`{"image": "shop", "tag": "v1", "env": "staging", "at": "0000-01-01T00:00:00Z"}`, "no time that a commit can have"},
		{`{"image": "shop", "tag": "v1", "env": "staging", "at": "9999-12-31T23:00:00-02:00"}`, "no time that a commit can have"},
		{strings.Repeat(" ", maxLine) + `{}`, "more than 64 KB"},
	}
	for _, test := range tests {
		good := `{"image": "shop", "tag": "v1", "env": "staging"}` + "\n"
		got, err := ReadIntents("bumps", strings.NewReader(good+test.line), Intent{})
		var list diag.List
		if !errors.As(err, &list) || len(list) != 1 || !strings.Contains(list[0].What, test.what) || list[0].Where.Line != 2 {
			t.Errorf("%.100s: %v %v", test.line, got, err)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := ReadIntents("bumps", iotest.ErrReader(broken), Intent{}); !errors.Is(err, broken) {
		t.Errorf("of a reader that fails: %v", err)
	}
	many := strings.NewReader(strings.Repeat(`{"image":"a","tag":"b","env":"c"}`+"\n", maxIntents+2))
	if _, err := ReadIntents("bumps", many, Intent{}); err == nil || !strings.Contains(err.Error(), "more than 100000 bumps") {
		t.Errorf("of too many: %v", err)
	}
}

// Whatever is in a batch, it is a list of findings or of intents, and a good line is never lost.
func FuzzReadIntents(f *testing.F) {
	for _, s := range []string{
		"", "\n\n", "{}", `{"image":"a","tag":"b","env":"c"}`, `{"image":"a","tag":"b","env":"c","at":"2026-01-01T00:00:00Z","sequence":"12"}`,
		`{"image":"a","tag":"b","env":"c"}` + "\r\n" + `{"image":1}`, "\ufeff{}", "\x00", `{"image":"\ud800","tag":"\u0000","env":"\n","automatic":null}`,
		`{"image":"a","tag":"b","env":"c","sequence":-0}`, `{"IMAGE":"a","Tag":"b","env":"c","env":""}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const good = `{"image":"shop","tag":"v1","env":"staging"}`
		got, err := ReadIntents("bumps", strings.NewReader(good+"\n"+text+"\n"+good), Intent{At: march})
		var list diag.List
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("a text in memory cannot fail: %v", err)
		}
		for _, f := range list {
			if f.Rule != "batch" || f.Where.Line < 2 || strings.Contains(f.What, "\n") {
				t.Errorf("found %+v", f)
			}
		}
		if len(got) == 0 || got[0].Tag != "v1" {
			t.Fatalf("the first line is lost: %+v", got)
		}
		if tooLong := strings.Contains(fmt.Sprint(err), "more than 64 KB"); !tooLong && got[len(got)-1] != got[0] {
			t.Fatalf("the last line is lost: %+v", got)
		}
		for _, in := range got {
			if in.Image == "" || in.Tag == "" || in.Environment == "" || in.At.Unix() < 0 {
				t.Errorf("taken is %+v", in)
			}
		}
	})
}
