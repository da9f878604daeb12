package main

import (
	"flag"
	"os"
	"testing"

	"cuelang.org/go/cmd/cue/cmd"
	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

// The scripts run the real pintle and the real cue, as commands of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pintle": func() { os.Exit(run()) },
		"cue":    func() { os.Exit(cmd.Main()) },
	})
}

// The scripts are the manual: each begins with a sentence, and shows one behaviour.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("CUE_REGISTRY", "none")
			return nil
		},
	})
}
