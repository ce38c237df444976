package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/straykey/straykey/source/pack"
)

// Tree is the files of one commit, for those who want a few of them. It is not safe for concurrent use.
type Tree struct {
	Commit pack.ID // empty: HEAD is on a branch without commits, and there are no files

	id      pack.ID
	objects Objects
}

// OpenTree returns the files of the commit that a revision names (see Resolve), of which those of more than max bytes cannot be
// read. HEAD may be on a branch without commits.
func (r *Repo) OpenTree(rev string, max int64) (*Tree, error) {
	store, err := r.OpenStore(max)
	if err != nil {
		return nil, err
	}
	t := &Tree{objects: Objects{r, store, store.NewReader()}}
	if rev == "HEAD" {
		if _, born := r.Head(); !born {
			return t, nil
		}
	}
	t.Commit, err = r.ResolveCommit(store, t.objects.Reader, rev)
	if err == nil {
		var c pack.CommitHeader
		c, err = t.objects.Commit(t.Commit)
		t.id = c.Tree
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return t, nil
}

// Close ends the use of the repository's objects.
func (t *Tree) Close() error { return t.objects.Store.Close() }

// ReadFile returns the content of a file, by its path from the top of the work tree, with slashes. The error is fs.ErrNotExist if
// there is none. A symbolic link is refused.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%s is no path within the repository", name)
	}
	if t.id == "" {
		return nil, fs.ErrNotExist
	}
	id, mode, err := t.objects.entryAt(t.id, name)
	switch {
	case err != nil:
		return nil, err
	case id == "":
		return nil, fs.ErrNotExist
	case mode == pack.ModeSymlink:
		return nil, errors.New("it is a symbolic link; expected a file")
	}
	data, err := t.objects.readAs(id, pack.Blob)
	return bytes.Clone(data), err
}
