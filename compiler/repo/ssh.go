package repo

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/kevinburke/ssh_config"
	sshagent "github.com/xanzy/ssh-agent"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// An sshMethod proves over ssh who asks, and has the host prove who answers.
type sshMethod struct {
	user       string
	keys       []ssh.Signer
	offered    []string // the keys, in words
	skipped    []string // why others are not offered
	check      ssh.HostKeyCallback
	algorithms []string // for the host's key, the known ones first
}

func (m *sshMethod) Name() string { return gitssh.PublicKeysCallbackName }

// String says what was offered, and what was not. It is for error texts.
func (m *sshMethod) String() string {
	s := "as " + m.user + " with " + strings.Join(m.offered, ", ")
	if len(m.offered) == 0 {
		s = "as " + m.user + " without a key"
	}
	return strings.Join(append([]string{s}, m.skipped...), "; ")
}

// ClientConfig is what go-git connects with.
func (m *sshMethod) ClientConfig() (*ssh.ClientConfig, error) {
	return &ssh.ClientConfig{
		User:              m.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(m.keys...)},
		HostKeyCallback:   m.check,
		HostKeyAlgorithms: m.algorithms,
		Timeout:           30 * time.Second, // of the dialling; go-git gives the handshake none
	}, nil
}

// ssh is what one attempt over ssh needs.
func (a Auth) ssh(ep *transport.Endpoint) (transport.AuthMethod, error) {
	config := readSSHConfig()
	m := &sshMethod{user: ep.User}
	if m.user == "" {
		m.user = config.first(ep.Host, "User")
	}
	if m.user == "" {
		m.user = gitssh.DefaultUsername
	}
	var err error
	if m.check, m.algorithms, err = a.hostKeys(sshAddress(ep)); err != nil {
		return nil, unproven(ep, err, "")
	}
	if a.SSHKey != "" {
		if err := m.only(a.SSHKey, a.SSHPassphrase); err != nil {
			return nil, unproven(ep, fmt.Errorf("PINTLE_SSH_KEY: %w", err), "")
		}
		return m, nil
	}
	m.agent()
	for _, name := range config.identities(ep.Host, m.user) {
		m.file(name, a.SSHPassphrase)
	}
	if len(m.keys) == 0 {
		m.skipped = append(m.skipped, "there is none in ~/.ssh that can be used")
		return nil, unproven(ep, fmt.Errorf("there is no ssh key to show: %s", strings.Join(m.skipped, "; ")),
			"start an ssh agent that has the key, or name its file in PINTLE_SSH_KEY")
	}
	return m, nil
}

// only offers one key, which is given as such or as a file.
func (m *sshMethod) only(key, passphrase string) error {
	data, err := keyOrFile(key)
	if err != nil {
		return err
	}
	signer, err := sshKey(data, passphrase)
	if err != nil {
		return err
	}
	m.offer(signer, "the key in PINTLE_SSH_KEY")
	return nil
}

// agent offers what the agent has.
func (m *sshMethod) agent() {
	keys, err := agentKeys()
	if err != nil {
		m.skipped = append(m.skipped, err.Error())
		return
	}
	for _, k := range keys {
		m.offer(k, "the agent's key "+k.comment)
	}
}

// file offers the key in a file, if there is one.
func (m *sshMethod) file(name, passphrase string) {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var signer ssh.Signer
	if err == nil {
		signer, err = sshKey(data, passphrase)
	}
	var locked lockedKey
	switch {
	case errors.As(err, &locked) && m.has(locked.public):
	case err != nil:
		m.skipped = append(m.skipped, fmt.Sprintf("not with %s: %v", name, err))
	default:
		m.offer(signer, name)
	}
}

// offer adds a key, unless it is there already: a server counts the attempts.
func (m *sshMethod) offer(k ssh.Signer, words string) {
	if !m.has(k.PublicKey()) {
		m.keys = append(m.keys, k)
		m.offered = append(m.offered, words)
	}
}

func (m *sshMethod) has(public ssh.PublicKey) bool {
	return public != nil && slices.ContainsFunc(m.keys, func(k ssh.Signer) bool {
		return sameKey(k.PublicKey(), public)
	})
}

func sameKey(a, b ssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// A lockedKey is an encrypted private key for which there is no passphrase.
type lockedKey struct {
	public ssh.PublicKey // nil if the file does not say
}

func (lockedKey) Error() string { return "the key is encrypted, and no passphrase is given" }

// sshKey reads a private key.
func sshKey(key []byte, passphrase string) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(key)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if passphrase == "" {
			return nil, lockedKey{locked.PublicKey}
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(key, []byte(passphrase))
	}
	text := string(key)
	switch {
	case err == nil:
		return signer, nil
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, errors.New("the passphrase does not open the key")
	case strings.TrimSpace(text) == "":
		return nil, errors.New("there is no key in it")
	case strings.Contains(text, "BEGIN ENCRYPTED PRIVATE KEY"):
		return nil, errors.New("the key is encrypted in a form (PKCS #8) that cannot be read; have it rewritten by ssh-keygen -p -f FILE")
	case isPublicKey(key):
		return nil, errors.New("this is the public key; give the private one, whose file has no .pub")
	case strings.Contains(text, "PuTTY-User-Key-File"):
		return nil, errors.New("this is a key of PuTTY; export it in PuTTYgen as an OpenSSH key")
	}
	return nil, fmt.Errorf("this is no private key: %s", strings.TrimPrefix(err.Error(), "ssh: "))
}

