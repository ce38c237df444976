package decode

import (
	"encoding/binary"
	"slices"
	"strings"
)

// The limits of runs, in bytes of encoded text.
const (
	// minRun is the shortest run of base64: 24 bytes. What is shorter belongs to the name it is assigned
	// to, if it is a secret at all. The longer, the fewer bytes of a text need to be looked at.
	minRun = 32
	minHex = 32
	// MaxRun is the longest run that is read, all its lines together. Bundles of scripts have source maps of some megabytes.
	MaxRun = 16 << 20
	// The lines of wrapped base64: PEM's have 64 bytes, MIME's 76.
	minLine, maxLine = 40, 100
	maxIndent        = 16
	// maxStarts is at how many places in a run, behind separators, something encoded may begin.
	maxStarts = 12
)

// Runner finds the runs of one text after the other. It must not be used by two goroutines at once.
type Runner struct {
	// JWT makes it find the parts of JSON web tokens, too, for which there is a rule of its own.
	JWT bool

	class, value [256]uint8
	text         []byte
	done         int // what stands before was looked at
	giant        int // the end of what was looked at of a run that is too long; -1: none
	giantLine    int // the same of a wrapped one
	emit         func(Span)
	lines        []extent
	need         extent // what was looked at to know the lines
}

// extent is text[lo:hi].
type extent struct{ lo, hi int }

// NewRunner returns a Runner.
func NewRunner() *Runner {
	r := &Runner{}
	r.class, r.value = tables()
	return r
}

// Begin starts on a text.
func (r *Runner) Begin(text []byte) { r.text, r.done, r.giant, r.giantLine = text, 0, -1, -1 }

const (
	word   = 8
	stride = 24 // a run of minRun bytes holds a whole word at one of the strides
)

// stray returns a set bit for some byte of a word that is in no alphabet, or 0. It lets some pass: comma, stop,
// brackets and braces.
func stray(w uint64) uint64 {
	const (
		each  = 0x0101010101010101
		highs = 0x80 * each
	)
	folded := w | 0x20*each
	below := w - '+'*each                                               // the smallest byte of the alphabets
	between := (folded + (0x80-':')*each) &^ (folded + (0x80-'a')*each) // from the digits to the letters
	return (below | w | between) & highs
}

// strays is stray for the eight bytes at text[at], or any bits where there are not as many.
func strays(text []byte, at int) uint64 {
	if at < 0 || at+word > len(text) {
		return 1
	}
	return stray(binary.LittleEndian.Uint64(text[at:]))
}

// Find calls emit for each run that may hold text and that has a byte in text[lo:hi], or that such
// bytes might continue if they follow a line end at lo. From call to call on one text lo must not
// decrease; no run is emitted twice. Of a run that is longer than MaxRun as much is emitted as tells so, if one of the bytes
// is in that.
func (r *Runner) Find(lo, hi int, emit func(Span)) {
	r.emit = emit
	text := r.text
	at := max(r.done, lo)
	if at == lo {
		at = r.beginAt(lo)
	}
	for end := min(len(text), hi+stride) - word; at <= end; at += stride {
		if stray(binary.LittleEndian.Uint64(text[at:])) != 0 {
			continue
		}
		// Of the bytes that a run has besides this word, twelve or more stand on one side.
		if strays(text, at+word)|strays(text, at+word+4) != 0 && strays(text, at-word)|strays(text, at-word-4) != 0 {
			continue
		}
		if next := r.examine(at); next > at {
			r.done = next
			at = max(at, next-stride+1) // the stride is added
		}
	}
}

// beginAt returns where to begin so that no run is missed that has a byte at lo or, where lo is the start
// of a line, that ends the line before.
func (r *Runner) beginAt(lo int) int {
	last := lo - 1
	if last < r.done {
		return lo
	}
	if r.text[last] == '\n' {
		if last--; last > r.done && r.text[last] == '\r' {
			last--
		}
		if last < r.done || r.class[r.text[last]]&inBoth == 0 {
			return lo
		}
	}
	return max(r.done, last-minRun)
}

const inBoth = inStd | inURL

