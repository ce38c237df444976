package detect

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"fmt"
	"io"
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

// Text returns what the offsets of a match refer to: the text that was scanned, decoded if it is UTF-16, or
// a member of it. It needs facts of [Scanner.ScanToLocate].
func (f *Facts) Text(scanned []byte, member string) []byte {
	if member != "" {
		return f.texts[member]
	}
	plain, _ := Plain(scanned)
	return plain
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

// sniff returns what archive a text is, if archives are opened where it stands.
func (s *Scanner) sniff(text []byte) archive.Format {
	if s.closed || s.e.limits.Depth < 1 {
		return archive.None
	}
	return archive.Sniff(text)
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
			s.archives.Limits = archive.Limits{Depth: 2, Members: 1000, Bytes: innerBytes, Member: innerBytes / 2, Ratio: s.e.limits.Ratio}
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
}

// unique returns a name that tells a member from those before it: an archive may hold many of one name, and by it
// the text of each is known. The end of the name stays, for rules on paths.
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

// Text is part of archive.Visitor.
func (m *members) Text(name string, data []byte) {
	f := m.facts
	f.scanned++
	f.scannedBytes += int64(len(data))
	inner := m.s.opened.Scan(data)
	m.s.expanded += m.s.opened.expanded
	for _, skip := range inner.Skips() {
		skip.Member = name
		f.skips = append(f.skips, skip)
	}
	f.overflow = f.overflow || inner.Overflow()
	if inner.Empty() {
		return
	}
	if m.kept += len(data); m.kept > maxMemberTexts {
		f.overflow = true
		return
	}
	name = m.unique(name)
	f.members = append(f.members, name)
	if m.s.keepTexts {
		plain, decoded := Plain(data)
		if !decoded {
			plain = bytes.Clone(plain)
		}
		if f.texts == nil {
			f.texts = map[string][]byte{}
		}
		f.texts[name] = plain
	}
	for _, h := range inner.hits {
		h.member = int32(len(f.members))
		m.s.addHit(h)
	}
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
	return f.members[h.member-1]
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
