package detect

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/detect/decode"
)

// The limits of what is packed within a text, as gzip in base64: each by itself, so that what is found there
// depends on nothing else, and all of a text together.
const (
	innerBytes = 8 << 20
	textBytes  = 64 << 20
)

// maxMemberTexts bounds the members of an archive that have matches, in bytes: to locate these, they are
// kept in memory. What matches in further ones is too much.
const maxMemberTexts = 64 << 20

// Skip is a part of a text that was not scanned: of an archive, or packed within a text.
type Skip struct {
	Member string // empty: the text itself
	Why    archive.Why
	Detail string
}

// Archive tells how many members of an archive were scanned, and their bytes; 0 if the text is none.
func (f *Facts) Archive() (members, size int64) {
	if f == nil {
		return 0, 0
	}
	return f.scanned, f.scannedBytes
}

// Skips lists what was not scanned.
func (f *Facts) Skips() []Skip {
	if f == nil {
		return nil
	}
	return f.skips
}

// Part is a text that offsets of matches refer to.
type Part struct {
	Text []byte
	// Lines and Column say where it begins in the member that it is a part of: how many line ends stand before it,
	// and how many bytes of its first line.
	Lines, Column int
}

// Part returns what the offsets of matches with this [Match.Part] refer to: the text that was scanned, decoded if it is
// UTF-16, or a member of it. It needs facts of [Scanner.ScanToLocate].
func (f *Facts) Part(scanned []byte, part int) Part {
	if part > 0 {
		return f.members[part-1].Part
	}
	plain, _ := Plain(scanned)
	return Part{Text: plain}
}

// member is a member of an archive that has matches, or a part of one.
type member struct {
	name string
	Part // its text, if it is wanted
}

// ScanToLocate is Scan for a text whose matches are to be located.
func (s *Scanner) ScanToLocate(text []byte) *Facts {
	s.keepTexts = true
	defer func() { s.keepTexts = false }()
	return s.Scan(text)
}

// MemberPath is the path of a member of the archive at a path.
func MemberPath(path, member string) string {
	if member == "" {
		return path
	}
	return path + archive.Separator + member
}

// MemberText returns the text of a member of an archive by the name that matches have, conf/app.env or b.zip!c. Of
// several of one name it is the first; one that is scanned in pieces is not found.
func (e *Engine) MemberText(data []byte, name string) (text []byte, ok bool) {
	v := &memberText{want: name}
	r := &archive.Reader{Limits: e.limits}
	r.Read(data, v)
	return v.text, v.text != nil
}

// memberText keeps the text of one member.
type memberText struct {
	want string
	text []byte
}

func (v *memberText) Member(string) {}

func (v *memberText) Skipped(string, archive.Why, string) {}

func (v *memberText) Text(name string, p archive.Piece) {
	if v.text == nil && name == v.want && p.Whole() {
		v.text = bytes.Clone(p.Data)
	}
}

// sniff returns what archive a text is, if archives are opened where it stands.
func (s *Scanner) sniff(text []byte) archive.Format {
	if s.closed || s.e.limits.Depth < 1 {
		return archive.None
	}
	return archive.SniffWhole(text)
}

// isPlain reports whether facts of a text have a local reach.
func (s *Scanner) isPlain(text []byte) bool {
	return isPlain(text) && s.sniff(text) == archive.None
}

// scanArchive returns the facts of an archive, ok if something could be read of it.
func (s *Scanner) scanArchive(text []byte, format archive.Format) (f *Facts, ok bool) {
	v := &members{s: s, facts: &Facts{whole: true, format: format}}
	if s.archives == nil {
		s.archives = &archive.Reader{Limits: s.e.limits}
		if s.depth > 0 {
			s.archives.Limits = archive.Limits{Depth: 2, Members: 1000, Bytes: innerBytes, Memory: innerBytes, Ratio: s.e.limits.Ratio}
		}
	}
	if s.opened == nil {
		s.opened = s.e.NewScanner()
		s.opened.depth, s.opened.closed = s.depth, true
	}
	s.begin(nil, false)
	work, ok := s.archives.Read(text, v)
	s.expanded += work
	s.compactHits()
	s.err = cmp.Or(s.err, s.opened.err)
	f = v.facts
	f.hits, f.overflow = append(f.hits, s.hits...), f.overflow || s.overflow
	return f, ok
}

// members scans the members of an archive.
type members struct {
	s     *Scanner
	facts *Facts
	kept  int
	named map[string]int // how often a name came among the members with matches
	name  string         // of the current member among these, if it has one there
	has   bool
	lines int // where the next piece of the current member begins
	col   int
}

// unique returns a name that tells a member from those before it: an archive may hold many of one name, and by it
// they are told apart. The end of the name stays, for rules on paths.
func (m *members) unique(name string) string {
	if m.named == nil {
		m.named = map[string]int{}
	}
	out := name
	for m.named[out] > 0 {
		m.named[name]++
		out = fmt.Sprintf("(%d)/%s", m.named[name], name)
	}
	m.named[out]++
	return out
}

// add makes a place for matches of the current member.
func (m *members) add(name string, at Part) {
	if !m.has {
		m.name, m.has = m.unique(name), true
	}
	m.facts.members = append(m.facts.members, member{m.name, at})
}