// examine looks at the run at text[at], and at the lines it goes on in. It returns where they
// end.
func (r *Runner) examine(at int) (end int) {
	hi := at
	for hi < len(r.text) && hi-at <= MaxRun && r.class[r.text[hi]]&inBoth != 0 {
		hi++
	}
	lo := at
	for lo > r.done && at-lo <= MaxRun && r.class[r.text[lo-1]]&inBoth != 0 {
		lo--
	}
	if lo == r.giant || hi-lo > MaxRun {
		begins := lo != r.giant && at-lo <= MaxRun
		r.giant = -1
		if hi-at > MaxRun {
			r.giant = hi // it goes on
		}
		if begins {
			r.need = extent{lo, lo + MaxRun + 1}
			r.evaluateGiant(lo, hi)
		}
		return hi
	}
	run := extent{r.behindEscape(lo), hi}
	if run.hi-run.lo < minRun {
		return hi
	}
	r.lines = append(r.lines[:0], run)
	r.need = run
	if !r.mayHold(run) {
		return hi
	}
	if r.wrapped() {
		r.evaluate()
	}
	return max(hi, r.lines[len(r.lines)-1].hi)
}

// mayHold reports whether a run may be encoded, or the last line of one that is. Base64 of text has
// capitals, and names in source code often have none.
func (r *Runner) mayHold(run extent) bool {
	hex := true
	for _, c := range r.text[run.lo:run.hi] {
		if 'A' <= c && c <= 'Z' {
			return true
		}
		hex = hex && r.class[c]&inHex != 0
	}
	if hex {
		return true
	}
	_, ok := r.previous(run)
	return ok
}

// behindEscape leaves out the letter of an escaped line end from the start of a run: \nTUlJ.
func (r *Runner) behindEscape(lo int) int {
	if lo > 0 && r.text[lo-1] == '\\' && (r.text[lo] == 'n' || r.text[lo] == 'r' || r.text[lo] == 't') {
		return lo + 1
	}
	return lo
}

// wrapped adds to r.lines, which holds one run, those that it continues and those that continue it. It
// returns false if they are too long together: then the last of them is where looking ended.
func (r *Runner) wrapped() bool {
	own := r.lines[0]
	r.lines = r.lines[:0]
	first, long := own, false
	for !long {
		prev, ok := r.previous(first)
		if !ok {
			break
		}
		r.lines = append(r.lines, prev)
		first = prev
		long = prev.hi == r.giantLine || own.hi-first.lo > MaxRun
	}
	slices.Reverse(r.lines)
	r.lines = append(r.lines, own)
	begins := !long
	for last := own; ; {
		next, ok := r.next(last)
		if !ok {
			break
		}
		r.lines = append(r.lines, next)
		last = next
		long = long || last.hi-first.lo > MaxRun
		if last.hi-first.lo > 2*MaxRun || last.hi-own.lo > MaxRun {
			r.giantLine = last.hi
			break
		}
	}
	if long && begins {
		r.evaluateGiant(first.lo, first.hi)
	}
	return !long
}

