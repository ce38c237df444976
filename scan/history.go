package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/scan/cache"
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
	coverage *source.Coverage  // of this scan alone: what can be told again when it is remembered
	graph    *history.Graph
	memory   *memory // nil: nothing is remembered
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
		labels: newLabels(), unknown: map[pack.Num]bool{}, coverage: &source.Coverage{}, builder: b,
	}
	h.result = newResult(r)
	h.result.Refs = len(refs)
	if o.Branch != "" {
		tip, err := r.ResolveCommit(store, store.NewReader(), o.Branch)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRevision, err)
		}
		h.tips = []pack.ID{tip}
	}
	for _, p := range slices.Concat(problems, store.Problems()) {
		o.Coverage.Problem(p)
	}
	h.remember()
	if !h.recall(ctx) {
		if err := h.scan(ctx); err != nil {
			return nil, err
		}
	}
	o.Coverage.Add(h.coverage)
	if nothing(h.coverage) {
		o.Coverage.Problem(source.Problem{
			Reason: source.Unreadable, What: "repository", Detail: "it has texts, and none of them was scanned",
		})
	}
	h.result.Notes = r.Notes()
	if n := len(r.Shallow); n > 0 {
		h.result.Notes = append(slices.Clone(h.result.Notes), fmt.Sprintf(
			"shallow clone: what older commits held is not here, and all files of the oldest count as new: %d", n))
	}
	return h.result, nil
}

// nothing reports whether there were texts and all of them were skipped, even if each of them was on request.
func nothing(c *source.Coverage) bool {
	var found, scanned int64
	for _, k := range c.Kinds() {
		found, scanned = found+k.Found, scanned+k.Scanned
	}
	return found > 0 && scanned == 0
}

