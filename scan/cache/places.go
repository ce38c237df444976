package cache

import (
	"cmp"
	"slices"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/history"
	"github.com/straykey/straykey/source/pack"
)

// Places is the outcome of a scan, without what was found. Objects are known by their number in the store, which
// is the same in the same state.
//
// As a payload: the fields in order, lists after their length. Of refs there is one list for all places, and each
// place names the positions in it. No commit is 0, others are their number plus 1. Flags of a place are one byte: 1 for
// InHead, 2 for Reachable. The matches of a place are sorted by Index, which is written less the one before. Of the windows
// of a blob the distance of each from the end of the one before is written, then its length.
type Places struct {
	Commits  int // in the repository
	Kinds    []source.KindCount
	Problems []source.Problem
	Blobs    []BlobPlace // sorted by blob, then path
	Windows  []Windows   // of blobs with places that need not be read whole; sorted by blob
	Pairs    []Text      // in which credentials may belong together; sorted by blob, then path
	Messages []Message
}

// Text is a blob at a path.
type Text struct {
	Blob pack.Num
	Path string
}

// BlobPlace is a place of a credential in a blob, without the credential.
type BlobPlace struct {
	history.Place         // without Cred
	Kept          int     // how many matches there are in the blob at the path
	Matches       []Match // which of them are the credential's
}

// Window is the part text[Lo:Hi] of a text.
type Window struct{ Lo, Hi int }

// Windows are the parts of a blob where all its matches are found again: detect.Facts.Windows.
type Windows struct {
	Blob pack.Num
	List []Window
}

// Match is one of the matches of a text that are kept.
type Match struct {
	Index int // in the list of matches
	Start int // of the secret, to be sure
}

// Message is the message of a commit or tag in which something matched.
type Message struct {
	Num       pack.Num
	Type      pack.Type
	InHead    bool
	Reachable bool
	Refs      []string
	RefCount  int
	Kept      int // how many matches there are
}

func (p *Places) append(b []byte) []byte {
	b = appendNumber(b, uint64(p.Commits))
	b = appendNumber(b, uint64(len(p.Kinds)))
	for _, k := range p.Kinds {
		b = appendText(b, k.Kind)
		b = appendNumber(b, uint64(k.Scanned))
		b = appendNumber(b, uint64(k.Skipped))
		b = appendNumber(b, uint64(k.ScannedBytes))
	}
	b = appendNumber(b, uint64(len(p.Problems)))
	for _, q := range p.Problems {
		for _, s := range []string{string(q.Reason), q.What, q.Where, q.Detail} {
			b = appendText(b, s)
		}
	}
	refs, position := p.refs()
	b = appendNumber(b, uint64(len(refs)))
	for _, ref := range refs {
		b = appendText(b, ref)
	}
	b = appendNumber(b, uint64(len(p.Blobs)))
	for i := range p.Blobs {
		b = p.Blobs[i].append(b, position)
	}
	b = appendNumber(b, uint64(len(p.Windows)))
	for i := range p.Windows {
		b = p.Windows[i].append(b)
	}
	b = appendNumber(b, uint64(len(p.Pairs)))
	for _, t := range p.Pairs {
		b = appendText(appendNumber(b, uint64(t.Blob)), t.Path)
	}
	b = appendNumber(b, uint64(len(p.Messages)))
	for i := range p.Messages {
		m := &p.Messages[i]
		b = appendNumber(b, uint64(m.Num))
		b = append(b, byte(m.Type), flags(m.InHead, m.Reachable))
		b = appendRefs(b, m.Refs, m.RefCount, position)
		b = appendNumber(b, uint64(m.Kept))
	}
	return b
}

// Compare orders windows by blob.
func (w Windows) Compare(blob pack.Num) int { return cmp.Compare(w.Blob, blob) }

func (w *Windows) append(b []byte) []byte {
	b = appendNumber(appendNumber(b, uint64(w.Blob)), uint64(len(w.List)))
	last := 0
	for _, at := range w.List {
		b = appendNumber(appendNumber(b, uint64(at.Lo-last)), uint64(at.Hi-at.Lo))
		last = at.Hi
	}
	return b
}

// refs returns all refs that are named, and where each is in that list.
func (p *Places) refs() ([]string, map[string]uint64) {
	position := map[string]uint64{}
	var all []string
	add := func(refs []string) {
		for _, ref := range refs {
			if _, ok := position[ref]; !ok {
				position[ref] = uint64(len(all))
				all = append(all, ref)
			}
		}
	}
	for i := range p.Blobs {
		add(p.Blobs[i].Refs)
	}
	for i := range p.Messages {
		add(p.Messages[i].Refs)
	}
	return all, position
}

