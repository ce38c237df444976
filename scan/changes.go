package scan

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

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
	workers  []*blobReader              // as many as jobs, made when they are needed; there is one at least
	blobs    map[pack.ID][]detect.Match // all matches in the blobs that were read
	coverage *source.Coverage
	builder  *correlate.Builder
	seen     map[credPath]bool
	head     pack.ID // HEAD's tree; empty: there is none that could be read
	result   *Result
}

// blobReader is what one goroutine reads and scans blobs with.
type blobReader struct {
	*pack.Reader
	scanner *detect.Scanner
}

func (c *changeScan) newBlobReader() *blobReader {
	return &blobReader{c.store.NewReader(), c.Engine.NewScanner()}
}

// first is the blobReader of the goroutine that judges.
func (c *changeScan) first() *blobReader { return c.workers[0] }

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
		Options: o, repo: r, store: store,
		blobs: map[pack.ID][]detect.Match{}, seen: map[credPath]bool{}, coverage: o.Coverage, builder: b,
	}
	c.workers = []*blobReader{c.newBlobReader()}
	c.result = newResult(r)
	if head := o.Head.String(); o.Head != "" && head != c.result.Head {
		c.result.Head, c.result.Branch = head, ""
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
	diff, err := index.Staged(ctx, r, c.store, c.first().Reader, index.Options{File: indexFile})
	if err != nil {
		return nil, fmt.Errorf("compare the index with HEAD: %w", err)
	}
	c.judge(ctx, diff, correlate.Occurrence{Kind: "staged"}, c.Rewritten)
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
	if err := c.commits(ctx, walker, set); err != nil {
		return nil, err
	}
	p := pushed{changeScan: c, walker: walker, seen: map[pack.ID]bool{}}
	for _, id := range o.Tags {
		if err := p.add(ctx, id); err != nil {
			return nil, err
		}
	}
	return c.finish(ctx), nil
}

// commits scans what the commits of a set change, and their messages.
func (c *changeScan) commits(ctx context.Context, walker *revs.Walker, set revs.Range) error {
	list, err := walker.Commits(ctx, set)
	if err != nil && len(list.Commits) == 0 {
		return err
	}
	c.result.Notes = append(c.result.Notes, list.Notes...)
	for _, p := range list.Problems {
		c.coverage.Problem(p)
	}
	head := "HEAD"
	if c.Head != "" {
		head = c.Head.String()
	}
	if tree, err := c.repo.Resolve(c.store, c.first().Reader, head+"^{tree}"); err == nil {
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
			c.message(n, "commit", at)
		}
		// A merge brings together what others wrote.
		c.judge(ctx, diff, at, c.Rewritten && len(commit.Parents) <= 1)
	}
	return nil
}

func (c *changeScan) finish(ctx context.Context) *Result {
	if err := ctx.Err(); err != nil {
		c.coverage.Problem(interrupted(err))
	}
	for _, p := range c.store.Problems() {
		c.coverage.Problem(p)
	}
	for _, w := range c.workers {
		ruleError(c.coverage, w.scanner)
	}
	c.result.Notes = append(c.repo.Notes(), c.result.Notes...)
	return c.result
}

// judge adds the credentials that a change brings to a path which did not hold them,
// unless they come from a path that is gone: then they moved. With rewritten it also adds those on added lines of a path
// that did.
func (c *changeScan) judge(ctx context.Context, diff repo.Diff, at correlate.Occurrence, rewritten bool) {
	c.result.Notes = append(c.result.Notes, diff.Notes...)
	for _, p := range diff.Problems {
		c.coverage.Problem(p)
	}
	c.watch(diff)
	c.readNew(ctx, diff.Changes)
	var gone map[uint32]bool
	for _, change := range diff.Changes {
		if _, ok := c.blobs[change.New]; !ok {
			continue // interrupted before its turn
		}
		now := c.kept(change.New, change.Path)
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
		if rewritten {
			c.addRewritten(change, at, gone)
		}
		c.addNew(now, change, at, before, gone)
	}
}

// addRewritten adds what stands on the lines that a change adds to a file. Where the file is new, what stood at a path that
// is gone moved.
func (c *changeScan) addRewritten(change repo.Change, at correlate.Occurrence, gone map[uint32]bool) {
	newer, err := c.data(change.New)
	if err != nil {
		c.coverage.Problem(repo.Problem(err, change.Path))
		return
	}
	var older []byte
	if len(change.Old) > 0 {
		older, _ = c.data(change.Old[0]) // nothing of it, if it cannot be read: then all lines are new
	}
	at.Object = change.New.String()
	for _, w := range c.findWritten(c.first().scanner, change.Path, older, newer, at) {
		moved := len(change.Old) == 0 && gone[c.builder.Credential(w.cred)]
		if moved || at.First != nil && c.Engine.AllowedCommit(w.cred, w.at.Path, at.First.ID) {
			continue
		}
		c.builder.Add(w.cred, w.at)
		c.Progress.found(1)
	}
}

