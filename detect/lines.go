package detect

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/decode"
)

// lineMemo remembers lines in which there is nothing, and stretches of such lines. Of the text that deltas have a scan of
// a history read, nine tenths are lines that it has read before, in another version of the file or beside another
// change, and half are what a seam of another delta touched.
//
// What a line rule makes of a line that is no longer than its reach depends on the bytes of the line alone. What
// does not, or has to be told each time, makes a line marked (see Scanner.mark), and a marked line is not remembered:
//
//   - a match,
//   - an anchor of a wide rule, which looks beyond the line,
//   - a candidate on which the line before could decide, and a failed proof, which sees that line too,
//   - a run of base64 or hex, and what could be a line of a wrapped one (decode.MayWrap),
//   - a unit that is long, or in which something is packed: a text has a budget for that.
//
// Lines are known by 64 bits of a hash with a random seed: nobody can make two that are taken for one another.
type lineMemo struct {
	seed  maphash.Seed
	pairs [][2]uint64 // by the low bits of the key; the one used last comes first
}

const (
	memoPairs = 1 << 15 // 512 KiB: half of a second-level cache
	// maxKnown is the longest line that is remembered, its end included.
	maxKnown = lineReach / 2
)

func newLineMemo() *lineMemo {
	return &lineMemo{seed: maphash.MakeSeed(), pairs: make([][2]uint64, memoPairs)}
}

// key returns what stands for some lines.
func (m *lineMemo) key(lines []byte) uint64 { return maphash.Bytes(m.seed, lines) | 1 }

func (m *lineMemo) has(key uint64) bool {
	p := &m.pairs[key>>1%memoPairs]
	if p[0] == key {
		return true
	}
	if p[1] != key {
		return false
	}
	p[0], p[1] = p[1], p[0]
	return true
}

func (m *lineMemo) add(key uint64) {
	p := &m.pairs[key>>1%memoPairs]
	p[0], p[1] = key, p[0]
}

// newLine is a line that is not remembered.
type newLine struct {
	lo, hi int
	key    uint64
	clean  bool // it may be remembered
}

// crossing reports whether one of some literals crosses lines. The end of its own is part of a line.
func crossing(literals []string) bool {
	return slices.ContainsFunc(literals, func(l string) bool { return strings.Contains(strings.TrimSuffix(l, "\n"), "\n") })
}

// remembers reports whether the scanner passes over lines that it knows. That pays where deltas bring the same lines again,
// so it begins with the first of them. It does not where each trial counts, nor in what it decodes.
func (s *Scanner) remembers() bool {
	if s.known == nil && s.deferWide && s.depth == 0 && !s.e.crossing {
		s.known = newLineMemo()
	}
	return s.deferWide && s.known != nil && s.trace == nil && s.stats == nil
}

// mark says that the line of text[pos] must be read each time. What is looked at beyond a part of a text (see
// decode.Runner.Find) may have marks before its line is read.
func (s *Scanner) mark(pos int) { s.marks = append(s.marks, pos) }

// findUnknown is find for the lines of text[lo:hi] that are not known to hold nothing.
func (s *Scanner) findUnknown(lo, hi int) {
	s.decodeRuns(lo, lo) // a run that ends before text[lo] may go on in a line that is known
	text := s.text
	whole := lo == 0 || text[lo-1] == '\n'
	if !s.deferWide || !whole || lo == hi || text[hi-1] != '\n' {
		s.findLines(lo, hi, whole)
		return
	}
	// What a seam touches is often what others did.
	if key := s.known.key(text[lo:hi]); !s.known.has(key) && s.findLines(lo, hi, true) {
		s.known.add(key)
	}
}

// findLines is find for the lines of text[lo:hi] that are not remembered. It reports whether there is nothing in any
// of them.
func (s *Scanner) findLines(lo, hi int, whole bool) (clean bool) {
	text, lines := s.text, s.lines[:0]
	clean = true
	for at := lo; at < hi; {
		line := newLine{lo: at, hi: hi}
		if i := bytes.IndexByte(text[at:hi], '\n'); i >= 0 {
			line.hi = at + i + 1
			line.clean = whole && i < maxKnown
		}
		if line.clean {
			line.key = s.known.key(text[at:line.hi])
		}
		if line.clean && s.known.has(line.key) {
			clean = s.findNew(lines) && clean
			lines = lines[:0]
		} else {
			lines = append(lines, line)
		}
		at, whole = line.hi, true
	}
	clean = s.findNew(lines) && clean
	s.lines = lines
	return clean
}

// findNew is find for lines that follow one another. It remembers those in which there is nothing, and reports
// whether they all are.
func (s *Scanner) findNew(lines []newLine) (clean bool) {
	if len(lines) == 0 {
		return true
	}
	lo, hi := lines[0].lo, lines[len(lines)-1].hi
	s.marks = slices.DeleteFunc(s.marks, func(pos int) bool { return pos < lo })
	s.findAll(lo, hi)
	for _, pos := range s.marks {
		if i, ok := slices.BinarySearchFunc(lines, pos, newLine.compare); ok {
			lines[i].clean = false
		}
	}
	clean = true
	for _, l := range lines {
		if !l.clean || decode.MayWrap(s.text[l.lo:l.hi]) {
			clean = false
			continue
		}
		s.known.add(l.key)
	}
	return clean
}

// compare tells whether the line stands before, at or after pos.
func (l newLine) compare(pos int) int {
	if l.lo <= pos && pos < l.hi {
		return 0
	}
	return cmp.Compare(l.lo, pos)
}
