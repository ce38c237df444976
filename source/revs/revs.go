// Package revs reads ranges of commits, and what each commit changes.
package revs

import (
	"context"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Walker reads commits and trees of one repository. It is not safe for concurrent use.
type Walker struct {
	repo   *repo.Repo
	store  *pack.Store
	reader *pack.Reader
}

// NewWalker returns a Walker that reads with its own reader.
func NewWalker(r *repo.Repo, store *pack.Store) *Walker {
	return &Walker{repo: r, store: store, reader: store.NewReader()}
}

// Range is a set of commits.
type Range struct{}

// Parse reads revision arguments: "A..B" (in B, not in A), "A...B" (in one of them only), "REV" (that
// commit alone), "^REV" (not what REV reaches; a plain REV beside it means all that REV reaches, as in git).
func (w *Walker) Parse(specs ...string) (Range, error) { return Range{}, nil }

// Commit is a commit of a range.
type Commit struct {
	ID      pack.ID
	Tree    pack.ID
	Parents []pack.ID // without those beyond a shallow boundary
	Time    int64     // committer's clock, seconds since 1970
	Shallow bool      // a shallow boundary: what came before is not here
}

// List is the commits of a range.
type List struct {
	Commits []Commit // children before parents, else newest first
	Notes   []string
}

// Commits returns the commits of a range.
func (w *Walker) Commits(ctx context.Context, r Range) (List, error) { return List{}, nil }

// Changes returns what a commit has that none of its parents has at the same path.
func (w *Walker) Changes(ctx context.Context, c Commit) (repo.Diff, error) { return repo.Diff{}, nil }
