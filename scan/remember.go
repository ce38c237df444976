package scan

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/scan/cache"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
)

// Memory says where scans of a history keep what the next one need not find out again, see package cache.
type Memory struct {
	Dir string // a directory that the scanned repository cannot write to
	// Verdict names everything that decides what is found in a text and is not in Options: the program,
	// down to its build, the rules, and what else the engine was made with.
	Verdict string
}

// Reuse is what a scan of the history did not have to find out again.
type Reuse struct {
	Texts  int64  // texts that were scanned before and not now
	Places bool   // nothing has changed: where matches stand, and since and until when, is known too
	Note   string // why nothing could be kept for the next time; else empty
}

// memory is what one scan knows from earlier ones, and learns for the next.
type memory struct {
	dir     *cache.Dir
	objects cache.Key
	places  cache.Key
	files   *pack.State // nil: not known
	state   cache.State // of files, refs and the like; not known either then

	stored  *cache.Objects // what earlier scans left; nil: nothing
	sizes   []uint32       // by object, of blobs that need not be scanned: the size plus 1, or 0
	left    []blobSize     // of these, the ones that the walk has left out
	scanned []blobSize     // by this scan
	planned bool           // the walk over blobs has begun
	broken  bool           // a rule could not be tried: what was scanned may hold more
	doubted bool           // what earlier scans left does not fit: it is not to be used
}

// blobSize is a blob that was scanned, now or earlier.
type blobSize struct {
	num  pack.Num
	size uint32
}

// remember prepares h.memory. It is nil when nothing is to be kept.
func (h *historyScan) remember() {
	if h.Memory == nil || h.Full || h.noTags {
		return
	}
	objects, err := filepath.EvalSymlinks(h.repo.ObjectsDir())
	if err != nil {
		return
	}
	m := &memory{dir: cache.Open(h.Memory.Dir)}
	m.objects = digest("objects", h.Memory.Verdict, objects, number(h.MaxSize))
	m.places = digest("places", string(m.objects[:]), h.Branch, flag(h.NoUnreachable), flag(h.NoMessages), flag(h.Since.IsZero()))
	if m.files, err = h.store.State(); err == nil {
		m.state = h.stateOf(m.files)
	}
	h.memory, h.result.Reused = m, &Reuse{}
}

// stateOf digests what Places depend on and their key does not tell.
func (h *historyScan) stateOf(files *pack.State) cache.State {
	parts := []string{string(files.Sum[:]), number(h.Since.Unix()), number(int64(h.Since.Nanosecond())), flag(h.repo.Promisor), number(int64(len(h.refs)))}
	for _, ref := range h.refs {
		parts = append(parts, ref.Name, string(ref.ID))
	}
	for _, list := range [][]pack.ID{h.repo.Shallow, h.tips} {
		parts = append(parts, number(int64(len(list))))
		for _, id := range list {
			parts = append(parts, string(id))
		}
	}
	return digest(parts...)
}

