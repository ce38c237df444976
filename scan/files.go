package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/files"
	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// Files scans a file, or the files below a directory, and adds what is found to b. What git tracks is
// scanned even if ignore rules exclude it.
func Files(ctx context.Context, root string, b *correlate.Builder, o Options) (*Result, error) {
	result := &Result{}
	tracked := o.tracked(ctx, root, result)
	f := newFileScan(b, o)
	err := files.Walk(ctx, root, files.Options{
		Jobs: o.Jobs, NoGitignore: o.NoGitignore, MaxSize: o.MaxSize, Tracked: tracked,
	}, o.Coverage, f.text)
	if ctx.Err() != nil {
		o.Coverage.Problem(interrupted(ctx.Err()))
	} else if err != nil {
		return nil, fmt.Errorf("scan files of %s: %w", root, err)
	}
	f.close()
	return result, nil
}

// tracked returns what tells whether a path below root is tracked by the repository that root is in; nil:
// nothing is. The index is read here, not while walking: it is needed for ignored paths only, but
// almost every repository has some.
func (o *Options) tracked(ctx context.Context, root string, result *Result) func(path string) bool {
	if o.NoGitignore {
		return nil
	}
	r, err := repo.Open(root)
	if errors.Is(err, repo.ErrNotRepository) || errors.Is(err, fs.ErrNotExist) { // or a .git file that points nowhere
		return nil
	}
	var paths *index.Paths
	if err == nil {
		paths, err = index.Tracked(ctx, r, index.Options{})
	}
	if err != nil {
		o.Coverage.Problem(source.Problem{
			Reason: source.Unreadable, What: root,
			Detail: "which ignored files git tracks is not known: " + err.Error() + " (--no-gitignore scans all of them)",
		})
		return nil
	}
	below, ok := withinWorkTree(r, root)
	if !ok {
		return nil
	}
	result.Notes = append(result.Notes, paths.Notes...)
	return func(path string) bool { return paths.Has(below + path) }
}

// withinWorkTree returns where a directory stands in the work tree, with a slash behind, or "" at its top.
func withinWorkTree(r *repo.Repo, dir string) (below string, ok bool) {
	if r.WorkTree == "" {
		return "", false
	}
	rel, err := relative(r.WorkTree, dir)
	switch {
	case err != nil || !filepath.IsLocal(rel):
		return "", false
	case rel == ".":
		return "", true
	}
	return filepath.ToSlash(rel) + "/", true
}

// relative is filepath.Rel with symbolic links followed.
func relative(base, path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for _, p := range []*string{&base, &path} {
		if *p, err = filepath.EvalSymlinks(*p); err != nil {
			return "", err
		}
	}
	return filepath.Rel(base, path)
}

// Stdin scans all that can be read from r.
func Stdin(ctx context.Context, r io.Reader, b *correlate.Builder, o Options) (*Result, error) {
	f := newFileScan(b, o)
	data, err := ReadAll(ctx, r, o.MaxSize+1)
	switch {
	case ctx.Err() != nil:
		o.Coverage.Problem(interrupted(ctx.Err()))
	case err != nil:
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if int64(len(data)) > o.MaxSize {
		o.Coverage.Skipped("stdin", source.Problem{Reason: source.TooLarge, What: "standard input", Detail: "only its first part was scanned"})
		data = data[:o.MaxSize]
	} else {
		o.Coverage.Scanned("stdin", 1, int64(len(data)))
	}
	f.text(0, files.Text{Data: data, Kind: "stdin"})
	f.close()
	return &Result{}, nil
}

// ReadAll reads up to limit bytes and returns what there is when ctx ends, even while
// a read waits for a terminal or pipe. The goroutine that waits then ends with the process.
func ReadAll(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	type chunk struct {
		data []byte
		err  error
	}
	chunks := make(chan chunk)
	go func() {
		r := io.LimitReader(r, limit)
		for {
			buf := make([]byte, 64<<10)
			n, err := r.Read(buf)
			select {
			case chunks <- chunk{buf[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var all []byte
	for {
		select {
		case <-ctx.Done():
			return all, ctx.Err()
		case c := <-chunks:
			all = append(all, c.data...)
			if errors.Is(c.err, io.EOF) {
				return all, nil
			}
			if c.err != nil {
				return all, c.err
			}
		}
	}
}

// fileScan scans texts that stand for themselves, each once.
type fileScan struct {
	Options
	mu       sync.Mutex // guards builder
	builder  *correlate.Builder
	scanners []*detect.Scanner // by worker
	progress *pack.Progress
}

func newFileScan(b *correlate.Builder, o Options) *fileScan {
	f := &fileScan{Options: o, builder: b, progress: o.Progress.begin("files")}
	for range max(1, o.Jobs) {
		f.scanners = append(f.scanners, o.Engine.NewScanner())
	}
	return f
}

// text scans one text. It is called by several workers at once, each with a number of its own.
func (f *fileScan) text(worker int, t files.Text) {
	text := f.newTexts(f.scanners[worker], t.Data)
	facts := text.facts
	f.progress.Objects.Add(1)
	f.progress.Bytes.Add(int64(len(t.Data)))
	if facts.Overflow() {
		f.Coverage.Problem(overflow(t.Path))
	}
	noteParts(f.Coverage, facts, cmp.Or(f.at(t.Path), "standard input"))
	all := facts.Matches()
	matches := f.Engine.Keep(all, t.Path, "")
	if len(matches) == 0 {
		return
	}
	if pairs := text.pairs(f.Engine.Halves(all, t.Path, "")); len(pairs) > 0 {
		f.mu.Lock()
		f.builder.AddPairs(pairs, "", f.at(t.Path))
		f.mu.Unlock()
	}
	for _, m := range matches {
		o := correlate.Occurrence{Kind: t.Kind, Path: f.at(t.Path)}
		text.locate(&o, m)
		f.mu.Lock()
		f.builder.Add(m.Credential, o)
		f.mu.Unlock()
		f.Progress.found(1)
	}
}

func (f *fileScan) close() {
	for _, s := range f.scanners {
		ruleError(f.Coverage, s)
	}
}
