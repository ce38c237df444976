package scan

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/index"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/revs"
)

// changeScan judges what a commit or the index changes: the new blobs against those
// they replace. There is no textual diff, so a line that moves is no new leak,
// and a secret that a change elsewhere in the file completes is one.
type changeScan struct {
	Options
	repo     *repo.Repo
	store    *pack.Store
	reader   *pack.Reader
	scanner  *detect.Scanner
	blobs    map[pack.ID][]detect.Match // all matches in the blobs that were read
	coverage *source.Coverage
	builder  *correlate.Builder
	seen     map[credPath]bool
	head     pack.ID // HEAD's tree; empty: there is none that could be read
	result   *Result
}

// credPath is a credential at a path: it is reported where a range first brings it there.
type credPath struct {
	cred uint32
	path string
}

func newChangeScan(r *repo.Repo, b *correlate.Builder, o Options) (*changeScan, error) {
	store, err := r.OpenStore(o.MaxSize)
	if err != nil {
		return nil, err
	}
	c := &changeScan{
		Options: o, repo: r, store: store, reader: store.NewReader(), scanner: o.Engine.NewScanner(),
		blobs: map[pack.ID][]detect.Match{}, seen: map[credPath]bool{}, coverage: o.Coverage, builder: b,
	}
	c.result = &Result{}
	if head, ok := r.Head(); ok {
		c.result.Head = head.ID.String()
	}
	return c, nil
}

// Staged scans what the index changes against HEAD, and adds what is new to b. indexFile is the
// value of GIT_INDEX_FILE, or empty.
func Staged(ctx context.Context, r *repo.Repo, indexFile string, b *correlate.Builder, o Options) (*Result, error) {
	c, err := newChangeScan(r, b, o)
	if err != nil {
		return nil, err
	}
	defer c.store.Close()
	diff, err := index.Staged(ctx, r, c.store, c.reader, index.Options{File: indexFile})
	if err != nil {
		return nil, fmt.Errorf("compare the index with HEAD: %w", err)
	}
	c.judge(ctx, diff, correlate.Occurrence{Kind: "staged"})
	return c.finish(ctx), nil
}

// Range scans what the commits of revision ranges change, and their messages, and adds what is new
// to b. Specs are as for revs.Walker.Parse.
func Range(ctx context.Context, r *repo.Repo, specs []string, b *correlate.Builder, o Options) (*Result, error) {
	c, err := newChangeScan(r, b, o)
	if err != nil {
		return nil, err
	}
	defer c.store.Close()
	walker := revs.NewWalker(r, c.store)
	set, err := walker.Parse(specs...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRevision, err)
	}
	list, err := walker.Commits(ctx, set)
	if err != nil && len(list.Commits) == 0 {
		return nil, err
	}
	c.result.Notes = append(c.result.Notes, list.Notes...)
	for _, p := range list.Problems {
		c.coverage.Problem(p)
	}
	if tree, err := r.Resolve(c.store, c.reader, "HEAD^{tree}"); err == nil {
		c.head = tree
	}
	describe := newDescriber(c.store)
	for _, commit := range slices.Backward(list.Commits) {
		if ctx.Err() != nil {
			break
		}
		c.result.Commits++
		diff, err := walker.Changes(ctx, commit)
		if err != nil {
			c.coverage.Problem(repo.Problem(err, "commit "+commit.ID.String()))
		}
		at := correlate.Occurrence{Kind: "blob", Reachable: true}
		if n, ok := c.store.Find(commit.ID); ok {
			at.First = describe.commit(n)
			c.message(n, at)
		}
		c.judge(ctx, diff, at)
	}
	return c.finish(ctx), nil
}

func (c *changeScan) finish(ctx context.Context) *Result {
	if err := ctx.Err(); err != nil {
		c.coverage.Problem(interrupted(err))
	}
	for _, p := range c.store.Problems() {
		c.coverage.Problem(p)
	}
	ruleError(c.coverage, c.scanner)
	c.result.Notes = append(c.repo.Notes(), c.result.Notes...)
	return c.result
}

// judge adds the credentials that a change brings to a path which did not hold them,
// unless they come from a path that is gone: then they moved.
func (c *changeScan) judge(ctx context.Context, diff repo.Diff, at correlate.Occurrence) {
	c.result.Notes = append(c.result.Notes, diff.Notes...)
	for _, p := range diff.Problems {
		c.coverage.Problem(p)
	}
	progress := c.Progress.begin("changes")
	progress.Total.Store(int64(len(diff.Changes)))
	var gone map[uint32]bool
	for _, change := range diff.Changes {
		if ctx.Err() != nil {
			return
		}
		now := c.kept(change.New, change.Path, true)
		progress.Objects.Add(1)
		if len(now) == 0 {
			continue
		}
		before := map[uint32]bool{}
		for _, old := range change.Old {
			c.collect(before, old, change.Path)
		}
		if gone == nil {
			gone = map[uint32]bool{}
			for _, g := range diff.Gone {
				c.collect(gone, g.ID, g.Path)
			}
		}
		c.addNew(now, change, at, before, gone)
	}
}

