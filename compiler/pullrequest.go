package compiler

import (
	"context"

	"github.com/pintle-dev/pintle/compiler/repo"
)

// OpenPullRequest opens a pull request for the branch that was written, or brings the open one up to
// date. It reports where it is, or "" where the branch has nothing that the other has not.
func OpenPullRequest(ctx context.Context, c *Committed) (url string, err error) {
	heads, err := c.remote.Branches(ctx)
	if err != nil || heads[c.Branch] == heads[c.into] {
		return "", err
	}
	pr := repo.PullRequest{Head: c.Branch, Base: c.into, Title: "Update from the declarations", Keep: len(c.Plan.Commits) == 0}
	if len(c.Plan.Commits) == 1 {
		pr.Title = c.Plan.Commits[0].Title
	}
	pr.Body = "Made by pintle from the declarations"
	if c.Source != "" {
		pr.Body += " at " + c.Source
	}
	pr.Body += ".\n"
	for _, made := range c.Plan.Commits {
		pr.Body += "\n* " + made.Title
	}
	url, _, err = c.remote.OpenPullRequest(ctx, pr)
	return url, err
}
