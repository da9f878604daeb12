package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// add takes a pack in.
func (s *store) add(pack io.Reader) error {
	source := &fallible{r: pack}
	var err error
	if s.dir != "" {
		err = s.addFile(source)
	} else {
		var p *packfile.Parser
		if p, err = packfile.NewParserWithStorage(packfile.NewScanner(source), s.objects); err == nil {
			_, err = p.Parse()
		}
	}
	switch {
	case err == nil || errors.Is(err, packfile.ErrEmptyPackfile):
		return nil
	case source.err != nil:
		return source.err // it is the remote that failed
	}
	return storeFault{err}
}

// addFile takes a pack in and makes its index. It is not left to go-git, which writes the index in place:
// whoever is killed then leaves a part of one, which the next takes for the whole.
func (s *store) addFile(source io.Reader) error {
	dir, err := s.packDir()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	defer f.Close()
	if _, err := io.Copy(f, source); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var w idxfile.Writer
	parser, err := packfile.NewParser(packfile.NewScanner(f), &w)
	if err != nil {
		return err
	}
	sum, err := parser.Parse()
	if err != nil {
		return err
	}
	index, err := encodedIndex(&w)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "pack-"+sum.String())
	if err := putFile(name+".idx", index); err != nil {
		return err
	}
	if err := errors.Join(f.Close(), os.Rename(f.Name(), name+".pack")); err != nil {
		return err
	}
	s.use()
	return nil
}

// addOwn takes a pack in that was made here. Its objects are known, so it need not be read again.
func (s *store) addOwn(p *pack) error {
	if s.dir == "" {
		return s.add(bytes.NewReader(p.data))
	}
	index, err := p.index()
	if err != nil {
		return err
	}
	dir, err := s.packDir()
	if err != nil {
		return storeFault{err}
	}
	name := filepath.Join(dir, "pack-"+p.sum.String())
	if err := putFile(name+".idx", index); err != nil {
		return err
	}
	if err := putFile(name+".pack", p.data); err != nil {
		return err
	}
	s.use()
	return nil
}

// packDir is where packs are. The index of one comes before it: to go-git a pack is there once its own
// file is, and one without an index spoils all others.
func (s *store) packDir() (string, error) {
	dir := filepath.Join(s.dir, fmt.Sprint(s.heads.Generation), "objects", "pack")
	return dir, os.MkdirAll(dir, 0o700)
}

// putFile writes a file beside and renames it, so that it is there whole or not at all.
func putFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return storeFault{err}
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return storeFault{err}
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return storeFault{err}
	}
	return nil
}

// fallible remembers whether it was the source that failed.
type fallible struct {
	r   io.Reader
	err error
}

func (f *fallible) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
