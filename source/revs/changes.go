package revs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// maxRepeated is how many bytes of paths in repeated directories of one commit are compared before such
// directories are passed over: as much as a scan of the history allows. A few trees nested in each other can stand
// for billions of paths.
const maxRepeated = 8 << 20

// Changes returns what a commit brings: the blobs that none of its parents has at the same path. For a
// merge that is what its author did, not what came from either side. A first commit brings all it has.
func (w *Walker) Changes(ctx context.Context, c Commit) (repo.Diff, error) {
	d := differ{ctx: ctx, objects: w.objects, commit: c.ID, gone: repo.Gone{Objects: w.objects}}
	var parents []pack.ID
	for _, id := range c.Parents {
		p, err := w.commit(id)
		if err != nil {
			d.problem(err, "")
			continue
		}
		parents = append(parents, p.Tree)
	}
	if err := d.dir(c.Tree, "", parents, 0); err != nil {
		return repo.Diff{}, err
	}
	if len(d.diff.Changes) > 0 {
		d.seen = map[string]bool{}
		for _, parent := range unique(parents) {
			if err := d.lost(parent, c.Tree, "", 0); err != nil {
				return repo.Diff{}, err
			}
		}
	}
	if err := d.gone.Finish(ctx, &d.diff); err != nil {
		return repo.Diff{}, err
	}
	d.diff.Problems = slices.Compact(sortProblems(d.diff.Problems))
	return d.diff, nil
}

// differ compares the tree of one commit with those of its parents.
type differ struct {
	ctx     context.Context
	objects repo.Objects
	commit  pack.ID
	diff    repo.Diff
	gone    repo.Gone

	free  [][]byte        // buffers for trees
	seen  map[string]bool // comparisons made, as the ids of their trees
	cut   bool            // some were passed over
	again int             // bytes of paths in directories that were compared before
}

// dir compares the directory prefix (empty, or ending in '/') of the commit with the same directory in those
// parents that have it.
func (d *differ) dir(tree pack.ID, prefix string, parents []pack.ID, depth int) error {
	if slices.Contains(parents, tree) {
		return nil // nothing in it is new
	}
	if err := d.ctx.Err(); err != nil {
		return err
	}
	parents = unique(parents)
	again := d.repeated(tree, parents)
	if again && d.again > maxRepeated {
		d.tooMany()
		return nil
	}
	data, ok := d.open(tree, prefix, depth)
	if !ok {
		return nil
	}
	defer d.close(data)
	old := make([]cursor, len(parents))
	for i, id := range parents {
		// A parent's directory that cannot be read counts as empty: then more is examined
		// than is new, never less.
		old[i].data, _ = d.open(id, prefix, depth)
		old[i].TreeIter = pack.NewTreeIter(old[i].data, d.objects.Repo.HashLen)
		old[i].advance()
		defer d.close(old[i].data)
	}
	it := pack.NewTreeIter(data, d.objects.Repo.HashLen)
	for it.Next() {
		if again {
			d.again += len(prefix) + len(it.Name)
		}
		if err := d.entry(it, prefix, old, depth); err != nil {
			return err
		}
	}
	d.malformed(it, tree, prefix)
	return nil
}

// entry compares one entry of the commit with those of the same name in its parents.
func (d *differ) entry(it *pack.TreeIter, prefix string, old []cursor, depth int) error {
	var before []pack.ID
	for i := range old {
		p := &old[i]
		if !p.find(it) {
			continue
		}
		if bytes.Equal(p.ID, it.ID) {
			return nil
		}
		if p.IsDir() || p.IsBlob() {
			before = append(before, pack.ID(p.ID))
		}
	}
	switch {
	case it.IsDir():
		return d.dir(pack.ID(it.ID), prefix+string(it.Name)+"/", before, depth+1)
	case it.IsBlob():
		d.diff.Changes = append(d.diff.Changes, repo.Change{
			Path: prefix + string(it.Name), Mode: it.Mode, New: pack.ID(it.ID), Old: unique(before),
		})
	}
	return nil
}

