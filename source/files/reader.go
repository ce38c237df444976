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
func (r *reader) read(j job) ([]byte, error) {
	if j.link {
		target, err := os.Readlink(j.path)
		return []byte(filepath.ToSlash(target)), err
	}
	if !j.named {
		return r.readRegular(j.path)
	}
	f, err := os.Open(j.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return r.readAll(f, info.Size())
}

// readRegular reads a file that was a regular one when its directory was listed.
func (r *reader) readRegular(path string) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return r.readAll(f, size)
}

// readAll reads up to the end. The size is a hint: files grow and shrink while they are read,
// and some have none.
func (r *reader) readAll(f io.Reader, size int64) ([]byte, error) {
	if r.max > 0 && size > r.max {
		return nil, errTooLarge
	}
	if len(r.buf) > keepBuffer {
		r.buf = nil
	}
	if size = min(size, maxBuffer); int64(len(r.buf)) <= size {
		r.buf = make([]byte, max(size+1, minBuffer)) // a byte to spare, to meet the end
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
		if err == io.EOF {
			return r.buf[:n], nil
		}
		if err != nil {
			return nil, err
		}
	}
}
