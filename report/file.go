package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is a report on its way to disk. It appears under its name only when
// Commit succeeds, whole; a reader never sees half of a report.
type File struct {
	tmp  *os.File
	path string // "" for a device, which is written directly
}

// Create begins to write a report to path. Nobody but the owner may read the file, even where an
// earlier report was more open. A path that is a symbolic link is refused: the directory may
// be one that others, or the scanned repository, can write to.
//
// The caller ends with Commit or Abort; Abort after Commit does nothing, so that it can be deferred.
func Create(path string) (*File, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("create report: %w", err)
	case info.Mode()&fs.ModeCharDevice != 0: // /dev/null: must not be replaced by a file
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("create report: %w", err)
		}
		return &File{tmp: f}, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("create report %s: it is a symbolic link; name the file it points to, or - for standard output", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("create report %s: it is no regular file; name another, or - for standard output", path)
	}
	// CreateTemp opens with O_EXCL and mode 0600. The rename that follows replaces whatever has come to
	// stand at path meanwhile, a link included, and never writes through it.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".straykey-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("create report %s: %w", path, err)
	}
	return &File{tmp, path}, nil
}

// Replace begins to write a report anew that stands at path, as Create does. Who could read the old one may read the new.
func Replace(path string) (*File, error) {
	f, err := Create(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode().IsRegular() {
		err = f.tmp.Chmod(info.Mode().Perm())
	}
	if err != nil {
		f.Abort()
		return nil, fmt.Errorf("replace report: %w", err)
	}
	return f, nil
}

// Append opens a file to add lines to it, or makes it. As in Create, nobody but the owner may read one that is made, and a
// symbolic link is refused.
func Append(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // O_EXCL follows no link
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("it is a symbolic link; name the file it points to")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(errors.New("it was replaced while it was opened"), err, f.Close())
	}
	return f, nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.tmp.Write(p) }

// Commit puts the file in place.
func (f *File) Commit() error {
	if f.tmp == nil {
		return errors.New("commit report: already done or aborted")
	}
	tmp := f.tmp
	f.tmp = nil
	err := tmp.Close()
	if f.path == "" {
		return err
	}
	if err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error is the one to report
		return fmt.Errorf("write report %s: %w", f.path, err)
	}
	return nil
}

// Abort leaves whatever stood at the path before.
func (f *File) Abort() {
	if f.tmp == nil {
		return
	}
	_ = f.tmp.Close()
	if f.path != "" {
		_ = os.Remove(f.tmp.Name())
	}
	f.tmp = nil
}
