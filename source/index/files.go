package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Files returns the regular files of the index with the blobs that it has of them, sorted by path; of a path whose merge is
// not resolved its own side. Notes are for the user.
func Files(ctx context.Context, r *repo.Repo, o Options) (files []repo.Blob, notes []string, err error) {
	path := o.path(r)
	f, err := read(path, r.HashLen)
	var needsGit errNeedsGit
	if errors.As(err, &needsGit) {
		all, err := listIndex(ctx, r, path)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", string(needsGit), err)
		}
		for _, c := range all.Changes {
			if isFile(c.Mode, c.Stage) {
				files = append(files, repo.Blob{Path: c.Path, ID: c.New})
			}
		}
		return files, []string{readByGit(string(needsGit))}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("index %s: %w", path, err)
	}
	for _, e := range f.entries {
		if isFile(e.mode, e.stage) && !e.intentAdd {
			files = append(files, repo.Blob{Path: string(e.path), ID: pack.ID(e.id)})
		}
	}
	return files, nil, nil
}

func isFile(mode uint32, stage uint8) bool {
	return mode&pack.ModeKind == pack.ModeFile && (stage == 0 || stage == 2)
}
