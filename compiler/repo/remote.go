package repo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/file"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// A Remote is a charts repo on any git remote. It is read from a branch's head, which is kept in a
// shallow store, and written by a compare-and-swap on the head that was read. History is never
// walked, so it costs nothing.
type Remote struct {
	url      string // without secrets
	endpoint *transport.Endpoint
	client   transport.Transport
	opts     RemoteOptions
	store    *store                                 // nil until it is first read
	pending  *session[transport.ReceivePackSession] // opened to write, and not used yet
}

// RemoteOptions say how to reach a remote. The zero value keeps nothing on disk and proves nothing.
type RemoteOptions struct {
	Cache   string        // the folder for shallow stores, one for each remote; "" keeps them in memory
	Auth    Auth          // who asks
	Silence time.Duration // how long a remote may say nothing; 0 is 30 s
	Note    func(string)  // is told what goes on in spite of some trouble; nil is fine
}

// NewRemote is the charts repo at a URL: a folder, file://, http(s)://, ssh:// or host:path.
// Nothing is asked of it yet.
func NewRemote(url string, o RemoteOptions) (*Remote, error) {
	if o.Silence == 0 {
		o.Silence = 30 * time.Second
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	r := &Remote{url: redact(url), opts: o}
	where := url
	if info, err := os.Stat(url); err == nil {
		if !info.IsDir() {
			return nil, fmt.Errorf("charts repo %s: it is a file; name a git repository", url)
		}
		if where, err = filepath.Abs(url); err != nil {
			return nil, err
		}
	}
	var err error
	if r.endpoint, err = transport.NewEndpoint(where); err != nil {
		return nil, fmt.Errorf("charts repo %s: this is no address of a git repository", r.url)
	}
	switch r.endpoint.Protocol {
	case "file":
		if _, err := os.Stat(r.endpoint.Path); err != nil {
			return nil, fmt.Errorf("charts repo: there is no folder %s", r.endpoint.Path)
		}
		r.client = file.DefaultClient
	case "http", "https":
		r.client = githttp.NewClient(&http.Client{Transport: quiet(o.Silence)})
	case "ssh":
		r.client = gitssh.NewClient(nil)
	default:
		return nil, fmt.Errorf("charts repo %s: there is no way to reach %s://; use a folder, https:// or ssh://", r.url, r.endpoint.Protocol)
	}
	return r, nil
}

// CheckBranch says why a branch cannot be called so, or nil: by git's own rules, and without the beginning
// that git gives to branches.
func CheckBranch(name string) error {
	if strings.HasPrefix(name, "refs/") || strings.HasPrefix(name, "-") || name == "HEAD" ||
		plumbing.NewBranchReferenceName(name).Validate() != nil {
		return fmt.Errorf("%q is no name for a branch; write one such as config-update", name)
	}
	return nil
}

// String is the URL without secrets.
func (r *Remote) String() string { return r.url }

// quiet is an HTTP transport that gives up on a server which says nothing for so long.
func quiet(silence time.Duration) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	dialer := &net.Dialer{Timeout: silence, KeepAlive: 30 * time.Second}
	t.DialContext = dialer.DialContext
	t.TLSHandshakeTimeout = silence
	t.ResponseHeaderTimeout = 0 // a push is answered when its hooks are done; push has its own patience
	return t
}

// A silentError is a remote that said nothing for too long.
type silentError struct{ d time.Duration }

func (e silentError) Error() string { return fmt.Sprintf("it said nothing for %s", e.d) }

// heard runs one step of a conversation, and gives up when the remote says nothing for too long.
// What the step was given is abandoned then; its context is cancelled.
func heard[T any](ctx context.Context, silence time.Duration, step func(context.Context, func()) (T, error)) (T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(silence, func() { cancel(silentError{silence}) })
	defer timer.Stop()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := step(ctx, func() { timer.Reset(silence) })
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		if r.err != nil && ctx.Err() != nil {
			r.err = context.Cause(ctx)
		}
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// A listener tells that something was heard.
type listener struct {
	io.Reader
	heard func()
}

func (l listener) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.heard()
	}
	return n, err
}

// A session is one conversation with the remote, in either direction, after the remote has said
// which branches there are.
type session[S transport.Session] struct {
	conn S
	adv  *packp.AdvRefs
	auth transport.AuthMethod
}

// hangUp ends a conversation.
func (s *session[S]) hangUp() { hangUp(s.conn) }

