package pack

import (
	"encoding/hex"
	"fmt"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/source"
)

// ID is an object's name as raw bytes: 20 for SHA-1, 32 for SHA-256.
type ID string

// String returns the id in lower-case hexadecimal.
func (id ID) String() string { return hex.EncodeToString([]byte(id)) }

// ParseID reads a full hexadecimal id of either hash.
func ParseID(s string) (ID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || (len(b) != 20 && len(b) != 32) {
		return "", fmt.Errorf("object id %q: want 40 or 64 hexadecimal digits", s)
	}
	return ID(b), nil
}

// Num is the rank of an object among all objects of a [Store], in id order: 0 to Len()-1.
type Num uint32

// Type is the type of an object, with the numbers of git's pack format. The zero Type means unknown.
type Type uint8

// The types of objects.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4
)

// String returns git's word for the type.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	}
	return "unknown"
}

// TypeSet is a set of object types.
type TypeSet uint8

// Types makes a set of types.
func Types(types ...Type) TypeSet {
	var s TypeSet
	for _, t := range types {
		s |= 1 << t
	}
	return s
}

// Has reports whether the type is in the set.
func (s TypeSet) Has(t Type) bool { return s>>t&1 != 0 }

// Object is an object as a [Visitor] sees it.
type Object struct {
	Num  Num
	Type Type
	// Data is the object's content, without git's header. It is valid during Visit, and then until
	// Done is called with what Visit returned. It must not be written to.
	Data []byte
	// Runs is what Data shares with the object's delta base, whose state Visit receives as base. It
	// is valid during Visit only. An object that is visited without a base has no Runs; a delta that
	// copies nothing has empty, non-nil Runs.
	Runs []delta.Run
}

// Visitor receives the objects of a [Walk]. Each worker has its own, so the methods of one Visitor
// are never called concurrently. S is what a visitor remembers about an object for as long as
// others are derived from it.
type Visitor[S any] interface {
	// Visit is called once for each object that was asked for. base is what Visit returned for
	// the delta base; it is the zero S when o.Runs is nil. The base's Data is still valid.
	Visit(o Object, base S) S
	// Done says that every object derived from the one with state s has been visited: s and
	// that object's Data are not used any more.
	Done(s S)
	// Skip is called instead of Visit for an object that cannot be read. t is 0 when even the type is
	// unknown.
	Skip(n Num, t Type, p source.Problem)
}
