package pack

import (
	"errors"
	"os"
	"runtime"
)

// openRegular opens a file after making sure that it is one: opening a pipe planted in a repository
// would wait for ever.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &os.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	return f, info.Size(), err
}

// errFault is what reading a mapped file gives when the disk fails or the file was cut after it was
// mapped.
var errFault = errors.New("reading the mapped file failed (disk error, or it was truncated meanwhile)")

// catchFault turns a fault on mapped memory into errFault. Defer it in a function that runs with
// debug.SetPanicOnFault on; other panics go on.
func catchFault(err *error) {
	switch v := recover().(type) {
	case nil:
	case interface {
		runtime.Error
		Addr() uintptr
	}:
		*err = errFault
	default:
		panic(v)
	}
}
