// Package repotest makes real git remotes for tests: a bare folder, git's own http-backend, an sshd, and
// a proxy that breaks connections between them and a client. Nothing in it pretends to be git.
package repotest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Bare makes a bare repository with one commit of the given files, by path, on branch main, and
// returns its folder. It refuses what git fsck --strict would refuse, and never collects garbage.
func Bare(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(tempDir(t), "remote.git")
	initBare(t, dir)
	var s stream
	s.commit("charts", start)
	for path, content := range files {
		s.file(path, content)
	}
	s.send(t, dir)
	return dir
}

// tempDir is a folder for a remote. A push that was abandoned may still be at work on the other side when
// the test is over, so its removal is tried until that has ended.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pintle-remote-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		const patience = 20 * time.Second
		for began := time.Now(); ; {
			err := os.RemoveAll(dir)
			if err == nil {
				return
			}
			if time.Since(began) > patience {
				t.Errorf("somebody still writes to %s: %v", dir, err)
				return
			}
		}
	})
	return dir
}

func initBare(t testing.TB, dir string) {
	t.Helper()
	Git(t, filepath.Dir(dir), "init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir)
	configure(t, dir)
}

func configure(t testing.TB, dir string) {
	t.Helper()
	for _, c := range [][2]string{
		{"receive.fsckObjects", "true"},
		{"transfer.fsckObjects", "true"},
		{"http.receivepack", "true"}, // http-backend refuses anonymous pushes without it
		{"gc.auto", "0"},             // a gc in the background would outlive the test
		{"receive.autogc", "false"},
	} {
		Git(t, dir, "config", c[0], c[1])
	}
}

// Git runs git in dir, in the environment that Env gives, and returns its output without the
// white space around it. If git fails, so does the test, with what git said.
func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := TryGit(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TryGit is Git for a command that may fail; the error holds what git said.
func TryGit(dir string, args ...string) (string, error) {
	stdout, stderr, err := run(dir, "", args...)
	if err != nil {
		return stdout, fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, stderr)
	}
	return stdout, nil
}

// Env is the environment in which the package runs git: of the machine's it keeps PATH and TMPDIR, it
// knows no configuration, no home and no terminal. Author, committer and both dates are fixed, so the
// same work gives the same hash, in two clones as well: commits that should differ need different
// messages.
func Env() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=/nonexistent",
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=" + start.Format("2006-01-02T15:04:05Z"),
		"GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE=" + start.Format("2006-01-02T15:04:05Z"),
		"GIT_CONFIG_COUNT=2",
		"GIT_CONFIG_KEY_0=init.defaultBranch", "GIT_CONFIG_VALUE_0=main",
		"GIT_CONFIG_KEY_1=maintenance.auto", "GIT_CONFIG_VALUE_1=false",
	}
	if tmp := os.Getenv("TMPDIR"); tmp != "" {
		env = append(env, "TMPDIR="+tmp)
	}
	return env
}

func run(dir, stdin string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = Env()
	cmd.Stdin = strings.NewReader(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	return strings.TrimSpace(out.String()), strings.TrimSpace(problems.String()), err
}

// Fsck fails the test if git fsck --strict has anything to say of the repository, other than that an
// object is dangling, which is what a refused or interrupted push leaves.
func Fsck(t testing.TB, dir string) {
	t.Helper()
	stdout, stderr, err := run(dir, "", "fsck", "--strict", "--full", "--no-progress")
	if err != nil {
		t.Errorf("git fsck %s: %v", dir, err)
	}
	for line := range strings.Lines(stdout + "\n" + stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "dangling ") {
			t.Errorf("git fsck %s: %s", dir, line)
		}
	}
}

// Hook writes a hook of the repository, such as pre-receive, as a shell script; it needs no #! line.
func Hook(t testing.TB, bareDir, name, script string) {
	t.Helper()
	if !strings.HasPrefix(script, "#!") {
		script = "#!/bin/sh\n" + script
	}
	at := filepath.Join(bareDir, "hooks", name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	// A process forked while the file is open for writing would hold it open, and running the hook
	// would fail with "text file busy".
	syscall.ForkLock.RLock()
	err := os.WriteFile(at, []byte(script), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
}
