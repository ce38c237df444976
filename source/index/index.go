// Package index reads git's index: what is about to be committed, as compared with HEAD, and
// what is tracked at all.
//
// The index is read natively, versions 2 to 4 with either hash. Sub-directories whose tree is recorded in
// the index (the cache tree) and equals HEAD's are passed over, so that the cost is that of reading the
// index file plus that of the directories that changed. A split or sparse index is left to the git
// program, and the Notes of the result say so.
package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Options says which index to read.
type Options struct {
	// File is the index file, if not the work tree's own: the value of GIT_INDEX_FILE, which `git commit
	// -a`, `-p` and `commit PATH` set for hooks. It is relative to the current directory. cmd reads
	// the environment and passes it here; nothing below does.
	File string
}

// path returns the index file to read.
func (o Options) path(r *repo.Repo) string {
	if o.File != "" {
		return o.File
	}
	return filepath.Join(r.GitDir, "index")
}

// Staged returns what the index changes against HEAD, or against nothing before the first commit. While a
// merge is being concluded, what comes unchanged from the other side is left out, as it will be no change
// of the merge commit; but all stages of a path that is not resolved yet are Changes. Submodules, and paths added with intent-to-add, have no
// content of their own and are left out, as are the working files: an unstaged edit is not seen.
func Staged(ctx context.Context, r *repo.Repo, store *pack.Store, reader *pack.Reader, o Options) (repo.Diff, error) {
	path := o.path(r)
	objects := repo.Objects{Repo: r, Store: store, Reader: reader}
	head, err := headTree(objects)
	if err != nil {
		return repo.Diff{}, err
	}
	f, err := read(path, r.HashLen)
	var needsGit errNeedsGit
	if errors.As(err, &needsGit) {
		return stagedByGit(ctx, objects, path, head, string(needsGit))
	}
	if err != nil {
		return repo.Diff{}, fmt.Errorf("index %s: %w", path, err)
	}
	return staged(ctx, objects, head, func(tree pack.ID, gone *repo.Gone) (repo.Diff, error) {
		w := walker{ctx: ctx, objects: objects, entries: f.entries, gone: gone}
		err := w.dir(tree, "", 0, len(f.entries), f.tree, 0)
		return w.diff, err
	})
}

// comparison compares the index with a tree. What only the tree has it adds to gone.
type comparison func(tree pack.ID, gone *repo.Gone) (repo.Diff, error)

// staged compares the index with HEAD's tree, and with the other parents that the commit will have.
func staged(ctx context.Context, objects repo.Objects, head pack.ID, compare comparison) (repo.Diff, error) {
	gone := repo.Gone{Objects: objects}
	d, err := compare(head, &gone)
	if err != nil {
		return repo.Diff{}, err
	}
	if err := againstMergeHeads(ctx, objects, &d, &gone, compare); err != nil {
		return repo.Diff{}, err
	}
	if err := gone.Finish(ctx, &d); err != nil {
		return repo.Diff{}, err
	}
	return d, nil
}

// headTree returns the tree of HEAD's commit, the empty tree before the first commit.
func headTree(o repo.Objects) (pack.ID, error) {
	head, err := o.Repo.CurrentRef()
	if errors.Is(err, repo.ErrNoRef) {
		return repo.EmptyTree(o.Repo.HashLen), nil
	}
	if err != nil {
		return "", err
	}
	c, err := o.Commit(head.ID)
	if err != nil {
		return "", fmt.Errorf("reading the commit of HEAD: %w", err)
	}
	return c.Tree, nil
}

// maxSize bounds the size of an index file; one of a million entries has about 100 MB.
const maxSize = 4 << 30

