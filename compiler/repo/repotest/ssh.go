package repotest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// An SSHServer is an sshd on a loopback port, with a host key and one authorized key of its own, which
// runs git as the user who runs the test.
//
// The package holds the port and starts one `sshd -i` for each connection. So the port is there before
// any sshd is, and stays when the host key changes.
type SSHServer struct {
	URL         string // ssh://user@127.0.0.1:port/path/of/the/repository
	KeyFile     string // the client's private key; the public one lies beside it, as .pub
	KnownHosts  string // a file that names the first host key
	HostKeyFile string // the server's private key

	t        testing.TB
	sshd     string
	config   string
	listener *net.TCPListener
	sessions sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running map[*exec.Cmd]bool
}

// SSH serves the bare repository in dir, and whatever else its user may read. The test is skipped where
// OpenSSH is not installed.
//
// An sshd that runs as root wants a folder for privilege separation, such as /run/sshd. Where the
// machine has not made it, because it runs no sshd of its own, SSH does.
func SSH(t testing.TB, dir string) *SSHServer {
	t.Helper()
	sshd := findSSHD(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	s := &SSHServer{
		URL:         fmt.Sprintf("ssh://%s@%s%s", me.Username, listener.Addr(), filepath.ToSlash(dir)),
		KeyFile:     filepath.Join(home, "client_key"),
		KnownHosts:  filepath.Join(home, "known_hosts"),
		HostKeyFile: filepath.Join(home, "host_key"),
		t:           t, sshd: sshd, config: filepath.Join(home, "sshd_config"), listener: listener,
		running: map[*exec.Cmd]bool{},
	}
	t.Cleanup(s.Close)
	newKey(t, s.KeyFile)
	newKey(t, s.HostKeyFile)
	s.Trust(s.Addr())
	s.configure()
	s.check()
	s.sessions.Go(s.accept)
	return s
}

// findSSHD looks beside PATH as well: where an sshd lies, few users have it in theirs.
func findSSHD(t testing.TB) string {
	t.Helper()
	for _, tool := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s is installed, so there is nothing to test ssh with", tool)
		}
	}
	for _, name := range []string{"sshd", "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"} {
		if at, err := exec.LookPath(name); err == nil {
			return at // absolute, which sshd insists on
		}
	}
	t.Skip("no sshd is installed, so there is nothing to test ssh with")
	return ""
}

func newKey(t testing.TB, at string) {
	t.Helper()
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "repotest", "-f", at).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
}

func (s *SSHServer) configure() {
	s.t.Helper()
	config := fmt.Sprintf(`HostKey %q
AuthorizedKeysFile %q
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PermitUserRC no
SetEnv "PATH=%s" HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=%s
LogLevel VERBOSE
`, s.HostKeyFile, s.KeyFile+".pub", os.Getenv("PATH"), os.DevNull)
	if err := os.WriteFile(s.config, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

var missingFolder = regexp.MustCompile(`Missing privilege separation directory: (\S+)`)

// check has sshd read its configuration, and skips the test if this machine is not made for it.
func (s *SSHServer) check() {
	s.t.Helper()
	test := func() (string, error) {
		out, err := exec.Command(s.sshd, "-t", "-f", s.config).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	out, err := test()
	if m := missingFolder.FindStringSubmatch(out); err != nil && m != nil {
		if mkdir := os.MkdirAll(m[1], 0o755); mkdir != nil {
			s.t.Skipf("sshd does not run here: %v", mkdir)
		}
		out, err = test()
	}
	if err != nil && strings.Contains(out, "rivilege separation") {
		s.t.Skipf("sshd does not run here: %s", out)
	}
	if err != nil {
		s.t.Fatalf("sshd: %v\n%s", err, out)
	}
}

func (s *SSHServer) accept() {
	for {
		conn, err := s.listener.AcceptTCP()
		if err != nil {
			return
		}
		cmd, err := s.start(conn)
		if err != nil {
			s.t.Errorf("sshd: %v", err)
			continue
		}
		if cmd == nil {
			return
		}
		s.sessions.Go(func() {
			cmd.Wait() // sshd fails whenever its client leaves early
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.running, cmd)
		})
	}
}

// start hands the connection to an sshd. It is nil if the server was closed meanwhile.
func (s *SSHServer) start(conn *net.TCPConn) (*exec.Cmd, error) {
	defer conn.Close()
	socket, err := conn.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	cmd := exec.Command(s.sshd, "-i", "-f", s.config, "-E", s.logFile())
	cmd.Stdin, cmd.Stdout = socket, socket
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.running[cmd] = true
	return cmd, nil
}

func (s *SSHServer) logFile() string { return s.config + ".log" }

// Addr is the server's host:port.
func (s *SSHServer) Addr() string { return s.listener.Addr().String() }

// Command is an ssh, for GIT_SSH_COMMAND or core.sshCommand, that uses the client's key, believes the
// known hosts and nobody else, and never asks.
func (s *SSHServer) Command() string {
	return fmt.Sprintf("ssh -F none -i %s -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=%s -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes -o BatchMode=yes",
		shellQuote(s.KeyFile), shellQuote(s.KnownHosts))
}

// Trust adds the server's present host key to the known hosts, for an address by which clients come: the
// server's after NewHostKey, or a Proxy's.
func (s *SSHServer) Trust(addr string) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := os.ReadFile(s.HostKeyFile + ".pub")
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := os.OpenFile(s.KnownHosts, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "[%s]:%s %s", host, port, key); err != nil {
		s.t.Fatal(err)
	}
}

// NewHostKey gives the server another host key, on the same port. The known hosts keep the old one.
func (s *SSHServer) NewHostKey() {
	s.t.Helper()
	fresh := s.HostKeyFile + ".new"
	newKey(s.t, fresh)
	for _, suffix := range []string{"", ".pub"} {
		if err := os.Rename(fresh+suffix, s.HostKeyFile+suffix); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Close ends all sessions and takes no more.
func (s *SSHServer) Close() {
	s.mu.Lock()
	s.closed = true
	for cmd := range s.running {
		cmd.Process.Signal(syscall.SIGTERM)
	}
	s.mu.Unlock()
	s.listener.Close()
	s.sessions.Wait()
	if said, err := os.ReadFile(s.logFile()); err == nil && s.t.Failed() && len(said) > 0 {
		s.t.Logf("sshd said:\n%s", said)
	}
}
