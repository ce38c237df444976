package report

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/straykey/straykey/correlate"
)

// The limits of redaction, in bytes.
const (
	// hintLen of a secret may be shown if it is at least hintFrom long and what
	// remains cannot be guessed: enough for "ghp_", "AKIA", "xoxb".
	hintLen  = 4
	hintFrom = 16
	hintBits = 40 // correlate.Bits of the remainder
	// minPiece is the shortest text that is searched for. Shorter secrets are only
	// masked where the finding says they stand; else they would hide half of the frame.
	minPiece = 4
	// minEdge is the shortest piece of a secret that is masked at a cut edge.
	minEdge = 5
	// minCut is a length below which no line of a frame is cut on the right. Without it a line
	// that ends in "the password" would lose that word to a secret "password1".
	minCut = 80
	// minNamed is the shortest secret that is masked in paths and refs. A weak
	// password is often a common word, and "production" in a path tells nothing.
	minNamed = 12
)

// Redact returns what a report shows of a secret: how long it is and, if that gives
// nothing away, how it begins. For a private key the line that says what it is stays.
func Redact(secret string) string {
	return hint(secret) + redacted(len(secret))
}

func redacted(n int) string { return fmt.Sprintf("[redacted %d]", n) }

func hint(secret string) string {
	if armour := leadingArmour(secret); armour != "" {
		return armour
	}
	if len(secret) < hintFrom || !isPlain(secret[:hintLen]) || correlate.Bits(secret[hintLen:]) < hintBits {
		return ""
	}
	return secret[:hintLen]
}

// leadingArmour returns the line "-----BEGIN …-----" (RFC 7468) that s starts with, or "".
func leadingArmour(s string) string {
	for _, start := range []string{"-----BEGIN ", "-----END "} {
		if rest, ok := strings.CutPrefix(s, start); ok {
			if n := strings.Index(rest, "-----"); n >= 0 && n < 40 && isLabel(rest[:n]) {
				return s[:len(start)+n+5]
			}
		}
	}
	return ""
}

func isLabel(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") == ""
}

func isArmour(line string) bool {
	return line != "" && leadingArmour(line) == line
}

// A redactor masks secrets in texts that a report quotes. It knows every secret
// of the report, because the secret of one finding stands in the frame, the commit
// subject or the path of another.
type redactor struct {
	show    bool
	mask    func(secret string) string
	forward pieces // secrets, by how they begin
	back    pieces // the same reversed, by how they end
}

// newRedactor returns a redactor for all secrets of r.
func newRedactor(r *Report, o Options) *redactor {
	red := &redactor{show: o.ShowSecrets, mask: o.Mask}
	if red.mask == nil {
		red.mask = Redact
	}
	if o.ShowSecrets {
		return red
	}
	var all []piece
	for i := range r.Findings {
		all = red.appendFinding(all, &r.Findings[i])
	}
	for i := range r.Suppressed {
		all = red.appendFinding(all, &r.Suppressed[i].Finding)
	}
	reversed := make([]piece, len(all))
	for i, p := range all {
		reversed[i] = piece{text: reverse(p.text)}
	}
	red.forward, red.back = newPieces(all), newPieces(reversed)
	return red
}

// appendFinding appends what is to be masked of a finding: its secret, and the texts it was decoded from,
// which give it away as well.
func (r *redactor) appendFinding(all []piece, f *correlate.Finding) []piece {
	all = r.appendPieces(all, f.Secret)
	for i := range f.Occurrences {
		for line := range strings.SplitSeq(f.Occurrences[i].Frame.Encoded, "\n") {
			line = strings.TrimSpace(line)
			all = appendPiece(all, line, redacted(len(line)))
		}
	}
	return all
}

// appendPieces appends what is to be masked of a secret: itself, or each of its lines,
// since quoted texts are lines.
func (r *redactor) appendPieces(all []piece, secret string) []piece {
	lines := strings.Split(secret, "\n")
	if len(lines) == 1 {
		return appendPiece(all, secret, r.mask(secret))
	}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if !isArmour(line) {
			all = appendPiece(all, line, redacted(len(line)))
		}
	}
	return all
}

func appendPiece(all []piece, text, label string) []piece {
	if len(text) < minPiece {
		return all
	}
	return append(all, piece{text, label})
}

// secret returns what a report shows of a secret. A file that is a finding whatever it holds has none.
func (r *redactor) secret(s string) string {
	if r.show || s == "" {
		return s
	}
	return r.mask(s)
}

// text masks whole secrets in a text of the repository: a subject, an author, a detail.
func (r *redactor) text(s string) string {
	return join(s, r.whole(s, minPiece))
}

