package scan

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// written is a credential on a line that a change adds.
type written struct {
	cred   *detect.Credential
	at     correlate.Occurrence
	commit pack.Num // history: which commit adds it
}

// binaryStart is how many bytes of a file git looks at for a NUL, which makes it a binary one.
const binaryStart = 8000

// findWritten scans, for Options.Rewritten, the lines that a file at a path has and its older version has not, and nothing
// around them, as those do that read what git log -p prints; older is nil for a new file. at is what all places have in
// common. In what git calls binary nothing but members of archives is found.
func (o *Options) findWritten(s *detect.Scanner, path string, older, newer []byte, at correlate.Occurrence) []written {
	runs := []added{{1, newer}}
	binary := bytes.IndexByte(newer[:min(len(newer), binaryStart)], 0) >= 0
	if !binary {
		runs = addedLines(older, newer)
	}
	var out []written
	for _, run := range runs {
		text := o.newTexts(s, run.text)
		for _, m := range o.Engine.Keep(text.facts.Matches(), path, "") {
			if m.File != "" || binary && m.Member == "" {
				continue
			}
			found := written{cred: m.Credential, at: at}
			found.at.Path = o.at(path)
			text.locate(&found.at, m)
			if m.Member == "" {
				found.at.Line, found.at.EndLine = found.at.Line+run.line-1, found.at.EndLine+run.line-1
				found.at.Frame.FirstLine += run.line - 1
			}
			out = append(out, found)
		}
	}
	return out
}

// rewritten returns what commits write again of what was found in blobs. Where that is one of the places, the place gets the
// match that stands on the added lines alone.
func (h *historyScan) rewritten(ctx context.Context, places [][]located) ([]written, error) {
	writes, err := h.writes(ctx)
	if err != nil {
		return nil, err
	}
	all := make([][]written, len(writes))
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range max(1, h.Jobs) {
		g.Go(func() error {
			scanner, now := h.Engine.NewScanner(), h.store.NewReader()
			before := repo.Objects{Repo: h.repo, Store: h.store, Reader: h.store.NewReader()}
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(writes) {
					break
				}
				all[i] = h.findAgain(scanner, now, before, writes[i])
			}
			ruleError(h.coverage, scanner)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	known := map[spot]*located{}
	for _, batch := range places {
		for i := range batch {
			known[spotOf(&batch[i].occurrence, batch[i].cred, batch[i].place.First)] = &batch[i]
		}
	}
	return slices.DeleteFunc(slices.Concat(all...), func(w written) bool {
		l := known[spotOf(&w.at, w.cred, w.commit)]
		if l != nil {
			l.occurrence.Frame.Match = w.at.Frame.Match
		}
		return l != nil
	}), nil
}

// spot is where a commit writes a secret.
type spot struct {
	rule, secret, path string
	line, column       int
	commit             pack.Num
}

func spotOf(o *correlate.Occurrence, c *detect.Credential, commit pack.Num) spot {
	return spot{c.Rule.ID, c.Secret, o.Path, o.Line, o.Column, commit}
}

// findAgain returns what one write brings. What cannot be read was told when it was scanned.
func (h *historyScan) findAgain(s *detect.Scanner, now *pack.Reader, before repo.Objects, w history.Write) []written {
	_, newer, err := now.Read(w.Blob)
	if err != nil {
		return nil
	}
	var older []byte
	if w.Before != history.NoCommit {
		id, err := before.BlobAt(h.store.ID(w.Before), w.Path)
		if err == nil && id != "" {
			_, older, _ = before.Read(id) // nothing of it, if it cannot be read: then all lines are new
		}
	}
	found := h.findWritten(s, w.Path, older, newer, correlate.Occurrence{Kind: "blob", Object: h.store.ID(w.Blob).String(), Reachable: true})
	for i := range found {
		found[i].commit = w.Commit
	}
	return found
}

// writes returns which commits write blobs in which something was found.
func (h *historyScan) writes(ctx context.Context) ([]history.Write, error) {
	q := history.Query{
		Labels: map[pack.Num]uint32{}, Workers: h.Jobs, Walk: h.Progress.begin("trees again"),
		Filter: history.Filter{Tips: h.tips, NoUnreachable: h.NoUnreachable},
	}
	for i, x := range h.hits {
		if x.typ == pack.Blob {
			q.Labels[x.num] = uint32(i) + 1
		}
	}
	type labelPath struct {
		label uint32
		path  string
	}
	counts := map[labelPath]bool{} // thousands of versions of a file have one label
	q.Resolve = func(label uint32, path string) []uint32 {
		at := labelPath{h.hits[label-1].label, path}
		kept, ok := counts[at]
		if !ok {
			kept = len(h.Engine.Keep(slices.Clone(h.labels.get(at.label)), path, "")) > 0
			counts[at] = kept
		}
		if !kept {
			return nil
		}
		return []uint32{label}
	}
	writes, err := history.Writes(ctx, h.graph, q)
	// Versions of a file follow one another, so that the base of most deltas was read just before.
	slices.SortFunc(writes, func(a, b history.Write) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), h.store.ComparePlace(a.Blob, b.Blob), cmp.Compare(a.Commit, b.Commit))
	})
	return writes, err
}
