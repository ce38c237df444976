package history

import (
	"time"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// NoCommit stands for the commit of what is in no commit.
const NoCommit = ^pack.Num(0)

// Repo is the repository whose history is looked at.
type Repo struct {
	Store    *pack.Store
	Refs     []repo.Ref // all refs, and "HEAD"
	Shallow  []pack.ID  // commits whose parents are left out
	Promisor bool       // absent objects are promised, not lost
}

// Query says what to look for.
type Query struct {
	// Labels gives the label of each blob with findings. It is only read.
	Labels map[pack.Num]uint32
	// Named, if not nil, tells from the name of a file whether it may have findings whatever it holds. A blob
	// without a label counts, where it has such a name, as one with the label Plain.
	Named func(name string) bool
	Plain uint32
	// Resolve returns the credentials that a label stands for at a path, in ascending order. It is
	// called once for each label and path, by one goroutine, and must return the same for the same
	// arguments.
	Resolve func(label uint32, path string) []uint32
	Filter  Filter
	MaxRefs int            // refs listed in each Place; all are counted
	Workers int            // goroutines for the walk over trees; 0 means GOMAXPROCS
	Walk    *pack.Progress // if not nil, counts the trees as they are walked
}

// label returns the label of a blob that matters where it stands.
func (q *Query) label(blob pack.Num) uint32 {
	if l := q.Labels[blob]; l != 0 || q.Named == nil {
		return l
	}
	return q.Plain
}

// Filter restricts which commits count. The zero Filter lets all of them count.
type Filter struct {
	// Tips, if not nil, leaves only what can be reached from these commits, tags, trees and blobs. Refs
	// are still listed whether or not they are tips.
	Tips []pack.ID
	// Since, if not zero, leaves only introductions by commits with this committer time or a later
	// one: First is the first of these, and places without one are dropped.
	Since time.Time
	// NoUnreachable drops what no ref leads to.
	NoUnreachable bool
}

// Place is the history of one credential at one path. Commits are [NoCommit] where there is none.
type Place struct {
	Cred uint32
	Path string
	// Blob is the blob at Path in First that holds the credential; the one with the smallest
	// number if there are several.
	Blob pack.Num

	First   pack.Num // the first commit, in order, that introduces it
	Last    pack.Num // the last commit, in order, that holds it
	Removed pack.Num // the last commit, in order, that removes it; none if InHead

	InHead    bool     // HEAD's tree holds it
	Reachable bool     // some ref leads to it: RefCount > 0
	Refs      []string // refs from which a commit holding it is reachable; sorted, at most MaxRefs
	RefCount  int      // number of all such refs
}

// Result is the answer to a [Query].
type Result struct {
	Places []Place // sorted by Cred, then Path
	// Problems are what is wrong with trees, and absent blobs, each once and sorted by What. What is wrong
	// with commits and tags is told by Graph.Problems.
	Problems []source.Problem
}
