package pack

import "github.com/straykey/straykey/source"

// DefaultMaxObject is the size of the largest object read when Options.MaxObject is 0.
const DefaultMaxObject = 128 << 20

// Options says how a store is opened.
type Options struct {
	HashLen   int   // length of an id in bytes: 20 (SHA-1, also when 0) or 32 (SHA-256)
	MaxObject int64 // objects larger than this many bytes are not read; 0 means DefaultMaxObject
}

// Store is all objects of a repository: its packs, loose objects, and those of its alternates. It is
// safe for concurrent use until Close.
type Store struct{}

// Open opens the objects directory of a repository (usually .git/objects). Packs, indexes and
// alternates that cannot be read are left out and told by Problems; an error is returned only when
// dir itself cannot be read or the options make no sense.
func Open(dir string, o Options) (*Store, error) { return &Store{}, nil }

// Close releases the mapped files. Data from Readers and Visitors is a copy and stays valid.
func (s *Store) Close() error { return nil }

// Len returns the number of distinct objects.
func (s *Store) Len() int { return 0 }

// ID returns an object's id. n must be less than Len().
func (s *Store) ID(n Num) ID { return "" }

// Find returns the object with the given id.
func (s *Store) Find(id ID) (Num, bool) { return 0, false }

// FindPrefix returns all objects whose hexadecimal id starts with prefix, in order. An empty prefix
// or one with other characters finds nothing.
func (s *Store) FindPrefix(prefix string) []Num { return nil }

// HashLen returns the length of the store's object ids in bytes.
func (s *Store) HashLen() int { return 20 }

// Problems returns what was found wrong while opening. Trouble with single objects is told
// when they are read.
func (s *Store) Problems() []source.Problem { return nil }
