package repo

import (
	"errors"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// ErrNotRepository says that neither the path nor a directory above it is a git repository.
var ErrNotRepository = errors.New("not a git repository (or any of the directories above)")

// Repo is an opened repository. Its fields are not changed after Open, so it may be used concurrently.
type Repo struct {
	GitDir        string // this work tree's own directory: HEAD, index; absolute
	CommonDir     string // what all work trees share: objects, refs, config; absolute
	WorkTree      string // absolute; empty: bare
	HashLen       int    // bytes in an object id: 20 or 32
	Promisor      bool   // a partial clone: absent objects are promised, not lost
	PromisorPacks []string
	Shallow       []pack.ID // commits whose parents are not here on purpose
	Reftable      bool
}

// Options says which repository to open when it is not simply the one around a path. They
// are what git hooks get as GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE: cmd reads the environment and
// passes it here, and nothing below reads it.
type Options struct {
	Path      string // where discovery starts, and what the others are relative to; empty: the current directory
	GitDir    string // no discovery: this is the git directory
	CommonDir string // instead of what GitDir's commondir file says
	WorkTree  string // instead of the one found
}

// Open finds the repository that path is in: the work tree, sub-directory, git directory or bare
// repository itself.
func Open(path string) (*Repo, error) { return OpenWith(Options{Path: path}) }

// OpenWith opens the repository that the options name.
func OpenWith(o Options) (*Repo, error) { return nil, ErrNotRepository }

// ObjectsDir returns the directory for pack.Open.
func (r *Repo) ObjectsDir() string { return "" }

// Notes tells, for the user, what was not read in the usual way, and why.
func (r *Repo) Notes() []string { return nil }

// Ref is a name for an object.
type Ref struct {
	Name string  // full: "refs/heads/main", "HEAD", "worktrees/x/HEAD", "stash@{1}"
	ID   pack.ID // not peeled
}

// Refs lists all refs, HEAD, the HEADs of the other work trees, and the older
// stashes from the reflog as stash@{1} and up, sorted by name. Broken refs are Problems. An unborn HEAD
// and symbolic refs to nothing are neither.
func (r *Repo) Refs() ([]Ref, []source.Problem) { return nil, nil }

// Head returns the current branch and its commit; its Name is "HEAD" when detached. It returns false
// before the first commit.
func (r *Repo) Head() (Ref, bool) { return Ref{}, false }

// Resolve returns the object that a revision names (gitrevisions(7)).
func (r *Repo) Resolve(store *pack.Store, reader *pack.Reader, rev string) (pack.ID, error) {
	return "", errors.New("not yet")
}