// evaluateGiant emits of a run that is too long, whose first line is text[lo:hi], as much as tells so, if it may hold text.
func (r *Runner) evaluateGiant(lo, hi int) {
	lo = r.behindEscape(lo)
	if r.begins(lo, hi) {
		r.emit(Span{lo, lo + MaxRun + 1, Base64, r.need.lo - 1, max(r.need.hi, lo+MaxRun+1) + 1})
	} else if r.hexEnd(lo, hi)-lo >= minHex && r.beginsHex(lo) {
		r.emit(Span{lo, lo + MaxRun + 1, Hex, r.need.lo - 1, max(r.need.hi, lo+MaxRun+1) + 1})
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isLine reports whether a run may be a line of a wrapped one that is not the last.
func isLine(run extent) bool {
	n := run.hi - run.lo
	return minLine <= n && n <= maxLine && n%4 == 0
}

// next returns the line of a wrapped run that follows the given one: it begins the next line of the
// text, which may be written as an escape, and is no longer.
func (r *Runner) next(run extent) (extent, bool) {
	if !isLine(run) {
		return extent{}, false
	}
	lo := r.lineEnd(run.hi)
	if lo < 0 {
		return extent{}, false
	}
	hi := lo
	for most := min(len(r.text), lo+run.hi-run.lo+1); hi < most && r.class[r.text[hi]]&inBoth != 0; {
		hi++
	}
	r.need.hi = max(r.need.hi, hi)
	if hi == lo || hi-lo > run.hi-run.lo || !r.endsLine(hi) {
		return extent{}, false
	}
	return extent{lo, hi}, true
}

// endsLine reports whether a line of a wrapped run may end at pos. The name of the next key of a file, as in
// "b: x" or "B=x" below "a: TUlJ…", is none.
func (r *Runner) endsLine(pos int) bool {
	for n := 0; n < 2 && pos < len(r.text) && r.text[pos] == '='; n++ {
		pos++
	}
	r.need.hi = max(r.need.hi, pos+1)
	return pos >= len(r.text) || strings.IndexByte("\n\r\\\"'`<,;)]}", r.text[pos]) >= 0
}

// lineEnd returns where the text begins behind a line end and an indent at pos, or -1.
func (r *Runner) lineEnd(pos int) int {
	i := pos
	accept := func(c byte) bool {
		r.need.hi = max(r.need.hi, i+1)
		if i < len(r.text) && r.text[i] == c {
			i++
			return true
		}
		return false
	}
	switch {
	case accept('\n'):
	case accept('\r'):
		if !accept('\n') {
			return -1
		}
	case accept('\\'):
		if !accept('n') && !(accept('r') && accept('\\') && accept('n')) {
			return -1
		}
	default:
		return -1
	}
	for n := 0; accept(' ') || accept('\t'); n++ {
		if n == maxIndent {
			return -1
		}
	}
	return i
}

// previous returns the line that the given one follows, in the sense of next.
func (r *Runner) previous(run extent) (extent, bool) {
	i, n := run.lo, 0
	for i > 0 && n < maxIndent && isBlank(r.text[i-1]) {
		i, n = i-1, n+1
	}
	hi := -1
	for _, end := range []string{"\r\n", "\n", `\r\n`, `\n`} {
		if i >= len(end) && string(r.text[i-len(end):i]) == end {
			hi = i - len(end)
			break
		}
	}
	r.need.lo = min(r.need.lo, i-2)
	if hi < 0 {
		return extent{}, false
	}
	lo := hi
	for lo > 0 && hi-lo <= maxLine && r.class[r.text[lo-1]]&inBoth != 0 {
		lo--
	}
	r.need.lo = min(r.need.lo, lo-1)
	if lo == hi {
		return extent{}, false
	}
	prev := extent{r.behindEscape(lo), hi}
	if next, ok := r.next(prev); !ok || next != run {
		return extent{}, false
	}
	return prev, true
}

// evaluate emits what of r.lines may hold text: the whole, or else each line by itself.
func (r *Runner) evaluate() {
	need := extent{r.need.lo, max(r.need.hi, r.padded(r.lines[len(r.lines)-1].hi)+1)}
	if len(r.lines) > 1 && r.evaluateWrapped(need) {
		return
	}
	for _, run := range r.lines {
		r.evaluateRun(run, need)
	}
}

// evaluateWrapped emits lines of base64 as one.
func (r *Runner) evaluateWrapped(need extent) bool {
	first, last := r.lines[0], r.lines[len(r.lines)-1]
	if !r.begins(first.lo, first.hi) {
		return false
	}
	all := uint8(inBoth)
	for _, run := range r.lines {
		for _, c := range r.text[run.lo:run.hi] {
			all &= r.class[c]
		}
	}
	if all == 0 { // both alphabets at once
		return false
	}
	r.emit(Span{first.lo, r.padded(last.hi), Base64, need.lo, need.hi})
	return true
}

// evaluateRun emits what of a run may hold text. It may begin behind a separator, as in a path.
func (r *Runner) evaluateRun(run, need extent) {
	at := run.lo
	for range maxStarts {
		if run.hi-at < minRun {
			return
		}
		switch hex := r.hexEnd(at, run.hi); {
		case hex-at >= minHex && r.beginsHex(at):
			r.emit(Span{at, hex, Hex, need.lo, need.hi})
			at = hex
			continue
		case r.begins(at, run.hi):
			if end := r.tokenEnd(at, run.hi); end-at >= minRun && !r.isJWT(at, end) {
				r.emit(Span{at, r.padded(end), Base64, need.lo, need.hi})
				at = end
				continue
			}
		}
		if at+2 < run.hi && r.text[at] == '0' && r.text[at+1]|0x20 == 'x' {
			at += 2
			continue
		}
		for at++; at < run.hi && r.class[r.text[at-1]]&inBoth == inBoth; {
			at++
		}
	}
}

// tokenEnd returns where the longest part of text[at:hi] ends that is in one alphabet.
func (r *Runner) tokenEnd(at, hi int) int {
	all, end := uint8(inBoth), at
	for end < hi && all&r.class[r.text[end]] != 0 {
		all &= r.class[r.text[end]]
		end++
	}
	return end
}

func (r *Runner) hexEnd(at, hi int) int {
	end := at
	for end < hi && r.class[r.text[end]]&inHex != 0 {
		end++
	}
	if end < hi && r.class[r.text[end]]&inBoth == inBoth { // within something longer
		return at
	}
	return at + (end-at)&^1
}

// padded returns the end of a run with its padding.
func (r *Runner) padded(hi int) int {
	for n := 0; n < 2 && hi < len(r.text) && r.text[hi] == '='; n++ {
		hi++
	}
	return hi
}

// isJWT reports whether a run is a part of a JSON web token that is not to be found.
func (r *Runner) isJWT(lo, hi int) bool {
	return !r.JWT && string(r.text[lo:lo+3]) == "eyJ" && (hi < len(r.text) && r.text[hi] == '.' || lo > 0 && r.text[lo-1] == '.')
}

// begins reports whether the base64 at text[at] begins as text does, or something that holds text.
// Three bytes of random data are taken for text in one of twenty cases, twelve in one of a hundred thousand.
func (r *Runner) begins(at, hi int) bool {
	var head [12]byte
	text := r.text[at:min(hi, at+16)]
	n := 0
	plain := true
	for ; len(text) >= 4; text = text[4:] {
		a, b, c, d := r.value[text[0]], r.value[text[1]], r.value[text[2]], r.value[text[3]]
		head[n], head[n+1], head[n+2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
		if plain = plain && printable(head[n]) && printable(head[n+1]) && printable(head[n+2]); !plain && n == 0 && !maybeMagic(head[0]) {
			return false
		}
		n += 3
	}
	return plain || HasMagic(head[:n]) || looksWide(head[:n])
}

func (r *Runner) beginsHex(at int) bool {
	var head [12]byte
	for i := range head {
		head[i] = hexValue(r.text[at+2*i])<<4 | hexValue(r.text[at+2*i+1])
	}
	for _, c := range head {
		if !printable(c) {
			return HasMagic(head[:]) || looksWide(head[:])
		}
	}
	return true
}

func hexValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	default:
		return c | 0x20 - 'a' + 10
	}
}

// Decode appends to dst what a run decodes to. What is left over at its end is dropped.
func (r *Runner) Decode(dst []byte, text []byte, s Span) []byte {
	if s.Kind == Hex {
		for i := s.Lo; i+1 < s.Hi; i += 2 {
			dst = append(dst, hexValue(text[i])<<4|hexValue(text[i+1]))
		}
		return dst
	}
	var bits uint32
	n := 0
	for i := s.Lo; i < s.Hi; i++ {
		c := text[i]
		v := r.value[c]
		switch {
		case v == 0xFF && c == '\\': // an escaped line end
			i++
			continue
		case v == 0xFF:
			continue
		}
		bits = bits<<6 | uint32(v)
		if n++; n == 4 {
			dst = append(dst, byte(bits>>16), byte(bits>>8), byte(bits))
			n, bits = 0, 0
		}
	}
	switch n {
	case 2:
		dst = append(dst, byte(bits>>4))
	case 3:
		dst = append(dst, byte(bits>>10), byte(bits>>2))
	}
	return dst
}

// MayWrap reports whether a line of text, its end included, may hold a run that the lines around continue: then
// it takes these to tell what is encoded in it. That is a run behind nothing but an indent that is long enough
// to be looked at, or one that may be followed by another line.
func MayWrap(line []byte) bool {
	end := len(line)
	for end > 0 && (line[end-1] == '\n' || line[end-1] == '\r') {
		end--
	}
	lo := end
	for lo > 0 && end-lo <= maxLine && inAlphabets(line[lo-1]) {
		lo--
	}
	if end-lo >= minLine && end-lo <= maxLine+1 { // one more: an escape may stand before
		return true
	}
	lo = 0
	for lo < len(line) && isBlank(line[lo]) {
		lo++
	}
	hi := lo
	for hi < len(line) && hi-lo < minRun && inAlphabets(line[hi]) {
		hi++
	}
	return hi-lo == minRun
}

// inAlphabets reports whether c is in one of the alphabets of runs.
func inAlphabets(c byte) bool {
	return isAlnum(c) || c == '+' || c == '/' || c == '-' || c == '_'
}
