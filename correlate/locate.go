package correlate

import (
	"bytes"

	"github.com/straykey/straykey/detect"
)

// Frames show this many lines before and after the match, and at most so many bytes of a line.
const (
	frameContext  = 2
	frameMaxLines = 12
	frameMaxLine  = 320
	// maxEncoded is how much of an encoded text is kept: it may be a megabyte, for each secret in it.
	maxEncoded = 8 << 10
)

// Locator tells where matches stand in a text. It goes on from the line of the last one: matches in
// order of place cost a few readings of the text together, however many they are and however long
// its lines. In any other order they are located as well, only slower.
type Locator struct {
	// Around is how many bytes of the text on either side of a match are kept, of credentials that can be asked
	// about (rules.Rule.Verify).
	Around int

	text   []byte
	from   detect.Part // where it begins
	line   span        // the line of the last match…
	number int         // …and its number, from 1
	shown  []span
	before int // how many of shown stand before line
}

// span is a line, text[start:end], with what ends it up to next. Nothing but the last line lacks a line
// end: its next lies beyond the text.
type span struct{ start, end, next int }

// NewLocator returns a Locator of a text, which must not change while it is used.
func NewLocator(part detect.Part) *Locator { return &Locator{text: part.Text, from: part, number: 1} }

// Locate fills in where a match stands in the text: line, column and frame. One of a file stands nowhere in it.
func (l *Locator) Locate(o *Occurrence, m detect.Match) {
	o.Confidence = m.Confidence
	if m.File != "" {
		return
	}
	l.seek(m.SecretStart)
	o.Line, o.Column = l.number, m.SecretStart-l.line.start+1
	o.EndLine, o.EndColumn = o.Line, m.SecretEnd-l.line.start+1
	secret := l.text[m.SecretStart:m.SecretEnd]
	if i := bytes.LastIndexByte(secret, '\n'); i >= 0 {
		o.EndLine, o.EndColumn = o.Line+bytes.Count(secret, []byte{'\n'}), len(secret)-i
	}
	if o.Line == 1 {
		o.Column += l.from.Column
	}
	if o.EndLine == 1 {
		o.EndColumn += l.from.Column
	}
	o.Line, o.EndLine = o.Line+l.from.Lines, o.EndLine+l.from.Lines
	o.Frame = l.frame(m)
	if l.Around > 0 && m.Rule.Verify != nil {
		start, end := max(0, m.Start-l.Around), min(len(l.text), m.End+l.Around)
		o.Frame.Around = string(l.text[start:end])
		o.Frame.AroundLine = o.Line - bytes.Count(l.text[start:m.SecretStart], []byte{'\n'})
	}
	if o.Via = m.Via; len(m.Via) > 0 {
		o.Frame.Encoded = string(secret[:min(len(secret), maxEncoded)])
	}
}

// seek moves to the line of text[pos].
func (l *Locator) seek(pos int) {
	if l.line.start <= pos && pos < l.line.next {
		return
	}
	if pos < l.line.start {
		l.line, l.number = span{}, 1
	}
	passed := l.text[l.line.start:pos]
	l.number += bytes.Count(passed, []byte{'\n'})
	l.line = l.lineFrom(l.line.start + bytes.LastIndexByte(passed, '\n') + 1)
	first := l.line.start
	l.before = 0
	for l.before < frameContext && first > 0 {
		first = bytes.LastIndexByte(l.text[:first-1], '\n') + 1
		l.before++
	}
	l.shown = l.shown[:0]
	for at := first; at < len(l.text) && len(l.shown) < frameMaxLines; at = l.shown[len(l.shown)-1].next {
		l.shown = append(l.shown, l.lineFrom(at))
	}
}

func (l *Locator) lineFrom(start int) span {
	i := bytes.IndexByte(l.text[start:], '\n')
	if i < 0 {
		return span{start, len(l.text), len(l.text) + 1}
	}
	end := start + i
	if end > start && l.text[end-1] == '\r' {
		return span{start, end - 1, end + 1}
	}
	return span{start, end, end + 1}
}

// matchText returns the match of a rule; of one in an encoded text no more than is kept of that.
func (l *Locator) matchText(m detect.Match) string {
	if len(m.Via) > 0 {
		return string(l.text[m.Start:min(m.End, m.Start+maxEncoded)])
	}
	return string(l.text[m.Start:m.End])
}

// frame shows the lines of a match on the current line, and some around.
func (l *Locator) frame(m detect.Match) Frame {
	f := Frame{FirstLine: l.from.Lines + l.number - l.before, Match: l.matchText(m)}
	after := 0
	for i, s := range l.shown {
		if after > frameContext {
			break
		}
		if s.next > m.SecretEnd {
			after++
		}
		line := l.text[s.start:s.end]
		if len(line) > frameMaxLine {
			cut := 0
			if i == l.before {
				cut = max(0, min(m.SecretStart-s.start-frameMaxLine/4, len(line)-frameMaxLine))
				f.Cut = cut
			}
			line = line[cut : cut+frameMaxLine]
		}
		f.Lines = append(f.Lines, string(line))
	}
	return f
}
