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
	w := &walker{Options: o, coverage: coverage, emit: emit}
	w.begin(max(1, o.Jobs))
	if info.IsDir() {
		root = filepath.Clean(root)
		w.top = len(withSeparator(root))
		w.dirs = []*directory{{path: root, rules: w.rulesAbove(root)}}
	} else {
		w.files = []file{{path: root, rel: filepath.Base(root), named: true}}
	}
	g, ctx := errgroup.WithContext(ctx)
	for i := range w.workers {
		g.Go(func() error { return w.work(ctx, i) })
	}
	return g.Wait()
}

// walker finds and reads the files below a directory.
type walker struct {
	Options
	coverage *source.Coverage
	emit     func(worker int, t Text)
	top      int // how much of the path of an entry is that of the root
	pending
}

// directory is one that is walked.
type directory struct {
	path    string // for the operating system
	rel     string // for people: relative to the root, with slashes; empty: the root
	rules   rules  // those of its parent, until it is listed
	ignored bool   // and walked only for what is tracked in it
}

// file is a file or symbolic link to be read.
type file struct {
	path string // for the operating system
	rel  string // for people

	link  bool // a symbolic link, to be read and not followed
	named bool // by the user, who may mean a link or a pipe
}

// work reads files and lists directories until nothing is left to do. The caller starts as many as there are workers.
func (w *walker) work(ctx context.Context, worker int) error {
	defer w.stop()
	r := reader{max: w.MaxSize}
	emit := func(f *file, data []byte) { w.emit(worker, Text{Path: f.rel, Data: data, Kind: kindFile}) }
	for {
		dir, files := w.next()
		if dir == nil && files == nil {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if dir != nil {
			if err := w.list(dir); err != nil {
				return err
			}
		}
		for i := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			w.read(&r, &files[i], emit)
		}
	}
}

// rulesAbove returns the rules that hold at the root because of what is above it.
func (w *walker) rulesAbove(root string) rules {
	if w.NoGitignore {
		return rules{}
	}
	return rulesAbove(root)
}

// list adds what is in a directory to what is to be done. It fails if the directory is the root and cannot be listed.
func (w *walker) list(dir *directory) error {
	entries, err := os.ReadDir(dir.path)
	if err != nil {
		if dir.rel == "" {
			return err
		}
		w.skipped(kindDirectory, dir.rel, source.Unreadable, reason(err)) // what could be listed of it is walked
	}
	dir.rules = dir.rules.enter(dir, entries, !w.NoGitignore && !dir.ignored)
	below := withSeparator(dir.path)
	files := make([]file, 0, len(entries))
	var dirs []*directory
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		path := below + e.Name()
		rel := filepath.ToSlash(path[w.top:])
		ignored := dir.ignored || dir.rules.ignore(rel, e.IsDir())
		if ignored && (w.Tracked == nil || !w.Tracked(rel)) {
			w.skipped(kindOf(e), rel, source.Ignored, "excluded by ignore rules")
			continue
		}
		switch e.Type() {
		case fs.ModeDir:
			dirs = append(dirs, &directory{path, rel, dir.rules, ignored})
		case 0:
			files = append(files, file{path: path, rel: rel})
		case fs.ModeSymlink:
			files = append(files, file{path: path, rel: rel, link: true})
		default:
			w.skipped(kindFile, rel, source.Ignored, "neither file nor symbolic link: "+e.Type().String())
		}
	}
	w.add(dirs, files)
	return nil
}

// withSeparator returns the path of a directory as it stands before those of its entries.
func withSeparator(dir string) string {
	if os.IsPathSeparator(dir[len(dir)-1]) { // the root of a file system
		return dir
	}
	return dir + string(filepath.Separator)
}

func kindOf(d fs.DirEntry) string {
	if d.IsDir() {
		return kindDirectory
	}
	return kindFile
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
func (w *walker) read(r *reader, f *file, emit func(f *file, data []byte)) {
	data, err := r.read(f)
	switch {
	case err == nil:
		emit(f, data)
		w.coverage.Scanned(kindFile, 1, int64(len(data)))
	case errors.Is(err, errTooLarge):
		w.skipped(kindFile, f.rel, source.TooLarge, fmt.Sprintf("more than %d bytes", w.MaxSize))
	case errors.Is(err, fs.ErrNotExist):
		// It may have been renamed to where the walk had been before: do not call this complete.
		w.skipped(kindFile, f.rel, source.Absent, "gone before it could be read")
	default:
		w.skipped(kindFile, f.rel, source.Unreadable, reason(err))
	}
}
