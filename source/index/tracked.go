package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/straykey/straykey/source/repo"
)

// Paths are the paths of an index. They are not changed after Tracked, so they may be used
// concurrently.
type Paths struct {
	sorted [][]byte
	Notes  []string // for the user: what was read in another way than usual
}

// Tracked reads which paths git tracks, submodules and paths added with intent-to-add included.
func Tracked(ctx context.Context, r *repo.Repo, o Options) (*Paths, error) {
	path := o.path(r)
	f, err := read(path, r.HashLen)
	var needsGit errNeedsGit
	if errors.As(err, &needsGit) {
		return trackedByGit(ctx, r, path, string(needsGit))
	}
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", path, err)
	}
	p := &Paths{sorted: make([][]byte, len(f.entries))}
	for i := range f.entries {
		p.sorted[i] = f.entries[i].path
	}
	return p, nil
}

// trackedByGit is Tracked for an index that only git reads; why names what is special about it.
func trackedByGit(ctx context.Context, r *repo.Repo, path, why string) (*Paths, error) {
	out, err := r.Git(ctx, path, "ls-files", "-z")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", why, err)
	}
	p := &Paths{Notes: []string{readByGit(why)}}
	if len(out) > 0 {
		p.sorted = bytes.Split(bytes.TrimSuffix(out, []byte{0}), []byte{0})
		slices.SortFunc(p.sorted, bytes.Compare)
	}
	return p, nil
}

// readByGit is the note that the git program took part.
func readByGit(why string) string { return why + ": read with the git program" }

// Has reports whether a path, with slashes, is tracked, or is a directory with something tracked in it.
func (p *Paths) Has(path string) bool {
	if _, found := p.search([]byte(path)); found {
		return true
	}
	// What is in a directory need not follow where the directory would stand: "a", "a.b", "a/b".
	dir := []byte(path + "/")
	i, _ := p.search(dir)
	return i < len(p.sorted) && bytes.HasPrefix(p.sorted[i], dir)
}

func (p *Paths) search(path []byte) (int, bool) {
	return slices.BinarySearchFunc(p.sorted, path, bytes.Compare)
}
