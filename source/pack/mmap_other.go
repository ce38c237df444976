//go:build !unix

package pack

import (
	"errors"
	"fmt"
	"io"
)

// mapFile reads a regular file into memory, where files are not mapped.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if int64(int(size)) != size {
		return nil, nil, fmt.Errorf("read %s: %d bytes are more than this machine can address", path, size)
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, func() error { return nil }, nil
}
