package scan

import (
	"context"
	"crypto/sha1" //nolint:gosec // git's names of objects
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Unstaged scans what the files of the work tree change against the index, as git diff shows it, and adds what is new to b.
// Files that git does not track are no change. indexFile is the value of GIT_INDEX_FILE, or empty.
func Unstaged(ctx context.Context, r *repo.Repo, indexFile string, b *correlate.Builder, o Options) (*Result, error) {
	if r.WorkTree == "" {
		return nil, errors.New("a bare repository has no work tree, and so no changes that are not committed")
	}
	c, err := newChangeScan(r, b, o)
	if err != nil {
		return nil, err
	}
	defer c.store.Close()
	files, notes, err := index.Files(ctx, r, index.Options{File: indexFile})
	if err != nil {
		return nil, err
	}
	c.result.Notes = append(c.result.Notes, notes...)
	top, err := os.OpenRoot(r.WorkTree)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	progress := o.Progress.begin("files")
	progress.Total.Store(int64(len(files)))
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		progress.Objects.Add(1)
		c.workFile(top, f)
	}
	return c.finish(ctx), nil
}

// workFile scans a file of the work tree if it is not what the index has, and adds what that did not hold.
func (c *changeScan) workFile(top *os.Root, f repo.Blob) {
	name := filepath.FromSlash(f.Path)
	info, err := top.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return // deleted
	case err != nil:
		c.coverage.Skipped("file", source.Problem{Reason: source.Unreadable, What: f.Path, Detail: err.Error()})
		return
	case !info.Mode().IsRegular():
		return // a link or a directory now, which has no lines
	case info.Size() > c.MaxSize:
		c.coverage.Skipped("file", source.Problem{Reason: source.TooLarge, What: f.Path, Detail: fmt.Sprintf("%d bytes", info.Size())})
		return
	}
	data, err := top.ReadFile(name)
	if err != nil {
		c.coverage.Skipped("file", source.Problem{Reason: source.Unreadable, What: f.Path, Detail: err.Error()})
		return
	}
	if blobID(data, c.repo.HashLen) == f.ID {
		return
	}
	text := c.newTexts(c.first().scanner, data)
	c.coverage.Scanned("file", 1, int64(len(data)))
	noteParts(c.coverage, text.facts, f.Path)
	if text.facts.Overflow() {
		c.coverage.Problem(overflow(f.Path))
	}
	now := c.Engine.Keep(text.facts.Matches(), f.Path, "")
	if len(now) == 0 {
		return
	}
	if c.Rewritten {
		older, _ := c.data(f.ID) // nothing of it, if it cannot be read: then all lines are new
		for _, w := range c.findWritten(c.first().scanner, f.Path, older, data, correlate.Occurrence{Kind: "file"}) {
			c.builder.Add(w.cred, w.at)
		}
	}
	before := map[uint32]bool{}
	c.collect(before, f.ID, f.Path)
	for _, m := range now {
		if before[c.builder.Credential(m.Credential)] {
			continue
		}
		o := correlate.Occurrence{Kind: "file", Path: c.at(f.Path)}
		text.locate(&o, m)
		c.builder.Add(m.Credential, o)
		c.Progress.found(1)
	}
}

// blobID is the id that git gives to a text.
func blobID(data []byte, hashLen int) pack.ID {
	h := sha1.New() //nolint:gosec // as above
	if hashLen == sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return pack.ID(h.Sum(nil))
}
