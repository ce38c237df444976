package scan

import (
	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/source"
)

// texts locates the matches of a text: in the text, or in that member of it in which each stands.
type texts struct {
	facts    *detect.Facts
	scanned  []byte
	around   int                        // bytes around a match that are kept
	locators map[int]*correlate.Locator // by detect.Match.Part; nil until there is one
}

// newTexts scans data, which must not change while the texts are used.
func (o *Options) newTexts(s *detect.Scanner, data []byte) *texts {
	return o.textsOf(s.ScanToLocate(data), data)
}

// textsOf returns the texts of what was scanned already, to locate.
func (o *Options) textsOf(facts *detect.Facts, scanned []byte) *texts {
	return &texts{facts: facts, scanned: scanned, around: o.Around}
}

// locate fills in where a match stands. o.Path is the path of the whole.
func (t *texts) locate(o *correlate.Occurrence, m detect.Match) {
	o.Path, o.Member = detect.MemberPath(o.Path, m.Member), m.Member
	locator := t.locators[m.Part]
	if locator == nil {
		locator = correlate.NewLocator(t.facts.Part(t.scanned, m.Part))
		locator.Around = t.around
		if t.locators == nil {
			t.locators = map[int]*correlate.Locator{}
		}
		t.locators[m.Part] = locator
	}
	locator.Locate(o, m)
}

// pairs tells which halves belong together: those of one member, or of one part of it.
func (t *texts) pairs(halves []detect.Match) []correlate.Pair {
	var out []correlate.Pair
	for part := range chunksBy(halves, func(a, b *detect.Match) bool { return a.Part == b.Part }) {
		out = append(out, correlate.Pairs(t.facts.Part(t.scanned, part[0].Part).Text, part)...)
	}
	return out
}

// noteParts counts the members of an archive, and names what was not scanned of a text.
func noteParts(c *source.Coverage, f *detect.Facts, what string) {
	if n, size := f.Archive(); n > 0 {
		c.Scanned("member", n, size)
	}
	for _, s := range f.Skips() {
		p := source.Problem{What: detect.MemberPath(what, s.Member), Detail: s.Detail}
		switch s.Why {
		case archive.Limit:
			p.Reason = source.OverLimit
		case archive.Encrypted:
			p.Reason = source.Encrypted
		case archive.Broken:
			p.Reason = source.Malformed
		case archive.Unsupported:
			p.Reason = source.Unsupported
		}
		c.Skipped("member", p)
	}
}
