package repotest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

// A Proxy stands between a client and a remote, and breaks TCP connections by plan. It does not look into
// them, so over ssh, which is encrypted and answers from the start, Duplicate and SwallowReply only ever
// break; use a Gate and Cut there.
type Proxy struct {
	URL string // the remote's, by way of the proxy

	listener net.Listener
	target   string
	plan     func(connection int) Fault

	mu          sync.Mutex
	idle        sync.Cond
	closed      bool
	connections int
	running     int
	live        map[net.Conn]context.CancelFunc
}

// NewProxy makes a proxy to the remote with the given URL: http://host:port/… or ssh://user@host:port/….
// The plan is asked for each connection, counted from 1; nil breaks nothing.
func NewProxy(t testing.TB, remote string, plan func(connection int) Fault) *Proxy {
	t.Helper()
	u, err := url.Parse(remote)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u.Host, listener: listener, plan: plan, live: map[net.Conn]context.CancelFunc{}}
	p.idle.L = &p.mu
	u.Host = p.Addr()
	p.URL = u.String()
	go p.accept()
	t.Cleanup(p.Close)
	return p
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.connections++
		n := p.connections
		p.running++
		p.mu.Unlock()
		go func() {
			defer func() {
				p.mu.Lock()
				p.running--
				p.idle.Broadcast()
				p.mu.Unlock()
			}()
			var f Fault
			if p.plan != nil {
				f = p.plan(n)
			}
			p.serve(conn.(*net.TCPConn), f)
		}()
	}
}

func (p *Proxy) serve(client *net.TCPConn, f Fault) {
	ctx, done := p.hold(client)
	defer done()
	wait(ctx, f.Delay)
	if f.Refuse {
		client.SetLinger(0)
		return
	}
	if f.Silence {
		io.Copy(io.Discard, client)
		return
	}
	server, hangUp := p.dial(ctx)
	if server == nil {
		return
	}
	defer hangUp()

	var sent bytes.Buffer
	var up io.Reader = client
	if f.Duplicate {
		up = io.TeeReader(client, &sent)
	}
	upDone := make(chan struct{})
	go func() {
		defer close(upDone)
		if forward(server, up, f.DropAfterUp) {
			client.Close()
			server.Close()
		}
		server.CloseWrite()
	}()
	switch {
	case f.SwallowReply:
		swallow(server)
	case !forward(client, server, f.DropAfterDown) && f.Duplicate:
		io.Copy(io.Discard, server) // the client has hung up; the server may be at work
	}
	client.Close()
	server.Close()
	<-upDone
	if f.Duplicate {
		p.replay(ctx, sent.Bytes())
	}
}

// forward copies until the end, or until so many bytes, and reports whether these were it.
func forward(to io.Writer, from io.Reader, limit int64) bool {
	if limit == 0 {
		io.Copy(to, from)
		return false
	}
	n, _ := io.CopyN(to, from, limit)
	return n == limit
}

// swallow reads one reply to its end, which is when the server is done. What is not HTTP is not awaited.
func swallow(server net.Conn) {
	r := bufio.NewReader(server)
	for {
		reply, err := http.ReadResponse(r, nil)
		if err != nil {
			return
		}
		io.Copy(io.Discard, reply.Body)
		if reply.StatusCode >= 200 { // and no "100 Continue"
			return
		}
	}
}

func (p *Proxy) replay(ctx context.Context, sent []byte) {
	server, hangUp := p.dial(ctx)
	if server == nil {
		return
	}
	defer hangUp()
	go func() {
		server.Write(sent)
		server.CloseWrite()
	}()
	io.Copy(io.Discard, server)
}

// dial is nil where the remote does not answer, or the proxy was cut while it waited.
func (p *Proxy) dial(ctx context.Context) (server *net.TCPConn, done func()) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.target)
	if err != nil {
		return nil, nil
	}
	server = conn.(*net.TCPConn)
	_, done = p.hold(server)
	return server, done
}

// hold puts a connection within the reach of Cut, until done, which closes it.
func (p *Proxy) hold(conn net.Conn) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live[conn] = cancel
	if p.closed {
		conn.Close()
		cancel()
	}
	return ctx, func() {
		cancel()
		conn.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.live, conn)
	}
}

// Addr is the proxy's host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Connections is how many connections clients have opened.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connections
}

// Cut ends all present connections, on both sides, now.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn, cancel := range p.live {
		cancel()
		conn.Close()
	}
}

// Wait returns when all connections have ended, and with them the second deliveries of Duplicate.
func (p *Proxy) Wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running > 0 {
		p.idle.Wait()
	}
}

// Close cuts all connections and takes no more.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.listener.Close()
	p.Cut()
	p.Wait()
}