// name is text for paths and refs.
func (r *redactor) name(s string) string {
	return join(s, r.whole(s, minNamed))
}

// match masks the whole match of a rule. If the secret cannot be found in it, because the
// match is encoded and the secret decoded, nothing of it is shown.
func (r *redactor) match(match, secret string) string {
	if r.show || match == "" {
		return match
	}
	if !strings.Contains(match, firstLine(secret)) {
		return redacted(len(match))
	}
	if i := strings.Index(match, secret); i >= 0 && secret != "" {
		// The parts around the secret are masked apart, so that the secret itself is shown as
		// one piece even if it has many lines.
		return r.lines(match[:i]) + r.mask(secret) + r.lines(match[i+len(secret):])
	}
	return r.lines(match)
}

func (r *redactor) lines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = join(line, r.spans(line, true, true))
	}
	return strings.Join(lines, "\n")
}

// A frameLine is a line of a frame, ready to be quoted.
type frameLine struct {
	number     int
	text       string
	start, end int // what of text belongs to the secret of the finding; equal if nothing does
}

// frame returns the lines around an occurrence of a secret, redacted.
func (r *redactor) frame(o *correlate.Occurrence, secret string) []frameLine {
	lines := make([]frameLine, len(o.Frame.Lines))
	if o.Frame.Encoded != "" {
		secret = o.Frame.Encoded
	}
	own := locate(o, secret)
	for i, line := range o.Frame.Lines {
		mark := own[i]
		spans := r.spans(line, o.Frame.Cut > 0 && o.Frame.FirstLine+i == o.Line, len(line) >= minCut)
		if !r.show && mark.start < mark.end {
			if part := line[mark.start:mark.end]; !isArmour(part) {
				label := r.mask(secret)
				if part != secret || o.Frame.Encoded != "" {
					label = redacted(len(part))
				}
				spans = append(spans, span{mark.start, mark.end, label})
			}
		}
		text, start, end := place(line, merge(spans), mark)
		lines[i] = frameLine{o.Frame.FirstLine + i, text, start, end}
	}
	return lines
}

// locate returns, for each line of an occurrence's frame, which of its bytes belong to the
// secret. Positions of decoded texts (UTF-16, say) need not fit the frame; then the
// secret is searched for, and if it cannot be found its lines belong to it whole.
func locate(o *correlate.Occurrence, secret string) []span {
	out := make([]span, len(o.Frame.Lines))
	first := o.Line - o.Frame.FirstLine
	if first < 0 || first >= len(out) || secret == "" {
		return out
	}
	last := min(first+max(o.EndLine-o.Line, 0), len(out)-1)
	line := o.Frame.Lines[first]
	head := firstLine(secret)
	start := o.Column - 1 - o.Frame.Cut
	exact := start >= 0 && start < len(line) && overlaps(line[start:], head)
	switch {
	case exact:
	case strings.Contains(line, head):
		start = strings.Index(line, head)
	case start < 0 && strings.Contains(head, line):
		start = 0 // a secret longer than the frame, cut on both sides
	default:
		for i := first; i <= last; i++ {
			out[i] = span{0, len(o.Frame.Lines[i]), ""}
		}
		return out
	}
	out[first] = span{start, min(start+len(head), len(line)), ""}
	for i := first + 1; i <= last; i++ {
		line := o.Frame.Lines[i]
		end := len(line)
		if exact && o.Frame.FirstLine+i == o.EndLine {
			end = min(max(o.EndColumn-1, 0), len(line))
		}
		from := len(line) - len(strings.TrimLeft(line, " \t"))
		out[i] = span{min(from, end), end, ""}
	}
	return out
}

// overlaps reports whether s and t agree as far as both go.
func overlaps(s, t string) bool {
	n := min(len(s), len(t))
	return n > 0 && s[:n] == t[:n]
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimRight(line, "\r")
}

// A span of a text is replaced by its label.
type span struct {
	start, end int
	label      string
}

// spans returns what of a quoted line must be masked: whole secrets, and what a cut
// on the left or right left of one. The spans are sorted and do not overlap.
func (r *redactor) spans(line string, left, right bool) []span {
	if r.show {
		return nil
	}
	spans := r.whole(line, minPiece)
	for i := 0; right && i+minEdge <= len(line); i++ {
		if r.forward.continues(line[i:]) {
			spans = append(spans, span{i, len(line), redacted(len(line) - i)})
			break
		}
	}
	back := ""
	if left {
		back = reverse(line)
	}
	for i := 0; i+minEdge <= len(back); i++ {
		if r.back.continues(back[i:]) {
			spans = append(spans, span{0, len(line) - i, redacted(len(line) - i)})
			break
		}
	}
	return merge(spans)
}

