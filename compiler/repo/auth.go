package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// An Auth says how to prove who asks. The zero value uses what the machine has: a git credential
// helper, an ssh agent, the user's keys.
//
// What it has of secrets goes to the host that it is for, and never over plain http, unless to this
// machine itself.
type Auth struct {
	User  string     // goes with Token; "" is x-access-token, which GitHub wants and GitLab takes
	Token string     // the password for the charts repo's host, whichever that is
	App   *GitHubApp // mints a token for each attempt
	Hosts []Host     // what only one host may see
	API   string     // GitHub's REST API; "" is the one of the charts repo's host

	NoHelper bool // ask no git credential helper

	SSHKey        string // a private key's file, or the key itself; "" tries the agent, and then the user's keys
	SSHPassphrase string
	KnownHosts    string // a file; "" is SSH_KNOWN_HOSTS, or else ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts
}

// A Host is what the environment knows of one git host.
type Host struct {
	Name  string // with its port, where that is not the usual one
	User  string
	Token string
	API   string // GitHub's REST API; may be ""
}

const tokenUser = "x-access-token"

// AuthFrom takes from the environment what it says about who asks.
func AuthFrom(getenv func(string) string) (Auth, error) {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	a := Auth{
		User: env("PINTLE_USER"), Token: env("PINTLE_TOKEN"), API: env("PINTLE_GITHUB_API"),
		SSHKey: env("PINTLE_SSH_KEY"), SSHPassphrase: getenv("PINTLE_SSH_PASSPHRASE"), KnownHosts: env("PINTLE_KNOWN_HOSTS"),
	}
	gitHub := cmp.Or(env("GITHUB_SERVER_URL"), "https://github.com")
	if _, name, ok := strings.Cut(gitHub, "://"); ok {
		a.Hosts = append(a.Hosts, Host{Name: strings.TrimSuffix(name, "/"), Token: env("GITHUB_TOKEN"), API: env("GITHUB_API_URL")})
	}
	gitLab := cmp.Or(env("CI_SERVER_HOST"), "gitlab.com")
	if port := env("CI_SERVER_PORT"); port != "" && port != "443" && port != "80" {
		gitLab += ":" + port
	}
	a.Hosts = append(a.Hosts, Host{Name: gitLab, User: "oauth2", Token: env("GITLAB_TOKEN")})
	var err error
	a.App, err = appFrom(env)
	return a, err
}

// method is what one attempt needs. It is made anew for each, so that a token that lives an hour is
// never an old one. It is nil where there is nothing to show, which is enough for what is public.
func (a Auth) method(ctx context.Context, ep *transport.Endpoint) (transport.AuthMethod, error) {
	switch ep.Protocol {
	case "ssh":
		return a.ssh(ep)
	case "http", "https":
		return a.basic(ctx, ep)
	}
	return nil, nil
}

// approved tells a credential helper that what it gave was right.
func (a Auth) approved(ctx context.Context, _ *transport.Endpoint, m transport.AuthMethod) {
	if h, ok := m.(*helped); ok {
		credential(ctx, "approve", h.answer)
	}
}

// rejected tells a credential helper that what it gave was refused.
func (a Auth) rejected(ctx context.Context, _ *transport.Endpoint, m transport.AuthMethod) {
	if h, ok := m.(*helped); ok {
		credential(ctx, "reject", h.answer)
	}
}

func (a Auth) basic(ctx context.Context, ep *transport.Endpoint) (transport.AuthMethod, error) {
	host := hostPort(ep)
	known := a.host(host)
	if ep.Protocol == "http" && !loopback(ep.Host) {
		if ep.User == "" && ep.Password == "" && a.App == nil && a.Token == "" && known.Token == "" {
			return nil, nil // a helper is not even asked, as what it gives could not be sent
		}
		return nil, unproven(ep, errors.New("over plain http, anybody on the way could read the token"), "use https://")
	}
	switch {
	case ep.Password != "":
		return &githttp.BasicAuth{Username: ep.User, Password: ep.Password}, nil
	case a.App != nil:
		token, err := a.mint(ctx, host)
		if permanent(err) {
			return nil, unproven(ep, err, "")
		}
		if err != nil {
			return nil, err
		}
		return &githttp.BasicAuth{Username: tokenUser, Password: token}, nil
	case a.Token != "":
		return &githttp.BasicAuth{Username: cmp.Or(a.User, ep.User, tokenUser), Password: a.Token}, nil
	case known.Token != "":
		return &githttp.BasicAuth{Username: cmp.Or(known.User, tokenUser), Password: known.Token}, nil
	}
	if h := a.ask(ctx, ep.Protocol, host, ep.Path, ep.User); h != nil {
		return h, nil
	}
	if ep.User != "" {
		return &githttp.BasicAuth{Username: ep.User}, nil // some put a token there
	}
	return nil, nil
}

// host is what is known of a host by its name.
func (a Auth) host(name string) Host {
	for _, h := range a.Hosts {
		if strings.EqualFold(h.Name, name) {
			return h
		}
	}
	return Host{}
}

// mint is a new token of the app for a host.
func (a Auth) mint(ctx context.Context, host string) (string, error) {
	app := *a.App
	var err error
	if app.API, err = a.api(host); err != nil {
		return "", err
	}
	return app.token(ctx, time.Now(), apiClient()) // it is GitHub's clock that has to agree
}

