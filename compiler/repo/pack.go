package repo

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
	"runtime"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"golang.org/x/sync/errgroup"
)

// A pack is objects as git sends and stores them, with what its index says.
type pack struct {
	data    []byte
	sum     plumbing.Hash
	entries []packEntry
}

// A packEntry is where an object stands in a pack.
type packEntry struct {
	id     plumbing.Hash
	offset int
	crc    uint32 // of its bytes in the pack
}

// A section is a run of objects that are packed together, so that several processors can be at it.
type section struct {
	data    bytes.Buffer
	entries []packEntry // with offsets from the section's start
}

// perSection is how many objects make a section. What comes out does not depend on it.
const perSection = 256

// packed is a pack of whole objects. Deltas would cost more time than they save: what is new is small.
func packed(made []madeObject) (*pack, error) {
	sections := make([]section, (len(made)+perSection-1)/perSection)
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range sections {
		from := i * perSection
		workers.Go(func() error { return sections[i].pack(made[from:min(len(made), from+perSection)]) })
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("PACK")
	var word [8]byte
	binary.BigEndian.PutUint32(word[:4], 2) // version
	binary.BigEndian.PutUint32(word[4:], uint32(len(made)))
	out.Write(word[:])
	p := &pack{entries: make([]packEntry, 0, len(made))}
	for i := range sections {
		s := &sections[i]
		for _, e := range s.entries {
			e.offset += out.Len()
			p.entries = append(p.entries, e)
		}
		out.Write(s.data.Bytes())
		*s = section{}
	}
	p.sum = sha1.Sum(out.Bytes())
	out.Write(p.sum[:])
	p.data = out.Bytes()
	return p, nil
}

func (s *section) pack(made []madeObject) error {
	z, err := zlib.NewWriterLevel(&s.data, zlib.BestSpeed)
	if err != nil {
		return err
	}
	for _, o := range made {
		start := s.data.Len()
		// The kind and the lowest 4 bits of the size, then 7 bits a byte, as gitformat-pack(5) says.
		size := len(o.data)
		b := byte(o.kind)<<4 | byte(size&0xf)
		for size >>= 4; size > 0; size >>= 7 {
			s.data.WriteByte(b | 0x80)
			b = byte(size & 0x7f)
		}
		s.data.WriteByte(b)
		z.Reset(&s.data)
		if _, err := z.Write(o.data); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		s.entries = append(s.entries, packEntry{o.id, start, crc32.ChecksumIEEE(s.data.Bytes()[start:])})
	}
	return nil
}

// index is the pack's index file.
func (p *pack) index() ([]byte, error) {
	var w idxfile.Writer
	if err := w.OnHeader(uint32(len(p.entries))); err != nil {
		return nil, err
	}
	for _, e := range p.entries {
		if err := w.OnInflatedObjectContent(e.id, int64(e.offset), e.crc, nil); err != nil {
			return nil, err
		}
	}
	if err := w.OnFooter(p.sum); err != nil {
		return nil, err
	}
	return encodedIndex(&w)
}

func encodedIndex(w *idxfile.Writer) ([]byte, error) {
	index, err := w.Index()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	_, err = idxfile.NewEncoder(&out).Encode(index)
	return out.Bytes(), err
}