// whole returns where secrets of at least least bytes stand in s.
func (r *redactor) whole(s string, least int) []span {
	if r.show {
		return nil
	}
	var spans []span
	for i := 0; i+least <= len(s); i++ {
		if p := r.forward.longest(s[i:]); p != nil && len(p.text) >= least {
			spans = append(spans, span{i, i + len(p.text), p.label})
		}
	}
	return merge(spans)
}

// merge sorts spans and joins those that overlap. A span inside of another is dropped; two
// that overlap in part lose their labels, which might show what the other hides.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(a.start-b.start, b.end-a.end, strings.Compare(a.label, b.label))
	})
	out := spans[:0]
	for _, s := range spans {
		if len(out) == 0 || s.start >= out[len(out)-1].end {
			out = append(out, s)
			continue
		}
		if last := &out[len(out)-1]; s.end > last.end {
			last.end = s.end
			last.label = redacted(last.end - last.start)
		}
	}
	return out
}

// join returns s with each span replaced by its label.
func join(s string, spans []span) string {
	text, _, _ := place(s, spans, span{})
	return text
}

// place is join, and tells where mark, a part of s, went.
func place(s string, spans []span, mark span) (text string, start, end int) {
	if len(spans) == 0 {
		return s, mark.start, mark.end
	}
	var b strings.Builder
	at := 0
	// to maps an offset of s in or before the text between at and next.
	to := func(offset int) int { return b.Len() + offset - at }
	start, end = -1, -1
	for _, sp := range spans {
		if start < 0 && mark.start < sp.end {
			start = to(min(mark.start, sp.start))
		}
		if end < 0 && mark.end <= sp.start {
			end = to(mark.end)
		}
		b.WriteString(s[at:sp.start])
		b.WriteString(sp.label)
		at = sp.end
		if end < 0 && mark.end <= sp.end {
			end = b.Len()
		}
	}
	if start < 0 {
		start = to(mark.start)
	}
	if end < 0 {
		end = to(mark.end)
	}
	b.WriteString(s[at:])
	if mark.start >= mark.end {
		return b.String(), 0, 0
	}
	return b.String(), start, end
}

// pieces finds texts at the start of others. A report may hold tens of thousands of
// secrets and as many frames, so that trying all on all is out of the question.
type pieces struct {
	sorted  []piece  // by text, no two equal
	shorter []int    // index of the longest piece that the piece starts with, or -1
	pairs   []uint64 // bit set of the two bytes that pieces start with; most texts end there
}

type piece struct {
	text, label string
}

// newPieces keeps and reorders all.
func newPieces(all []piece) pieces {
	slices.SortStableFunc(all, func(a, b piece) int { return strings.Compare(a.text, b.text) })
	p := pieces{
		sorted: slices.CompactFunc(all, func(a, b piece) bool { return a.text == b.text }),
		pairs:  make([]uint64, 1<<16/64),
	}
	p.shorter = make([]int, len(p.sorted))
	for i := range p.sorted {
		k := pair(p.sorted[i].text)
		p.pairs[k/64] |= 1 << (k % 64)
		p.shorter[i] = p.startOf(p.sorted[i].text, i-1)
	}
	return p
}

// startOf returns the longest piece that s starts with: i, which is the last piece before s in
// order, or one of those that i itself starts with. (What sorts between a start of
// s and s has that start too.)
func (p *pieces) startOf(s string, i int) int {
	for i >= 0 && !strings.HasPrefix(s, p.sorted[i].text) {
		i = p.shorter[i]
	}
	return i
}

// longest returns the longest piece that s starts with, or nil.
func (p *pieces) longest(s string) *piece {
	if !p.mayStart(s) {
		return nil
	}
	after := sort.Search(len(p.sorted), func(i int) bool { return p.sorted[i].text > s })
	if i := p.startOf(s, after-1); i >= 0 {
		return &p.sorted[i]
	}
	return nil
}

// continues reports whether some piece starts with s and goes on beyond it.
func (p *pieces) continues(s string) bool {
	if !p.mayStart(s) {
		return false
	}
	after := sort.Search(len(p.sorted), func(i int) bool { return p.sorted[i].text > s })
	return after < len(p.sorted) && strings.HasPrefix(p.sorted[after].text, s)
}

func (p *pieces) mayStart(s string) bool {
	if len(s) < minPiece {
		return false
	}
	k := pair(s)
	return p.pairs[k/64]&(1<<(k%64)) != 0
}

func pair(s string) int { return int(s[0])<<8 | int(s[1]) }

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}
