package repo

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// machine is an empty home folder, with nothing of the real user's.
func machine(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{
		"SSH_AUTH_SOCK", "SSH_KNOWN_HOSTS", "XDG_CONFIG_HOME", "GIT_DIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT",
	} {
		t.Setenv(name, "") // so that it is restored
		os.Unsetenv(name)
	}
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	return home
}

func put(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func need(t *testing.T, program string) string {
	t.Helper()
	at, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed here", program)
	}
	return at
}

// run is what a program prints.
func run(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func endpoint(t *testing.T, url string) *transport.Endpoint {
	t.Helper()
	ep, err := transport.NewEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	return ep
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// Who is told what: each token goes to its own host, and the URL has the last word.
func TestAuthTokenGoesToItsHost(t *testing.T) {
	machine(t)
	for _, tc := range []struct {
		name       string
		env        map[string]string
		url        string
		user, pass string // none where there is nothing to show
	}{
		{"nothing", nil, "https://github.com/o/r", "", ""},
		{"pintle", map[string]string{"PINTLE_TOKEN": "p\n"}, "https://git.corp/o/r", "x-access-token", "p"},
		{"pintle user", map[string]string{"PINTLE_TOKEN": "p", "PINTLE_USER": "bot"}, "https://git.corp/o/r", "bot", "p"},
		{"user of the URL", map[string]string{"PINTLE_TOKEN": "p"}, "https://me@bitbucket.org/o/r", "me", "p"},
		{"URL first", map[string]string{"PINTLE_TOKEN": "p"}, "https://u:s%40t@git.corp/o/r", "u", "s@t"},
		{"token as user", nil, "https://tok@github.com/o/r", "tok", ""},
		{"pintle before github", map[string]string{"PINTLE_TOKEN": "p", "GITHUB_TOKEN": "g"}, "https://github.com/o/r", "x-access-token", "p"},
		{"github", map[string]string{"GITHUB_TOKEN": "g"}, "https://GitHub.com/o/r", "x-access-token", "g"},
		{"github elsewhere", map[string]string{"GITHUB_TOKEN": "g"}, "https://github.com.evil.test/o/r", "", ""},
		{"github on another port", map[string]string{"GITHUB_TOKEN": "g"}, "https://github.com:8443/o/r", "", ""},
		{"github on the usual port", map[string]string{"GITHUB_TOKEN": "g"}, "https://github.com:443/o/r", "x-access-token", "g"},
		{"enterprise", map[string]string{"GITHUB_TOKEN": "g", "GITHUB_SERVER_URL": "https://ghe.corp"}, "https://ghe.corp/o/r", "x-access-token", "g"},
		{"enterprise token to github.com", map[string]string{"GITHUB_TOKEN": "g", "GITHUB_SERVER_URL": "https://ghe.corp"}, "https://github.com/o/r", "", ""},
		{"gitlab", map[string]string{"GITLAB_TOKEN": "l"}, "https://gitlab.com/o/r", "oauth2", "l"},
		{"gitlab elsewhere", map[string]string{"GITLAB_TOKEN": "l"}, "https://github.com/o/r", "", ""},
		{"own gitlab", map[string]string{"GITLAB_TOKEN": "l", "CI_SERVER_HOST": "gl.corp", "CI_SERVER_PORT": "8443"}, "https://gl.corp:8443/o/r", "oauth2", "l"},
		{"job token", map[string]string{"CI_JOB_TOKEN": "j"}, "https://gitlab.com/o/r", "", ""},
		{"loopback", map[string]string{"PINTLE_TOKEN": "p"}, "http://127.0.0.1:3000/o/r", "x-access-token", "p"},
		{"loopback 6", map[string]string{"PINTLE_TOKEN": "p"}, "http://[::1]:3000/o/r", "x-access-token", "p"},
		{"plain http without a token", map[string]string{"GITHUB_TOKEN": "g"}, "http://git.corp/o/r", "", ""},
		{"a folder", map[string]string{"PINTLE_TOKEN": "p"}, "/srv/charts", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := AuthFrom(environment(tc.env))
			if err != nil {
				t.Fatal(err)
			}
			m, err := a.method(t.Context(), endpoint(t, tc.url))
			if err != nil {
				t.Fatal(err)
			}
			basic, _ := m.(*githttp.BasicAuth)
			if m == nil {
				basic = &githttp.BasicAuth{}
			}
			if basic == nil || basic.Username != tc.user || basic.Password != tc.pass {
				t.Errorf("got %#v, want %s:%s", m, tc.user, tc.pass)
			}
		})
	}
}

func TestAuthRefusesPlainHTTP(t *testing.T) {
	machine(t)
	for name, tc := range map[string]struct {
		a   Auth
		url string
	}{
		"token":   {Auth{Token: "s3cret"}, "http://git.corp/o/r"},
		"URL":     {Auth{}, "http://u:s3cret@git.corp/o/r"},
		"user":    {Auth{}, "http://s3cret@git.corp/o/r"},
		"app":     {Auth{App: &GitHubApp{}}, "http://git.corp/o/r"},
		"by host": {Auth{Hosts: []Host{{Name: "git.corp", Token: "s3cret"}}}, "http://git.corp/o/r"},
		"similar": {Auth{Token: "s3cret"}, "http://127.0.0.1.evil.test/o/r"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := tc.a.method(t.Context(), endpoint(t, tc.url))
			if m != nil || err == nil || !strings.Contains(err.Error(), "plain http") {
				t.Fatalf("got %v, %v", m, err)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the secret: %v", err)
			}
			if Passing(err) {
				t.Error("it would be tried again")
			}
		})
	}
}