// Member is part of archive.Visitor.
func (m *members) Member(name string) {
	m.has, m.lines, m.col = false, 0, 0
	files := m.s.e.mayName(name)
	if len(files) == 0 || m.s.depth > 0 { // what is packed within a text is no file
		return
	}
	m.add(name, Part{})
	for _, cred := range files {
		m.s.addHit(hit{cred: cred, member: int32(len(m.facts.members)), anchor: -1})
	}
}

// Text is part of archive.Visitor.
func (m *members) Text(name string, p archive.Piece) {
	f := m.facts
	if p.Lo == 0 {
		f.scanned++
	}
	f.scannedBytes += int64(p.Hi - p.Lo)
	inner := m.s.opened.Scan(p.Data)
	m.s.expanded += m.s.opened.expanded
	for _, skip := range inner.Skips() {
		skip.Member = name
		f.skips = append(f.skips, skip)
	}
	f.overflow = f.overflow || inner.Overflow()
	at := Part{Lines: m.lines, Column: m.col}
	if !p.Whole() {
		m.keepPiece(name, inner, at, p)
		return
	}
	if inner.Empty() {
		return
	}
	if m.s.keepTexts {
		at.Text, _ = Plain(p.Data)
	}
	m.keep(name, inner.hits, at, len(p.Data))
}

// keep takes over matches of a member, or of a part of it, of that size.
func (m *members) keep(name string, hits []hit, at Part, size int) {
	if m.kept += size; m.kept > maxMemberTexts {
		m.facts.overflow = true
		return
	}
	if m.s.keepTexts {
		at.Text = bytes.Clone(at.Text)
	} else {
		at.Text = nil
	}
	m.add(name, at)
	for _, h := range hits {
		h.member = int32(len(m.facts.members))
		m.s.addHit(h)
	}
}

// pieceContext is how much text is kept on either side of matches in a piece, to show the lines around.
const pieceContext = 16 << 10

// keepPiece takes over the matches that begin in a piece, which itself begins at the given place: those that stand near one
// another with the text around them.
func (m *members) keepPiece(name string, inner *Facts, at Part, p archive.Piece) {
	plain, decoded := Plain(p.Data)
	offset := func(raw int) int {
		if decoded {
			before, _ := Plain(p.Data[:raw&^3])
			return len(before)
		}
		return raw
	}
	own, end := offset(p.Lo), len(plain)
	if p.Hi < len(p.Data) {
		end = offset(p.Hi)
		m.advance(plain[:offset(p.Next())])
	}
	if inner.Empty() {
		return
	}
	hits := slices.DeleteFunc(slices.Clone(inner.hits), func(h hit) bool { return int(h.secretStart) < own || int(h.secretStart) >= end })
	before, done := at.Lines, 0
	for n := 0; len(hits) > 0; hits = hits[n:] {
		lo, hi := int(hits[0].start), int(hits[0].end) // hits are sorted by start
		for n = 1; n < len(hits) && int(hits[n].start)-hi < 2*pieceContext; n++ {
			hi = max(hi, int(hits[n].end))
		}
		lo, hi = max(0, lo-pieceContext), min(len(plain), hi+pieceContext)
		for i := range hits[:n] {
			h := &hits[i]
			h.start, h.end = h.start-int32(lo), h.end-int32(lo)
			h.secretStart, h.secretEnd = h.secretStart-int32(lo), h.secretEnd-int32(lo)
			if h.line > 0 {
				h.line += int32(before)
			}
		}
		at.Lines, at.Column = advanced(at.Lines, at.Column, plain[done:lo])
		done, at.Text = lo, plain[lo:hi]
		m.keep(name, hits[:n], at, hi-lo)
	}
}

// advance moves on behind a part of the current member.
func (m *members) advance(passed []byte) { m.lines, m.col = advanced(m.lines, m.col, passed) }

func advanced(lines, column int, passed []byte) (int, int) {
	if last := bytes.LastIndexByte(passed, '\n'); last >= 0 {
		return lines + bytes.Count(passed, []byte{'\n'}), len(passed) - last - 1
	}
	return lines, column + len(passed)
}

// Skipped is part of archive.Visitor.
func (m *members) Skipped(name string, why archive.Why, detail string) {
	m.facts.skips = append(m.facts.skips, Skip{name, why, detail})
}

// memberName returns the name of the member that a match stands in.
func (f *Facts) memberName(h *hit) string {
	if h.member == 0 {
		return ""
	}
	return f.members[h.member-1].name
}

// inflated returns what a zlib stream holds, as far as it is read.
func (s *Scanner) inflated(packed []byte) (text []byte, ok bool) {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, false
	}
	text, err = io.ReadAll(io.LimitReader(z, innerBytes))
	s.expanded += int64(len(text))
	return text, err == nil || len(text) > 64
}

// viaMember names the way to a member that is read within a text: gzip, or zip!conf/app.env.
func viaMember(f *Facts, h *hit) string {
	name := f.memberName(h)
	if name == "-" || f.format >= archive.Gzip && !strings.Contains(name, archive.Separator) {
		return f.format.String()
	}
	return f.format.String() + archive.Separator + name
}

// expand decides on what is packed in a run: whether there is budget left for it.
func (s *Scanner) expand(text []byte) bool {
	if archive.Sniff(text) == archive.None && !decode.IsZlib(text) {
		return true
	}
	if s.expanded >= textBytes {
		s.spent = true
		return false
	}
	return true
}
