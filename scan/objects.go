package scan

import (
	"bytes"
	"context"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/files"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Object is a text of a repository, and a path that it has there; a message has none.
type Object struct {
	ID   string // in hex
	Path string
}

// Objects scans single objects of a repository, and adds what is found to b: to find again what an earlier scan
// reported, whose report holds no secret. Of commits and tags the message is read. An object that cannot be read is a
// problem in the coverage.
func Objects(ctx context.Context, r *repo.Repo, list []Object, b *correlate.Builder, o Options) error {
	store, err := r.OpenStore(o.MaxSize)
	if err != nil {
		return err
	}
	defer store.Close()
	reader := store.NewReader()
	f := newFileScan(b, o)
	defer f.close()
	for _, one := range list {
		if ctx.Err() != nil {
			o.Coverage.Problem(interrupted(ctx.Err()))
			return nil
		}
		id, err := pack.ParseID(one.ID)
		if err != nil {
			return err
		}
		n, ok := store.Find(id)
		if !ok {
			o.Coverage.Problem(source.Problem{Reason: source.Absent, What: one.ID, Where: one.Path, Detail: "object is not in the repository"})
			continue
		}
		kind, data, err := reader.Read(n)
		if err != nil {
			o.Coverage.Problem(repo.Problem(err, one.Path))
			continue
		}
		if kind != pack.Blob {
			data = message(data)
		}
		data = bytes.Clone(data)
		o.Coverage.Scanned(kind.String(), 1, int64(len(data)))
		f.text(0, files.Text{Kind: kind.String(), Path: one.Path, Data: data})
	}
	return nil
}