func TestAuthFromRefusesHalfAnApp(t *testing.T) {
	pemFile := put(t, filepath.Join(t.TempDir(), "app.pem"), string(appKey(t)))
	all := map[string]string{"PINTLE_GITHUB_APP_ID": "1", "PINTLE_GITHUB_APP_INSTALLATION": "2", "PINTLE_GITHUB_APP_KEY": pemFile}
	for _, key := range []string{pemFile, string(appKey(t)), strings.ReplaceAll(string(appKey(t)), "\n", `\n`)} {
		all["PINTLE_GITHUB_APP_KEY"] = key
		if a, err := AuthFrom(environment(all)); err != nil || a.App == nil || a.App.ID != "1" || a.App.Installation != "2" {
			t.Errorf("got %v, %v", a.App, err)
		}
	}
	for want, vars := range map[string]map[string]string{
		"set PINTLE_GITHUB_APP_INSTALLATION and PINTLE_GITHUB_APP_KEY too": {"PINTLE_GITHUB_APP_ID": "1"},
		"no such file":             {"PINTLE_GITHUB_APP_ID": "1", "PINTLE_GITHUB_APP_INSTALLATION": "2", "PINTLE_GITHUB_APP_KEY": "/nowhere.pem"},
		"holds no RSA private key": {"PINTLE_GITHUB_APP_ID": "1", "PINTLE_GITHUB_APP_INSTALLATION": "2", "PINTLE_GITHUB_APP_KEY": "-----BEGIN X-----"},
	} {
		if _, err := AuthFrom(environment(vars)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAuthRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://github.com/o/r.git":          "https://github.com/o/r.git",
		"https://tok@github.com/o/r.git":      "https://github.com/o/r.git",
		"https://u:tok@github.com:8443/o/r@2": "https://github.com:8443/o/r@2",
		"https://u:t@k@github.com/o/r":        "https://github.com/o/r",
		"https://u:to/k@github.com/o/r":       "https://github.com/o/r",
		"https://github.com/o/r@2":            "https://github.com/o/r@2",
		"HTTPS://u:tok@github.com/o":          "HTTPS://github.com/o",
		"ssh://git@github.com/o/r":            "ssh://git@github.com/o/r",
		"ssh://git:tok@github.com:22/o/r":     "ssh://git@github.com:22/o/r",
		"git@github.com:o/r.git":              "git@github.com:o/r.git",
		"/srv/charts@2":                       "/srv/charts@2",
		"../charts":                           "../charts",
		"":                                    "",
		"https://[::1]:80/x":                  "https://[::1]:80/x",
		"https://u:tok@[::1]:80/x?y=a@b#c@d":  "https://[::1]:80/x?y=a@b#c@d",
		"file:///srv/a@b":                     "file:///srv/a@b",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%s) is %s, want %s", in, got, want)
		}
	}
}