// digest makes one of texts, each with its length, so that no two lists give the same bytes.
func digest(parts ...string) [sha256.Size]byte {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

func number(n int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }

func flag(b bool) string {
	if b {
		return "y"
	}
	return "n"
}

// knownBlobs returns which blobs the walk is to visit; nil: all.
func (h *historyScan) knownBlobs() func(pack.Num) bool {
	m := h.memory
	if m == nil {
		return nil
	}
	m.planned = true
	var ok bool
	if m.stored, ok = m.dir.Objects(m.objects, h.store.HashLen()); !ok || m.doubted {
		return nil
	}
	m.sizes = make([]uint32, h.store.Len())
	nums := h.store.FindAll(m.stored.IDs)
	for _, i := range m.stored.Hits { // scanned again, for the matches
		nums[i] = -1
	}
	loose := m.stored.Loose
	for i, n := range nums {
		mark := uint64(0)
		if len(loose) > 0 && int(loose[0].At) == i {
			mark, loose = loose[0].Mark, loose[1:]
		}
		if n >= 0 && h.sound(pack.Num(n), mark) {
			m.sizes[n] = m.stored.Sizes[i] + 1
		}
	}
	return func(n pack.Num) bool {
		size := m.sizes[n]
		if size > 0 {
			m.left = append(m.left, blobSize{n, size - 1})
		}
		return size == 0
	}
}

// sound reports whether an object that was sound once is so still: damage would be noticed by the walk, or the object is loose
// and its file has the mark that it had. Where damage shows only when an object is read, it has to be read.
func (h *historyScan) sound(n pack.Num, mark uint64) bool {
	return h.store.Guarded(n) || mark != 0 && h.memory.files != nil && h.memory.files.Mark(n) == mark
}

// countKnown counts the known blobs that the walk has left out. It has asked about each sound blob of the store, and
// about no other object.
func (h *historyScan) countKnown() {
	if h.memory == nil || len(h.memory.left) == 0 {
		return
	}
	bytes := int64(0)
	for _, b := range h.memory.left {
		bytes += int64(b.size)
	}
	h.result.Reused.Texts = int64(len(h.memory.left))
	h.coverage.Scanned(pack.Blob.String(), h.result.Reused.Texts, bytes)
}

// learn takes over what a worker has scanned.
func (m *memory) learn(v *visitor) {
	if m == nil {
		return
	}
	m.scanned = append(m.scanned, v.scanned...)
	m.broken = m.broken || v.scanner.Err() != nil
}

// recall makes the report of an earlier scan again, if nothing has changed since: the texts with
// matches are read once more, for what is not kept, the secrets. It returns false, and has done nothing, if that cannot be.
func (h *historyScan) recall(ctx context.Context) bool {
	m := h.memory
	if m == nil || m.files == nil || h.Rewritten { // what was written again is not kept
		return false
	}
	p, ok := m.dir.Places(m.places, m.state)
	if !ok || !h.fits(p) {
		return false
	}
	h.Progress.begin("known places")
	found, ok := h.recallPlaces(ctx, p)
	if !ok {
		// The same program found something else in the same text, or a text cannot be read any more: nothing
		// that was kept can be relied upon.
		m.doubted = ctx.Err() == nil
		h.coverage = &source.Coverage{}
		return false
	}
	h.add(found)
	h.coverage = source.NewCoverage(p.Kinds, p.Problems)
	h.result.Commits = p.Commits
	h.result.Reused.Places = true
	for _, k := range p.Kinds {
		h.result.Reused.Texts += k.Scanned
	}
	m.dir.Touch(m.objects)
	return true
}

// fits reports whether all objects that places name are there, as far as that can be told without reading any.
func (h *historyScan) fits(p *cache.Places) bool {
	there := func(list ...pack.Num) bool {
		return !slices.ContainsFunc(list, func(n pack.Num) bool { return n != history.NoCommit && int(n) >= h.store.Len() })
	}
	for i := range p.Blobs {
		b := &p.Blobs[i]
		if b.Blob == history.NoCommit || !there(b.Blob, b.First, b.Last, b.Removed) {
			return false
		}
	}
	if slices.ContainsFunc(p.Pairs, func(t cache.Text) bool { return t.Blob == history.NoCommit || !there(t.Blob) }) {
		return false
	}
	return !slices.ContainsFunc(p.Messages, func(m cache.Message) bool { return m.Num == history.NoCommit || !there(m.Num) })
}

// recallPlaces reads the texts that places name; ok is false unless each has the matches that it had.
func (h *historyScan) recallPlaces(ctx context.Context, p *cache.Places) (found *outcome, ok bool) {
	found = &outcome{}
	var err error
	if found.blobs, found.windows, err = h.locateBlobs(ctx, p.Blobs, p.Windows, byMatch); err != nil || len(h.coverage.Problems()) > 0 {
		return nil, false
	}
	if found.pairs, ok = h.recallPairs(p.Pairs); !ok {
		return nil, false
	}
	now := slices.Clone(p.Messages)
	found.messages, err = h.locateMessages(now)
	return found, err == nil && slices.EqualFunc(now, p.Messages, func(a, b cache.Message) bool { return a.Kept == b.Kept })
}

// recallPairs reads the texts in which credentials may belong together, for the credentials.
func (h *historyScan) recallPairs(texts []cache.Text) (list []pairText, ok bool) {
	reader, scanner := h.store.NewReader(), h.Engine.NewScanner()
	for group := range chunksBy(texts, func(a, b *cache.Text) bool { return a.Blob == b.Blob }) {
		_, data, err := reader.Read(group[0].Blob)
		if err != nil {
			return nil, false
		}
		matches := scanner.Scan(data).Matches()
		for _, t := range group {
			p := pairText{t.Blob, t.Path, h.Engine.Halves(matches, t.Path, "")}
			if !correlate.MayPair(p.halves) {
				return nil, false
			}
			list = append(list, p)
		}
	}
	return list, true
}

// byMatch is the finder of places that were kept.
func byMatch(kept []detect.Match, places []cache.BlobPlace) (whose []*cache.BlobPlace, all bool) {
	whose = make([]*cache.BlobPlace, len(kept))
	for i := range places {
		p := &places[i]
		if p.Kept != len(kept) {
			return whose, false
		}
		for _, m := range p.Matches {
			if kept[m.Index].SecretStart != m.Start || whose[m.Index] != nil {
				return whose, false
			}
			whose[m.Index] = p
		}
	}
	return whose, true
}

// keep leaves to the next scan what this one has found out. An interrupted one leaves the blobs it has scanned; nothing at all is
// left where a rule could not be tried.
func (h *historyScan) keep(found *outcome, interruption error) {
	m := h.memory
	if m == nil || m.broken {
		return
	}
	var err error
	if m.planned {
		err = h.keepBlobs()
	}
	if interruption == nil && m.files != nil && err == nil {
		err = h.keepPlaces(found)
	}
	if err != nil {
		h.result.Reused.Note = err.Error()
	}
}

func (h *historyScan) keepBlobs() error {
	m := h.memory
	all := slices.Concat(m.left, m.scanned)
	slices.SortFunc(all, func(a, b blobSize) int { return cmp.Compare(a.num, b.num) })
	o := &cache.Objects{HashLen: h.store.HashLen(), Sizes: make([]uint32, len(all))}
	nums := make([]pack.Num, len(all))
	hits := h.hits // sorted
	for i, b := range all {
		nums[i], o.Sizes[i] = b.num, b.size
		for len(hits) > 0 && hits[0].num < b.num {
			hits = hits[1:]
		}
		if len(hits) > 0 && hits[0].num == b.num {
			o.Hits = append(o.Hits, uint32(i))
		}
		if m.files == nil {
			continue
		}
		if mark := m.files.Mark(b.num); mark != 0 {
			o.Loose = append(o.Loose, cache.Loose{At: uint32(i), Mark: mark})
		}
	}
	o.IDs = h.store.AppendIDs(nil, nums)
	if m.stored != nil && !m.doubted && m.stored.Equal(o) {
		return nil
	}
	return m.dir.StoreObjects(m.objects, o)
}

// lasting reports whether a problem is there for as long as the repository is as it is. Others may pass, and what they are about
// is tried again.
func lasting(r source.Reason) bool {
	switch r {
	case source.TooLarge, source.TooMany, source.Promised, source.Absent, source.Ignored, source.OverLimit, source.Encrypted, source.Malformed, source.Unsupported:
		return true
	}
	return false
}

// maxPairTexts bounds the texts that are read again for the credentials that may belong together.
const maxPairTexts = 5 * maxPairReads

func (h *historyScan) keepPlaces(found *outcome) error {
	p := &cache.Places{
		Commits: h.result.Commits, Kinds: h.coverage.Kinds(), Problems: h.coverage.Problems(),
		Blobs: placesOf(found.blobs), Windows: found.windows, Messages: found.told,
	}
	all := int64(0)
	for reason, n := range h.coverage.Reasons() {
		if all += n; !lasting(reason) {
			return nil
		}
	}
	for _, t := range found.pairs {
		p.Pairs = append(p.Pairs, cache.Text{Blob: t.blob, Path: t.path})
	}
	// Some of the problems are not known by name, it would take too long to read the texts again, or a name
	// holds a secret.
	if all > int64(len(p.Problems)) || len(p.Pairs) > maxPairTexts || tellsSecrets(p, found) {
		return nil
	}
	return h.memory.dir.StorePlaces(h.memory.places, h.memory.state, p)
}

// placesOf puts the matches of a place together.
func placesOf(batches [][]located) []cache.BlobPlace {
	var out []cache.BlobPlace
	for _, batch := range batches {
		for group := range chunksBy(batch, func(a, b *located) bool { return a.place.Path == b.place.Path }) {
			byCred := map[uint32]int{}
			for i := range group {
				l := &group[i]
				at, ok := byCred[l.place.Cred]
				if !ok {
					at = len(out)
					byCred[l.place.Cred] = at
					p := l.place
					p.Matches = nil
					out = append(out, p)
				}
				out[at].Matches = append(out[at].Matches, l.place.Matches...)
			}
		}
	}
	return out
}

// A secret can stand in the name of a file or ref too. Words are no secrets: they stand in names for other reasons.
const (
	minSecret     = 8
	minSecretBits = 32
)

// tellsSecrets reports whether a secret that was found stands in one of the texts that are to be kept.
func tellsSecrets(p *cache.Places, found *outcome) bool {
	secrets := map[string]bool{}
	for _, batch := range found.blobs {
		for i := range batch {
			secrets[batch[i].cred.Secret] = true
		}
	}
	for i := range found.messages {
		for _, l := range found.messages[i].all {
			secrets[l.cred.Secret] = true
		}
	}
	for _, t := range found.pairs {
		for _, m := range t.halves {
			secrets[m.Secret] = true
		}
	}
	byStart := map[string][]string{}
	for s := range secrets {
		if len(s) >= minSecret && correlate.Bits(s) >= minSecretBits {
			byStart[s[:minSecret]] = append(byStart[s[:minSecret]], s)
		}
	}
	texts := map[string]bool{}
	for i := range p.Blobs {
		texts[p.Blobs[i].Path] = true
		for _, ref := range p.Blobs[i].Refs {
			texts[ref] = true
		}
	}
	for _, t := range p.Pairs {
		texts[t.Path] = true
	}
	for i := range p.Messages {
		for _, ref := range p.Messages[i].Refs {
			texts[ref] = true
		}
	}
	for _, q := range p.Problems {
		texts[q.What], texts[q.Where], texts[q.Detail] = true, true, true
	}
	for text := range texts {
		for i := 0; i+minSecret <= len(text); i++ {
			if slices.ContainsFunc(byStart[text[i:i+minSecret]], func(s string) bool { return strings.HasPrefix(text[i:], s) }) {
				return true
			}
		}
	}
	return false
}
