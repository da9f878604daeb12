package repotest

import (
	"crypto/subtle"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// A Server is git's http-backend on a loopback port.
type Server struct {
	URL string // of the repository

	server         *httptest.Server
	sent, received atomic.Int64

	mu  sync.Mutex
	log []string
}

// HTTPOptions say how a Server differs from one that lets everybody do everything.
type HTTPOptions struct {
	// User and Password are demanded where User is set.
	User, Password string

	// Deny answers a request itself, unless its status is 0. It is asked after the password.
	Deny func(*http.Request) (status int, body string)

	// Faults is the plan of RequestFaults, which stand between the password and the backend.
	Faults func(n int, r *http.Request) Fault

	// OneRequestPerConnection turns keep-alive off. Without it libcurl, and so git, sends a request again
	// by itself if a connection that it had used before ends ahead of the reply. And a Proxy can aim at a
	// request: a push without a password is GET info/refs on connection 1, POST git-receive-pack on 2.
	OneRequestPerConnection bool
}

// HTTP serves the bare repository in dir, and those beside it. The test is skipped where git came
// without http-backend. Closing waits for the requests that are being answered.
func HTTP(t testing.TB, dir string, o HTTPOptions) *Server {
	t.Helper()
	backend := filepath.Join(Git(t, dir, "--exec-path"), "git-http-backend")
	if _, err := exec.LookPath(backend); err != nil {
		t.Skipf("git's http-backend is missing: %v", err)
	}
	var handler http.Handler = backendHandler(t, backend, dir)
	if o.Faults != nil {
		handler = RequestFaults(handler, o.Faults)
	}
	s := &Server{}
	s.server = httptest.NewUnstartedServer(s.logged(o.guard(handler)))
	s.server.Listener = &countingListener{s.server.Listener, s}
	s.server.Config.SetKeepAlivesEnabled(!o.OneRequestPerConnection)
	s.server.Start()
	s.URL = s.server.URL + "/" + url.PathEscape(filepath.Base(dir))
	t.Cleanup(s.Close)
	return s
}

func backendHandler(t testing.TB, backend, dir string) http.Handler {
	t.Helper()
	// A file, because with a pipe cgi would wait for every process that inherited it.
	stderr, err := os.Create(filepath.Join(t.TempDir(), "http-backend.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if said, err := os.ReadFile(stderr.Name()); err == nil && t.Failed() && len(said) > 0 {
			t.Logf("git http-backend said:\n%s", said)
		}
		stderr.Close()
	})
	env := []string{
		"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1",
		"HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Package cgi refuses a chunked body, as git sends it beyond 1 MiB. And http-backend, if it is told a
		// length that never comes, spins for ever (pipe_fixed_length in http-backend.c, seen in git 2.39).
		// Untold, it reads both to their end.
		r = r.Clone(r.Context())
		r.TransferEncoding = nil
		if r.ContentLength > 0 {
			r.ContentLength = -1
		}
		h := cgi.Handler{Path: backend, Dir: filepath.Dir(dir), Env: env, Stderr: stderr, Logger: log.New(stderr, "", 0)}
		if user, _, ok := r.BasicAuth(); ok {
			h.Env = append(slices.Clip(env), "REMOTE_USER="+user)
		}
		h.ServeHTTP(w, r)
	})
}

// guard asks for the password, then Deny.
func (o HTTPOptions) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); o.User != "" && !(same(user, o.User) && same(password, o.Password)) {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		if o.Deny != nil {
			if status, body := o.Deny(r); status != 0 {
				http.Error(w, body, status)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.log = append(s.log, r.Method+" "+r.RequestURI)
		s.mu.Unlock()
		// Without it, net/http would eat the rest of a body when the reply begins before its end.
		http.NewResponseController(w).EnableFullDuplex()
		next.ServeHTTP(w, r)
	})
}

// URLFor is URL with a user and a password in it.
func (s *Server) URLFor(user, password string) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		panic(err) // we made it
	}
	u.User = url.UserPassword(user, password)
	return u.String()
}

// Log is the requests so far, each as its method and its path with the query: "GET
// /remote.git/info/refs?service=git-upload-pack". A delivery that a Fault added is not a request.
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Requests is how many requests came in, those included that were denied or broken.
func (s *Server) Requests() int { return len(s.Log()) }

// Sent is how many bytes went to clients, HTTP headers included. What a client has read is counted.
func (s *Server) Sent() int64 { return s.sent.Load() }

// Received is how many bytes came from clients, HTTP headers included.
func (s *Server) Received() int64 { return s.received.Load() }

// Close cuts all connections and waits for the backends that are still at work.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

type countingListener struct {
	net.Listener
	server *Server
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c, l.server}, nil
}

type countingConn struct {
	net.Conn
	server *Server
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.server.received.Add(int64(n))
	return n, err
}

// Write counts first, so that a client that has the bytes finds them counted.
func (c *countingConn) Write(p []byte) (int, error) {
	c.server.sent.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.server.sent.Add(int64(n - len(p)))
	return n, err
}