func FuzzAuthRedact(f *testing.F) {
	f.Add("u", "s3cret", "/o/r")
	f.Add("s3cret", "", "")
	f.Fuzz(func(t *testing.T, user, password, path string) {
		const secret = "s3cret"
		if strings.Contains(path, secret) || strings.ContainsAny(user+password, "/?#") {
			t.Skip("the secret is elsewhere in the URL, or its parts would be others")
		}
		got := redact("https://" + user + secret + ":" + password + secret + "@host/" + path)
		if strings.Contains(got, secret) {
			t.Errorf("it tells the secret: %s", got)
		}
	})
}

// A real helper gives a password, keeps what was right and forgets what was refused.
func TestAuthCredentialHelper(t *testing.T) {
	need(t, "git")
	home := machine(t)
	store := put(t, filepath.Join(home, "store"), "https://me:s3cret@git.corp\nhttps://you:other@git.corp:8443\n")
	asked := filepath.Join(home, "asked")
	ask := put(t, filepath.Join(home, "ask"), "#!/bin/sh\ntouch "+asked+"\necho typed\n")
	if err := os.Chmod(ask, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(home, ".gitconfig"), "[core]\n\taskPass = "+ask+"\n[credential]\n\thelper = store --file="+store+"\n")
	t.Setenv("GIT_ASKPASS", ask)

	var a Auth
	ep := endpoint(t, "https://git.corp/team/charts.git")
	m, err := a.method(t.Context(), ep)
	h, ok := m.(*helped)
	if err != nil || !ok || h.Username != "me" || h.BasicAuth.Password != "s3cret" {
		t.Fatalf("got %#v, %v", m, err)
	}
	if strings.Contains(m.String(), "s3cret") {
		t.Errorf("it tells the secret: %s", m)
	}
	if m, _ := a.method(t.Context(), endpoint(t, "https://you@git.corp:8443/x")); m == nil || m.(*helped).BasicAuth.Password != "other" {
		t.Errorf("on another port: got %v", m)
	}
	for _, url := range []string{"https://elsewhere.test/x", "https://you@git.corp/x%0ahost=git.corp"} {
		if m, _ := a.method(t.Context(), endpoint(t, url)); m != nil && m.(*githttp.BasicAuth).Password != "" {
			t.Errorf("%s: got %v", url, m)
		}
	}
	if m, _ := (Auth{NoHelper: true}).method(t.Context(), ep); m != nil {
		t.Errorf("without a helper: got %v", m)
	}
	if m, _ := a.method(t.Context(), endpoint(t, "http://git.corp/x")); m != nil {
		t.Errorf("over plain http: got %v", m)
	}
	token, api, err := a.apiToken(t.Context(), "git.corp")
	if err != nil || token != "s3cret" || api != "https://git.corp/api/v3" {
		t.Errorf("for the API: got %s, %s, %v", token, api, err)
	}

	a.approved(t.Context(), ep, m)
	if kept, _ := os.ReadFile(store); !strings.Contains(string(kept), "s3cret") {
		t.Errorf("what was approved is gone: %s", kept)
	}
	a.rejected(t.Context(), ep, m)
	if kept, _ := os.ReadFile(store); strings.Contains(string(kept), "s3cret") || !strings.Contains(string(kept), "other") {
		t.Errorf("what was rejected is still there: %s", kept)
	}
	if m, err := a.method(t.Context(), ep); m != nil || err != nil {
		t.Errorf("after that: got %v, %v", m, err)
	}
	if _, err := os.Stat(asked); err == nil {
		t.Error("somebody was prompted")
	}
}

func TestAuthWithoutGit(t *testing.T) {
	machine(t)
	t.Setenv("PATH", t.TempDir())
	if m, err := (Auth{}).method(t.Context(), endpoint(t, "https://git.corp/x")); m != nil || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
}

