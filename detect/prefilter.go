package detect

import (
	"bytes"
	"regexp/syntax"
	"strings"
)

// prefilter is what a text must hold for an expression to match at all: a run of some bytes, and one of some
// words. RE2 in pure Go reads some hundred bytes a microsecond, and most windows around the anchors of
// rules for PEM blocks, JSON keys and the like hold nothing.
type prefilter struct {
	run   class // the bytes of the run
	least int   // how many of them in a row; 0: no run is needed
	words []string
}

// minRun is the shortest run that is worth looking for: shorter ones stand everywhere.
const minRun = 16

// newPrefilter derives what every match of re needs, besides the anchors that lead to it.
func newPrefilter(re *syntax.Regexp, anchors []string) prefilter {
	var p prefilter
	if set, n := neededRun(re); n >= minRun {
		p.run, p.least = set, n
	}
	p.words = neededWords(re, anchors)
	return p
}

// passes reports whether text may hold a match.
func (p *prefilter) passes(text []byte) bool {
	if p.least > 0 && findRun(text, &p.run, p.least) < 0 {
		return false
	}
	if p.words == nil {
		return true
	}
	at, _ := findWord(text, p.words)
	return at >= 0
}

// sighting is what is known of one text from the windows in which a prefilter has looked for something. Windows around anchors that
// stand close together overlap: what was looked at in one is not looked at again in the next.
type sighting struct {
	none span // nothing is there
	seen span // here it stands
}

// sightings are those of a rule in one text.
type sightings struct {
	turn      int // of the text
	run, word sighting
}

// passesIn is passes for text[lo:hi], with what is known of the text.
func (p *prefilter) passesIn(text []byte, lo, hi int, known *sightings) bool {
	if p.least > 0 && !known.run.in(lo, hi, p.least-1, func(from int) (at, n int) {
		return findRun(text[from:hi], &p.run, p.least), p.least
	}) {
		return false
	}
	if p.words == nil {
		return true
	}
	longest := 0
	for _, w := range p.words {
		longest = max(longest, len(w))
	}
	return known.word.in(lo, hi, longest-1, func(from int) (at, n int) { return findWord(text[from:hi], p.words) })
}

// in reports whether what is looked for, of overlap+1 bytes at most, stands from lo to hi. Where that is not known it looks
// there with find, which returns where from there on it stands, or -1, and its length.
func (s *sighting) in(lo, hi, overlap int, find func(from int) (at, n int)) bool {
	if s.seen.lo < s.seen.hi && lo <= s.seen.lo && s.seen.hi <= hi {
		return true
	}
	from := lo
	if s.none.lo <= lo && lo <= s.none.hi {
		if hi <= s.none.hi {
			return false
		}
		from = max(lo, s.none.hi-overlap)
	}
	if at, n := find(from); at >= 0 {
		s.seen = span{from + at, from + at + n}
		return true
	}
	if from == lo {
		s.none.lo = lo
	}
	s.none.hi = hi
	return false
}

// findRun returns where n bytes of set stand in a row, or -1. It looks at every n-th byte, and closer where that is in the
// set.
func findRun(text []byte, set *class, n int) int {
	from := 0 // no run starts before
	for i := n - 1; i < len(text); i += n {
		if !set.has(text[i]) {
			from = i + 1
			continue
		}
		start := i
		for start > from && set.has(text[start-1]) {
			start--
		}
		end := i + 1
		for end < len(text) && end-start < n && set.has(text[end]) {
			end++
		}
		if end-start >= n {
			return start
		}
		from = end
	}
	return -1
}

// findWord returns where one of some lower-case words stands in text, in any case, and its length; -1: none does.
func findWord(text []byte, words []string) (at, n int) {
	for _, w := range words {
		first, upper := w[0], bytes.ToUpper([]byte{w[0]})[0]
		for _, c := range []byte{first, upper} {
			for i := 0; ; i++ {
				k := bytes.IndexByte(text[i:], c)
				if k < 0 || i+k+len(w) > len(text) {
					break
				}
				if i += k; equalFold(text[i:i+len(w)], w) {
					return i, len(w)
				}
			}
			if upper == first {
				break
			}
		}
	}
	return -1, 0
}

// neededRun returns the longest run of bytes of one set that each match of re holds.
func neededRun(re *syntax.Regexp) (set class, n int) {
	switch re.Op {
	case syntax.OpCharClass:
		if set, ok := byteSet(re.Rune); ok {
			return set, 1
		}
	case syntax.OpCapture:
		return neededRun(re.Sub[0])
	case syntax.OpPlus, syntax.OpRepeat:
		if re.Op == syntax.OpRepeat && re.Min == 0 {
			return set, 0
		}
		set, n = neededRun(re.Sub[0])
		if re.Op == syntax.OpRepeat && re.Sub[0].Op == syntax.OpCharClass {
			n *= re.Min
		}
		return set, n
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if s, m := neededRun(sub); m > n {
				set, n = s, m
			}
		}
		return set, n
	case syntax.OpAlternate:
		set, n = neededRun(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			s, m := neededRun(sub)
			for i := range set {
				set[i] |= s[i]
			}
			n = min(n, m)
		}
		return set, n
	}
	return class{}, 0
}

// neededWords returns lower-case words of which each match of re holds one; nil if there are none but
// those that the anchors are part of.
func neededWords(re *syntax.Regexp, anchors []string) (best []string) {
	switch re.Op {
	case syntax.OpCapture:
		return neededWords(re.Sub[0], anchors)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			words := neededWords(sub, anchors)
			if words == nil {
				return nil
			}
			best = append(best, words...)
		}
		return unique(best)
	case syntax.OpConcat:
		consider := func(words []string) {
			if longEnough(words) && !implied(words, anchors) && (best == nil || better(words, best)) {
				best = words
			}
		}
		run := []string{""}
		for _, sub := range re.Sub {
			if joined := cross(run, exact(sub)); joined != nil {
				run = joined
				continue
			}
			consider(run)
			consider(neededWords(sub, anchors))
			if run = exact(sub); run == nil {
				run = []string{""}
			}
		}
		consider(run)
		return best
	}
	if words, ok := required(re); ok && !implied(words, anchors) {
		return words
	}
	return nil
}

// implied reports whether the anchors say nearly as much as the words.
func implied(words, anchors []string) bool {
	for _, w := range words {
		held := false
		for _, a := range anchors {
			held = held || strings.Contains(w, a) && len(w) <= len(a)+2 || strings.Contains(a, w)
		}
		if !held {
			return false
		}
	}
	return true
}
