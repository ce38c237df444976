package repo

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Objects reads single commits and trees of a repository and says why one cannot be read. Like the
// Reader in it, it is not safe for concurrent use.
type Objects struct {
	Repo   *Repo
	Store  *pack.Store
	Reader *pack.Reader
}

// Read returns an object; its content is valid until the next call. The error is a
// [*pack.ObjectError]: it says whether an object that is not here was promised by a partial clone.
func (o Objects) Read(id pack.ID) (pack.Type, []byte, error) {
	if n, ok := o.Store.Find(id); ok {
		return o.Reader.Read(n)
	}
	return pack.Tree, nil, o.has(id)
}

// has returns nil for an object that is in the repository, and for the empty tree, which git knows
// without having it.
func (o Objects) has(id pack.ID) error {
	if _, ok := o.Store.Find(id); ok || id == EmptyTree(o.Repo.HashLen) {
		return nil
	}
	reason := source.Absent
	if o.Repo.Promisor {
		reason = source.Promised
	}
	return &pack.ObjectError{Problem: source.Problem{Reason: reason, What: id.String()}}
}

// Commit returns the header of a commit.
func (o Objects) Commit(id pack.ID) (pack.CommitHeader, error) {
	data, err := o.readAs(id, pack.Commit)
	if err != nil {
		return pack.CommitHeader{}, err
	}
	c, err := pack.ParseCommit(data)
	if err != nil {
		return c, corrupt(id, err)
	}
	return c, nil
}

// Tree appends the content of a tree to buf.
func (o Objects) Tree(id pack.ID, buf []byte) ([]byte, error) {
	data, err := o.readAs(id, pack.Tree)
	return append(buf, data...), err
}

func (o Objects) readAs(id pack.ID, want pack.Type) ([]byte, error) {
	t, data, err := o.Read(id)
	if err == nil && t != want {
		err = corrupt(id, fmt.Errorf("a %v where a %v is needed", t, want))
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

func corrupt(id pack.ID, err error) error {
	return &pack.ObjectError{Problem: source.Problem{Reason: source.Corrupt, What: id.String(), Detail: err.Error()}}
}

// Problem turns an error of Objects into an entry for the coverage; where is the path or commit
// at which the object was met.
func Problem(err error, where string) source.Problem {
	var oe *pack.ObjectError
	if !errors.As(err, &oe) {
		return source.Problem{Reason: source.Unreadable, Where: where, Detail: err.Error()}
	}
	p := oe.Problem
	if p.Where == "" {
		p.Where = where
	}
	return p
}

// EmptyTree returns the id of the tree without entries.
func EmptyTree(hashLen int) pack.ID { return objectID("tree 0\x00", hashLen) }

// EmptyBlob returns the id of the blob without content.
func EmptyBlob(hashLen int) pack.ID { return objectID("blob 0\x00", hashLen) }

func objectID(object string, hashLen int) pack.ID {
	if hashLen == 32 {
		sum := sha256.Sum256([]byte(object))
		return pack.ID(sum[:])
	}
	sum := sha1.Sum([]byte(object))
	return pack.ID(sum[:])
}

// BlobAt returns the blob at a path below a tree, or "" if there is none.
func (o Objects) BlobAt(tree pack.ID, path string) (pack.ID, error) {
	id, _, err := o.entryAt(tree, path)
	return id, err
}

// entryAt is BlobAt with the mode of the entry.
func (o Objects) entryAt(tree pack.ID, path string) (pack.ID, uint32, error) {
	for {
		name, rest, isDir := strings.Cut(path, "/")
		data, err := o.readAs(tree, pack.Tree)
		if err != nil {
			return "", 0, err
		}
		found := false
		it := pack.NewTreeIter(data, o.Repo.HashLen)
		for !found && it.Next() {
			found = string(it.Name) == name && it.IsDir() == isDir
		}
		switch {
		case it.Err() != nil:
			return "", 0, corrupt(tree, it.Err())
		case !found || !isDir && !it.IsBlob():
			return "", 0, nil
		case !isDir:
			return pack.ID(it.ID), it.Mode, nil
		}
		tree, path = pack.ID(it.ID), rest
	}
}
