// Package revs reads ranges of commits, and what each commit changes against all its parents.
//
// It is made for the ranges of a push or a pull request, which are short; whole histories are the
// matter of the history package. Objects are read natively and never fetched. In a shallow clone a
// commit at the boundary counts as a first commit, and the Notes say so.
package revs

import (
	"errors"
	"fmt"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Walker reads commits and trees of one repository. It is not safe for concurrent use.
type Walker struct {
	objects repo.Objects
	shallow map[pack.ID]bool
	commits map[pack.ID]Commit // read so far
}

// NewWalker returns a Walker with a reader of its own.
func NewWalker(r *repo.Repo, store *pack.Store) *Walker {
	w := &Walker{
		objects: repo.Objects{Repo: r, Store: store, Reader: store.NewReader()},
		shallow: make(map[pack.ID]bool, len(r.Shallow)),
		commits: map[pack.ID]Commit{},
	}
	for _, id := range r.Shallow {
		w.shallow[id] = true
	}
	return w
}

// Commit is a commit of a range.
type Commit struct {
	ID      pack.ID
	Tree    pack.ID
	Parents []pack.ID // without those beyond the boundary of a shallow clone
	Time    int64     // committer's clock, in seconds since 1970
	Shallow bool      // at that boundary: its parents are not here
}

// List is the commits of a range.
type List struct {
	Commits  []Commit // children before parents, else newest first, as in git rev-list --date-order
	Problems []source.Problem
	Notes    []string // for the user
}

// Range is a set of commits, as Parse reads it.
type Range struct {
	include, exclude []pack.ID
	symmetric        [][2]pack.ID // both included, their common history excluded
	alone            []pack.ID    // without their ancestors
}

// Between is what any of the commits to reaches and none of from.
func Between(from, to []pack.ID) Range {
	return Range{exclude: from, include: to}
}

// Parse reads revisions and ranges. All of them together mean one set, and what one of them excludes is
// excluded from all:
//
//	A..B    what B reaches and A does not; an empty side is HEAD
//	A...B   what only one of A and B reaches
//	^A      not what A reaches, for all other arguments
//	A^!     the commit A alone
//	A       the commit A alone; beside a ^B all that A reaches, as in git
//
// A lone revision differs from git log, where it means the whole history behind it: "--range HEAD" in
// CI is to examine the last commit. A and B are anything that repo.Resolve understands.
func (w *Walker) Parse(specs ...string) (Range, error) {
	var r Range
	var plain []pack.ID
	for _, spec := range specs {
		if err := w.parse(&r, &plain, spec); err != nil {
			return Range{}, err
		}
	}
	excluding := false
	for _, spec := range specs {
		excluding = excluding || strings.HasPrefix(spec, "^")
	}
	if excluding {
		r.include = append(r.include, plain...)
	} else {
		r.alone = append(r.alone, plain...)
	}
	if len(r.include)+len(r.symmetric)+len(r.alone) == 0 {
		return Range{}, errors.New("no commits are asked for: want for instance main..HEAD")
	}
	return r, nil
}

func (w *Walker) parse(r *Range, plain *[]pack.ID, spec string) error {
	if a, b, ok := strings.Cut(spec, "..."); ok {
		ids, err := w.resolve(spec, a, b)
		if err == nil {
			r.symmetric = append(r.symmetric, [2]pack.ID{ids[0], ids[1]})
		}
		return err
	}
	if a, b, ok := strings.Cut(spec, ".."); ok {
		ids, err := w.resolve(spec, a, b)
		if err == nil {
			r.exclude, r.include = append(r.exclude, ids[0]), append(r.include, ids[1])
		}
		return err
	}
	to, rev := plain, spec
	if not, ok := strings.CutPrefix(spec, "^"); ok {
		to, rev = &r.exclude, not
	} else if alone, ok := strings.CutSuffix(spec, "^!"); ok {
		to, rev = &r.alone, alone
	}
	if rev == "" {
		return fmt.Errorf("range %q: want a revision or a range as in main..HEAD", spec)
	}
	ids, err := w.resolve(spec, rev)
	*to = append(*to, ids...)
	return err
}

func (w *Walker) resolve(spec string, revs ...string) ([]pack.ID, error) {
	var ids []pack.ID
	for _, rev := range revs {
		if rev == "" {
			rev = "HEAD"
		}
		id, err := w.objects.Repo.ResolveCommit(w.objects.Store, w.objects.Reader, rev)
		if err != nil {
			return nil, fmt.Errorf("range %q: %w", spec, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// commit reads a commit.
func (w *Walker) commit(id pack.ID) (Commit, error) {
	if c, ok := w.commits[id]; ok {
		return c, nil
	}
	h, err := w.objects.Commit(id)
	if err != nil {
		return Commit{}, err
	}
	c := Commit{ID: id, Tree: h.Tree, Parents: h.Parents, Time: h.Time}
	if w.shallow[id] {
		c.Parents, c.Shallow = nil, true
	}
	w.commits[id] = c
	return c, nil
}