// Git's own server wants the token, and gets it as the password.
func TestAuthAgainstGitServer(t *testing.T) {
	git := need(t, "git")
	machine(t)
	root := t.TempDir()
	run(t, "", "git", "init", "-q", "--bare", "-b", "main", filepath.Join(root, "charts.git"))
	commit := strings.TrimSpace(run(t, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n",
		"git", "-C", filepath.Join(root, "charts.git"), "hash-object", "-t", "commit", "-w", "--stdin"))
	run(t, "", "git", "-C", filepath.Join(root, "charts.git"), "update-ref", "refs/heads/main", commit)
	backend := &cgi.Handler{Path: git, Args: []string{"http-backend"}, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pass, _ := r.BasicAuth(); pass != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, r)
	}))
	defer server.Close()

	heads := func(a Auth, url string) error {
		ep := endpoint(t, url)
		m, err := a.method(t.Context(), ep)
		if err != nil {
			return err
		}
		s, err := githttp.NewClient(nil).NewUploadPackSession(bare(ep), m)
		if err != nil {
			return err
		}
		adv, err := s.AdvertisedReferencesContext(t.Context())
		if err == nil && adv.References["refs/heads/main"].String() != commit {
			t.Errorf("got %v", adv.References)
		}
		return err
	}
	url := server.URL + "/charts.git"
	if err := heads(Auth{Token: "right"}, url); err != nil {
		t.Error(err)
	}
	if err := heads(Auth{}, strings.Replace(url, "http://", "http://me:right@", 1)); err != nil {
		t.Error(err)
	}
	for _, a := range []Auth{{}, {Token: "wrong"}} {
		if err := heads(a, url); !errors.Is(err, transport.ErrAuthenticationRequired) {
			t.Errorf("got %v", err)
		}
	}
	if err := heads(Auth{}, strings.Replace(url, "http://", "http://s3cret@", 1)); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

// A host that redirects does not get to say where the token goes the next time.
func TestAuthAfterRedirect(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		_, _ = w.Write([]byte("001e# service=git-upload-pack\n0000003d" + strings.Repeat("1", 40) + " refs/heads/main\x00\n0000"))
	}))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL+"/evil.git/info/refs?service=git-upload-pack", http.StatusFound))
	defer first.Close()
	ep := endpoint(t, first.URL+"/charts.git")
	want := *ep
	m, err := (Auth{Token: "s3cret"}).method(t.Context(), ep)
	if err != nil {
		t.Fatal(err)
	}
	s, err := githttp.NewClient(nil).NewUploadPackSession(bare(ep), m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AdvertisedReferencesContext(t.Context())
	if len(seen) != 1 || seen[0] != "" {
		t.Errorf("the other host was shown %q (%v)", seen, err)
	}
	if ep.String() != want.String() {
		t.Errorf("the endpoint is now %s", ep)
	}
}

func TestAuthAPI(t *testing.T) {
	for _, tc := range []struct{ env, host, want, err string }{
		{"", "github.com", "https://api.github.com", ""},
		{"", "ghe.corp", "https://ghe.corp/api/v3", ""},
		{"", "ghe.corp:8443", "https://ghe.corp:8443/api/v3", ""},
		{"", "team.ghe.com", "https://api.team.ghe.com", ""},
		{"PINTLE_GITHUB_API=https://ghe.corp/api/v3/", "ghe.corp", "https://ghe.corp/api/v3", ""},
		{"PINTLE_GITHUB_API=https://api.github.com", "ghe.corp", "", "must not see its tokens"},
		{"PINTLE_GITHUB_API=https://evil.test", "github.com", "", "must not see its tokens"},
		{"PINTLE_GITHUB_API=http://ghe.corp/api/v3", "ghe.corp", "", "plain http"},
		{"PINTLE_GITHUB_API=ghe.corp", "ghe.corp", "", "give an address"},
		{"PINTLE_GITHUB_API=http://127.0.0.1:3/x", "127.0.0.1:5", "http://127.0.0.1:3/x", ""},
		{"GITHUB_API_URL=https://ghe.corp/api/v3", "github.com", "https://api.github.com", ""}, // not for this server
	} {
		name, value, _ := strings.Cut(tc.env, "=")
		vars := map[string]string{name: value}
		if name == "GITHUB_API_URL" {
			vars["GITHUB_SERVER_URL"] = "https://ghe.corp"
		}
		a, err := AuthFrom(environment(vars))
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.api(tc.host)
		if got != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s for %s: got %s, %v", tc.env, tc.host, got, err)
		}
	}
	machine(t)
	if _, _, err := (Auth{}).apiToken(context.Background(), "github.com"); err == nil || !strings.Contains(err.Error(), "PINTLE_TOKEN") {
		t.Errorf("got %v", err)
	}
}

func appKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}
