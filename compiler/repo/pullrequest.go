package repo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// A PullRequest asks to have one branch of a repository merged into another.
type PullRequest struct {
	Head, Base  string // branches
	Title, Body string
	Keep        bool // leave the text of one that is open already
}

// OpenPullRequest opens a pull request through GitHub's REST API, or finds the open one of the same
// branches and brings its title and body up to date. It reports its URL and whether it is new.
func (r *Remote) OpenPullRequest(ctx context.Context, pr PullRequest) (url string, created bool, err error) {
	host, owner, name, ok := gitHubRepo(r.url)
	if !ok {
		return "", false, fmt.Errorf("charts repo %s: this is no repository on GitHub, so no pull request can be opened; leave --open-pr out", r.url)
	}
	token, api, err := r.opts.Auth.apiToken(ctx, host)
	if err != nil {
		return "", false, err
	}
	return openPullRequest(ctx, apiClient(), api, owner, name, token, pr)
}

// openPullRequest opens a pull request through GitHub's REST API, or finds the open one of the same
// branches and gives it this title and body. It reports its URL and whether it is new.
func openPullRequest(ctx context.Context, client *http.Client, api, owner, repo, token string, pr PullRequest) (at string, created bool, err error) {
	fail := func(err error) (string, bool, error) {
		return "", false, fmt.Errorf("pull request of %s to %s in %s/%s: %w", pr.Head, pr.Base, owner, repo, err)
	}
	pulls := api + "/repos/" + url.PathEscape(owner) + "/" + url.PathEscape(repo) + "/pulls"
	find := func() (*pull, error) { return findPull(ctx, client, pulls, owner, token, pr) }

	open, err := find()
	if err != nil {
		return fail(err)
	}
	if open == nil {
		var made pull
		in := map[string]string{"title": pr.Title, "head": pr.Head, "base": pr.Base, "body": pr.Body}
		err := callGitHub(ctx, client, http.MethodPost, pulls, token, in, &made)
		if err == nil {
			return made.URL, true, nil
		}
		var refused apiError
		if !errors.As(err, &refused) || !strings.Contains(refused.Message, "already exists") {
			return fail(err)
		}
		// Somebody else opened it meanwhile.
		if open, err = find(); err != nil {
			return fail(err)
		}
		if open == nil {
			return fail(refused)
		}
	}
	if pr.Keep || open.Title == pr.Title && open.Body == pr.Body {
		return open.URL, false, nil
	}
	in := map[string]string{"title": pr.Title, "body": pr.Body}
	if err := callGitHub(ctx, client, http.MethodPatch, fmt.Sprintf("%s/%d", pulls, open.Number), token, in, open); err != nil {
		return fail(err)
	}
	return open.URL, false, nil
}

// pull is a pull request as GitHub has it.
type pull struct {
	Number int
	URL    string `json:"html_url"`
	Title  string
	Body   string
	Head   struct{ Ref string }
	Base   struct{ Ref string }
}

// findPull is the open pull request of two branches, or nil.
func findPull(ctx context.Context, client *http.Client, pulls, owner, token string, pr PullRequest) (*pull, error) {
	query := url.Values{"state": {"open"}, "head": {owner + ":" + pr.Head}, "base": {pr.Base}}
	var found []pull
	if err := callGitHub(ctx, client, http.MethodGet, pulls+"?"+query.Encode(), token, nil, &found); err != nil {
		return nil, err
	}
	for i, p := range found {
		if p.Head.Ref == pr.Head && p.Base.Ref == pr.Base {
			return &found[i], nil
		}
	}
	return nil, nil
}

// gitHubRepo is the repository that a remote's URL names, if it has the shape of one of GitHub's.
// The host has its port, where that is not the usual one.
func gitHubRepo(remote string) (host, owner, repo string, ok bool) {
	ep, err := transport.NewEndpoint(remote)
	if err != nil {
		return "", "", "", false
	}
	switch ep.Protocol {
	case "http", "https":
		host = hostPort(ep)
	case "ssh":
		host = ep.Host // the port is the one of ssh
		if strings.EqualFold(host, "ssh.github.com") {
			host = "github.com" // its way through firewalls
		}
	default:
		return "", "", "", false
	}
	path := strings.TrimSuffix(strings.Trim(ep.Path, "/"), ".git")
	owner, repo, ok = strings.Cut(path, "/")
	if !ok || host == "" || owner == "" || repo == "" || strings.Contains(repo, "/") {
		return "", "", "", false
	}
	return host, owner, repo, true
}
