package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
			env.Setenv("PINTLE_NOW", "2026-03-02T15:00:00Z")
			env.Setenv("PINTLE_BY", "robin")
			env.Setenv("PINTLE_CACHE", filepath.Join(env.WorkDir, ".cache"))
			for _, who := range []string{"AUTHOR", "COMMITTER"} { // of commits that git makes
				env.Setenv("GIT_"+who+"_NAME", "Robin")
				env.Setenv("GIT_"+who+"_EMAIL", "robin@example.org")
				env.Setenv("GIT_"+who+"_DATE", "2026-03-01T09:00:00Z")
			}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"append": appendText,
			"remote": remote,
		},
		Condition: func(name string) (bool, error) {
			if name == "mount" {
				return exec.Command("unshare", "--mount", "true").Run() == nil, nil
			}
			return false, errors.New("no such condition")
		},
	})
}

// exits CODE COMMAND [ARG...] is `! exec` that looks at the exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if got := strconv.Itoa(code); got != args[0] {
		ts.Fatalf("exit code %s, not %s", got, args[0])
	}
}

// remote NAME [DIR] makes a bare git repository, whose branch main has the files of a folder.
func remote(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: remote NAME [DIR]")
	}
	git := func(args ...string) {
		ts.Check(ts.Exec("git", append([]string{"-c", "user.name=Robin", "-c", "user.email=robin@example.org"}, args...)...))
	}
	bare := ts.MkAbs(args[0])
	git("init", "-q", "--bare", "-b", "main", bare)
	if len(args) == 1 {
		return
	}
	files := []string{"--git-dir", bare, "--work-tree", ts.MkAbs(args[1])}
	git(append(files, "add", "-A")...)
	git(append(files, "commit", "-q", "-m", "as it was")...)
	ts.Check(os.Remove(filepath.Join(bare, "index")))
}

// append FILE TIMES TEXT adds a text to a file, so many times. In TEXT, \n and the like are Go's, and {i} is a count.
func appendText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: append FILE TIMES TEXT")
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[2], `"`, `\"`) + `"`)
	ts.Check(err)
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	ts.Check(err)
	var all strings.Builder
	for i := range times {
		all.WriteString(strings.ReplaceAll(text, "{i}", strconv.Itoa(i)))
	}
	_, err = file.WriteString(all.String())
	ts.Check(err)
	ts.Check(file.Close())
}
