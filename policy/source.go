package policy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Source is where policy files come from. Names are as in package fs: slashes, from the root of the repository, no "..".
type Source interface {
	// ReadFile returns a file, or an error that is fs.ErrNotExist. What is no regular file, such as a symbolic link, and what
	// is larger than MaxFile is an error.
	ReadFile(name string) ([]byte, error)
}

// MaxFile bounds a policy file, in bytes.
const MaxFile = 32 << 20

// Dir is a directory on disk as a Source.
type Dir string

// ReadFile implements Source.
func (d Dir) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%s is no path within the repository", name)
	}
	return readRegular(filepath.Join(string(d), filepath.FromSlash(name)))
}

// ReadUser reads a policy file that the user named, or that is his own: it may be a symbolic link.
func ReadUser(name string) ([]byte, error) {
	real, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, err
	}
	return readRegular(real)
}

// readRegular reads a file that is no link.
func readRegular(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("it is a symbolic link; expected a file")
	case !info.Mode().IsRegular(): // a pipe would block for ever
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(errors.New("it was replaced while it was opened"), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("larger than %d MiB", MaxFile>>20)
	}
	return data, err
}
