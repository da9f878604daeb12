package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// A HostKeyError is a host that does not prove that it is the one that was asked for.
type HostKeyError struct {
	Host        string // with its port
	Changed     bool   // another key is known for it
	Revoked     bool   // somebody marked the key as one not to trust
	Fingerprint string // of the key that it offers
	File        string // where known keys are, or which of its lines is about this host: FILE:LINE
}

func (e *HostKeyError) Error() string {
	host, port, err := net.SplitHostPort(e.Host)
	if err != nil {
		host, port = e.Host, "22"
	}
	name, option := e.Host, "-p "+port+" "
	if port == "22" {
		name, option = host, ""
	}
	switch {
	case e.Revoked:
		return fmt.Sprintf("the host key of %s (%s) is one that %s revokes", name, e.Fingerprint, e.File)
	case e.Changed:
		return fmt.Sprintf("the host key of %s has changed: it now offers %s, and %s has another; somebody may be listening in; if the change is meant, remove that line",
			name, e.Fingerprint, e.File)
	}
	return fmt.Sprintf("the host key of %s is not known (%s); compare it with what its owner publishes, then add it: ssh-keyscan %s%s >> %s",
		name, e.Fingerprint, option, host, e.File)
}

// hostKeys checks the key of the host at an address, and says which kinds to ask it for.
func (a Auth) hostKeys(address string) (ssh.HostKeyCallback, []string, error) {
	files := a.knownHosts()
	there := slices.DeleteFunc(slices.Clone(files), func(name string) bool {
		_, err := os.Stat(name)
		return errors.Is(err, fs.ErrNotExist)
	})
	db, err := knownhosts.NewDB(there...)
	if err != nil {
		return nil, nil, fmt.Errorf("known hosts: %s", strings.TrimPrefix(err.Error(), "knownhosts: "))
	}
	check := func(host string, remote net.Addr, key ssh.PublicKey) error {
		err := db.HostKeyCallback()(host, remote, key)
		e := &HostKeyError{Host: host, Fingerprint: ssh.FingerprintSHA256(key), File: files[0]}
		var unmatched *xknownhosts.KeyError
		var revoked *xknownhosts.RevokedError
		switch {
		case errors.As(err, &revoked):
			e.Revoked, e.File = true, line(revoked.Revoked)
		case !errors.As(err, &unmatched):
			return err
		case len(unmatched.Want) > 0:
			known := unmatched.Want[0]
			if i := slices.IndexFunc(unmatched.Want, func(k xknownhosts.KnownKey) bool { return k.Key.Type() == key.Type() }); i >= 0 {
				known = unmatched.Want[i]
			}
			e.Changed, e.File = true, line(known)
		}
		return e
	}
	return check, preferred(db.HostKeyAlgorithms(address)), nil
}

func line(k xknownhosts.KnownKey) string { return k.Filename + ":" + strconv.Itoa(k.Line) }

// knownHosts are the files that say which keys are known.
func (a Auth) knownHosts() []string {
	if a.KnownHosts != "" {
		return []string{a.KnownHosts}
	}
	if files := filepath.SplitList(os.Getenv("SSH_KNOWN_HOSTS")); len(files) > 0 {
		return files
	}
	files := []string{"/etc/ssh/ssh_known_hosts"}
	if home, err := os.UserHomeDir(); err == nil {
		files = slices.Insert(files, 0, filepath.Join(home, ".ssh", "known_hosts"))
	}
	return files
}

// preferred are the kinds of host keys to ask for, the known ones first: a host that has several is
// to show the one that is known. The others follow, so that one which has no longer a known kind shows
// that it has changed. A certificate is of use only where its authority is known. Of an unknown host,
// people compare the kind that ssh itself would show.
func preferred(known []string) []string {
	supported := ssh.SupportedAlgorithms().HostKeys
	plain := slices.DeleteFunc(slices.Clone(supported), func(kind string) bool { return strings.Contains(kind, "-cert-v01@") })
	var kinds []string
	for _, kind := range slices.Concat(known, []string{ssh.KeyAlgoED25519}, plain) {
		if slices.Contains(supported, kind) && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
