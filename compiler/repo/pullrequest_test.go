package repo

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPullRequestIsOpenedOnce(t *testing.T) {
	g := &gitHub{}
	api := serve(t, g)
	open := func(pr PullRequest) (string, bool) {
		t.Helper()
		url, created, err := openPullRequest(t.Context(), apiClient(), api, "team", "charts", "right", pr)
		if err != nil {
			t.Fatal(err)
		}
		return url, created
	}
	const at = "https://github.com/team/charts/pull/7"
	pr := PullRequest{Head: "pintle/frontend", Base: "main", Title: "frontend 1.2.0", Body: "why"}
	if url, created := open(pr); url != at || !created {
		t.Errorf("got %s, %v", url, created)
	}
	if url, created := open(pr); url != at || created {
		t.Errorf("again: got %s, %v", url, created)
	}
	pr.Title = "frontend 1.3.0"
	if url, created := open(pr); url != at || created || g.pulls[0]["title"] != pr.Title {
		t.Errorf("another title: got %s, %v, %v", url, created, g.pulls)
	}
	want := []string{
		"GET /repos/team/charts/pulls", "POST /repos/team/charts/pulls",
		"GET /repos/team/charts/pulls",
		"GET /repos/team/charts/pulls", "PATCH /repos/team/charts/pulls/7",
	}
	if !slices.Equal(g.calls, want) {
		t.Errorf("the calls are %q", g.calls)
	}
}

// Two runs open the same pull request at once: the slower one finds the other's.
func TestPullRequestRace(t *testing.T) {
	g := &gitHub{}
	g.before = func(call string) {
		if strings.HasPrefix(call, "POST") {
			g.pulls = []map[string]any{newPull("b", "main", "theirs", nil)}
		}
	}
	url, created, err := openPullRequest(t.Context(), apiClient(), serve(t, g), "team", "charts", "right", PullRequest{Head: "b", Base: "main", Title: "ours", Body: "x"})
	if err != nil || created || url == "" || g.pulls[0]["title"] != "ours" {
		t.Errorf("got %s, %v, %v, %v", url, created, err, g.pulls)
	}
}

func TestPullRequestErrors(t *testing.T) {
	api := serve(t, &gitHub{})
	for _, tc := range []struct{ repo, token, head, want string }{
		{"charts", "right", "gone", "pull request of gone to main in team/charts: GitHub says 422 Validation Failed; head: invalid"},
		{"charts", "right", "same", "No commits between main and same"},
		{"charts", "wr0ng", "b", "GitHub says 401 Bad credentials"},
		{"other", "right", "b", "GitHub says 404 Not Found"},
	} {
		_, _, err := openPullRequest(t.Context(), apiClient(), api, "team", tc.repo, tc.token, PullRequest{Head: tc.head, Base: "main", Title: "t", Body: "b"})
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

// The token stays where it was sent: a redirect to plain http is not followed.
func TestPullRequestStaysOnHTTPS(t *testing.T) {
	check := apiClient().CheckRedirect
	for url, ok := range map[string]bool{
		"https://api.github.com/x": true, "http://127.0.0.1:3/x": true, "http://api.github.com/x": false,
	} {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(req, nil); (err == nil) != ok {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

func TestPullRequestRepo(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/team/charts.git":           "github.com team charts",
		"https://u:t@github.com/team/charts":           "github.com team charts",
		"https://github.com/team/charts/":              "github.com team charts",
		"https://ghe.corp:8443/team/charts.git":        "ghe.corp:8443 team charts",
		"ssh://git@github.com/team/charts.git":         "github.com team charts",
		"ssh://git@ghe.corp:2222/team/charts.git":      "ghe.corp team charts",
		"ssh://git@ssh.github.com:443/team/charts.git": "github.com team charts",
		"git@github.com:team/charts.git":               "github.com team charts",
		"git@github.com:team/my.charts":                "github.com team my.charts",
		"github.com:team/charts":                       "github.com team charts",
		"https://gitlab.com/group/sub/charts":          "",
		"https://github.com/team":                      "",
		"https://github.com//charts":                   "",
		"file:///srv/team/charts":                      "",
		"/srv/team/charts":                             "",
		"../team/charts":                               "",
		"":                                             "",
	} {
		host, owner, repo, ok := gitHubRepo(in)
		got := strings.TrimSpace(host + " " + owner + " " + repo)
		if got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v", in, got, ok)
		}
	}
}