// apiToken is what GitHub's REST API for the repositories of a host needs: a token, and where it is.
func (a Auth) apiToken(ctx context.Context, host string) (token, api string, err error) {
	if api, err = a.api(host); err != nil {
		return "", "", err
	}
	switch {
	case a.App != nil:
		token, err = a.mint(ctx, host)
	case a.Token != "":
		token = a.Token
	default:
		token = a.host(host).Token
	}
	if token != "" || err != nil {
		return token, api, err
	}
	if h := a.ask(ctx, "https", host, "", ""); h != nil {
		return h.Password, api, nil
	}
	return "", "", Fault{
		Remote: host, Kind: Credentials, Err: errors.New("there is no token for its API"),
		Fix: "give one in PINTLE_TOKEN that may write pull requests; in GitHub Actions, GITHUB_TOKEN does for the same repository",
	}
}

// api is where the REST API for the repositories of a host is.
func (a Auth) api(host string) (string, error) {
	api := a.API
	if a.App != nil {
		api = cmp.Or(a.App.API, api)
	}
	api = cmp.Or(api, a.host(host).API)
	switch {
	case api != "":
	case strings.EqualFold(host, "github.com"):
		api = "https://api.github.com"
	case strings.HasSuffix(strings.ToLower(host), ".ghe.com"):
		api = "https://api." + host
	default:
		api = "https://" + host + "/api/v3"
	}
	u, err := url.Parse(api)
	if err != nil || u.Host == "" {
		return "", unusable{fmt.Errorf("GitHub's API cannot be at %s: give an address such as https://api.github.com", redact(api))}
	}
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return "", unusable{fmt.Errorf("GitHub's API at %s: over plain http, anybody on the way could read the token; use https://", redact(api))}
	}
	name := (&url.URL{Host: host}).Hostname()
	if serves := strings.TrimPrefix(u.Hostname(), "api."); !strings.EqualFold(serves, name) {
		return "", unusable{fmt.Errorf("the API at %s is for %s, and the charts repo is on %s, which must not see its tokens: set PINTLE_GITHUB_API to the API of %s", redact(api), serves, name, name)}
	}
	return strings.TrimSuffix(api, "/"), nil
}

// unusable is a setting that has to be changed first.
type unusable struct{ error }

// permanent reports whether it is of no use to ask for a token again.
func permanent(err error) bool {
	var setting unusable
	var api apiError
	return errors.As(err, &setting) || errors.As(err, &api) && !api.passing()
}

func unproven(ep *transport.Endpoint, err error, fix string) Fault {
	return Fault{Remote: redact(ep.String()), Kind: Credentials, Err: err, Fix: fix}
}

// helped is what a git credential helper gave.
type helped struct {
	*githttp.BasicAuth
	answer string // in git's own words, as it wants to have it back
}

// ask asks git for credentials. Nobody is prompted. Where git has none, or is missing, it is nil.
func (a Auth) ask(ctx context.Context, protocol, host, path, user string) *helped {
	if a.NoHelper || strings.ContainsAny(host+path+user, "\r\n\x00") { // a line more would be a question more
		return nil
	}
	question := fmt.Sprintf("protocol=%s\nhost=%s\n", protocol, host)
	if path = strings.TrimPrefix(path, "/"); path != "" {
		question += fmt.Sprintf("path=%s\n", path)
	}
	if user != "" {
		question += fmt.Sprintf("username=%s\n", user)
	}
	answer := credential(ctx, "fill", question+"\n")
	h := &helped{BasicAuth: &githttp.BasicAuth{}, answer: answer}
	for line := range strings.Lines(answer) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		switch key {
		case "username":
			h.Username = value
		case "password":
			h.BasicAuth.Password = value
		}
	}
	if h.BasicAuth.Password == "" {
		return nil
	}
	return h
}

// credential runs one of git's credential commands, and is what it says.
func credential(ctx context.Context, action, input string) string {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "credential", action)
	// An empty GIT_ASKPASS hides core.askPass and SSH_ASKPASS as well.
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "GCM_INTERACTIVE=never")
	cmd.Stdin = strings.NewReader(input)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// apiClient is an HTTP client for GitHub's API, which takes a token nowhere that is plain http.
func apiClient() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
				return errors.New("it redirects to plain http, where anybody on the way could read the token")
			}
			if len(via) >= 10 {
				return errors.New("it redirects in a circle")
			}
			return nil
		},
	}
}

// bare is a copy of an endpoint to give to go-git, which changes it when it is redirected. It has
// nothing that an error text might repeat: what was in the URL is in the method.
func bare(ep *transport.Endpoint) *transport.Endpoint {
	b := *ep
	switch b.Protocol {
	case "http", "https":
		b.User, b.Password = "", ""
	case "ssh":
		b.Password = ""
		b.Host = strings.Trim(b.Host, "[]") // it brackets an IPv6 address itself
	}
	return &b
}

// hostPort is the host with its port, where that is not the usual one.
func hostPort(ep *transport.Endpoint) string {
	if ep.Port == 0 || ep.Protocol == "https" && ep.Port == 443 || ep.Protocol == "http" && ep.Port == 80 {
		return ep.Host
	}
	return ep.Host + ":" + strconv.Itoa(ep.Port)
}

func loopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// redact is a URL without what it says about who asks. The user name of ssh stays: it is no secret.
func redact(remote string) string {
	scheme, rest, ok := strings.Cut(remote, "://")
	if !ok {
		scheme, rest = "", remote
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	at := strings.LastIndex(authority, "@")
	if _, err := url.Parse(remote); err != nil && ok && at < 0 {
		at = strings.LastIndex(rest, "@") // such as a password with a slash
	}
	if at < 0 {
		return remote
	}
	who, rest := rest[:at], rest[at+1:]
	user, _, _ := strings.Cut(who, ":")
	switch {
	case !ok:
		return user + "@" + rest
	case scheme == "ssh" || scheme == "git+ssh":
		return scheme + "://" + user + "@" + rest
	}
	return scheme + "://" + rest
}
