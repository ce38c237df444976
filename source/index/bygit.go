package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// stagedByGit is Staged for an index that only git reads; why names what is special about it.
func stagedByGit(ctx context.Context, objects repo.Objects, path string, head pack.ID, why string) (repo.Diff, error) {
	d, err := staged(ctx, objects, head, func(tree pack.ID, gone *repo.Gone) (repo.Diff, error) {
		d, err := diffIndex(ctx, objects.Repo, path, tree, gone)
		if err == nil || ctx.Err() != nil {
			return d, err
		}
		// A tree of HEAD may be missing. What it held then counts as new, which is the safe side.
		all, listErr := listIndex(ctx, objects.Repo, path)
		if listErr != nil {
			return d, err
		}
		all.Problems = append(all.Problems, source.Problem{
			Reason: source.Unreadable, What: tree.String(),
			Detail: "the index cannot be compared with it, and all of it counts as new: " + err.Error(),
		})
		return all, nil
	})
	if err != nil {
		return repo.Diff{}, fmt.Errorf("%s: %w", why, err)
	}
	d.Notes = append(d.Notes, readByGit(why))
	return d, nil
}

// diffIndex compares an index with a tree. What only the tree has it adds to gone.
func diffIndex(ctx context.Context, r *repo.Repo, path string, tree pack.ID, gone *repo.Gone) (repo.Diff, error) {
	var d repo.Diff
	out, err := r.Git(ctx, path, "diff-index", "--cached", "--raw", "-z", "-r", "--no-renames", "--no-abbrev",
		"--ita-invisible-in-index", tree.String())
	if err != nil {
		return d, err
	}
	var unmerged map[string]pack.ID // by path, what the tree has there
	err = parseRaw(out, func(c rawChange) {
		switch {
		case c.status == 'U':
			if unmerged == nil {
				unmerged = map[string]pack.ID{}
			}
			if pack.IsBlobMode(c.oldMode) {
				unmerged[c.path] = c.oldID
			}
		case !pack.IsBlobMode(c.newMode) || c.status == 'D':
			if c.status != 'A' {
				gone.Add(c.path, c.oldMode, []byte(c.oldID))
			}
		case c.oldID != c.newID:
			change := repo.Change{Path: c.path, Mode: c.newMode, New: c.newID}
			if c.status != 'A' && pack.IsBlobMode(c.oldMode) {
				change.Old = []pack.ID{c.oldID}
			}
			d.Changes = append(d.Changes, change)
		}
	})
	if err == nil && unmerged != nil {
		err = addUnmerged(ctx, r, path, unmerged, &d)
	}
	return d, err
}

// rawChange is a record of git diff-index --raw -z.
type rawChange struct {
	oldMode, newMode uint32
	oldID, newID     pack.ID
	status           byte
	path             string
}

// parseRaw reads records ":<old mode> <new mode> <old id> <new id> <status>\0<path>\0".
func parseRaw(out []byte, f func(rawChange)) error {
	for len(out) > 0 {
		head, rest, ok1 := bytes.Cut(out, []byte{0})
		path, rest, ok2 := bytes.Cut(rest, []byte{0})
		fields := strings.Fields(strings.TrimPrefix(string(head), ":"))
		if !ok1 || !ok2 || len(fields) != 5 {
			return errors.New("git diff-index printed something unexpected")
		}
		oldMode, err1 := strconv.ParseUint(fields[0], 8, 32)
		newMode, err2 := strconv.ParseUint(fields[1], 8, 32)
		oldID, err3 := pack.ParseID(fields[2])
		newID, err4 := pack.ParseID(fields[3])
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return fmt.Errorf("git diff-index: %w", err)
		}
		f(rawChange{uint32(oldMode), uint32(newMode), oldID, newID, fields[4][0], string(path)})
		out = rest
	}
	return nil
}

// listIndex returns all blobs of an index as new. Empty ones, among them what was added with intent-to-add, hold
// nothing.
func listIndex(ctx context.Context, r *repo.Repo, index string) (repo.Diff, error) {
	var d repo.Diff
	out, err := r.Git(ctx, index, "ls-files", "--stage", "-z")
	if err == nil {
		err = parseStages(out, func(c repo.Change) {
			if c.New != repo.EmptyBlob(r.HashLen) {
				d.Changes = append(d.Changes, c)
			}
		})
	}
	return d, err
}

// parseStages reads records "<mode> <id> <stage>\t<path>\0" of git ls-files, and calls f for those of blobs.
func parseStages(out []byte, f func(repo.Change)) error {
	for record := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		if len(record) == 0 {
			continue
		}
		meta, path, _ := strings.Cut(string(record), "\t")
		fields := strings.Fields(meta)
		if len(fields) != 3 {
			return errors.New("git ls-files printed something unexpected")
		}
		mode, err1 := strconv.ParseUint(fields[0], 8, 32)
		id, err2 := pack.ParseID(fields[1])
		stage, err3 := strconv.ParseUint(fields[2], 10, 8)
		if err := errors.Join(err1, err2, err3); err != nil {
			return fmt.Errorf("git ls-files: %w", err)
		}
		if pack.IsBlobMode(uint32(mode)) {
			f(repo.Change{Path: path, Mode: uint32(mode), New: id, Stage: uint8(stage)})
		}
	}
	return nil
}

// addUnmerged adds the stages of unresolved paths, which diff-index only names.
func addUnmerged(ctx context.Context, r *repo.Repo, index string, head map[string]pack.ID, d *repo.Diff) error {
	out, err := r.Git(ctx, index, "ls-files", "--unmerged", "-z")
	if err != nil {
		return err
	}
	err = parseStages(out, func(c repo.Change) {
		old := head[c.Path]
		if old == c.New {
			return
		}
		if old != "" {
			c.Old = []pack.ID{old}
		}
		d.Changes = append(d.Changes, c)
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(d.Changes, func(a, b repo.Change) int { return strings.Compare(a.Path, b.Path) })
	return nil
}