func isPublicKey(key []byte) bool {
	if bytes.Contains(key, []byte("PUBLIC KEY")) && !bytes.Contains(key, []byte("PRIVATE KEY")) {
		return true
	}
	_, _, _, _, err := ssh.ParseAuthorizedKey(key)
	return err == nil
}

// An agentKey is a private key that an ssh agent holds. The agent is asked anew for each signature,
// so no connection has to be kept.
type agentKey struct {
	public  ssh.PublicKey
	comment string
}

// agentKeys are the keys that the agent holds.
func agentKeys() ([]agentKey, error) {
	var keys []agentKey
	err := withAgent(func(a agent.Agent) error {
		list, err := a.List()
		for _, k := range list {
			if public, err := ssh.ParsePublicKey(k.Blob); err == nil { // another kind cannot be used here
				keys = append(keys, agentKey{public, k.Comment})
			}
		}
		return err
	})
	if err == nil && len(keys) == 0 {
		err = errors.New("the ssh agent has no key")
	}
	return keys, err
}

func (k agentKey) PublicKey() ssh.PublicKey { return k.public }

// Sign has the agent sign.
func (k agentKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm has the agent sign.
func (k agentKey) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (sig *ssh.Signature, err error) {
	err = withAgent(func(a agent.Agent) error {
		signers, err := a.Signers()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(signers, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), k.public) })
		if i < 0 {
			return fmt.Errorf("the ssh agent has no longer the key %s", ssh.FingerprintSHA256(k.public))
		}
		if s, ok := signers[i].(ssh.AlgorithmSigner); ok && algorithm != "" {
			sig, err = s.SignWithAlgorithm(rand, data, algorithm)
		} else {
			sig, err = signers[i].Sign(rand, data)
		}
		return err
	})
	return sig, err
}

// withAgent talks to the user's ssh agent.
func withAgent(talk func(agent.Agent) error) error {
	if !sshagent.Available() {
		return errors.New("there is no ssh agent")
	}
	a, conn, err := sshagent.New()
	if err != nil {
		return errors.New("the ssh agent at SSH_AUTH_SOCK does not answer")
	}
	if conn != nil { // Windows has no connection to close
		defer conn.Close()
	}
	if err := talk(a); err != nil {
		return fmt.Errorf("ssh agent: %w", err)
	}
	return nil
}

// An sshConfig is what the user's and the machine's configuration say of ssh.
type sshConfig struct {
	home  string
	files []*ssh_config.Config
}

// readSSHConfig reads it. A file that cannot be read says nothing, as it says nothing to go-git.
func readSSHConfig() sshConfig {
	var c sshConfig
	names := []string{"/etc/ssh/ssh_config"}
	if home, err := os.UserHomeDir(); err == nil {
		c.home = home
		names = slices.Insert(names, 0, filepath.Join(home, ".ssh", "config"))
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if config, err := ssh_config.Decode(f); err == nil {
			c.files = append(c.files, config)
		}
		_ = f.Close()
	}
	return c
}

func (c sshConfig) first(host, key string) string {
	for _, f := range c.files {
		if v, err := f.Get(host, key); err == nil && v != "" {
			return v
		}
	}
	return ""
}

// identities are the files in which the user's private keys for a host may be.
func (c sshConfig) identities(host, user string) []string {
	var names []string
	tokens := strings.NewReplacer("%%", "%", "%d", c.home, "%h", host, "%r", user)
	for _, f := range c.files {
		all, _ := f.GetAll(host, "IdentityFile")
		for _, name := range all {
			name = tokens.Replace(strings.Trim(name, `"`))
			if rest, ok := strings.CutPrefix(name, "~/"); ok {
				name = filepath.Join(c.home, rest)
			}
			names = append(names, name)
		}
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		names = append(names, filepath.Join(c.home, ".ssh", name))
	}
	return names
}

// sshAddress is where go-git will connect to.
func sshAddress(ep *transport.Endpoint) string {
	host, port := strings.Trim(ep.Host, "[]"), ep.Port
	if name := gitssh.DefaultSSHConfig.Get(ep.Host, "Hostname"); name != "" {
		host = name
		if p, err := strconv.Atoi(gitssh.DefaultSSHConfig.Get(ep.Host, "Port")); err == nil {
			port = p
		}
	}
	if port <= 0 {
		port = gitssh.DefaultPort
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