// cursor goes through a parent's directory in step with the commit's.
type cursor struct {
	*pack.TreeIter
	data []byte
	more bool
}

func (c *cursor) advance() { c.more = c.Next() }

// find goes to the entry with the name and kind of it, and reports whether there is one. Names must come
// in order; in a hostile tree without order some are not found, and count as new.
func (c *cursor) find(it *pack.TreeIter) bool {
	for c.more {
		switch order := pack.CompareNames(c.Name, c.IsDir(), it.Name, it.IsDir()); {
		case order == 0:
			return true
		case order > 0:
			return false
		}
		c.advance()
	}
	return false
}

// lost notes what the directory of a parent has and the commit's has not.
func (d *differ) lost(parent, tree pack.ID, prefix string, depth int) error {
	key := string(parent) + string(tree)
	if parent == tree || d.seen[key] {
		return nil
	}
	d.seen[key] = true
	if err := d.ctx.Err(); err != nil {
		return err
	}
	old, _ := d.open(parent, prefix, depth)
	defer d.close(old)
	data, ok := d.open(tree, prefix, depth)
	if !ok {
		return nil // a Problem already; nothing is known to be lost
	}
	defer d.close(data)
	now := cursor{TreeIter: pack.NewTreeIter(data, d.objects.Repo.HashLen)}
	now.advance()
	for it := pack.NewTreeIter(old, d.objects.Repo.HashLen); it.Next(); {
		switch {
		case !now.find(it):
			d.gone.Add(prefix+string(it.Name), it.Mode, it.ID)
		case it.IsDir():
			if err := d.lost(pack.ID(it.ID), pack.ID(now.ID), prefix+string(it.Name)+"/", depth+1); err != nil {
				return err
			}
		case it.IsBlob() && !now.IsBlob():
			d.gone.Add(prefix+string(it.Name), it.Mode, it.ID)
		}
	}
	return nil
}

// repeated reports whether the commit has had the same comparison of directories before, under another path.
func (d *differ) repeated(tree pack.ID, parents []pack.ID) bool {
	key := string(tree)
	for _, id := range parents {
		key += string(id)
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	was := d.seen[key]
	d.seen[key] = true
	return was
}

// tooMany tells that repeated directories are passed over. Their blobs have been met under other paths.
func (d *differ) tooMany() {
	if !d.cut {
		d.cut = true
		d.diff.Problems = append(d.diff.Problems, source.Problem{
			Reason: source.TooLarge, What: d.commit.String(),
			Detail: "repeated directories unfold into so many paths that the rest of them were passed over",
		})
	}
}

// open returns the content of a tree in a buffer that goes back with close. A tree that cannot be read is
// a Problem.
func (d *differ) open(id pack.ID, prefix string, depth int) ([]byte, bool) {
	var buf []byte
	if n := len(d.free); n > 0 {
		buf, d.free = d.free[n-1], d.free[:n-1]
	}
	err := errors.New("directories are nested too deep")
	if depth < repo.MaxDepth {
		buf, err = d.objects.Tree(id, buf[:0])
	}
	if err != nil {
		d.problem(err, prefix)
		return nil, false
	}
	return buf, true
}

func (d *differ) close(buf []byte) { d.free = append(d.free, buf) }

func (d *differ) problem(err error, path string) {
	d.diff.Problems = append(d.diff.Problems, repo.Problem(err, d.commit.String()+":"+path))
}

func (d *differ) malformed(it *pack.TreeIter, tree pack.ID, prefix string) {
	if it.Err() != nil {
		d.diff.Problems = append(d.diff.Problems, repo.MalformedTree(tree, d.commit.String()+":"+prefix, it.Err()))
	}
}

// unique returns ids without repetitions, in their order, and may reuse the slice.
func unique(ids []pack.ID) []pack.ID {
	out := ids[:0]
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// sortProblems puts problems in an order that does not depend on how they were met.
func sortProblems(ps []source.Problem) []source.Problem {
	slices.SortFunc(ps, func(a, b source.Problem) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Where, b.Where), strings.Compare(a.Detail, b.Detail))
	})
	return ps
}
