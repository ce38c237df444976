package repo

import (
	"context"
	"slices"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// MaxDepth is how deep directories may be nested; git's own default limit is lower.
const MaxDepth = 4096

// Gone collects what is not there any more, for Diff.Gone. Directories are kept as such and only
// opened by Finish, and only if it matters.
type Gone struct {
	Objects Objects

	blobs []Blob
	trees []Blob
}

// Add notes a path of HEAD or of a parent that the new side does not have.
func (g *Gone) Add(path string, mode uint32, id []byte) {
	switch {
	case pack.IsBlobMode(mode):
		g.blobs = append(g.blobs, Blob{path, pack.ID(id)})
	case mode&pack.ModeKind == pack.ModeDir:
		g.trees = append(g.trees, Blob{path, pack.ID(id)})
	}
}

// Finish fills in the Gone of a diff that brings new text; otherwise nobody asks where text went. A
// tree is opened once however often it occurs, so the work is bounded by the size of the repository, not
// by the number of paths, of which a few nested trees can hold billions.
func (g *Gone) Finish(ctx context.Context, d *Diff) error {
	if len(d.Changes) == 0 {
		return nil
	}
	seen := map[pack.ID]bool{}
	var buf []byte
	for len(g.trees) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		t := g.trees[len(g.trees)-1]
		g.trees = g.trees[:len(g.trees)-1]
		if seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		var err error
		if buf, err = g.Objects.Tree(t.ID, buf[:0]); err != nil {
			d.Problems = append(d.Problems, Problem(err, t.Path))
			continue
		}
		it := pack.NewTreeIter(buf, g.Objects.Repo.HashLen)
		for it.Next() {
			g.Add(t.Path+"/"+string(it.Name), it.Mode, it.ID)
		}
		if it.Err() != nil {
			d.Problems = append(d.Problems, MalformedTree(t.ID, t.Path, it.Err()))
		}
	}
	slices.SortFunc(g.blobs, func(a, b Blob) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	d.Gone = slices.Compact(g.blobs)
	return nil
}

// MalformedTree is the Problem of a tree that ends in something that is no tree entry.
func MalformedTree(id pack.ID, path string, err error) source.Problem {
	return Problem(corrupt(id, err), path)
}
