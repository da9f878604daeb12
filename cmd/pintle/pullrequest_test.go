package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintle-dev/pintle/compiler/repo/repotest"
)

// A forge is a git host with as much of GitHub's REST API as opening a pull request takes, in front of a
// real git remote.
type forge struct {
	t     *testing.T
	git   http.Handler
	pulls []map[string]any
}

func (f *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		f.git.ServeHTTP(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer secret" {
		http.Error(w, `{"message": "Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	var in map[string]any
	if body, _ := io.ReadAll(r.Body); len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			f.t.Errorf("%s: %v", body, err)
		}
	}
	var out any = f.pulls
	switch r.Method {
	case http.MethodPost:
		in["number"], in["html_url"] = 1, "https://forge.example.org/team/charts/pull/1"
		in["head"], in["base"] = map[string]any{"ref": in["head"]}, map[string]any{"ref": in["base"]}
		f.pulls = append(f.pulls, in)
		out = in
		w.WriteHeader(http.StatusCreated)
	case http.MethodPatch:
		for key, value := range in {
			f.pulls[0][key] = value
		}
		out = f.pulls[0]
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		f.t.Error(err)
	}
}

// Commit writes a branch and opens a pull request for it; again, it finds the one that is open.
func TestCommitOpensPullRequest(t *testing.T) {
	charts := repotest.Bare(t, map[string]string{"README.md": "Charts.\n"})
	backend, err := url.Parse(repotest.HTTP(t, charts, repotest.HTTPOptions{}).URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{t: t, git: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = backend.Scheme, backend.Host
		r.Out.URL.Path = backend.Path + strings.TrimPrefix(r.In.URL.Path, "/team/charts.git")
	}}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)

	config := filepath.Join(t.TempDir(), "config")
	pintle := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("pintle", args...)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "PINTLE_TOKEN=secret", "PINTLE_GITHUB_API="+server.URL+"/api/v3", "PINTLE_NOW=2026-03-02T15:00:00Z")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	commit := func() string {
		t.Helper()
		return pintle("commit", "--config", config, "--charts", server.URL+"/team/charts.git", "--branch", "from-cue", "--open-pr")
	}
	pintle("init", config)
	const at = "https://forge.example.org/team/charts/pull/1\n"
	if out := commit(); !strings.HasSuffix(out, at) || len(f.pulls) != 1 {
		t.Fatalf("%s\nand pull requests %v", out, f.pulls)
	}
	if title := f.pulls[0]["title"]; title != "Update from the declarations" {
		t.Errorf("its title is %q", title)
	}
	f.pulls[0]["title"] = "what a person made of it"
	if out := commit(); !strings.HasPrefix(out, "nothing to write") || !strings.HasSuffix(out, at) || len(f.pulls) != 1 {
		t.Errorf("again: %s\nand pull requests %v", out, f.pulls)
	}
	if title := f.pulls[0]["title"]; title != "what a person made of it" {
		t.Errorf("its title became %q", title)
	}
	repotest.Fsck(t, charts)
}
