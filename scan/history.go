package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// historyScan is one scan of all objects of a repository.
type historyScan struct {
	Options
	repo     *repo.Repo
	store    *pack.Store
	refs     []repo.Ref
	tips     []pack.ID // of Options.Branch; nil: all
	paired   []labelAt // in whose texts credentials may belong together
	labels   *labels
	hits     []hit
	mu       sync.Mutex
	unknown  map[pack.Num]bool // skipped objects of unknown type; guarded by mu
	coverage *source.Coverage
	graph    *history.Graph
	builder  *correlate.Builder
	result   *Result
}

// History scans every object of a repository, tells which commits introduced what was found,
// and adds it to b.
//
// When ctx ends early, what was found until then is attributed all the same, and the
// coverage says that the scan was interrupted.
func History(ctx context.Context, r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
	store, err := r.OpenStore(o.MaxSize)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	refs, problems := r.Refs()
	h := &historyScan{
		Options: o, repo: r, store: store, refs: refs,
		labels: newLabels(), unknown: map[pack.Num]bool{}, coverage: o.Coverage, builder: b,
	}
	h.result = &Result{Refs: len(refs)}
	if head, ok := r.Head(); ok {
		h.result.Head = head.ID.String()
	}
	if o.Branch != "" {
		tip, err := r.ResolveCommit(store, store.NewReader(), o.Branch)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRevision, err)
		}
		h.tips = []pack.ID{tip}
	}
	h.report(problems)
	h.report(store.Problems())
	if o.Full {
		err = h.readWhole(ctx)
	} else {
		err = h.walk(ctx)
	}
	if err != nil {
		h.coverage.Problem(interrupted(err))
	}
	if err := h.attribute(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	h.result.Notes = r.Notes()
	if n := len(r.Shallow); n > 0 {
		h.result.Notes = append(slices.Clone(h.result.Notes), fmt.Sprintf(
			"shallow clone: what older commits held is not here, and all files of the oldest count as new: %d", n))
	}
	return h.result, nil
}

func (h *historyScan) report(problems []source.Problem) {
	for _, p := range problems {
		h.coverage.Problem(p)
	}
}

// walk scans the objects along their deltas: commits and tags first, so that what an
// interrupted scan found can be attributed.
func (h *historyScan) walk(ctx context.Context) error {
	want := []pack.TypeSet{pack.Types(pack.Commit, pack.Tag), pack.Types(pack.Blob)}
	stages := []string{"commits", "blobs"}
	var collectors []*history.Collector
	var failed error
	for i, set := range want {
		visitors, err := pack.Walk(ctx, h.store, pack.WalkOptions{
			Want: set, Workers: h.Jobs, Progress: h.Progress.begin(stages[i]),
		}, func() pack.Visitor[*detect.Facts] { return h.newVisitor() })
		for _, v := range visitors {
			v := v.(*visitor)
			v.flush()
			h.hits = append(h.hits, v.hits...)
			collectors = append(collectors, v.collector)
		}
		failed = cmp.Or(failed, err)
		if i == 0 {
			h.newGraph(collectors)
		}
	}
	return failed
}

func (h *historyScan) newGraph(collectors []*history.Collector) {
	h.graph = history.NewGraph(h.historyRepo(), collectors...)
	h.result.Commits = h.graph.Len()
	h.report(h.graph.Problems())
}

func (h *historyScan) historyRepo() history.Repo {
	return history.Repo{Store: h.store, Refs: h.refs, Shallow: h.repo.Shallow, Promisor: h.repo.Promisor}
}

