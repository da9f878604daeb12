package repo

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/golang-jwt/jwt/v5"
)

// gitHub behaves as GitHub's documented API for one app, one installation and one repository.
type gitHub struct {
	t      *testing.T
	app    string
	key    *rsa.PublicKey
	now    time.Time
	minted int
	pulls  []map[string]any
	calls  []string
	before func(call string) // what somebody else does meanwhile
}

func serve(t *testing.T, g *gitHub) string {
	t.Helper()
	g.t = t
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return server.URL
}

func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + r.URL.Path
	g.calls = append(g.calls, call)
	if g.before != nil {
		g.before(call)
	}
	if r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" || r.UserAgent() == "" {
		g.t.Errorf("%s has the headers %v", call, r.Header)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		g.t.Errorf("%s shows no token", call)
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/app/"):
		g.mint(w, r, token)
	case token != "right":
		answer(w, 401, map[string]any{"message": "Bad credentials"})
	case !strings.HasPrefix(r.URL.Path, "/repos/team/charts/pulls"):
		answer(w, 404, map[string]any{"message": "Not Found"})
	case r.Method == "GET":
		found := []map[string]any{}
		for _, p := range g.pulls {
			q := r.URL.Query()
			if q.Get("state") == "open" && q.Get("head") == "team:"+ref(p, "head") && q.Get("base") == ref(p, "base") {
				found = append(found, p)
			}
		}
		answer(w, 200, found)
	case r.Method == "POST":
		g.open(w, r)
	case r.Method == "PATCH":
		in := body(g.t, r)
		g.pulls[0]["title"], g.pulls[0]["body"] = in["title"], in["body"]
		answer(w, 200, g.pulls[0])
	}
}