func (p *BlobPlace) append(b []byte, position map[string]uint64) []byte {
	b = appendNumber(b, uint64(p.Blob))
	b = appendText(b, p.Path)
	for _, c := range []pack.Num{p.First, p.Last, p.Removed} {
		b = appendNumber(b, uint64(c+1)) // NoCommit is the largest Num
	}
	b = append(b, flags(p.InHead, p.Reachable))
	b = appendRefs(b, p.Refs, p.RefCount, position)
	b = appendNumber(b, uint64(p.Kept))
	b = appendNumber(b, uint64(len(p.Matches)))
	last := 0
	for _, m := range p.Matches {
		b = appendNumber(b, uint64(m.Index-last))
		b = appendNumber(b, uint64(m.Start))
		last = m.Index
	}
	return b
}

func appendRefs(b []byte, refs []string, all int, position map[string]uint64) []byte {
	b = appendNumber(b, uint64(all))
	b = appendNumber(b, uint64(len(refs)))
	for _, ref := range refs {
		b = appendNumber(b, position[ref])
	}
	return b
}

func flags(inHead, reachable bool) byte {
	var f byte
	if inHead {
		f |= 1
	}
	if reachable {
		f |= 2
	}
	return f
}

func parsePlaces(payload []byte) (*Places, error) {
	r := &reader{rest: payload}
	p := &Places{Commits: int(r.small())}
	p.Kinds = make([]source.KindCount, r.count(4))
	for i := range p.Kinds {
		k := source.KindCount{Kind: r.text(), Scanned: r.size(), Skipped: r.size(), ScannedBytes: r.size()}
		if k.Found = k.Scanned + k.Skipped; k.Found < 0 {
			r.fail()
		}
		p.Kinds[i] = k
	}
	p.Problems = make([]source.Problem, r.count(4))
	for i := range p.Problems {
		p.Problems[i] = source.Problem{Reason: source.Reason(r.text()), What: r.text(), Where: r.text(), Detail: r.text()}
	}
	refs := make([]string, r.count(1))
	for i := range refs {
		refs[i] = r.text()
	}
	p.Blobs = make([]BlobPlace, r.count(10))
	for i := range p.Blobs {
		p.Blobs[i] = r.blobPlace(refs)
		if i > 0 && p.Blobs[i].Blob < p.Blobs[i-1].Blob {
			r.fail()
		}
	}
	p.Windows = make([]Windows, r.count(2))
	for i := range p.Windows {
		p.Windows[i] = r.windows()
		if i > 0 && p.Windows[i].Blob <= p.Windows[i-1].Blob {
			r.fail()
		}
	}
	p.Pairs = make([]Text, r.count(2))
	for i := range p.Pairs {
		p.Pairs[i] = Text{Blob: pack.Num(r.small()), Path: r.text()}
	}
	p.Messages = make([]Message, r.count(6))
	for i := range p.Messages {
		m := Message{Num: pack.Num(r.small()), Type: pack.Type(r.byte())}
		m.InHead, m.Reachable = r.flags()
		m.Refs, m.RefCount = r.refs(refs)
		m.Kept = int(r.small())
		if m.Type != pack.Commit && m.Type != pack.Tag {
			r.fail()
		}
		p.Messages[i] = m
	}
	return p, r.end()
}

func (r *reader) blobPlace(refs []string) BlobPlace {
	p := BlobPlace{}
	p.Blob = pack.Num(r.small())
	p.Path = r.text()
	for _, c := range []*pack.Num{&p.First, &p.Last, &p.Removed} {
		*c = pack.Num(r.small()) - 1
	}
	p.InHead, p.Reachable = r.flags()
	p.Refs, p.RefCount = r.refs(refs)
	p.Kept = int(r.small())
	p.Matches = make([]Match, r.count(2))
	last := -1
	for i := range p.Matches {
		last = r.position(last, p.Kept)
		p.Matches[i] = Match{Index: last, Start: int(r.small())}
	}
	return p
}

func (r *reader) windows() Windows {
	w := Windows{Blob: pack.Num(r.small()), List: make([]Window, r.count(2))}
	last := int64(0)
	for i := range w.List {
		lo := last + int64(r.small())
		if last = lo + int64(r.small()); last > MaxSize {
			r.fail()
			return w
		}
		w.List[i] = Window{Lo: int(lo), Hi: int(last)}
	}
	return w
}

func (r *reader) flags() (inHead, reachable bool) {
	f := r.byte()
	if f > 3 {
		r.fail()
	}
	return f&1 != 0, f&2 != 0
}

// refs reads what appendRefs writes.
func (r *reader) refs(all []string) (list []string, count int) {
	count = int(r.small())
	for range r.count(1) {
		i := r.number()
		if i >= uint64(len(all)) {
			r.fail()
			return nil, 0
		}
		list = append(list, all[i])
	}
	if len(list) > count {
		r.fail()
	}
	return slices.Clip(list), count
}