func (c *changeScan) addNew(now []detect.Match, change repo.Change, at correlate.Occurrence, before, gone map[uint32]bool) {
	var brought []credPath
	var inHead map[uint32]bool
	var located *texts
	for _, m := range now {
		cred := c.builder.Credential(m.Credential)
		here := credPath{cred, change.Path}
		if before[cred] || gone[cred] || c.seen[here] {
			continue
		}
		brought = append(brought, here)
		if at.First != nil && c.Engine.AllowedCommit(m.Credential, change.Path, at.First.ID) {
			continue
		}
		if inHead == nil && at.First != nil {
			inHead = c.inHead(change.Path)
		}
		o := at
		o.Object, o.Path, o.InHead = change.New.String(), c.at(change.Path), inHead[cred]
		if m.File == "" {
			if located == nil {
				text, err := c.text(change.New)
				if err != nil {
					c.coverage.Problem(repo.Problem(err, change.Path))
					return
				}
				located = text
				halves := c.Engine.Halves(c.blobs[change.New], change.Path, "")
				c.builder.AddPairs(text.pairs(halves), o.Object, o.Path)
			}
			located.locate(&o, m)
		}
		c.builder.Add(m.Credential, o)
		c.Progress.found(1)
	}
	for _, here := range brought {
		c.seen[here] = true
	}
}

// collect adds the credentials that a blob, or a directory's blobs, hold at a path.
func (c *changeScan) collect(into map[uint32]bool, id pack.ID, path string) {
	for _, m := range c.kept(id, path, false) {
		into[c.builder.Credential(m.Credential)] = true
	}
}

// kept returns the findings of a blob at a path. Only a new blob counts in the coverage; one that cannot be
// read for comparison makes what it held look new, which is the safe side.
func (c *changeScan) kept(id pack.ID, path string, isNew bool) []detect.Match {
	matches, ok := c.blobs[id]
	if !ok {
		matches = c.scan(id, path, isNew)
		c.blobs[id] = matches
	}
	return c.Engine.Keep(slices.Clone(matches), path, "")
}

func (c *changeScan) scan(id pack.ID, path string, isNew bool) []detect.Match {
	n, ok := c.store.Find(id)
	if !ok {
		c.skip(isNew, source.Problem{Reason: c.absent(), What: id.String(), Where: path, Detail: "blob is not in the repository"})
		return nil
	}
	_, data, err := c.reader.Read(n)
	if err != nil {
		c.skip(isNew, repo.Problem(err, path))
		return nil
	}
	facts := c.scanner.Scan(data)
	if isNew {
		c.coverage.Scanned("blob", 1, int64(len(data)))
		noteParts(c.coverage, facts, path)
	}
	if facts.Overflow() {
		c.coverage.Problem(overflow(id.String()))
	}
	return facts.Matches()
}

// text reads once more a blob in which something was found.
func (c *changeScan) text(id pack.ID) (*texts, error) {
	n, _ := c.store.Find(id)
	_, data, err := c.reader.Read(n)
	if err != nil {
		return nil, err
	}
	return newTexts(c.scanner, bytes.Clone(data)), nil
}

func (c *changeScan) absent() source.Reason {
	if c.repo.Promisor {
		return source.Promised
	}
	return source.Absent
}

func (c *changeScan) skip(isNew bool, p source.Problem) {
	if isNew {
		c.coverage.Skipped("blob", p)
	} else {
		c.coverage.Problem(p)
	}
}

// message scans the message of a commit.
func (c *changeScan) message(n pack.Num, at correlate.Occurrence) {
	if c.NoMessages {
		return
	}
	id := c.store.ID(n).String()
	_, data, err := c.reader.Read(n)
	if err != nil {
		c.coverage.Skipped("commit", repo.Problem(err, id))
		return
	}
	text := bytes.Clone(message(data))
	c.coverage.Scanned("commit", 1, int64(len(text)))
	located := newTexts(c.scanner, text)
	matches := located.facts.Matches()
	c.builder.AddPairs(located.pairs(c.Engine.Halves(matches, "", id)), id, "")
	for _, m := range c.Engine.Keep(matches, "", id) {
		o := at
		o.Kind, o.Object = "commit", id
		located.locate(&o, m)
		c.builder.Add(m.Credential, o)
	}
}

// inHead returns the credentials that HEAD's tree holds at path.
func (c *changeScan) inHead(path string) map[uint32]bool {
	held := map[uint32]bool{}
	if c.head == "" {
		return held
	}
	id, err := repo.Objects{Repo: c.repo, Store: c.store, Reader: c.reader}.BlobAt(c.head, path)
	if err == nil && id != "" {
		c.collect(held, id, path)
	}
	return held
}
