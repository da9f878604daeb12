package repo

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// An sshServer is a real sshd on a loopback port, with one bare repository.
type sshServer struct {
	dir  string // keys: host_ed25519, host_rsa, user, locked (by "open sesame"), other
	port string
	url  string
}

func startSSH(t *testing.T) *sshServer {
	t.Helper()
	sshd := "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		sshd = need(t, "sshd")
	}
	need(t, "ssh-keygen")
	need(t, "git")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Skipf("sshd wants /run/sshd, which cannot be made here: %v", err)
		}
	}
	s := &sshServer{dir: t.TempDir(), port: freePort(t)}
	keygen := func(name, kind, passphrase string) {
		args := []string{"-q", "-t", kind, "-N", passphrase, "-C", name, "-f", s.file(name)}
		if kind == "rsa" {
			args = append(args, "-b", "2048") // the default takes seconds
		}
		run(t, "", "ssh-keygen", args...)
	}
	keygen("host_ed25519", "ed25519", "")
	keygen("host_rsa", "rsa", "")
	keygen("user", "ed25519", "")
	keygen("user_rsa", "rsa", "")
	keygen("locked", "ecdsa", "open sesame")
	keygen("other", "ed25519", "")
	allowed := ""
	for _, name := range []string{"user", "user_rsa", "locked"} {
		allowed += s.read(t, name+".pub")
	}
	put(t, s.file("allowed"), allowed)
	charts := filepath.Join(s.dir, "charts.git")
	run(t, "", "git", "init", "-q", "--bare", "-b", "main", charts)
	commit := strings.TrimSpace(run(t, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx\n",
		"git", "-C", charts, "hash-object", "-t", "commit", "-w", "--stdin"))
	run(t, "", "git", "-C", charts, "update-ref", "refs/heads/main", commit)
	s.url = fmt.Sprintf("ssh://%s@127.0.0.1:%s%s", me.Username, s.port, charts)

	config := put(t, s.file("config"), strings.Join([]string{
		"ListenAddress 127.0.0.1", "Port " + s.port, "PidFile " + s.file("pid"),
		"HostKey " + s.file("host_ed25519"), "HostKey " + s.file("host_rsa"),
		"AuthorizedKeysFile " + s.file("allowed"), "StrictModes no", "UsePAM no",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes", "",
	}, "\n"))
	var log bytes.Buffer
	cmd := exec.Command(sshd, "-D", "-e", "-f", config)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("sshd says:\n%s", log.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+s.port, time.Second)
		if err == nil {
			_ = conn.Close()
			return s
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("sshd ended: %v\n%s", err, log.String())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatal("sshd does not answer")
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (s *sshServer) file(name string) string { return filepath.Join(s.dir, name) }

func (s *sshServer) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(s.file(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// known is a known_hosts file that has one of the server's keys, or another one for it.
func (s *sshServer) known(t *testing.T, name string) string {
	t.Helper()
	return put(t, filepath.Join(t.TempDir(), "known_hosts"), fmt.Sprintf("# ours\n[127.0.0.1]:%s %s", s.port, s.read(t, name+".pub")))
}

// heads asks the server for the heads of its repository.
func (s *sshServer) heads(t *testing.T, a Auth) (transport.AuthMethod, error) {
	t.Helper()
	ep := endpoint(t, s.url)
	m, err := a.method(t.Context(), ep)
	if err != nil {
		return nil, err
	}
	session, err := gitssh.NewClient(nil).NewUploadPackSession(bare(ep), m)
	if err != nil {
		return m, err
	}
	defer session.Close()
	adv, err := session.AdvertisedReferencesContext(t.Context())
	if err == nil && adv.References["refs/heads/main"].IsZero() {
		t.Errorf("got %v", adv.References)
	}
	return m, err
}

// serveAgent is a real agent that holds keys, at SSH_AUTH_SOCK.
func serveAgent(t *testing.T, files ...string) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.ParseRawPrivateKey(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: filepath.Base(name)}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // the name of a socket may have about a hundred letters
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skipf("no agent can be served here: %v", err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn); conn.Close() }()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(dir, "s"))
}

func copyKey(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	put(t, to, string(data))
}

