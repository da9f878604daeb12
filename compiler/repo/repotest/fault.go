package repotest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// A Fault is what goes wrong with one connection (of a Proxy) or one request (of RequestFaults). Its zero
// value is that nothing does. Faults can be combined: Delay with any other, Duplicate with SwallowReply.
type Fault struct {
	// Refuse cuts before anything is read. On a proxy it is a reset after the connection was accepted.
	Refuse bool

	// Silence reads what the client sends and never answers, until one of them hangs up.
	Silence bool

	// Delay passes before anything else happens.
	Delay time.Duration

	// DropAfterUp cuts when so many bytes of the client have reached the server: of the connection, or of
	// the request's body. 0 is never.
	DropAfterUp int64

	// DropAfterDown cuts when so many bytes of the server have reached the client: of the connection, or
	// of the reply's body. 0 is never; SwallowReply is for none at all.
	DropAfterDown int64

	// SwallowReply gives the server everything, lets it finish, and cuts before the client has seen one byte
	// of the reply: what was asked for is done, and nobody knows.
	SwallowReply bool

	// Duplicate delivers a second time what the client sent, after the first delivery is done, and drops the
	// second reply.
	Duplicate bool
}

// RequestFaults breaks requests on their way to next. The plan says how, given the request's number,
// counted from 1. Cutting ends the whole connection, as it would in the field.
//
// The backend finishes before the client is cut; only DropAfterUp ends its input early.
func RequestFaults(next http.Handler, plan func(n int, r *http.Request) Fault) http.Handler {
	var requests atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := plan(int(requests.Add(1)), r)
		wait(r.Context(), f.Delay)
		if f.Refuse {
			panic(http.ErrAbortHandler)
		}
		if f.Silence {
			io.Copy(io.Discard, r.Body) // the server watches for a hang-up once the body is read
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		f.serve(next, w, r)
	})
}

func (f Fault) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	var again *http.Request
	if f.Duplicate {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		again = r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
	}
	c := &cable{ResponseWriter: w, body: r.Body, up: f.DropAfterUp, down: f.DropAfterDown}
	if f.SwallowReply {
		c.cut.Store(true)
		c.ResponseWriter = unheard{}
	}
	if f.DropAfterUp > 0 {
		r.Body = struct {
			io.Reader
			io.Closer
		}{c, r.Body}
	}
	next.ServeHTTP(c, r)
	if again != nil {
		next.ServeHTTP(unheard{}, again)
	}
	if c.cut.Load() {
		panic(http.ErrAbortHandler)
	}
}

// A cable is one request and its reply, which may be cut on either way. A backend whose reply is cut is
// not told, lest it is killed in the middle of its work.
type cable struct {
	http.ResponseWriter
	body     io.Reader
	up, down int64
	cut      atomic.Bool
}

var errCut = errors.New("the connection was cut")

func (c *cable) Read(p []byte) (int, error) {
	if c.up <= 0 {
		return 0, errCut
	}
	n, err := c.body.Read(p[:min(int64(len(p)), c.up)])
	c.up -= int64(n)
	if c.up == 0 {
		c.cut.Store(true)
	}
	return n, err
}

func (c *cable) Write(p []byte) (int, error) {
	if c.cut.Load() {
		return len(p), nil
	}
	if c.down == 0 {
		return c.ResponseWriter.Write(p)
	}
	n, err := c.ResponseWriter.Write(p[:min(int64(len(p)), c.down)])
	if c.down -= int64(n); c.down == 0 {
		c.cut.Store(true)
		http.NewResponseController(c.ResponseWriter).Flush()
	}
	if err != nil {
		return n, err
	}
	return len(p), nil
}

// unheard is where a reply goes that nobody gets.
type unheard struct{}

func (unheard) Header() http.Header         { return http.Header{} }
func (unheard) WriteHeader(int)             {}
func (unheard) Write(p []byte) (int, error) { return len(p), nil }

// wait lets d pass, or less when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