// readWhole is the slow twin of walk: object by object, whole, one after the other.
func (h *historyScan) readWhole(ctx context.Context) error {
	reader := h.store.NewReader()
	progress := h.Progress.begin("objects")
	progress.Total.Store(int64(h.store.Len()))
	v := h.newVisitor()
	defer func() {
		v.flush()
		h.hits = v.hits
		h.newGraph([]*history.Collector{v.collector})
	}()
	for _, n := range h.store.PackOrder() {
		if err := ctx.Err(); err != nil {
			return err
		}
		typ, data, err := reader.Read(n)
		var bad *pack.ObjectError
		switch {
		case errors.As(err, &bad):
			v.Skip(n, typ, bad.Problem)
		case err != nil:
			v.Skip(n, typ, source.Problem{Reason: source.Corrupt, What: h.store.ID(n).String(), Detail: err.Error()})
		case typ != pack.Tree:
			v.Visit(pack.Object{Num: n, Type: typ, Data: data}, nil)
		}
		progress.Objects.Add(1)
		progress.Bytes.Add(int64(len(data)))
	}
	return nil
}

// visitor scans the objects that one worker walks.
type visitor struct {
	h         *historyScan
	scanner   *detect.Scanner
	collector *history.Collector
	hits      []hit
	scratch   []byte
	texts     [5]int64 // by type
	bytes     [5]int64
}

func (h *historyScan) newVisitor() *visitor {
	return &visitor{h: h, scanner: h.Engine.NewScanner(), collector: history.NewCollector(h.store)}
}

// Visit scans one object. A blob stored as a delta is read at the seams only.
func (v *visitor) Visit(o pack.Object, base *detect.Facts) *detect.Facts {
	text := o.Data
	var facts *detect.Facts
	switch o.Type {
	case pack.Blob:
		if o.Runs == nil {
			facts = v.scanner.Scan(o.Data)
		} else {
			facts = v.scanner.Update(o.Data, base, o.Runs)
		}
	case pack.Commit, pack.Tag:
		if o.Type == pack.Commit {
			v.collector.Commit(o.Num, o.Data)
		} else {
			v.collector.Tag(o.Num, o.Data)
		}
		if v.h.NoMessages {
			return nil
		}
		text = message(o.Data)
		facts = v.scanner.Scan(text)
	}
	v.texts[o.Type]++
	v.bytes[o.Type] += int64(len(text))
	v.note(o, facts)
	if o.Type != pack.Blob {
		return nil
	}
	return facts
}

func (v *visitor) note(o pack.Object, facts *detect.Facts) {
	if facts.Overflow() {
		v.h.coverage.Problem(overflow(v.h.store.ID(o.Num).String()))
	}
	if facts.Empty() {
		return
	}
	label, isNew := v.h.labels.of(facts.Matches(), &v.scratch)
	if isNew {
		v.h.Progress.found(1)
	}
	v.hits = append(v.hits, hit{o.Num, o.Type, label})
}

// Done is part of pack.Visitor. Facts are left to the garbage collector.
func (v *visitor) Done(*detect.Facts) {}

// Skip counts an object that could not be read.
func (v *visitor) Skip(n pack.Num, t pack.Type, p source.Problem) {
	if p.What == "" {
		p.What = v.h.store.ID(n).String()
	}
	if t != 0 {
		v.h.coverage.Skipped(t.String(), p)
		return
	}
	// An object of unknown type is skipped by every walk, and counts once.
	v.h.mu.Lock()
	defer v.h.mu.Unlock()
	if !v.h.unknown[n] {
		v.h.unknown[n] = true
		v.h.coverage.Skipped("object", p)
	}
}

func (v *visitor) flush() {
	for t, n := range v.texts {
		if n > 0 {
			v.h.coverage.Scanned(pack.Type(t).String(), n, v.bytes[t])
		}
	}
	ruleError(v.h.coverage, v.scanner)
}

// message returns the message of a commit or tag: what follows the first empty line.
func message(data []byte) []byte {
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		return data[i+2:]
	}
	return nil
}

