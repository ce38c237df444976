package history

import (
	"context"

	"github.com/straykey/straykey/source/pack"
)

// Write is a blob that a commit brings to a path where its parent does not have that blob.
type Write struct {
	Path   string
	Blob   pack.Num
	Commit pack.Num
	Before pack.Num // the tree of its parent; NoCommit if there is none
}

// Writes tells which commits write the labelled blobs, whatever these held before: what Attribute tells of credentials
// only for the first commit of each. Commits with several parents are left out: they bring together what others wrote.
//
// Each blob has a label of its own, and Resolve returns it, or nothing where the blob does not count. The writes are in the
// order of commits. Problems are those of Attribute. The error is that of ctx.
func Writes(ctx context.Context, g *Graph, q Query) ([]Write, error) {
	blobs := make(map[uint32]pack.Num, len(q.Labels))
	for blob, label := range q.Labels {
		blobs[label] = blob
	}
	f, err := plant(ctx, g.repo, q)
	if err != nil {
		return nil, err
	}
	a := newAttribution(g, q, f)
	var out []Write
	for c := range uint32(len(g.num)) {
		parents := g.parentsOf(c)
		if !a.scope.has(c) || len(parents) > 1 {
			continue
		}
		w := Write{Commit: g.num[c], Before: NoCommit}
		theirs := make([]uint32, 0, 1)
		for _, p := range parents {
			w.Before, theirs = g.tree[p], append(theirs, a.root[p])
		}
		a.diff.minus(0, a.root[c], theirs, func(label, path uint32) {
			w.Path, w.Blob = a.diff.paths.string(path), blobs[label]
			out = append(out, w)
		})
	}
	return out, ctx.Err()
}
