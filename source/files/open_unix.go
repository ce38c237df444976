//go:build unix

package files

import (
	"errors"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// openRegular opens a file that was a regular one when its directory was listed, and returns its size in bytes. Should it
// have become a link since, opening fails; should it have become a pipe, it does not wait.
func openRegular(path string) (f descriptor, size int64, err error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK
	fd, err := again(func() (int, error) { return unix.Open(path, flags, 0) })
	if err != nil {
		return 0, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f = descriptor(fd)
	var stat unix.Stat_t
	_, err = again(func() (int, error) { return 0, unix.Fstat(fd, &stat) })
	if err == nil && stat.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close() // it was not even read
		return 0, 0, err
	}
	return f, stat.Size, nil
}

// descriptor reads a regular file. An os.File would do; but it is first offered to the poller, which does not take
// regular files, and is prepared for use by several goroutines: for small files that costs as much as to read them.
type descriptor int

func (d descriptor) Read(p []byte) (int, error) {
	n, err := again(func() (int, error) { return unix.Read(int(d), p) })
	if err != nil {
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (d descriptor) Close() error { return unix.Close(int(d)) }

// again repeats a call that a signal has interrupted.
func again(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