// attribute finds the commits of what was found, and where exactly it stands there.
func (h *historyScan) attribute(ctx context.Context) error {
	slices.SortFunc(h.hits, func(a, b hit) int { return cmp.Compare(a.num, b.num) })
	query := history.Query{
		Labels: map[pack.Num]uint32{}, Resolve: h.resolve, MaxRefs: correlate.MaxRefs, Workers: h.Jobs,
		Filter: history.Filter{Tips: h.tips, Since: h.Since, NoUnreachable: h.NoUnreachable},
		Walk:   h.Progress.begin("trees"),
	}
	if query.Named = h.Engine.NamesFiles(); query.Named != nil {
		query.Plain, _ = h.labels.of(nil, new([]byte))
	}
	var messages []hit
	for _, x := range h.hits {
		if x.typ == pack.Blob {
			query.Labels[x.num] = x.label
		} else {
			messages = append(messages, x)
		}
	}
	var found history.Result
	var err error
	if h.Full {
		found, err = history.Naive(ctx, h.historyRepo(), query)
	} else {
		found, err = history.Attribute(ctx, h.graph, query)
	}
	if err != nil {
		return fmt.Errorf("attribute findings to commits: %w", err)
	}
	h.report(found.Problems)
	describe := newDescriber(h.store)
	if err := h.locateBlobs(ctx, found.Places, describe); err != nil {
		return err
	}
	h.pairOthers()
	return h.locateMessages(messages, describe)
}

// resolve returns the credentials that a label stands for at a path.
func (h *historyScan) resolve(label uint32, path string) []uint32 {
	matches := h.labels.get(label)
	kept := h.Engine.Keep(matches, path, "")
	if halves := h.Engine.Halves(matches, path, ""); len(kept) > 0 && correlate.MayPair(halves) {
		h.paired = append(h.paired, labelAt{label, path, halves})
	}
	creds := make([]uint32, 0, len(kept))
	for _, m := range kept {
		creds = append(creds, h.builder.Credential(m.Credential))
	}
	slices.Sort(creds)
	return slices.Compact(creds)
}