// read reads an index file. One that does not exist is empty, as in git.
func read(path string, hashLen int) (*file, error) {
	data, err := repo.ReadFile(path, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return &file{}, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(data, hashLen)
}

// walker compares HEAD's trees with the index, both of which are sorted.
type walker struct {
	ctx     context.Context
	objects repo.Objects
	entries []entry
	diff    repo.Diff
	gone    *repo.Gone
	bufs    [][]byte // content of the open trees, by depth
}

// dir compares a tree of HEAD with entries[lo:hi], which are those below the directory prefix. prefix is
// empty or ends in '/'.
func (w *walker) dir(tree pack.ID, prefix string, lo, hi int, cache *cacheTree, depth int) error {
	if cache != nil && cache.entries == hi-lo && string(cache.id) == string(tree) {
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	it := pack.NewTreeIter(w.open(tree, prefix, depth), w.objects.Repo.HashLen)
	more := it.Next()
	for more || lo < hi {
		var name []byte
		var isDir bool
		order := -1 // a path of the tree that the index has not; 1: the other way round
		if lo < hi {
			name, _, isDir = bytes.Cut(w.entries[lo].path[len(prefix):], []byte("/"))
			order = 1
			if more {
				order = pack.CompareNames(it.Name, it.IsDir(), name, isDir)
			}
		}
		switch {
		case order < 0:
			w.gone.Add(prefix+string(it.Name), it.Mode, it.ID)
		case isDir:
			sub := string(w.entries[lo].path[:len(prefix)+len(name)+1])
			end := w.end(lo, hi, sub)
			if order > 0 {
				w.added(lo, end)
			} else if err := w.dir(pack.ID(it.ID), sub, lo, end, cache.child(name), depth+1); err != nil {
				return err
			}
			lo = end
		default:
			end := lo + 1
			for end < hi && bytes.Equal(w.entries[end].path, w.entries[lo].path) {
				end++
			}
			if order > 0 {
				w.added(lo, end)
			} else {
				w.changed(lo, end, it)
			}
			lo = end
		}
		if order <= 0 {
			more = it.Next()
		}
	}
	if it.Err() != nil {
		w.diff.Problems = append(w.diff.Problems, repo.MalformedTree(tree, prefix, it.Err()))
	}
	return nil
}

// open returns the content of a tree of HEAD. If it cannot be read, that is a Problem and the directory
// counts as empty: then more is examined than is new, never less.
func (w *walker) open(tree pack.ID, prefix string, depth int) []byte {
	if depth == len(w.bufs) {
		w.bufs = append(w.bufs, nil)
	}
	err := errors.New("directories are nested too deep")
	if depth < repo.MaxDepth {
		w.bufs[depth], err = w.objects.Tree(tree, w.bufs[depth][:0])
	}
	if err != nil {
		w.diff.Problems = append(w.diff.Problems, repo.Problem(err, prefix))
		return nil
	}
	return w.bufs[depth]
}

// end returns the first of entries[lo:hi] that is not below the directory prefix, given that the first is.
func (w *walker) end(lo, hi int, prefix string) int {
	return lo + sort.Search(hi-lo, func(i int) bool {
		return !bytes.HasPrefix(w.entries[lo+i].path, []byte(prefix))
	})
}

// added notes entries[lo:hi], whose paths HEAD does not have.
func (w *walker) added(lo, hi int) {
	for i := range w.entries[lo:hi] {
		w.change(&w.entries[lo+i], nil)
	}
}

// changed compares entries[lo:hi], which are all stages of one path, with HEAD's entry of that path.
func (w *walker) changed(lo, hi int, head *pack.TreeIter) {
	var old []pack.ID
	if head.IsBlob() {
		old = []pack.ID{pack.ID(head.ID)}
	}
	kept := false
	for i := range w.entries[lo:hi] {
		kept = w.change(&w.entries[lo+i], old) || kept
	}
	if !kept {
		w.gone.Add(string(w.entries[lo].path), head.Mode, head.ID)
	}
}

// change notes an entry unless it is the blob that was there before. It reports whether
// the entry is a blob at all.
func (w *walker) change(e *entry, old []pack.ID) bool {
	if e.intentAdd || !pack.IsBlobMode(e.mode) {
		return false
	}
	if len(old) == 0 || string(old[0]) != string(e.id) {
		w.diff.Changes = append(w.diff.Changes, repo.Change{
			Path: string(e.path), Mode: e.mode, New: pack.ID(e.id), Old: old, Stage: e.stage,
		})
	}
	return true
}
