package repo

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
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
