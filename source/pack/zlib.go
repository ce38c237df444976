package pack

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"

	"github.com/straykey/straykey/source/pack/inflate"
)

// errLonger says that a stream holds more than was announced.
var errLonger = errors.New("holds more bytes than its header says")

// inflater is what a Walk inflates with: made for streams that are in memory and whose size is known.
type inflater struct{ inflate.Decoder }

func (f *inflater) inflate(dst, src []byte) error {
	if _, err := f.Zlib(dst, src); err != nil {
		// Before an object is given up, the standard library has the last word. This is rare enough to start afresh.
		return new(stdInflater).inflate(dst, src)
	}
	return nil
}

// stdInflater inflates with the standard library.
type stdInflater struct {
	src bytes.Reader
	z   interface {
		io.Reader
		zlib.Resetter
	}
}

// inflate fills dst with the stream at the start of src, which must hold exactly len(dst) bytes and have the right
// checksum.
func (f *stdInflater) inflate(dst, src []byte) error {
	f.src.Reset(src)
	if err := f.reset(&f.src); err != nil {
		return err
	}
	if _, err := io.ReadFull(f.z, dst); err != nil {
		return noEOF(err)
	}
	return f.atEnd()
}

// inflateStart fills dst with the first bytes of a stream and returns how many there are.
func (f *stdInflater) inflateStart(dst, src []byte) (int, error) {
	f.src.Reset(src)
	if err := f.reset(&f.src); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(f.z, dst)
	if err == io.ErrUnexpectedEOF {
		err = nil // a short object
	}
	return n, err
}

func (f *stdInflater) reset(r io.Reader) error {
	if f.z != nil {
		return noEOF(f.z.Reset(r, nil))
	}
	z, err := zlib.NewReader(r)
	if err != nil {
		return noEOF(err)
	}
	f.z = z.(interface { // documented to be a Resetter
		io.Reader
		zlib.Resetter
	})
	return nil
}

// atEnd makes sure that nothing is left; reading up to the end is also what makes zlib check its checksum.
func (f *stdInflater) atEnd() error {
	var more [1]byte
	for {
		n, err := f.z.Read(more[:])
		switch {
		case n > 0:
			return errLonger
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return noEOF(err)
		}
	}
}

// noEOF makes a plain EOF, which elsewhere means that all is well, an error that says otherwise.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
