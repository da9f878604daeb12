package verify

import (
	"testing"

	"github.com/pintle-dev/pintle/compiler/state"
)

// The record does not name its order, and yet a tag that is older than the newest is known.
func TestGoesBack(t *testing.T) {
	numeric := state.Record{Tag: "v13", Sequence: "13", HighWater: state.Mark{Tag: "v13", Sequence: "13"}}
	rolledBack := state.Record{Tag: "v12", Sequence: "12", HighWater: state.Mark{Tag: "v13", Sequence: "13"}, Previous: "v13"}
	semver := state.Record{Tag: "1.10.0", Sequence: "v1.10.0", HighWater: state.Mark{Tag: "1.10.0", Sequence: "v1.10.0"}}
	seen := state.Record{Tag: "c", Sequence: "3", HighWater: state.Mark{Tag: "c", Sequence: "3"}, Seen: []string{"a", "b", "c"}}
	counted := state.Record{Tag: "c0ffee", Sequence: "77", HighWater: state.Mark{Tag: "c0ffee", Sequence: "77"}, Previous: "beef"}
	plain := state.Record{Tag: "new", Previous: "old"}
	rejected := state.Record{Tag: "v12", HighWater: state.Mark{Tag: "v12", Sequence: "12"}, Rejected: []string{"v14"}}
	for _, c := range []struct {
		record state.Record
		tag    string
		back   bool
	}{
		{numeric, "v12", true},
		{numeric, "v9", true},
		{numeric, "v14", false},
		{numeric, "v13", false},
		{numeric, "main-abc", false},
		{numeric, "", false},
		{rolledBack, "v13", false},
		{rolledBack, "v11", true},
		{rolledBack, "v14", false},
		{semver, "1.9.0", true},
		{semver, "1.11.0", false},
		{seen, "a", true},
		{seen, "d", false},
		{counted, "beef", true},
		{counted, "fade", false},
		{plain, "old", true},
		{plain, "newer", false},
		{rejected, "v14", true},
		{state.Record{}, "v1", false},
	} {
		if got := goesBack(c.record, c.tag); got != c.back {
			t.Errorf("from %s to %s: back is %v", c.record.Tag, c.tag, got)
		}
	}
}
