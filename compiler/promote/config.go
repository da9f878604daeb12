package promote

import (
	"fmt"
	"go/token"
)

// A Revision is what asks to be written over a file that was written before.
type Revision struct {
	Path   string // the file
	Source string // the commit of the config repo
	Last   string // the one from which the file was last written; "" for none

	Follows bool // Source has come after Last, or is it
	Known   bool // that can be told
}

// DecideConfig says whether declarations of a revision may be written over a file. Only the rule `order`
// binds a commit of declarations so far: what comes late must not undo what is newer.
func DecideConfig(r Revision) Decision {
	out := Ruling{Rule: "order", Verdict: Fail, Where: token.Position{Filename: r.Path}}
	switch {
	case r.Last == "" || r.Follows:
		out.Verdict, out.Sentence = Pass, "it comes after what was written last"
	case r.Known:
		out.Sentence = fmt.Sprintf("the config repo is at %.12s, which does not come after %.12s, from which this was last written", r.Source, r.Last)
		out.Why = "two merges may have been compiled out of order, or this is another branch; writing it would undo the newer one"
		out.Fix = "compile the newest revision; if going back is meant, say so with --allow-older"
	case r.Source == "":
		out.Sentence = fmt.Sprintf("this was last written from the commit %.12s, and the config repo here is in no git repository", r.Last)
		out.Why = "so nobody can tell whether what is declared here is newer"
		out.Fix = "compile a clone of the config repo, or say --allow-older"
	default:
		out.Sentence = fmt.Sprintf("this was last written from %.12s, which the config repo here does not have", r.Last)
		out.Why = "so nobody can tell whether what is declared here is newer"
		out.Fix = "fetch its history (git fetch --unshallow; in GitHub Actions, fetch-depth: 0), or say --allow-older"
	}
	return Decision{Rulings: []Ruling{out}}
}
