package repo

import (
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Change is a blob that a commit, or the index, brings to a path. A change of nothing but the mode, or
// from a file to a symbolic link of the same bytes, is not a Change: it brings no new text.
type Change struct {
	Path string    // slash separated, from the top of the work tree; any bytes but NUL
	Mode uint32    // pack.ModeFile…, pack.ModeSymlink
	New  pack.ID   // the blob now at Path
	Old  []pack.ID // the different blobs at Path before: in HEAD, or in the parents that have one there
	// Stage is 0, or 1 to 3 for the base, ours and theirs of an unresolved merge in the index.
	Stage uint8
}

// Blob is a blob at a path.
type Blob struct {
	Path string
	ID   pack.ID
}

// Diff is what one commit, or the index, changes. Text that is in no Old and in no Gone of a Diff did
// not just move: it is new.
type Diff struct {
	Changes []Change // sorted by path, then stage
	// Gone lists blobs at paths that HEAD, or any parent, has and the new side has not (deleted, or
	// not a blob any more), sorted by path. Of equal directories only one is listed. It is empty if there
	// are no Changes.
	Gone     []Blob
	Problems []source.Problem // what could not be compared; then Changes may hold more than is really new
	Notes    []string         // for the user: how it was read, when that was not the usual way
}
