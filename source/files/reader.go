package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

var (
	errTooLarge   = errors.New("too large")
	errNotRegular = errors.New("not a regular file any more")
)

const (
	minBuffer  = 64 << 10
	maxBuffer  = 64 << 20 // taken on the word of a file's size alone, which sparse files overstate
	keepBuffer = 4 << 20  // larger ones are given back after use
)

// reader reads one file after another into the same memory.
//
// Files are read, not mapped: one that is truncated meanwhile would end the process.
type reader struct {
	max int64 // bytes; 0: no limit
	buf []byte
}

// read returns what a file or symbolic link holds, valid until the next call.
func (r *reader) read(of *file) ([]byte, error) {
	if of.link {
		target, err := os.Readlink(of.path)
		return []byte(filepath.ToSlash(target)), err
	}
	if !of.named {
		return r.readRegular(of.path)
	}
	f, err := os.Open(of.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return r.readAll(f, info.Size(), info.Mode().IsRegular())
}

// readRegular reads a file that was a regular one when its directory was listed.
func (r *reader) readRegular(path string) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return r.readAll(f, size, true)
}

// readAll reads up to the end. The size is a hint: files grow and shrink while they are read,
// and some have none. But a regular file that has given as many bytes as it has, and fewer than were asked for, need not be asked
// again.
func (r *reader) readAll(f io.Reader, size int64, regular bool) ([]byte, error) {
	if r.max > 0 && size > r.max {
		return nil, errTooLarge
	}
	if len(r.buf) > keepBuffer {
		r.buf = nil
	}
	if first := min(size, maxBuffer); int64(len(r.buf)) <= first {
		r.buf = make([]byte, max(first+1, 2*int64(len(r.buf)), minBuffer)) // a byte to spare, to meet the end
	}
	n := 0
	for {
		if n == len(r.buf) {
			r.buf = append(r.buf, make([]byte, len(r.buf))...)
		}
		m, err := f.Read(r.buf[n:])
		n += m
		if r.max > 0 && int64(n) > r.max {
			return nil, errTooLarge
		}
		if err == io.EOF || err == nil && regular && int64(n) == size && n < len(r.buf) {
			return r.buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}
