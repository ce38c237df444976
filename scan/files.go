package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/files"
	"github.com/straykey/straykey/source/pack"
)

// Files scans a file, or the files below a directory, and adds what is found to b.
func Files(ctx context.Context, root string, b *correlate.Builder, o Options) (*Result, error) {
	f := newFileScan(b, o)
	err := files.Walk(ctx, root, files.Options{
		Jobs: o.Jobs, NoGitignore: o.NoGitignore, MaxSize: o.MaxSize,
	}, o.Coverage, f.text)
	if ctx.Err() != nil {
		o.Coverage.Problem(interrupted(ctx.Err()))
	} else if err != nil {
		return nil, fmt.Errorf("scan files of %s: %w", root, err)
	}
	f.close()
	return &Result{}, nil
}

// Stdin scans all that can be read from r.
func Stdin(ctx context.Context, r io.Reader, b *correlate.Builder, o Options) (*Result, error) {
	f := newFileScan(b, o)
	data, err := readAll(ctx, r, o.MaxSize+1)
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

// readAll reads up to limit bytes and returns what there is when ctx ends, even while
// a read waits for a terminal or pipe. The goroutine that waits then ends with the process.
func readAll(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
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
	facts := f.scanners[worker].Scan(t.Data)
	f.progress.Objects.Add(1)
	f.progress.Bytes.Add(int64(len(t.Data)))
	if facts.Overflow() {
		f.Coverage.Problem(overflow(t.Path))
	}
	matches := f.Engine.Keep(facts.Matches(), t.Path, "")
	if len(matches) == 0 {
		return
	}
	plain, _ := detect.Plain(bytes.Clone(t.Data))
	for _, m := range matches {
		o := correlate.Occurrence{Kind: t.Kind, Path: f.at(t.Path)}
		correlate.Locate(&o, plain, m, 1)
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
