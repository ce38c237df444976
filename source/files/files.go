// Package files streams the texts of a directory tree, or of a single file, as they
// stand on disk.
//
// A tree is read as git would add it: names ".git" are passed over, symbolic links
// are not followed but are texts themselves (their target, as git stores it), and what
// .gitignore files exclude is left out unless it is tracked. Whatever else cannot be
// read is named in the coverage, and the walk goes on.
//
// Of ignore rules, those in the tree and in the repository's info/exclude are honoured.
// The user's own core.excludesFile is not: what one person prefers not to see must not
// decide what is searched for secrets.
package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/charlievieth/fastwalk"
	"golang.org/x/sync/errgroup"

	"github.com/straykey/straykey/source"
)

// Kinds of texts, in Text and in the coverage. Directories are counted in the coverage only, and
// only those that are passed over.
const (
	kindFile      = "file"
	kindDirectory = "directory"
)

// A Text is the content of a file, or the target of a symbolic link.
type Text struct {
	Path string // relative to the root, with slashes; of a single file its name
	Data []byte
	Kind string // "file"; callers that emit standard input in the same way say "stdin"
}

// Options say what to read.
type Options struct {
	// Jobs is the number of goroutines that read and emit; less than 1 means 1.
	Jobs int

	// NoGitignore reads what ignore rules exclude, too.
	NoGitignore bool

	// MaxSize is the number of bytes above which a file is skipped and counted; 0 means
	// no limit.
	MaxSize int64

	// Tracked reports whether a path, relative to the root and with slashes, is in git's
	// index, or has something below it that is. Such paths are read even if ignore rules
	// exclude them, because git has them. It is called concurrently. Nil: nothing is.
	Tracked func(path string) bool
}

// Walk emits the texts below root, which may also be a single file; a symbolic link given
// as root is followed. emit is called from up to Jobs goroutines at once, in no particular
// order, each time with the number of its goroutine, from 0; the text is valid until it
// returns. Everything found is counted in coverage, emitted or not.
//
// The error is the context's, or says that root itself could not be read.
func Walk(ctx context.Context, root string, o Options, coverage *source.Coverage, emit func(worker int, t Text)) error {
	info, err := os.Stat(root)
	if err != nil {
		return err
	}
	w := &walker{Options: o, root: filepath.Clean(root), coverage: coverage}
	q := newQueue()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(q.batches)
		if !info.IsDir() {
			return q.send(ctx, job{path: root, rel: filepath.Base(root), named: true})
		}
		if err := w.walk(ctx, q); err != nil {
			return err
		}
		return q.flush(ctx)
	})
	for i := range max(1, o.Jobs) {
		g.Go(func() error {
			r := reader{max: o.MaxSize}
			for batch := range q.batches {
				for _, j := range batch {
					if err := ctx.Err(); err != nil {
						return err
					}
					w.read(&r, j, func(data []byte) { emit(i, Text{Path: j.rel, Data: data, Kind: kindFile}) })
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// walker finds the files below a directory.
type walker struct {
	Options
	root     string
	coverage *source.Coverage
	base     rules    // in force at the root, from above it
	dirs     sync.Map // path relative to root → *dirState, of directories that are walked
}

// dirState is what the entries of a directory need to know of it.
type dirState struct {
	rules   rules
	ignored bool // and walked only for what is tracked in it
}

// walk sends the files below the root.
func (w *walker) walk(ctx context.Context, to *queue) error {
	if !w.NoGitignore {
		w.base = rulesAbove(w.root)
	}
	conf := fastwalk.Config{NumWorkers: max(2, w.Jobs)}
	return fastwalk.Walk(&conf, w.root, func(path string, d fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path[len(w.root):], string(filepath.Separator)))
		if err != nil {
			return w.unreadableDir(rel, err)
		}
		if rel == "" {
			w.dirs.Store("", &dirState{rules: w.base.enter(path, "", !w.NoGitignore)})
			return nil
		}
		return w.entry(ctx, to, path, rel, d)
	})
}

// entry sees to an entry of a directory, whose own entry was seen to before.
func (w *walker) entry(ctx context.Context, to *queue, path, rel string, d fs.DirEntry) error {
	if d.Name() == ".git" {
		return skip(d)
	}
	parent := ""
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		parent = rel[:i]
	}
	v, _ := w.dirs.Load(parent)
	in := v.(*dirState)
	ignored := in.ignored || in.rules.ignore(rel, d.IsDir())
	if ignored && (w.Tracked == nil || !w.Tracked(rel)) {
		w.skipped(kindOf(d), rel, source.Ignored, "excluded by ignore rules")
		return skip(d)
	}
	switch d.Type() {
	case fs.ModeDir:
		w.dirs.Store(rel, &dirState{in.rules.enter(path, rel, !w.NoGitignore && !ignored), ignored})
		return nil
	case 0:
		return to.send(ctx, job{path: path, rel: rel})
	case fs.ModeSymlink:
		return to.send(ctx, job{path: path, rel: rel, link: true})
	}
	w.skipped(kindFile, rel, source.Ignored, "neither file nor symbolic link: "+d.Type().String())
	return nil
}

// skip is what a callback returns to pass over d and what is in it.
func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func kindOf(d fs.DirEntry) string {
	if d.IsDir() {
		return kindDirectory
	}
	return kindFile
}

// unreadableDir counts a directory that cannot be listed. If it is the root, the walk has failed.
func (w *walker) unreadableDir(rel string, err error) error {
	if rel == "" {
		return err
	}
	w.skipped(kindDirectory, rel, source.Unreadable, reason(err))
	return nil
}

func (w *walker) skipped(kind, rel string, why source.Reason, detail string) {
	w.coverage.Skipped(kind, source.Problem{Reason: why, What: rel, Detail: detail})
}

// reason returns what an error says without the path, which stands beside it.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// read reads a file and emits its text, or counts why not.
func (w *walker) read(r *reader, j job, emit func(data []byte)) {
	data, err := r.read(j)
	switch {
	case err == nil:
		emit(data)
		w.coverage.Scanned(kindFile, 1, int64(len(data)))
	case errors.Is(err, errTooLarge):
		w.skipped(kindFile, j.rel, source.TooLarge, fmt.Sprintf("more than %d bytes", w.MaxSize))
	case errors.Is(err, fs.ErrNotExist):
		// It may have been renamed to where the walk had been before: do not call this complete.
		w.skipped(kindFile, j.rel, source.Absent, "gone before it could be read")
	default:
		w.skipped(kindFile, j.rel, source.Unreadable, reason(err))
	}
}
