package commit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
	"github.com/pintle-dev/pintle/compiler/state"
)

// What people and other programs give as a reason or a name comes back as one trailer, or not at all.
func TestTrailersComeBack(t *testing.T) {
	tests := []struct{ value, want string }{
		{"plain", "plain"},
		{"two\nlines", "two lines"},
		{"a\n\nparagraph", "a paragraph"},
		{"x\nImage-Tag: v666", "x Image-Tag: v666"},
		{"x\r\nKind: automatic bump", "x Kind: automatic bump"},
		{"Kind: config", "Kind: config"},
		{"a: b: c", "a: b: c"},
		{": ", ":"},
		{"  spaces \t ", "spaces"},
		{"# no comment", "# no comment"},
		{"---", "---"},
		{"", ""},
		{" \n\t", ""},
		{"nul\x00byte", "nul byte"},
		{"\x1b[31mred", "[31mred"},
		{"next\u0085line\u2028and", "next line and"},
		{"caf\xe9", "caf\ufffd"},
		{strings.Repeat("long ", 500) + "end", strings.Repeat("long ", 500) + "end"},
	}
	for _, test := range tests {
		said := message("staging: shop v1", "shop is moved from v0 to v1 in staging.\nReason: none", [][2]string{
			{state.IntentTrailer, "i1"}, {state.ReasonTrailer, test.value}, {state.RequestedByTrailer, "ada"},
		})
		want := []state.Trailer{{Key: state.IntentTrailer, Value: "i1"}, {Key: state.ReasonTrailer, Value: test.want}, {Key: state.RequestedByTrailer, Value: "ada"}}
		if test.want == "" {
			want = slices.Delete(want, 1, 2)
		}
		if diff := cmp.Diff(want, state.Trailers(said)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.value, diff)
		}
		if strings.ContainsAny(said, "\x00\r\x1b") {
			t.Errorf("%q is said as %q", test.value, said)
		}
	}
}

func TestMessage(t *testing.T) {
	got := message("a\nsubject", "a body\nof lines", [][2]string{{state.KindTrailer, "config"}, {state.AppTrailer, ""}, {state.EnvironmentTrailer, "staging"}})
	if want := "a subject\n\na body\nof lines\n\nKind: config\nEnvironment: staging\n"; got != want {
		t.Errorf("%q", got)
	}
	if got := message("a subject", "", [][2]string{{state.KindTrailer, "config"}}); got != "a subject\n\nKind: config\n" {
		t.Errorf("%q", got)
	}
}

// Git itself finds the same trailers.
func TestGitFindsTrailers(t *testing.T) {
	bare := repotest.Bare(t, map[string]string{"a": "1"})
	said := message("staging: shop v1", "body: of one line", [][2]string{{state.KindTrailer, "bump by hand"}, {state.ReasonTrailer, "why: \"x\"\n\nIntent-Id: y"}})
	id := repotest.Git(t, bare, "commit-tree", "-m", said, "main^{tree}")
	got := repotest.Git(t, bare, "log", "-1", "--format=%(trailers:only)", id)
	var want []string
	for _, trailer := range state.Trailers(said) {
		want = append(want, trailer.Key+": "+trailer.Value)
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDigestTellsTextsApart(t *testing.T) {
	seen := map[string][]string{}
	for _, texts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}, {"b", "a"}} {
		d := digest(texts...)
		if other, is := seen[d]; is {
			t.Errorf("%q and %q have the same digest", texts, other)
		}
		if len(d) != 20 || d != digest(texts...) {
			t.Errorf("%q: %s", texts, d)
		}
		seen[d] = texts
	}
}
