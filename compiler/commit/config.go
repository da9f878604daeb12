package commit

import (
	"strings"
	"time"

	"github.com/pintle-dev/pintle/compiler/plan"
	"github.com/pintle-dev/pintle/compiler/repo"
	"github.com/pintle-dev/pintle/compiler/state"
	"github.com/pintle-dev/pintle/compiler/tree"
)

// ConfigKind is what the Kind trailer of a commit of declarations says.
const ConfigKind = "config"

// Declared is one commit of what the declarations say.
type Declared struct {
	plan.Commit
	Changes []tree.Change // with those of the manifests
	Source  string        // the commit of the config repo
	By      string
	Reason  string
	At      time.Time
}

// Config makes one commit of a plan on top of a head.
func Config(base *repo.Snapshot, d Declared, o Options) (*repo.Snapshot, error) {
	var body []string
	for _, f := range d.Files {
		body = append(body, f.Path)
		for _, m := range f.Moves {
			if m.Action != plan.TakeIn {
				body = append(body, "  "+string(m.Action)+" "+m.Element.Element.String())
			}
		}
	}
	const most = 100 // lines: enough to read, and few enough to scroll past
	if len(body) > most {
		body = append(body[:most], "  …")
	}
	app := ""
	if apps := d.Apps(); len(apps) == 1 {
		app = apps[0]
	}
	return base.Commit(d.Changes, o.commit(message(d.Title, strings.Join(body, "\n"), [][2]string{
		{state.IntentTrailer, digest(base.ID(), d.Title, d.Source)},
		{state.KindTrailer, ConfigKind},
		{state.AppTrailer, app},
		{state.EnvironmentTrailer, d.Environment},
		{state.RequestedByTrailer, d.By},
		{state.ReasonTrailer, d.Reason},
		{state.SourceCommitTrailer, d.Source},
	}), d.At))
}
