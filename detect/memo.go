package detect

import (
	"hash/maphash"

	"github.com/straykey/straykey/detect/generic"
)

// memo remembers lines in which a detector found nothing worth a report. The versions of a file, and files like it, have
// most of their lines in common, and deltas have the lines at their seams read again and again. A
// detector's verdict depends on the line and the one before only (see generic.Text), so the same bytes end the same way.
type memo struct {
	seed maphash.Seed
	keys []uint64 // by their low bits
}

const (
	memoSize = 1 << 13
	// maxMemo is the longest text that is remembered: longer lines are rarely the same.
	maxMemo = 400
)

// key returns what stands for a trial of a rule at the anchor text[pos:end], given the view [lo,hi) of it; 0
// if it is not to be remembered.
func (m *memo) key(text []byte, rule, pos, end int, view *generic.Text) uint64 {
	from := view.Lo
	if view.LineStart && from > 0 {
		from = max(0, view.Lo-1-generic.Context)
		if i := lastNewline(text, from, view.Lo-1); i >= 0 {
			from = i + 1
		}
	}
	if view.Hi-from > maxMemo {
		return 0
	}
	m.begin()
	// The offsets are small; the ends of the view differ in kind with what stands beyond them.
	place := uint64(rule)<<40 | uint64(pos-from)<<30 | uint64(end-from)<<20 | uint64(view.Lo-from)<<10
	if view.LineStart {
		place |= 1
	}
	if view.Hi == len(text) || text[view.Hi] == '\n' {
		place |= 2
	}
	return (maphash.Bytes(m.seed, text[from:view.Hi])^place*mix)&^memoNear | 1
}

// textKey returns what stands for a text in which the expression of a rule does not match.
func (m *memo) textKey(text []byte, rule int) uint64 {
	m.begin()
	return (maphash.Bytes(m.seed, text)^uint64(rule+1)<<50*mix)&^memoNear | 1
}

const mix = 0x9E3779B97F4A7C15

func (m *memo) begin() {
	if m.keys == nil {
		m.seed, m.keys = maphash.MakeSeed(), make([]uint64, memoSize)
	}
}

// memoNear is set in the keys of trials on which the line before could decide.
const memoNear = 2

// has reports whether a trial is remembered, and whether the line before could decide on it.
func (m *memo) has(key uint64) (known, near bool) {
	k := m.keys[key>>2%memoSize]
	return k&^memoNear == key, k&memoNear != 0
}

func (m *memo) add(key uint64, near bool) {
	if near {
		key |= memoNear
	}
	m.keys[key>>2%memoSize] = key
}
