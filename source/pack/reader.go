package pack

// Reader reads single objects. It is not safe for concurrent use; make one for each goroutine.
type Reader struct{}

// NewReader returns a reader with a small cache of its own.
func (s *Store) NewReader() *Reader { return &Reader{} }

// Read returns an object's type and content. The content is valid until the next call of Read and
// must not be written to. An object that cannot be read gives an error of type [*ObjectError].
func (r *Reader) Read(n Num) (Type, []byte, error) { return 0, nil, nil }

// Header returns an object's type and size without reading all of it. Nothing but
// the size fields is checked.
func (r *Reader) Header(n Num) (Type, int64, error) { return 0, 0, nil }
