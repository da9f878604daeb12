package repo

import (
	"context"
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

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

// demultiplexed is a pack without what the remote says on the side.
func demultiplexed(c *capability.List, r io.Reader) io.Reader {
	switch {
	case c.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, r)
	case c.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, r)
	}
	return r
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