// scan reads all objects, except those that are known, and attributes what it finds.
func (h *historyScan) scan(ctx context.Context) error {
	read := h.walk
	if h.Full {
		read = h.readWhole
	}
	interruption := read(ctx)
	if interruption != nil {
		h.coverage.Problem(interrupted(interruption))
	}
	found, err := h.attribute(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	h.add(found)
	h.keep(found, interruption)
	return nil
}

func (h *historyScan) report(problems []source.Problem) {
	for _, p := range problems {
		h.coverage.Problem(p)
	}
}

// walk scans the objects along their deltas: commits and tags first, so that what an
// interrupted scan found can be attributed.
func (h *historyScan) walk(ctx context.Context) error {
	collectors, failed := h.walkTypes(ctx, pack.WalkOptions{
		Want: pack.Types(pack.Commit, pack.Tag), Progress: h.Progress.begin("commits"),
	})
	h.newGraph(collectors)
	_, err := h.walkTypes(ctx, pack.WalkOptions{
		Want: pack.Types(pack.Blob), Progress: h.Progress.begin("blobs"), Filter: h.knownBlobs(),
	})
	h.countKnown()
	return cmp.Or(failed, err)
}

func (h *historyScan) walkTypes(ctx context.Context, o pack.WalkOptions) ([]*history.Collector, error) {
	o.Workers = h.Jobs
	visitors, err := pack.Walk(ctx, h.store, o, func() pack.Visitor[*detect.Facts] { return h.newVisitor() })
	var collectors []*history.Collector
	for _, v := range visitors {
		v := v.(*visitor)
		v.flush()
		h.hits = append(h.hits, v.hits...)
		collectors = append(collectors, v.collector)
	}
	return collectors, err
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
	reader := h.store.NewPlainReader()
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
	scanned   []blobSize // blobs, if they are to be remembered
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
	if facts != nil {
		noteParts(v.h.coverage, facts, v.h.store.ID(o.Num).String())
	}
	// A blob of which the coverage tells more than its size is not remembered: the next scan has to tell it again.
	if facts.Overflow() {
		v.h.coverage.Problem(overflow(v.h.store.ID(o.Num).String()))
	} else if members, _ := facts.Archive(); v.h.memory != nil && members == 0 && len(facts.Skips()) == 0 && o.Type == pack.Blob && len(o.Data) < cache.MaxSize {
		v.scanned = append(v.scanned, blobSize{o.Num, uint32(len(o.Data))})
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
	v.h.memory.learn(v)
}

// message returns the message of a commit or tag: what follows the first empty line.
func message(data []byte) []byte {
	if i := bytes.Index(data, []byte("\n\n")); i >= 0 {
		return data[i+2:]
	}
	return nil
}

// located is an occurrence whose commits are still numbers.
type located struct {
	place      cache.BlobPlace // with the one match
	cred       *detect.Credential
	occurrence correlate.Occurrence
	pairs      []correlate.Pair // of the whole text, with the first of its occurrences at a path
}

// said is what stands in a message.
type said struct {
	object string
	all    []located // without places
	pairs  []correlate.Pair
}

// outcome is what a scan has found, with places and commits.
type outcome struct {
	blobs    [][]located // by blob
	windows  []cache.Windows
	again    []written  // by further commits
	pairs    []pairText // further texts in which credentials may belong together
	messages []said
	told     []cache.Message // what messages is made of
}

// attribute finds the commits of what was found, and where exactly it stands there.
func (h *historyScan) attribute(ctx context.Context) (*outcome, error) {
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
		return nil, fmt.Errorf("attribute findings to commits: %w", err)
	}
	h.report(found.Problems)
	out := &outcome{}
	places := make([]cache.BlobPlace, len(found.Places))
	for i, p := range found.Places {
		places[i].Place = p
	}
	slices.SortFunc(places, func(a, b cache.BlobPlace) int {
		return cmp.Or(cmp.Compare(a.Blob, b.Blob), strings.Compare(a.Path, b.Path), cmp.Compare(a.Cred, b.Cred))
	})
	if out.blobs, out.windows, err = h.locateBlobs(ctx, places, nil, h.byCredential); err != nil {
		return nil, err
	}
	if h.Rewritten {
		if out.again, err = h.rewritten(ctx, out.blobs); err != nil {
			return nil, err
		}
	}
	out.pairs = h.pairTexts()
	out.told = h.messagesOf(messages)
	out.messages, err = h.locateMessages(out.told)
	return out, err
}

// add gives what was found to the builder.
func (h *historyScan) add(found *outcome) {
	describe := newDescriber(h.store)
	var commits []pack.Num
	for _, batch := range found.blobs {
		for i := range batch {
			commits = append(commits, batch[i].place.First, batch[i].place.Last, batch[i].place.Removed)
		}
	}
	describe.readAhead(commits, h.Jobs)
	for _, batch := range found.blobs {
		for _, l := range batch {
			h.builder.AddPairs(l.pairs, l.occurrence.Object, h.at(l.place.Path))
			l.occurrence.First = describe.commit(l.place.First)
			l.occurrence.Last = describe.commit(l.place.Last)
			l.occurrence.Removed = describe.commit(l.place.Removed)
			if l.occurrence.First != nil && h.Engine.AllowedCommit(l.cred, detect.MemberPath(l.place.Path, l.occurrence.Member), l.occurrence.First.ID) {
				continue
			}
			h.builder.Add(l.cred, l.occurrence)
		}
	}
	for _, w := range found.again {
		w.at.First = describe.commit(w.commit)
		if !h.Engine.AllowedCommit(w.cred, w.at.Path, w.at.First.ID) {
			h.builder.Add(w.cred, w.at)
		}
	}
	h.pairOthers(found.pairs)
	for _, m := range found.messages {
		h.builder.AddPairs(m.pairs, m.object, "")
		for _, l := range m.all {
			h.builder.Add(l.cred, l.occurrence)
		}
	}
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

// finder returns for each of the matches that are kept in a blob at a path which of the places there it belongs to,
// nil: to none; and whether each place has its matches.
type finder func(kept []detect.Match, places []cache.BlobPlace) (whose []*cache.BlobPlace, all bool)

// locateBlobs reads the blobs of the places once more, to tell line and column and show the lines around: those that have
// windows there, the others whole. Places are sorted by blob, then path. It returns what stands in each blob, and the windows
// of those that have some.
func (h *historyScan) locateBlobs(ctx context.Context, places []cache.BlobPlace, windows []cache.Windows, find finder) ([][]located, []cache.Windows, error) {
	var batches []batch
	for of := range chunksBy(places, func(a, b *cache.BlobPlace) bool { return a.Blob == b.Blob }) {
		b := batch{places: of}
		if i, ok := slices.BinarySearchFunc(windows, of[0].Blob, cache.Windows.Compare); ok {
			b.windows = &windows[i]
		}
		batches = append(batches, b)
	}
	// Those that are stored near one another have most of their delta bases in common.
	order := make([]int, len(batches))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return h.store.ComparePlace(batches[a].places[0].Blob, batches[b].places[0].Blob) })
	all, seen := make([][]located, len(batches)), make([]*cache.Windows, len(batches))
	g, ctx := errgroup.WithContext(ctx)
	jobs := max(1, h.Jobs)
	// Some texts take much longer than others, so workers take the next part when they are done with one.
	const partsEach = 8
	parts := slices.Collect(slices.Chunk(order, len(order)/(partsEach*jobs)+1))
	var next atomic.Int64
	for range jobs {
		g.Go(func() error {
			reader, scanner := h.store.NewReader(), h.Engine.NewScanner()
			for n := next.Add(1) - 1; n < int64(len(parts)); n = next.Add(1) - 1 {
				for _, i := range parts[n] {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					all[i], seen[i] = h.locateBlob(reader, scanner, batches[i], find)
				}
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	var of []cache.Windows
	for _, w := range seen {
		if w != nil {
			of = append(of, *w)
		}
	}
	return all, of, err
}

// batch is the places in one blob.
type batch struct {
	places  []cache.BlobPlace
	windows *cache.Windows // where matches stand in it; nil: it is to be read whole
}

// chunksBy cuts a list where two neighbours are not the same.
func chunksBy[T any](list []T, same func(a, b *T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(list) > 0 {
			n := 1
			for n < len(list) && same(&list[n-1], &list[n]) {
				n++
			}
			if !yield(list[:n:n]) {
				return
			}
			list = list[n:]
		}
	}
}

// locateBlob returns the occurrences of the places in one blob, and its windows if it has some.
func (h *historyScan) locateBlob(reader *pack.Reader, scanner *detect.Scanner, b batch, find finder) ([]located, *cache.Windows) {
	places := b.places
	id := h.store.ID(places[0].Blob).String()
	_, data, err := reader.Read(places[0].Blob)
	var facts *detect.Facts
	if b.windows != nil {
		facts = scanner.ScanWindows(data, windowsAs[detect.Window](b.windows.List))
	} else {
		facts = scanner.ScanToLocate(data)
	}
	text := h.textsOf(facts, data)
	matches := facts.Matches()
	missed := false
	var out []located
	for group := range chunksBy(places, func(a, b *cache.BlobPlace) bool { return a.Path == b.Path }) {
		kept := h.Engine.Keep(slices.Clone(matches), group[0].Path, "")
		whose, all := find(kept, group)
		missed = missed || !all
		before := len(out)
		for i, m := range kept {
			p := whose[i]
			if p == nil {
				continue
			}
			l := located{place: *p, cred: m.Credential, occurrence: correlate.Occurrence{
				Kind: "blob", Object: id, Path: h.at(p.Path),
				InHead: p.InHead, Reachable: p.Reachable, Refs: p.Refs, RefCount: p.RefCount,
			}}
			l.place.Kept, l.place.Matches = len(kept), []cache.Match{{Index: i, Start: m.SecretStart}}
			text.locate(&l.occurrence, m)
			out = append(out, l)
		}
		if len(out) > before {
			out[before].pairs = text.pairs(h.Engine.Halves(matches, group[0].Path, ""))
		}
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
	if list, ok := facts.Windows(); ok {
		return out, &cache.Windows{Blob: places[0].Blob, List: windowsAs[cache.Window](list)}
	}
	return out, nil
}

// windowsAs turns windows as the detector knows them into those of the cache, which knows no detector, and back.
func windowsAs[To, From ~struct{ Lo, Hi int }](list []From) []To {
	out := make([]To, len(list))
	for i, w := range list {
		out[i] = To(w)
	}
	return out
}

// byCredential is the finder of what was attributed just now. It is also what the scan is checked by: a credential
// that a whole reading does not find is a defect of the scanner.
func (h *historyScan) byCredential(kept []detect.Match, places []cache.BlobPlace) (whose []*cache.BlobPlace, all bool) {
	byCred := make(map[uint32]*cache.BlobPlace, len(places))
	for i := range places {
		byCred[places[i].Cred] = &places[i]
	}
	whose = make([]*cache.BlobPlace, len(kept))
	found := make(map[uint32]bool, len(places))
	for i, m := range kept {
		if cred, ok := h.builder.Lookup(m.Credential); ok && byCred[cred] != nil {
			whose[i], found[cred] = byCred[cred], true
		}
	}
	return whose, len(found) == len(byCred)
}

// messagesOf says of the messages of commits and tags what can be said without reading them, and
// leaves out those that were not asked for.
func (h *historyScan) messagesOf(hits []hit) []cache.Message {
	commits := make([]pack.Num, 0, len(hits))
	for _, x := range hits {
		if x.typ == pack.Commit {
			commits = append(commits, x.num)
		}
	}
	refs := h.graph.CommitRefs(commits, correlate.MaxRefs)
	inHead := h.graph.InHead(commits)
	inBranch := h.graph.InScope(history.Filter{Tips: h.tips})
	describe := newDescriber(h.store)
	nextCommit := 0
	var list []cache.Message
	for _, x := range hits {
		m := cache.Message{Num: x.num, Type: x.typ}
		var reached history.RefList
		if x.typ == pack.Commit {
			reached = refs[nextCommit]
			nextCommit++
			m.InHead = inHead[x.num]
		} else {
			reached = h.graph.TagRefs(x.num, correlate.MaxRefs)
		}
		m.Refs, m.RefCount, m.Reachable = reached.Names, reached.Count, reached.Count > 0
		switch {
		case h.NoUnreachable && !m.Reachable:
		case !h.Since.IsZero() && describe.commit(x.num).Date.Before(h.Since):
		case h.tips != nil && !inBranch(x.num):
		case h.noTags && x.typ == pack.Tag:
		default:
			list = append(list, m)
		}
	}
	return list
}

// locateMessages reads the messages once more and returns what stands in them. It sets their Kept.
func (h *historyScan) locateMessages(list []cache.Message) ([]said, error) {
	reader, scanner, describe := h.store.NewReader(), h.Engine.NewScanner(), newDescriber(h.store)
	var out []said
	for i := range list {
		m := &list[i]
		o := correlate.Occurrence{
			Kind: m.Type.String(), Object: h.store.ID(m.Num).String(), First: describe.commit(m.Num),
			InHead: m.InHead, Refs: m.Refs, RefCount: m.RefCount, Reachable: m.Reachable,
		}
		_, data, err := reader.Read(m.Num)
		if err != nil {
			return nil, fmt.Errorf("read %s %s again: %w", m.Type, o.Object, err)
		}
		text := h.newTexts(scanner, message(data))
		matches := text.facts.Matches()
		s := said{object: o.Object, pairs: text.pairs(h.Engine.Halves(matches, "", o.Object))}
		kept := h.Engine.Keep(matches, "", o.Object)
		m.Kept = len(kept)
		for _, match := range kept {
			at := o
			text.locate(&at, match)
			s.all = append(s.all, located{cred: match.Credential, occurrence: at})
		}
		out = append(out, s)
	}
	return out, nil
}