func (g *gitHub) mint(w http.ResponseWriter, r *http.Request, proof string) {
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(proof, &claims, func(*jwt.Token) (any, error) { return g.key, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(func() time.Time { return g.now }), jwt.WithIssuedAt())
	switch {
	case err != nil:
		answer(w, 401, map[string]any{"message": "A JSON web token could not be decoded"})
	case claims.Issuer != g.app:
		answer(w, 401, map[string]any{"message": "Integration not found"})
	case claims.ExpiresAt.Sub(claims.IssuedAt.Time) > 10*time.Minute:
		answer(w, 401, map[string]any{"message": "'Expiration time' claim ('exp') is too far in the future"})
	case r.URL.Path == "/app/installations/3/access_tokens":
		answer(w, 403, map[string]any{"message": "This installation has been suspended"})
	case r.URL.Path == "/app/installations/5/access_tokens":
		answer(w, 502, "<html>")
	case r.URL.Path != "/app/installations/2/access_tokens" || r.Method != "POST":
		answer(w, 404, map[string]any{"message": "Not Found"})
	default:
		g.minted++
		answer(w, 201, map[string]any{"token": "right", "expires_at": g.now.Add(time.Hour)})
	}
}

func (g *gitHub) open(w http.ResponseWriter, r *http.Request) {
	in := body(g.t, r)
	invalid := func(e any) {
		answer(w, 422, map[string]any{"message": "Validation Failed", "errors": []any{e}})
	}
	for _, p := range g.pulls {
		if ref(p, "head") == in["head"] && ref(p, "base") == in["base"] {
			invalid(map[string]any{"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for team:" + ref(p, "head") + "."})
			return
		}
	}
	switch in["head"] {
	case "gone":
		invalid(map[string]any{"resource": "PullRequest", "field": "head", "code": "invalid"})
		return
	case "same":
		invalid(map[string]any{"resource": "PullRequest", "code": "custom", "message": "No commits between main and same"})
		return
	}
	g.pulls = append(g.pulls, newPull(in["head"], in["base"], in["title"], in["body"]))
	answer(w, 201, g.pulls[len(g.pulls)-1])
}

func newPull(head, base, title, text any) map[string]any {
	return map[string]any{
		"number": 7, "html_url": "https://github.com/team/charts/pull/7", "url": "https://api.github.com/repos/team/charts/pulls/7",
		"title": title, "body": text, "head": map[string]any{"ref": head}, "base": map[string]any{"ref": base},
	}
}

func ref(p map[string]any, side string) string {
	return p[side].(map[string]any)["ref"].(string)
}

func body(t *testing.T, r *http.Request) (in map[string]any) {
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	return in
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func TestGitHubAppToken(t *testing.T) {
	now := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)
	key := appKey(t)
	private, err := jwt.ParseRSAPrivateKeyFromPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	g := &gitHub{app: "Iv1.app", key: &private.PublicKey, now: now}
	api := serve(t, g)
	for _, tc := range []struct {
		name    string
		app     GitHubApp
		skew    time.Duration
		err     string
		passing bool
	}{
		{"fine", GitHubApp{"Iv1.app", "2", key, api}, 0, "", false},
		{"PKCS 8", GitHubApp{"Iv1.app", "2", pkcs8, api}, 0, "", false},
		{"a clock that is early", GitHubApp{"Iv1.app", "2", key, api}, 50 * time.Second, "", false},
		{"a clock that is wrong", GitHubApp{"Iv1.app", "2", key, api}, time.Hour, "this machine's clock", false},
		{"another key", GitHubApp{"Iv1.app", "2", appKey(t), api}, 0, "GitHub says 401 A JSON web token could not be decoded; check that the key is one of this app", false},
		{"another app", GitHubApp{"9", "2", key, api}, 0, "token of GitHub app 9: GitHub says 401 Integration not found; check that the key", false},
		{"no installation", GitHubApp{"Iv1.app", "4", key, api}, 0, "GitHub says 404 Not Found; check that 4 is an installation", false},
		{"suspended", GitHubApp{"Iv1.app", "3", key, api}, 0, "check that the installation is not suspended", false},
		{"no key", GitHubApp{"Iv1.app", "2", []byte("x"), api}, 0, "its key is no RSA private key", false},
		{"down", GitHubApp{"Iv1.app", "5", key, api}, 0, "GitHub says 502 Bad Gateway", true},
		{"elsewhere", GitHubApp{"Iv1.app", "2", key, "http://127.0.0.1:1"}, 0, "connection refused", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			token, err := tc.app.token(t.Context(), now.Add(tc.skew), apiClient())
			if tc.err == "" && (err != nil || token != "right") {
				t.Fatalf("got %s, %v", token, err)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || permanent(err) == tc.passing) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// Each attempt has a token of its own.
func TestGitHubAppMintsForEachAttempt(t *testing.T) {
	machine(t)
	key := appKey(t)
	private, err := jwt.ParseRSAPrivateKeyFromPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	g := &gitHub{app: "1", key: &private.PublicKey, now: time.Now()}
	api := serve(t, g)
	a, err := AuthFrom(environment(map[string]string{
		"PINTLE_GITHUB_APP_ID": "1", "PINTLE_GITHUB_APP_INSTALLATION": "2", "PINTLE_GITHUB_APP_KEY": string(key),
		"PINTLE_GITHUB_API": api, "PINTLE_TOKEN": "less",
	}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m, err := a.method(t.Context(), endpoint(t, "https://127.0.0.1/team/charts"))
		if err != nil {
			t.Fatal(err)
		}
		if b := m.(*githttp.BasicAuth); b.Username != "x-access-token" || b.Password != "right" {
			t.Errorf("got %v", b)
		}
	}
	if g.minted != 2 {
		t.Errorf("%d tokens were made", g.minted)
	}
	if token, _, err := a.apiToken(t.Context(), "127.0.0.1"); err != nil || token != "right" {
		t.Errorf("got %s, %v", token, err)
	}
	if _, err := a.method(t.Context(), endpoint(t, "https://gitlab.com/team/charts")); err == nil || Passing(err) || g.minted != 3 {
		t.Errorf("another host gets a token: %v", err)
	}
	a.App.Installation = "4"
	if _, err := a.method(t.Context(), endpoint(t, "https://127.0.0.1/team/charts")); err == nil || Passing(err) {
		t.Errorf("got %v", err)
	}
	a.App.Installation = "5"
	if _, err := a.method(t.Context(), endpoint(t, "https://127.0.0.1/team/charts")); err == nil || permanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestGitHubMessage(t *testing.T) {
	for in, want := range map[string]string{
		`{"message":"Validation Failed","errors":[{"message":"a"},{"field":"head","code":"invalid"},"b"]}`: "Validation Failed; a; head: invalid; b",
		`{"message":"Nope","errors":"odd"}`: "Nope",
		`<html>`:                            "Unprocessable Entity",
	} {
		if got := gitHubMessage(422, []byte(in)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