// watch notes the content of the files that somebody wants to see.
func (c *changeScan) watch(diff repo.Diff) {
	if len(c.Watch) == 0 {
		return
	}
	if c.result.Watched == nil {
		c.result.Watched = map[string][]byte{}
	}
	for _, g := range diff.Gone {
		if slices.Contains(c.Watch, g.Path) {
			c.result.Watched[g.Path] = nil
		}
	}
	for _, change := range diff.Changes {
		if !slices.Contains(c.Watch, change.Path) {
			continue
		}
		data := []byte{} // what cannot be read is in the coverage
		if n, ok := c.store.Find(change.New); ok {
			if _, text, err := c.first().Read(n); err == nil {
				data = append(data, text...)
			}
		}
		c.result.Watched[change.Path] = data
	}
}

// readNew scans the new blobs of changes, those that were not read before. When ctx ends early it has scanned some.
func (c *changeScan) readNew(ctx context.Context, changes []repo.Change) {
	progress := c.Progress.begin("changes")
	progress.Total.Store(int64(len(changes)))
	todo := make([]repo.Change, 0, len(changes))
	listed := map[pack.ID]bool{}
	for _, change := range changes {
		if _, ok := c.blobs[change.New]; ok || listed[change.New] {
			progress.Objects.Add(1)
			continue
		}
		listed[change.New] = true
		todo = append(todo, change)
	}
	for len(c.workers) < min(c.Jobs, len(todo)) {
		c.workers = append(c.workers, c.newBlobReader())
	}
	found, read := make([][]detect.Match, len(todo)), make([]bool, len(todo))
	var next atomic.Int64
	var all sync.WaitGroup
	for _, w := range c.workers[:min(len(c.workers), len(todo))] {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(todo) {
					return
				}
				found[i], read[i] = c.scan(w, todo[i].New, todo[i].Path, true), true
				progress.Objects.Add(1)
			}
		})
	}
	all.Wait()
	for i, change := range todo {
		if read[i] {
			c.blobs[change.New] = found[i]
		}
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
		if at.First != nil && c.Engine.AllowedCommit(m.Credential, detect.MemberPath(change.Path, m.Member), at.First.ID) {
			continue
		}
		if inHead == nil && at.First != nil {
			inHead = c.inHead(change.Path)
		}
		o := at
		o.Object, o.Path, o.InHead = change.New.String(), c.at(change.Path), inHead[cred]
		if m.Allowed != "" {
			bare := c.builder.Bare(m.Credential)
			o.Held = before[bare] || gone[bare]
		}
		if m.File != "" {
			o.Path, o.Member = detect.MemberPath(o.Path, m.Member), m.Member
		} else {
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
	for _, m := range c.kept(id, path) {
		into[c.builder.Credential(m.Credential)] = true
	}
}

// kept returns the findings of a blob at a path. A blob that was not read as a new one is read for comparison. If it cannot
// be, what it held looks new, which is the safe side.
func (c *changeScan) kept(id pack.ID, path string) []detect.Match {
	matches, ok := c.blobs[id]
	if !ok {
		matches = c.scan(c.first(), id, path, false)
		c.blobs[id] = matches
	}
	return c.Engine.Keep(slices.Clone(matches), path, "")
}

// scan returns all matches in a blob. Only a new one counts in the coverage. It may be called concurrently.
func (c *changeScan) scan(w *blobReader, id pack.ID, path string, isNew bool) []detect.Match {
	n, ok := c.store.Find(id)
	if !ok {
		c.skip(isNew, source.Problem{Reason: c.absent(), What: id.String(), Where: path, Detail: "blob is not in the repository"})
		return nil
	}
	_, data, err := w.Read(n)
	if err != nil {
		c.skip(isNew, repo.Problem(err, path))
		return nil
	}
	facts := w.scanner.Scan(data)
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
	data, err := c.data(id)
	if err != nil {
		return nil, err
	}
	return c.newTexts(c.first().scanner, data), nil
}

// data returns the content of an object.
func (c *changeScan) data(id pack.ID) ([]byte, error) {
	_, data, err := repo.Objects{Repo: c.repo, Store: c.store, Reader: c.first().Reader}.Read(id)
	return bytes.Clone(data), err
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

// message scans the message of a commit or, if that is its kind, of a tag.
func (c *changeScan) message(n pack.Num, kind string, at correlate.Occurrence) {
	if c.NoMessages {
		return
	}
	id := c.store.ID(n).String()
	_, data, err := c.first().Read(n)
	if err != nil {
		c.coverage.Skipped(kind, repo.Problem(err, id))
		return
	}
	text := bytes.Clone(message(data))
	c.coverage.Scanned(kind, 1, int64(len(text)))
	located := c.newTexts(c.first().scanner, text)
	matches := located.facts.Matches()
	c.builder.AddPairs(located.pairs(c.Engine.Halves(matches, "", id)), id, "")
	for _, m := range c.Engine.Keep(matches, "", id) {
		o := at
		o.Kind, o.Object = kind, id
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
	id, err := repo.Objects{Repo: c.repo, Store: c.store, Reader: c.first().Reader}.BlobAt(c.head, path)
	if err == nil && id != "" {
		c.collect(held, id, path)
	}
	return held
}
