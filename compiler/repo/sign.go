package repo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// A Signer signs commits with an SSH or a GPG key.
type Signer struct {
	ssh ssh.Signer      // or nil, and then
	pgp *openpgp.Entity // it is this one
}

// NewSigner reads a private key, of OpenSSH or in PEM, or an armored PGP private key block. The
// passphrase may be empty.
func NewSigner(key []byte, passphrase string) (*Signer, error) {
	var s Signer
	var err error
	switch text := string(key); {
	case strings.TrimSpace(text) == "":
		err = errors.New("there is no key")
	case strings.Contains(text, "BEGIN PGP PUBLIC KEY"):
		err = errors.New("this is the public key; give the private one: gpg --armor --export-secret-keys KEY")
	case strings.Contains(text, "BEGIN PGP"):
		s.pgp, err = pgpKey(key, passphrase)
	default:
		s.ssh, err = sshKey(key, passphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return &s, nil
}

// NewAgentSigner signs with a key that the ssh agent holds. It is named by its public key: the line of
// a .pub file.
func NewAgentSigner(public string) (*Signer, error) {
	wanted, _, _, _, err := ssh.ParseAuthorizedKey([]byte(strings.TrimPrefix(public, "key::"))) // as git's user.signingKey may have it
	if err != nil {
		return nil, errors.New("signing key: this is no public ssh key; give the text of the .pub file")
	}
	keys, err := agentKeys()
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	for _, k := range keys {
		if sameKey(k.public, wanted) {
			return &Signer{ssh: k}, nil
		}
	}
	return nil, fmt.Errorf("signing key: the ssh agent does not hold %s; add it with ssh-add", ssh.FingerprintSHA256(wanted))
}

// Sign is the armored signature of a commit's bytes. An SSH signature has no time; the time of a PGP
// signature is at, and its key has to be valid then.
func (s *Signer) Sign(commit []byte, at time.Time) (string, error) {
	if s.ssh != nil {
		sig, err := sshsig.Sign(bytes.NewReader(commit), s.ssh, sshsig.HashSHA512, "git")
		if err != nil {
			return "", fmt.Errorf("sign: %w", err)
		}
		return string(sshsig.Armor(sig)), nil
	}
	if err := usable(s.pgp, at); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	var sig bytes.Buffer
	config := &packet.Config{Time: func() time.Time { return at }}
	if err := openpgp.ArmoredDetachSign(&sig, s.pgp, bytes.NewReader(commit), config); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return strings.TrimRight(sig.String(), "\n") + "\n", nil
}

// pgpKey reads an armored private key.
func pgpKey(key []byte, passphrase string) (*openpgp.Entity, error) {
	entities, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(key))
	if err != nil {
		return nil, fmt.Errorf("this is no private key: %w", err)
	}
	if len(entities) != 1 || entities[0].PrivateKey == nil {
		return nil, fmt.Errorf("there should be one private key, and there are %d; export it alone: gpg --armor --export-secret-keys KEY", len(entities))
	}
	e := entities[0]
	if !encrypted(e) {
		return e, nil
	}
	if passphrase == "" {
		return nil, lockedKey{}
	}
	if err := e.DecryptPrivateKeys([]byte(passphrase)); err != nil {
		return nil, errors.New("the passphrase does not open the key")
	}
	return e, nil
}

func encrypted(e *openpgp.Entity) bool {
	locked := func(k *packet.PrivateKey) bool { return k != nil && !k.Dummy() && k.Encrypted }
	for _, sub := range e.Subkeys {
		if locked(sub.PrivateKey) {
			return true
		}
	}
	return locked(e.PrivateKey)
}

// usable says why a key cannot sign at a time.
func usable(e *openpgp.Entity, at time.Time) error {
	id := e.PrimaryKey.KeyIdString()
	const day = time.DateOnly
	if made := e.PrimaryKey.CreationTime; made.After(at) {
		return fmt.Errorf("PGP key %s was made on %s, and the commit is of %s", id, made.UTC().Format(time.DateTime), at.UTC().Format(time.DateTime))
	}
	if e.Revoked(at) {
		return fmt.Errorf("PGP key %s is revoked", id)
	}
	self, _ := e.PrimarySelfSignature()
	if self != nil && e.PrimaryKey.KeyExpired(self, at) {
		ended := e.PrimaryKey.CreationTime.Add(time.Duration(*self.KeyLifetimeSecs) * time.Second)
		return fmt.Errorf("PGP key %s expired on %s; prolong it, and export it anew", id, ended.UTC().Format(day))
	}
	k, ok := e.SigningKey(at)
	if !ok {
		return fmt.Errorf("PGP key %s has no part that may sign on %s", id, at.UTC().Format(day))
	}
	if k.PrivateKey == nil || k.PrivateKey.Dummy() {
		return fmt.Errorf("PGP key %s lacks the private part that signs, %s; export it with that: gpg --armor --export-secret-keys KEY", id, k.PublicKey.KeyIdString())
	}
	return nil
}