// hangUp ends what is left of a conversation. It waits for the other side a moment and no longer: it may
// still have much to say that nobody wants to hear, and a program that git has started there may hold the
// line as long as it runs.
func hangUp(conn io.Closer) {
	done := make(chan struct{})
	go func() {
		if r, ok := conn.(io.Reader); ok {
			_, _ = io.Copy(io.Discard, r)
		}
		_ = conn.Close() // whatever it says, we are done
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// connect opens a conversation. Credentials are made anew for each.
func connect[S transport.Session](ctx context.Context, r *Remote, open func(*transport.Endpoint, transport.AuthMethod) (S, error)) (*session[S], error) {
	auth, err := r.opts.Auth.method(ctx, r.endpoint)
	if err != nil {
		return nil, r.failed(err)
	}
	// go-git's ssh dials before it can be told to stop, so all of this can be abandoned.
	s, err := heard(ctx, r.opts.Silence, func(ctx context.Context, _ func()) (*session[S], error) {
		s := &session[S]{auth: auth}
		var err error
		// A copy: go-git lets a redirect change it, and the next attempt's secrets would follow.
		if s.conn, err = open(bare(r.endpoint), auth); err != nil {
			return nil, err
		}
		if s.adv, err = s.conn.AdvertisedReferencesContext(ctx); err != nil || ctx.Err() != nil {
			s.hangUp()
			return nil, cmp.Or(err, ctx.Err())
		}
		return s, nil
	})
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, Fault{Remote: r.url, Kind: Empty, Err: errors.New("it has no commit yet"), Fix: "push a first commit, such as a README, to it"}
	}
	if err != nil {
		if refusedCredentials(err) {
			r.opts.Auth.rejected(ctx, r.endpoint, auth)
			if auth != nil && r.endpoint.Protocol == "ssh" {
				err = fmt.Errorf("%w (%s)", err, auth)
			}
		}
		return nil, r.failed(err)
	}
	r.opts.Auth.approved(ctx, r.endpoint, auth)
	return s, nil
}

// branches are the heads that a remote advertises.
func branches(adv *packp.AdvRefs) map[string]plumbing.Hash {
	heads := map[string]plumbing.Hash{}
	for ref, hash := range adv.References {
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			heads[name] = hash
		}
	}
	return heads
}

// noBranch says what there is instead.
func (r *Remote) noBranch(branch string, adv *packp.AdvRefs) error {
	var names []string
	for name := range branches(adv) {
		names = append(names, name)
	}
	slices.Sort(names)
	const few = 10
	if len(names) > few {
		names = append(names[:few], "…")
	}
	return Fault{
		Remote: r.url, Kind: NoBranch, Err: fmt.Errorf("it has no branch %s", branch),
		Fix: "declare one that it has as chartsRepo: branch: it has " + strings.Join(names, ", "),
	}
}

// Branches are the heads of the remote's branches, by name.
func (r *Remote) Branches(ctx context.Context) (map[string]string, error) {
	s, err := connect(ctx, r, r.client.NewUploadPackSession)
	if err != nil {
		return nil, err
	}
	defer s.hangUp()
	heads := map[string]string{}
	for name, hash := range branches(s.adv) {
		heads[name] = hash.String()
	}
	return heads, nil
}

// Head is the branch's head as it is now. Of a head that is in the store already, nothing is fetched.
func (r *Remote) Head(ctx context.Context, branch string) (*Snapshot, error) {
	s, err := connect(ctx, r, r.client.NewUploadPackSession)
	if err != nil {
		return nil, err
	}
	defer func() { s.hangUp() }() // the one that is the last by then
	head, ok := branches(s.adv)[branch]
	if !ok {
		return nil, r.noBranch(branch, s.adv)
	}
	r.open()
	r.store.refresh()
	if snapshot, err := r.snapshot(branch, head); err == nil {
		return snapshot, nil
	}
	// The store does not have it, or no longer whole. What is missing is fetched; if that does not help,
	// the store is made anew; if the disk fails, it is made in memory.
	said := false
	for _, prepare := range []func() error{
		func() error { return nil },
		r.store.reset,
		func() error { r.store = memoryStore(); return nil },
	} {
		if err = prepare(); err != nil {
			continue
		}
		if err = r.fetch(ctx, s, branch, head); err == nil {
			var snapshot *Snapshot
			if snapshot, err = r.snapshot(branch, head); err == nil {
				return snapshot, nil
			}
		}
		if ctx.Err() != nil || !isStoreFault(err) {
			break
		}
		if r.store.dir != "" && !said {
			said = true
			r.opts.Note(fmt.Sprintf("the cache %s is of no use, so the charts repo is fetched anew: %v", r.store.dir, err))
		}
		again, err := connect(ctx, r, r.client.NewUploadPackSession)
		if err != nil {
			return nil, err
		}
		s.hangUp()
		s = again
		if head, ok = branches(s.adv)[branch]; !ok {
			return nil, r.noBranch(branch, s.adv)
		}
	}
	return nil, r.failed(err)
}

// HeadToWrite is the branch's head, read over the connection that Push will use: where nobody else has
// written, one conversation is enough. Close ends it where there is nothing to push.
func (r *Remote) HeadToWrite(ctx context.Context, branch string) (*Snapshot, error) {
	r.Close()
	s, err := connect(ctx, r, r.client.NewReceivePackSession)
	if err != nil {
		return nil, err
	}
	r.pending = s
	if head, ok := branches(s.adv)[branch]; ok {
		r.open()
		r.store.refresh()
		if snapshot, err := r.snapshot(branch, head); err == nil {
			return snapshot, nil
		}
	}
	snapshot, err := r.Head(ctx, branch)
	if err != nil || snapshot.id != branches(s.adv)[branch] {
		r.Close() // what it said is old by now
	}
	return snapshot, err
}