// locateBlobs reads the blobs of the places once more, whole, to tell line and column
// and show the lines around. It is also what the scan is checked by: a credential
// that a whole reading does not find is a defect of the scanner, and is said so.
func (h *historyScan) locateBlobs(ctx context.Context, places []history.Place, describe *describer) error {
	slices.SortStableFunc(places, func(a, b history.Place) int { return cmp.Compare(a.Blob, b.Blob) })
	var batches [][]history.Place
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].Blob == places[0].Blob {
			n++
		}
		batches = append(batches, places[:n])
		places = places[n:]
	}
	located := make([][]located, len(batches))
	g, ctx := errgroup.WithContext(ctx)
	jobs := max(1, h.Jobs)
	for w := range jobs {
		g.Go(func() error {
			reader, scanner := h.store.NewReader(), h.Engine.NewScanner()
			lo, hi := len(batches)*w/jobs, len(batches)*(w+1)/jobs
			for i := lo; i < hi && ctx.Err() == nil; i++ {
				located[i] = h.locateBlob(reader, scanner, batches[i])
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, batch := range located {
		for _, l := range batch {
			h.builder.AddPairs(l.pairs, l.occurrence)
			l.occurrence.First = describe.commit(l.place.First)
			l.occurrence.Last = describe.commit(l.place.Last)
			l.occurrence.Removed = describe.commit(l.place.Removed)
			if l.occurrence.First != nil && h.Engine.AllowedCommit(l.cred, l.place.Path, l.occurrence.First.ID) {
				continue
			}
			h.builder.Add(l.cred, l.occurrence)
		}
	}
	return nil
}

// located is an occurrence whose commits are still numbers.
type located struct {
	place      history.Place
	cred       *detect.Credential
	occurrence correlate.Occurrence
	pairs      []correlate.Pair // of the whole text, with the first of its occurrences at a path
}

// locateBlob returns the occurrences of the places in one blob.
func (h *historyScan) locateBlob(reader *pack.Reader, scanner *detect.Scanner, places []history.Place) []located {
	id := h.store.ID(places[0].Blob).String()
	_, data, err := reader.Read(places[0].Blob)
	text, _ := detect.Plain(data)
	matches := scanner.Scan(data).Matches()
	missed := false
	slices.SortStableFunc(places, func(a, b history.Place) int { return strings.Compare(a.Path, b.Path) })
	var out []located
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].Path == places[0].Path {
			n++
		}
		kept := h.Engine.Keep(slices.Clone(matches), places[0].Path, "")
		var all bool
		before := len(out)
		out, all = h.locatePath(out, id, text, kept, places[:n])
		if len(out) > before {
			out[before].pairs = correlate.Pairs(text, h.Engine.Halves(matches, places[0].Path, ""))
		}
		missed = missed || !all
		places = places[n:]
	}
	switch {
	case missed && err != nil: // a file may be a finding whether or not it can be read
		h.coverage.Problem(source.Problem{Reason: source.Corrupt, What: id, Detail: "could not be read again: " + err.Error()})
	case missed:
		h.coverage.Problem(source.Problem{
			Reason: source.Failed, What: id,
			Detail: "a match found along the deltas was not found in the whole object: please report this as a defect of straykey",
		})
	}
	return out
}

// locatePath appends the occurrences of the places in one blob at one path, given what is found there, and reports
// whether these are all.
func (h *historyScan) locatePath(
	out []located, id string, text []byte, kept []detect.Match, places []history.Place,
) (_ []located, all bool) {
	byCred := make(map[uint32]history.Place, len(places))
	for _, p := range places {
		byCred[p.Cred] = p
	}
	found := make(map[uint32]bool, len(places))
	locator := correlate.NewLocator(text)
	for _, m := range kept {
		cred, ok := h.builder.Lookup(m.Credential)
		p, wanted := byCred[cred]
		if !ok || !wanted {
			continue
		}
		found[cred] = true
		o := correlate.Occurrence{
			Kind: "blob", Object: id, Path: h.at(p.Path),
			InHead: p.InHead, Reachable: p.Reachable, Refs: p.Refs, RefCount: p.RefCount,
		}
		locator.Locate(&o, m)
		out = append(out, located{place: p, cred: m.Credential, occurrence: o})
	}
	return out, len(found) == len(byCred)
}

// locateMessages makes occurrences of what stands in the messages of commits and tags.
func (h *historyScan) locateMessages(hits []hit, describe *describer) error {
	commits := make([]pack.Num, 0, len(hits))
	for _, x := range hits {
		if x.typ == pack.Commit {
			commits = append(commits, x.num)
		}
	}
	refs := h.graph.CommitRefs(commits, correlate.MaxRefs)
	inHead := h.graph.InHead(commits)
	inBranch := h.graph.InScope(history.Filter{Tips: h.tips})
	reader, scanner := h.store.NewReader(), h.Engine.NewScanner()
	nextCommit := 0
	for _, x := range hits {
		o := correlate.Occurrence{Kind: x.typ.String(), Object: h.store.ID(x.num).String(), First: describe.commit(x.num)}
		var reached history.RefList
		if x.typ == pack.Commit {
			reached = refs[nextCommit]
			nextCommit++
			o.InHead = inHead[x.num]
		} else {
			reached = h.graph.TagRefs(x.num, correlate.MaxRefs)
		}
		o.Refs, o.RefCount, o.Reachable = reached.Names, reached.Count, reached.Count > 0
		if !h.selected(x, o, inBranch) {
			continue
		}
		_, data, err := reader.Read(x.num)
		if err != nil {
			return fmt.Errorf("read %s %s again: %w", x.typ, o.Object, err)
		}
		text := message(data)
		plain, _ := detect.Plain(text)
		locator := correlate.NewLocator(plain)
		matches := scanner.Scan(text).Matches()
		h.builder.AddPairs(correlate.Pairs(plain, h.Engine.Halves(matches, "", o.Object)), correlate.Occurrence{Object: o.Object})
		for _, m := range h.Engine.Keep(matches, "", o.Object) {
			locator.Locate(&o, m)
			h.builder.Add(m.Credential, o)
		}
	}
	return nil
}

// selected applies the filters of a history scan to a message.
func (h *historyScan) selected(x hit, o correlate.Occurrence, inBranch func(pack.Num) bool) bool {
	if h.NoUnreachable && !o.Reachable {
		return false
	}
	if !h.Since.IsZero() && (o.First == nil || o.First.Date.Before(h.Since)) {
		return false
	}
	return h.tips == nil || inBranch(x.num)
}
