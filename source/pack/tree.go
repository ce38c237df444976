package pack

import (
	"bytes"
	"errors"
)

// Modes of tree entries, as git stores them: the upper four bits are the kind.
const (
	ModeKind    = 0o170000 // mask of the kind
	ModeDir     = 0o040000
	ModeFile    = 0o100000 // with permissions: 0o100644 or 0o100755, in old trees also 0o100664
	ModeSymlink = 0o120000
	ModeGitlink = 0o160000 // a submodule's commit: not an object of this repository
)

// errTree says that a tree's bytes are not a tree; it is wrapped with the tree's id by those who know it.
var errTree = errors.New("malformed tree entry")

// TreeIter reads the entries of a tree object one by one, without copying:
//
//	for it := pack.NewTreeIter(data, hashLen); it.Next(); {
//		use(it.Mode, it.Name, it.ID)
//	}
//
// A tree is a sequence of entries without separators, each an octal mode, a space, a name, NUL and
// the raw id. Entries are in the order of their names' bytes, the name of a directory counting as if
// it ended in '/'; TreeIter does not check the order, and a hostile repository may break it.
type TreeIter struct {
	Mode uint32
	Name []byte // part of the data given to NewTreeIter, as is ID
	ID   []byte

	data    []byte
	hashLen int
	err     error
}

// NewTreeIter returns an iterator before the first entry.
func NewTreeIter(data []byte, hashLen int) *TreeIter {
	return &TreeIter{data: data, hashLen: hashLen}
}

// Next goes to the next entry. It returns false at the end and at the first malformed entry, which
// Err then tells.
func (t *TreeIter) Next() bool {
	if len(t.data) == 0 || t.err != nil {
		return false
	}
	var mode uint32
	i := 0
	for ; i < len(t.data) && t.data[i] != ' '; i++ {
		c := t.data[i]
		if c < '0' || c > '7' || i > 6 {
			return t.fail()
		}
		mode = mode<<3 | uint32(c-'0')
	}
	if i == 0 || i == len(t.data) {
		return t.fail()
	}
	rest := t.data[i+1:]
	nul := bytes.IndexByte(rest, 0)
	if nul <= 0 || len(rest) < nul+1+t.hashLen {
		return t.fail()
	}
	end := nul + 1 + t.hashLen
	t.Mode, t.Name, t.ID, t.data = mode, rest[:nul:nul], rest[nul+1:end:end], rest[end:]
	return true
}

// IsDir reports whether the entry is a directory.
func (t *TreeIter) IsDir() bool { return t.Mode&ModeKind == ModeDir }

// IsBlob reports whether the entry is a file or a symbolic link.
func (t *TreeIter) IsBlob() bool { return IsBlobMode(t.Mode) }

// IsBlobMode reports whether a tree or index entry of this mode names a blob: a file or a symbolic
// link. Modes of unknown kinds count as files, as a checkout would write them.
func IsBlobMode(mode uint32) bool {
	return mode&ModeKind != ModeDir && mode&ModeKind != ModeGitlink
}

// Err returns what ended the iteration early, or nil.
func (t *TreeIter) Err() error { return t.err }

func (t *TreeIter) fail() bool {
	t.err = errTree
	return false
}

// CompareNames orders two tree entries of one directory as git does: by the bytes of their names, a
// directory's name ending in '/'. A file and a directory of the same name are not equal.
func CompareNames(a []byte, aDir bool, b []byte, bDir bool) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return endByte(a, n, aDir) - endByte(b, n, bDir)
}

// endByte returns the byte of a name at n; the end of a file's name counts as NUL, that of a
// directory's as '/'.
func endByte(name []byte, n int, dir bool) int {
	switch {
	case n < len(name):
		return int(name[n])
	case dir:
		return '/'
	}
	return 0
}
