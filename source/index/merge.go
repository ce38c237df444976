package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// againstMergeHeads compares the changes against HEAD also with the other parents that the commit will
// have while a merge is being concluded. Stages of an unresolved path stay as they are. What comes from the
// other side may have moved, too: its paths that the index has not are added to gone.
func againstMergeHeads(ctx context.Context, objects repo.Objects, d *repo.Diff, gone *repo.Gone, compare comparison) error {
	heads, err := mergeHeads(objects.Repo)
	if err != nil || len(heads) == 0 || len(d.Changes) == 0 {
		return err
	}
	for _, id := range heads {
		c, err := objects.Commit(id)
		if err != nil {
			d.Problems = append(d.Problems, repo.Problem(err, "MERGE_HEAD"))
			continue
		}
		kept := d.Changes[:0]
		for _, change := range d.Changes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if change.Stage == 0 {
				old, err := objects.BlobAt(c.Tree, change.Path)
				if err != nil {
					d.Problems = append(d.Problems, repo.Problem(err, "MERGE_HEAD:"+change.Path))
				}
				if old == change.New {
					continue
				}
				if old != "" && !slices.Contains(change.Old, old) {
					change.Old = append(slices.Clone(change.Old), old)
				}
			}
			kept = append(kept, change)
		}
		d.Changes = kept
		if len(kept) == 0 {
			return nil
		}
		other, err := compare(c.Tree, gone)
		if err != nil {
			return err
		}
		d.Problems = append(d.Problems, other.Problems...)
	}
	return nil
}

// mergeHeads reads the commits that are being merged into HEAD, one id a line.
func mergeHeads(r *repo.Repo) ([]pack.ID, error) {
	const maxHeads = 1 << 20 // bytes
	data, err := repo.ReadFile(filepath.Join(r.GitDir, "MERGE_HEAD"), maxHeads)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []pack.ID
	for line := range bytes.Lines(data) {
		id, err := pack.ParseID(strings.TrimSpace(string(line)))
		if err != nil {
			return nil, fmt.Errorf("%s: a line is not an object id", filepath.Join(r.GitDir, "MERGE_HEAD"))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
