package main

import (
	"cmp"
	"fmt"
	"net/mail"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pintle-dev/pintle/compiler"
	"github.com/pintle-dev/pintle/compiler/commit"
	"github.com/pintle-dev/pintle/compiler/repo"
)

// remoteFlags are how the charts repo is reached and written, for all commands that do.
type remoteFlags struct {
	charts, cache     string
	author, committer string
	signKey           string
	by, reason        string
	timeout           time.Duration
	writes            bool
}

// reading adds what a command needs that only reads.
func (f *remoteFlags) reading(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.charts, "charts", "", "the charts repo: a folder or a URL (default: the declared one)")
	cmd.Flags().StringVar(&f.cache, "cache", cmp.Or(os.Getenv("PINTLE_CACHE"), repo.CacheDir()), "where what was fetched is kept; empty keeps nothing (default: $PINTLE_CACHE, or your folder for caches)")
	cmd.Flags().Lookup("cache").DefValue = ""
}

// writing adds what a command needs that writes.
func (f *remoteFlags) writing(cmd *cobra.Command) {
	f.reading(cmd)
	f.writes = true
	cmd.Flags().StringVar(&f.by, "by", "", "who asks (default: $PINTLE_BY, the CI's user, or yours)")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why")
	cmd.Flags().StringVar(&f.author, "author", "", `"Name <mail>" of commits (default: $GIT_AUTHOR_NAME and _EMAIL, or pintle)`)
	cmd.Flags().StringVar(&f.committer, "committer", "", `"Name <mail>" (default: $GIT_COMMITTER_NAME and _EMAIL, or the author)`)
	cmd.Flags().StringVar(&f.signKey, "sign-key", os.Getenv("PINTLE_SIGN_KEY"), "sign commits with this SSH or GPG private key, or a .pub file whose key is in the ssh agent (default: $PINTLE_SIGN_KEY)")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 2*time.Minute, "give up when it has not worked for so long")
	cmd.Flags().Lookup("sign-key").DefValue = ""
}

// options are the flags as the compiler takes them.
func (f *remoteFlags) options(p *program) (compiler.ChartsOptions, error) {
	o := compiler.ChartsOptions{
		Options: compiler.Options{Config: p.config, Charts: f.charts},
		By:      cmp.Or(f.by, asker(os.Getenv)), Reason: f.reason,
	}
	if f.writes && f.timeout <= 0 {
		return o, fmt.Errorf("--timeout %s leaves no time; give a duration such as 30s or 2m", f.timeout)
	}
	var err error
	if o.At, err = now(); err != nil {
		return o, err
	}
	auth, err := repo.AuthFrom(os.Getenv)
	if err != nil {
		return o, err
	}
	note := func(s string) { fmt.Fprintf(p.stderr, "pintle: %s\n", s) }
	o.Remote = repo.RemoteOptions{Cache: f.cache, Auth: auth, Note: note}
	o.Commit = commit.Options{Deadline: f.timeout, Note: note}
	if o.Commit.Author, err = person(f.author, "AUTHOR", repo.Person{Name: "pintle", Email: "pintle@localhost"}); err != nil {
		return o, err
	}
	if o.Commit.Committer, err = person(f.committer, "COMMITTER", o.Commit.Author); err != nil {
		return o, err
	}
	if f.signKey != "" {
		o.Commit.Signer, err = signer(f.signKey)
	}
	return o, err
}

// now is the time, or what PINTLE_NOW says it is.
func now() (time.Time, error) {
	said := os.Getenv("PINTLE_NOW")
	if said == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, said)
	if err != nil || at.Unix() < 0 || at.Year() > 9000 {
		return at, fmt.Errorf("PINTLE_NOW is %q; write a time since 1970, such as 2026-03-02T15:00:00Z", said)
	}
	return at, nil
}

// person is who a flag names, or git's own variables.
func person(flag, variable string, otherwise repo.Person) (repo.Person, error) {
	if flag != "" {
		a, err := mail.ParseAddress(flag)
		if err != nil {
			return repo.Person{}, fmt.Errorf(`%q names nobody; write "Name <mail@example.org>"`, flag)
		}
		return repo.Person{Name: cmp.Or(a.Name, a.Address), Email: a.Address}, nil
	}
	return repo.Person{
		Name:  cmp.Or(os.Getenv("GIT_"+variable+"_NAME"), otherwise.Name),
		Email: cmp.Or(os.Getenv("GIT_"+variable+"_EMAIL"), otherwise.Email),
	}, nil
}

// asker is who asks: what is said, else who started the CI's run, else who is logged in.
func asker(getenv func(string) string) string {
	for _, name := range []string{"PINTLE_BY", "GITHUB_ACTOR", "GITLAB_USER_LOGIN"} {
		if who := getenv(name); who != "" {
			return who
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return getenv("USER")
}

func signer(file string) (*repo.Signer, error) {
	key, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--sign-key %s: %w", file, reason(err))
	}
	sign := func() (*repo.Signer, error) { return repo.NewSigner(key, os.Getenv("PINTLE_SIGN_PASSPHRASE")) }
	if strings.HasSuffix(file, ".pub") {
		sign = func() (*repo.Signer, error) { return repo.NewAgentSigner(string(key)) }
	}
	s, err := sign()
	if err != nil {
		return nil, fmt.Errorf("--sign-key %s: %w", file, err)
	}
	return s, nil
}

// inPart is the answer of a command that has done a part of what was asked, and said so.
func inPart(refused int) error {
	if refused > 0 {
		return errNo
	}
	return nil
}
