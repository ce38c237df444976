package scan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

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

// Objects scans single objects, each of the first repository that has it, and adds what is found to b: to find again what an
// earlier scan reported, whose report holds no secret. Of commits and tags the message is read. An object that cannot be
// read is a problem in the coverage.
func Objects(ctx context.Context, repos []*repo.Repo, list []Object, b *correlate.Builder, o Options) error {
	if len(list) == 0 {
		return nil
	}
	var stores []*pack.Store
	var readers []*pack.Reader
	for _, r := range repos {
		store, err := r.OpenStore(o.MaxSize)
		if err != nil {
			return err
		}
		defer store.Close()
		stores, readers = append(stores, store), append(readers, store.NewReader())
	}
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
		var n pack.Num
		i := slices.IndexFunc(stores, func(s *pack.Store) bool {
			found, ok := s.Find(id)
			n = found
			return ok
		})
		if i < 0 {
			o.Coverage.Problem(source.Problem{Reason: source.Absent, What: one.ID, Where: one.Path, Detail: "no such object is in what was scanned"})
			continue
		}
		kind, data, err := readers[i].Read(n)
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

// Paths scans single files below a directory, as Objects does objects. Paths are slash separated and relative to it;
// none leads out of it.
func Paths(ctx context.Context, dir string, list []string, b *correlate.Builder, o Options) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f := newFileScan(b, o)
	defer f.close()
	for _, path := range list {
		if ctx.Err() != nil {
			o.Coverage.Problem(interrupted(ctx.Err()))
			return nil
		}
		data, err := readFile(root, path, o.MaxSize)
		if err != nil {
			o.Coverage.Problem(source.Problem{Reason: source.Unreadable, What: path, Detail: err.Error()})
			continue
		}
		o.Coverage.Scanned("file", 1, int64(len(data)))
		f.text(0, files.Text{Kind: "file", Path: path, Data: data})
	}
	return nil
}

// readFile reads a regular file of up to size bytes, and of a larger one its beginning. To open a pipe would be to wait for
// somebody who writes to it.
func readFile(root *os.Root, path string, size int64) ([]byte, error) {
	info, err := root.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	file, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, size))
}
