package repo

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const signedAt = 1772463600 // 2026-03-02T15:00:00Z

// commitBytes is a commit that is not signed yet.
func commitBytes() string {
	return fmt.Sprintf("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Pintle <pintle@test> %d +0000\ncommitter Pintle <pintle@test> %d +0000\n\nfrontend 1.2.0\n\nKind: bump\n", signedAt, signedAt)
}

// writeSigned signs a commit and writes it as git does. It is the commit's id.
func writeSigned(t *testing.T, repo string, s *Signer) string {
	t.Helper()
	commit := commitBytes()
	sig, err := s.Sign([]byte(commit), time.Unix(signedAt, 0))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(sig, "-----\n") || strings.HasSuffix(sig, "\n\n") {
		t.Errorf("the signature ends with %q", sig[len(sig)-10:])
	}
	header := "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(sig, "\n"), "\n", "\n ") + "\n"
	head, message, _ := strings.Cut(commit, "\n\n")
	return strings.TrimSpace(run(t, head+"\n"+header+"\n"+message, "git", "-C", repo, "hash-object", "-t", "commit", "-w", "--stdin"))
}

func bareRepo(t *testing.T) string {
	t.Helper()
	need(t, "git")
	repo := filepath.Join(t.TempDir(), "charts.git")
	run(t, "", "git", "init", "-q", "--bare", "-b", "main", repo)
	return repo
}

// git itself finds the signatures good, whichever the key.
func TestSignSSH(t *testing.T) {
	need(t, "ssh-keygen")
	machine(t)
	repo, dir := bareRepo(t), t.TempDir()
	signers := put(t, filepath.Join(dir, "signers"), "")
	run(t, "", "git", "-C", repo, "config", "gpg.format", "ssh")
	run(t, "", "git", "-C", repo, "config", "gpg.ssh.allowedSignersFile", signers)
	for _, tc := range []struct{ kind, passphrase, format string }{
		{"ed25519", "", ""}, {"rsa", "", ""}, {"ecdsa", "", ""}, {"ed25519", "open sesame", ""}, {"rsa", "", "PEM"}, {"rsa", "open sesame", "PEM"},
	} {
		name := strings.TrimSpace(tc.kind + " " + tc.format + " " + tc.passphrase)
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			args := []string{"-q", "-t", tc.kind, "-N", tc.passphrase, "-C", "pintle@test", "-f", file}
			if tc.kind == "rsa" {
				args = append(args, "-b", "2048")
			}
			if tc.format != "" {
				args = append(args, "-m", tc.format)
			}
			run(t, "", "ssh-keygen", args...)
			key, public := readFile(t, file), readFile(t, file+".pub")
			s, err := NewSigner([]byte(key), tc.passphrase)
			if err != nil {
				t.Fatal(err)
			}
			put(t, signers, "pintle@test "+public)
			out := run(t, "", "git", "-C", repo, "verify-commit", writeSigned(t, repo, s))
			if !strings.Contains(out, `Good "git" signature for pintle@test`) {
				t.Errorf("git says %s", out)
			}
			if tc.passphrase != "" {
				return
			}
			serveAgent(t, file)
			s, err = NewAgentSigner(public)
			if err != nil {
				t.Fatal(err)
			}
			run(t, "", "git", "-C", repo, "verify-commit", writeSigned(t, repo, s))
		})
	}
}

// The same commit at the same time has the same signature, so that it has the same id.
func TestSignIsTheSameTwice(t *testing.T) {
	need(t, "ssh-keygen")
	file := filepath.Join(t.TempDir(), "key")
	run(t, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file)
	s, err := NewSigner([]byte(readFile(t, file)), "")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := s.Sign([]byte(commitBytes()), time.Unix(signedAt, 0))
	b, _ := s.Sign([]byte(commitBytes()), time.Unix(signedAt, 0))
	if a == "" || a != b {
		t.Errorf("got %s and %s", a, b)
	}
}

// A gnupg is a GNUPGHOME of the test's own.
type gnupg struct{ dir string }

func newGnuPG(t *testing.T) gnupg {
	t.Helper()
	need(t, "gpg")
	dir, err := os.MkdirTemp("", "gpg") // its agent's socket wants a short name
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNUPGHOME", dir)
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "all").Run()
		os.RemoveAll(dir)
	})
	return gnupg{dir}
}