func TestSSHKeys(t *testing.T) {
	s := startSSH(t)
	host := s.known(t, "host_ed25519")
	for _, tc := range []struct {
		name string
		auth Auth
		set  func(home string)
		want string // in the error
	}{
		{"key file", Auth{SSHKey: s.file("user")}, nil, ""},
		{"rsa key file", Auth{SSHKey: s.file("user_rsa")}, nil, ""},
		{"the key itself", Auth{SSHKey: s.read(t, "user")}, nil, ""},
		{"encrypted key file", Auth{SSHKey: s.file("locked"), SSHPassphrase: "open sesame"}, nil, ""},
		{"encrypted, no passphrase", Auth{SSHKey: s.file("locked")}, nil, "PINTLE_SSH_KEY: the key is encrypted, and no passphrase is given"},
		{"encrypted, wrong passphrase", Auth{SSHKey: s.file("locked"), SSHPassphrase: "x"}, nil, "the passphrase does not open the key"},
		{"public key", Auth{SSHKey: s.file("user.pub")}, nil, "give the private one"},
		{"no such file", Auth{SSHKey: s.file("none")}, nil, "no such file"},
		{"key that the server does not know", Auth{SSHKey: s.file("other")}, nil, "unable to authenticate"},
		{"agent", Auth{}, func(string) { serveAgent(t, s.file("other"), s.file("user")) }, ""},
		{"agent with rsa", Auth{}, func(string) { serveAgent(t, s.file("user_rsa")) }, ""},
		{"named key before agent", Auth{SSHKey: s.file("other")}, func(string) { serveAgent(t, s.file("user")) }, "unable to authenticate"},
		{"agent does not help, file does", Auth{}, func(home string) {
			serveAgent(t, s.file("other"))
			copyKey(t, s.file("user"), filepath.Join(home, ".ssh", "id_ed25519"))
		}, ""},
		{"dead agent", Auth{}, func(home string) {
			t.Setenv("SSH_AUTH_SOCK", filepath.Join(home, "gone"))
			copyKey(t, s.file("user_rsa"), filepath.Join(home, ".ssh", "id_rsa"))
		}, ""},
		{"IdentityFile", Auth{}, func(home string) {
			put(t, filepath.Join(home, ".ssh", "config"), "Host 127.*\n  IdentityFile ~/keys/%h\n")
			copyKey(t, s.file("user"), filepath.Join(home, "keys", "127.0.0.1"))
		}, ""},
		{"encrypted user's key", Auth{SSHPassphrase: "open sesame"}, func(home string) {
			copyKey(t, s.file("locked"), filepath.Join(home, ".ssh", "id_ecdsa"))
		}, ""},
		{"only an encrypted user's key", Auth{}, func(home string) {
			copyKey(t, s.file("locked"), filepath.Join(home, ".ssh", "id_ecdsa"))
		}, "id_ecdsa: the key is encrypted, and no passphrase is given"},
		{"nothing at all", Auth{}, nil, "there is no ssh key to show: there is no ssh agent; there is none in ~/.ssh that can be used; start an ssh agent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home := machine(t)
			if tc.set != nil {
				tc.set(home)
			}
			tc.auth.KnownHosts = host
			_, err := s.heads(t, tc.auth)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// After a refusal, the method says what was offered; a key that the agent has is offered once.
func TestSSHSaysWhatWasOffered(t *testing.T) {
	s := startSSH(t)
	home := machine(t)
	serveAgent(t, s.file("other"))
	copyKey(t, s.file("other"), filepath.Join(home, ".ssh", "id_ed25519"))
	copyKey(t, s.file("locked"), filepath.Join(home, ".ssh", "id_ecdsa"))
	m, err := s.heads(t, Auth{KnownHosts: s.known(t, "host_rsa")})
	if err == nil || m == nil {
		t.Fatalf("got %v, %v", m, err)
	}
	want := fmt.Sprintf("with the agent's key other; not with %s: the key is encrypted, and no passphrase is given", filepath.Join(home, ".ssh", "id_ecdsa"))
	if !strings.HasSuffix(m.String(), want) {
		t.Errorf("it says %s", m)
	}
}

func TestSSHUser(t *testing.T) {
	home := machine(t)
	key := put(t, filepath.Join(home, "key"), run(t, "", "sh", "-c", "ssh-keygen -q -t ed25519 -N '' -f "+home+"/k && cat "+home+"/k"))
	put(t, filepath.Join(home, ".ssh", "config"), "Host work\n  User deploy\n")
	for url, want := range map[string]string{
		"ssh://github.com/o/r": "git", "me@github.com:o/r": "me", "work:o/r": "deploy", "me@work:o/r": "me",
	} {
		m, err := (Auth{SSHKey: key}).method(t.Context(), endpoint(t, url))
		if err != nil || m.(*sshMethod).user != want {
			t.Errorf("%s: got %v, %v", url, m, err)
		}
	}
}

func TestSSHHostKeys(t *testing.T) {
	s := startSSH(t)
	key := func(name string) string { return s.read(t, name+".pub") }
	here := "[127.0.0.1]:" + s.port
	for _, tc := range []struct {
		name  string
		lines string // of known_hosts
		want  string // of the error: unknown, changed or revoked
		line  int
	}{
		{"known by ed25519", here + " " + key("host_ed25519"), "", 0},
		{"known by rsa only", here + " " + key("host_rsa"), "", 0},
		{"known by both", here + " " + key("host_rsa") + here + " " + key("host_ed25519"), "", 0},
		{"hashed", knownhosts.Line([]string{"x"}, publicKey(t, key("host_rsa"))) + "\n" + xknownhosts.HashHostname(here) + " " + key("host_ed25519"), "", 0},
		{"wildcard", "127.0.0.* " + key("host_ed25519"), "", 0},
		{"empty", "", "unknown", 0},
		{"another port", "[127.0.0.1]:1 " + key("host_ed25519"), "unknown", 0},
		{"changed", "# a comment\n" + here + " " + key("other"), "changed", 2},
		{"known by a kind that it no longer has", here + " " + key("locked"), "changed", 1},
		{"revoked", "@revoked " + here + " " + key("host_ed25519"), "revoked", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home := machine(t)
			file := put(t, filepath.Join(home, "known_hosts"), tc.lines)
			_, err := s.heads(t, Auth{SSHKey: s.file("user"), KnownHosts: file})
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *HostKeyError
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Changed != (tc.want == "changed") || e.Revoked != (tc.want == "revoked") || e.Fingerprint == "" {
				t.Errorf("got %+v", e)
			}
			if tc.line > 0 && e.File != fmt.Sprintf("%s:%d", file, tc.line) {
				t.Errorf("it points to %s", e.File)
			}
			if tc.want == "unknown" {
				want := fmt.Sprintf("the host key of 127.0.0.1:%s is not known (%s); compare it with what its owner publishes, then add it: ssh-keyscan -p %s 127.0.0.1 >> %s",
					s.port, e.Fingerprint, s.port, file)
				if e.Error() != want {
					t.Errorf("got  %s\nwant %s", e, want)
				}
			}
		})
	}
	t.Run("message of a changed key", func(t *testing.T) {
		file := s.known(t, "other")
		_, err := s.heads(t, Auth{SSHKey: s.file("user"), KnownHosts: file})
		want := fmt.Sprintf("the host key of 127.0.0.1:%s has changed: it now offers %s, and %s:2 has another; somebody may be listening in; if the change is meant, remove that line",
			s.port, ssh.FingerprintSHA256(publicKey(t, key("host_ed25519"))), file)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
	t.Run("no file at all, and then what the message says to do", func(t *testing.T) {
		need(t, "ssh-keyscan")
		file := filepath.Join(machine(t), "known hosts")
		a := Auth{SSHKey: s.file("user"), KnownHosts: file}
		_, err := s.heads(t, a)
		var e *HostKeyError
		if !errors.As(err, &e) || e.Changed || e.File != file {
			t.Fatalf("got %v", err)
		}
		put(t, file, run(t, "", "sh", "-c", "ssh-keyscan -p "+s.port+" 127.0.0.1 2>/dev/null"))
		if _, err := s.heads(t, a); err != nil {
			t.Error(err)
		}
	})
	t.Run("the user's file", func(t *testing.T) {
		home := machine(t)
		_, err := s.heads(t, Auth{SSHKey: s.file("user")})
		var e *HostKeyError
		if !errors.As(err, &e) || e.File != filepath.Join(home, ".ssh", "known_hosts") {
			t.Fatalf("got %v", err)
		}
		copyKey(t, s.known(t, "host_ed25519"), e.File)
		if _, err := s.heads(t, Auth{SSHKey: s.file("user")}); err != nil {
			t.Error(err)
		}
		t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(home, "elsewhere"))
		if _, err := s.heads(t, Auth{SSHKey: s.file("user")}); !errors.As(err, &e) || e.File != filepath.Join(home, "elsewhere") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file that is damaged", func(t *testing.T) {
		machine(t)
		file := put(t, filepath.Join(t.TempDir(), "known_hosts"), "github.com what?\n")
		_, err := s.heads(t, Auth{SSHKey: s.file("user"), KnownHosts: file})
		if err == nil || !strings.Contains(err.Error(), file+":1") {
			t.Errorf("got %v", err)
		}
	})
}

// A host that shows a certificate is trusted for its authority.
func TestSSHHostCertificate(t *testing.T) {
	s := startSSH(t)
	machine(t)
	run(t, "", "ssh-keygen", "-q", "-s", s.file("other"), "-I", "here", "-h", "-n", "127.0.0.1", s.file("host_ed25519.pub"))
	conf := s.read(t, "config") + "HostCertificate " + s.file("host_ed25519-cert.pub") + "\n"
	put(t, s.file("config"), conf)
	run(t, "", "sh", "-c", "kill -HUP $(cat "+s.file("pid")+")")
	file := put(t, filepath.Join(t.TempDir(), "known_hosts"), "@cert-authority [127.0.0.1]:"+s.port+" "+s.read(t, "other.pub"))
	var err error
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); { // until it has read its configuration again
		if _, err = s.heads(t, Auth{SSHKey: s.file("user"), KnownHosts: file}); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	// Who knows nothing of authorities is asked to trust the key itself.
	var e *HostKeyError
	if _, err := s.heads(t, Auth{SSHKey: s.file("user"), KnownHosts: filepath.Join(t.TempDir(), "none")}); !errors.As(err, &e) || e.Changed {
		t.Errorf("got %v", err)
	}
}

func publicKey(t *testing.T, line string) ssh.PublicKey {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return key
}