// Close ends a conversation that was begun to write, if one is open.
func (r *Remote) Close() {
	if r.pending != nil {
		r.pending.hangUp()
		r.pending = nil
	}
}

// open opens the store. Where that is not possible, memory will do.
func (r *Remote) open() {
	if r.store != nil {
		return
	}
	var err error
	if r.store, err = openStore(r.opts.Cache, bare(r.endpoint).String()); err != nil {
		r.opts.Note(fmt.Sprintf("the cache cannot be used, so everything is fetched anew: %v", err))
		r.store = memoryStore()
	}
}

// Turn waits for other processes of this machine that write to the same remote, for some seconds at the
// most. It is a courtesy; nothing depends on it. Call what it returns when the write is done.
func (r *Remote) Turn(ctx context.Context) (release func()) {
	ctx, cancel := context.WithTimeout(ctx, maxTurn)
	defer cancel()
	r.open()
	return r.store.turn(ctx)
}

// maxTurn is how long to wait for others of this machine: a writer before us may be waiting for a remote
// that is silent.
const maxTurn = 20 * time.Second

// Read gives f the branch's head, and once more if the store turns out to be damaged in the middle.
func (r *Remote) Read(ctx context.Context, branch string, f func(*Snapshot) error) error {
	for again := true; ; again = false {
		head, err := r.Head(ctx, branch)
		if err != nil {
			return err
		}
		if err = f(head); !isStoreFault(err) || !again {
			return err
		}
		r.opts.Note(fmt.Sprintf("the cache %s is damaged, so the charts repo is fetched anew: %v", r.store.dir, err))
	}
}

// fetch brings a head into the store: what has come since the head that is there, or the head's tree
// alone.
func (r *Remote) fetch(ctx context.Context, s *session[transport.UploadPackSession], branch string, head plumbing.Hash) error {
	req := packp.NewUploadPackRequestFromCapabilities(s.adv.Capabilities)
	req.Wants = []plumbing.Hash{head}
	limit := int64(0)
	if have, shallow := r.store.known(branch); !have.IsZero() && s.adv.Capabilities.Supports(capability.Shallow) {
		req.Haves, req.Shallows = []plumbing.Hash{have}, shallow
		limit = max(minIncrement, 2*r.store.size())
	} else if s.adv.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(1)
	}
	for _, c := range []capability.Capability{capability.Shallow, capability.NoProgress} {
		if s.adv.Capabilities.Supports(c) && (c != capability.Shallow || len(req.Shallows) > 0 || !req.Depth.IsZero()) {
			if err := req.Capabilities.Set(c); err != nil {
				return err
			}
		}
	}
	shallow, err := heard(ctx, r.opts.Silence, func(ctx context.Context, heard func()) ([]plumbing.Hash, error) {
		resp, err := s.conn.UploadPack(ctx, req)
		if err != nil {
			return nil, err
		}
		defer hangUp(resp)
		pack := demultiplexed(req.Capabilities, listener{resp, heard})
		if limit > 0 {
			pack = &limited{pack, limit}
		}
		return resp.Shallows, r.store.add(pack)
	})
	if err != nil {
		return err
	}
	return r.store.remember(branch, head, shallow)
}

// minIncrement is what an incremental fetch may bring in any case, in bytes. A branch that was
// rewritten has nothing in common with the store, and its whole history would follow.
const minIncrement = 8 << 20

type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return n, storeFault{errors.New("too much has changed since it was last read")}
	}
	return n, err
}

// snapshot is a commit that the store has.
func (r *Remote) snapshot(branch string, head plumbing.Hash) (*Snapshot, error) {
	if have, _ := r.store.known(branch); have != head {
		return nil, storeFault{errors.New("it has another head")}
	}
	return newSnapshot(r.store, head)
}

// OpenPullRequest opens a pull request through GitHub's REST API, or finds the open one of the same
// branches and brings its title and body up to date. It reports its URL and whether it is new.
func (r *Remote) OpenPullRequest(ctx context.Context, pr PullRequest) (url string, created bool, err error) {
	host, owner, name, ok := gitHubRepo(r.url)
	if !ok {
		return "", false, fmt.Errorf("charts repo %s: this is no repository on GitHub, so no pull request can be opened; leave --open-pr out", r.url)
	}
	token, api, err := r.opts.Auth.apiToken(ctx, host)
	if err != nil {
		return "", false, err
	}
	return openPullRequest(ctx, apiClient(), api, owner, name, token, pr)
}

// said is what a remote's hooks print, as one line.
func said(progress *bytes.Buffer) string {
	var lines []string
	for line := range strings.Lines(progress.String()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