// key makes a key on 2026-01-01 and exports it.
func (g gnupg) key(t *testing.T, name, kind, passphrase, expire string) (fingerprint, private string) {
	t.Helper()
	pass := []string{"--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase, "--faked-system-time", "20260101T000000!"}
	run(t, "", "gpg", append(pass, "--quick-generate-key", name+" <"+name+"@test>", kind, "sign", expire)...)
	for line := range strings.Lines(run(t, "", "gpg", "--with-colons", "--list-keys", name)) {
		if f := strings.Split(line, ":"); f[0] == "fpr" && fingerprint == "" {
			fingerprint = f[9]
		}
	}
	return fingerprint, run(t, "", "gpg", append(pass, "--armor", "--export-secret-keys", fingerprint)...)
}

func TestSignGPG(t *testing.T) {
	machine(t)
	repo, g := bareRepo(t), newGnuPG(t)
	for _, tc := range []struct{ name, kind, passphrase string }{
		{"edward", "ed25519", ""}, {"ronald", "rsa2048", ""}, {"sesame", "ed25519", "open sesame"}, {"nistor", "nistp256", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, key := g.key(t, tc.name, tc.kind, tc.passphrase, "never")
			s, err := NewSigner([]byte(key), tc.passphrase)
			if err != nil {
				t.Fatal(err)
			}
			out := run(t, "", "git", "-C", repo, "verify-commit", "--raw", writeSigned(t, repo, s))
			if !strings.Contains(out, "GOODSIG") || !strings.Contains(out, fmt.Sprintf(" %d ", signedAt)) {
				t.Errorf("git says %s", out)
			}
			if tc.passphrase == "" {
				return
			}
			for passphrase, want := range map[string]string{"": "the key is encrypted, and no passphrase is given", "x": "the passphrase does not open the key"} {
				if _, err := NewSigner([]byte(key), passphrase); err == nil || err.Error() != "signing key: "+want {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	t.Run("public key", func(t *testing.T) {
		fingerprint, _ := g.key(t, "public", "ed25519", "", "never")
		_, err := NewSigner([]byte(run(t, "", "gpg", "--armor", "--export", fingerprint)), "")
		if err == nil || !strings.Contains(err.Error(), "gpg --armor --export-secret-keys") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("times", func(t *testing.T) {
		_, key := g.key(t, "shortly", "ed25519", "", "20260201T000000")
		s, err := NewSigner([]byte(key), "")
		if err != nil {
			t.Fatal(err)
		}
		for day, want := range map[string]string{
			"2026-01-15": "",
			"2026-03-02": " expired on 2026-02-01; prolong it, and export it anew",
			"2025-12-31": " was made on 2026-01-01 00:00:00, and the commit is of 2025-12-31 00:00:00",
		} {
			at, err := time.Parse(time.DateOnly, day)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Sign([]byte(commitBytes()), at)
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
				t.Errorf("%s: got %v", day, err)
			}
		}
	})
	t.Run("subkey alone", func(t *testing.T) {
		fingerprint, _ := g.key(t, "subkey", "ed25519", "", "never")
		pass := []string{"--batch", "--pinentry-mode", "loopback", "--passphrase", ""}
		run(t, "", "gpg", append(pass, "--faked-system-time", "20260102T000000!", "--quick-add-key", fingerprint, "ed25519", "sign", "never")...)
		s, err := NewSigner([]byte(run(t, "", "gpg", append(pass, "--armor", "--export-secret-subkeys", fingerprint)...)), "")
		if err != nil {
			t.Fatal(err)
		}
		run(t, "", "git", "-C", repo, "verify-commit", writeSigned(t, repo, s))
	})
	t.Run("primary is elsewhere", func(t *testing.T) {
		fingerprint, _ := g.key(t, "elsewhere", "ed25519", "", "never")
		pass := []string{"--batch", "--pinentry-mode", "loopback", "--passphrase", ""}
		run(t, "", "gpg", append(pass, "--faked-system-time", "20260102T000000!", "--quick-add-key", fingerprint, "cv25519", "encr", "never")...)
		s, err := NewSigner([]byte(run(t, "", "gpg", append(pass, "--armor", "--export-secret-subkeys", fingerprint)...)), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Sign([]byte(commitBytes()), time.Unix(signedAt, 0)); err == nil || !strings.Contains(err.Error(), "lacks the private part that signs") {
			t.Errorf("got %v", err)
		}
	})
}

func TestSignKeyErrors(t *testing.T) {
	need(t, "ssh-keygen")
	file := filepath.Join(t.TempDir(), "key")
	run(t, "", "ssh-keygen", "-q", "-t", "rsa", "-N", "open sesame", "-f", file)
	key, public := readFile(t, file), readFile(t, file+".pub")
	for _, tc := range []struct{ name, key, passphrase, want string }{
		{"none", " \n", "", "there is no key"},
		{"encrypted", key, "", "the key is encrypted, and no passphrase is given"},
		{"wrong passphrase", key, "x", "the passphrase does not open the key"},
		{"public", public, "", "this is the public key"},
		{"public PEM", run(t, "", "ssh-keygen", "-e", "-m", "PKCS8", "-f", file+".pub"), "", "this is the public key"},
		{"public RFC 4716", run(t, "", "ssh-keygen", "-e", "-f", file+".pub"), "", "this is the public key"},
		{"PKCS 8, encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "x", "ssh-keygen -p -f FILE"},
		{"text", "hello", "", "this is no private key"},
		{"PGP, cut off", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA", "", "this is no private key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := NewSigner([]byte(tc.key), tc.passphrase)
			if err == nil || !strings.HasPrefix(err.Error(), "signing key: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	machine(t)
	agent := func(public, want string) {
		t.Helper()
		if _, err := NewAgentSigner(public); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	agent("hello", "give the text of the .pub file")
	agent(public, "there is no ssh agent")
	serveAgent(t)
	agent(public, "the ssh agent has no key")
	other := filepath.Join(t.TempDir(), "key")
	run(t, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other)
	serveAgent(t, other)
	agent(public, "add it with ssh-add")
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
