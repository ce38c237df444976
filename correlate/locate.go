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
)

// Locate fills in where a match stands in its text: line, column and frame. firstLine is the number of the
// text's first line, 1 for a file.
func Locate(o *Occurrence, text []byte, m detect.Match, firstLine int) {
	o.Line, o.Column = lineColumn(text, m.SecretStart)
	o.EndLine, o.EndColumn = lineColumn(text, m.SecretEnd)
	o.Frame = newFrame(text, m)
	o.Line += firstLine - 1
	o.EndLine += firstLine - 1
	o.Frame.FirstLine += firstLine - 1
}

// lineColumn returns the line and column of an offset, both from 1, the column in bytes.
func lineColumn(text []byte, at int) (line, column int) {
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	return bytes.Count(text[:start], []byte{'\n'}) + 1, at - start + 1
}

func newFrame(text []byte, m detect.Match) Frame {
	start := bytes.LastIndexByte(text[:m.SecretStart], '\n') + 1
	f := Frame{FirstLine: bytes.Count(text[:start], []byte{'\n'}) + 1, Match: string(text[m.Start:m.End])}
	lo := start
	for n := 0; n < frameContext && lo > 0; n++ {
		lo = bytes.LastIndexByte(text[:lo-1], '\n') + 1
		f.FirstLine--
	}
	after := 0
	for at := lo; at < len(text) && len(f.Lines) < frameMaxLines && after <= frameContext; {
		end, next := lineEnd(text, at)
		if next > m.SecretEnd {
			after++
		}
		line := text[at:end]
		cut := 0
		if len(line) > frameMaxLine {
			if at == start {
				cut = max(0, min(m.SecretStart-start-frameMaxLine/4, len(line)-frameMaxLine))
				f.Cut = cut
			}
			line = line[cut : cut+frameMaxLine]
		}
		f.Lines = append(f.Lines, string(line))
		at = next
	}
	return f
}

// lineEnd returns where the line from at ends without its line end, and where the next one begins.
func lineEnd(text []byte, at int) (end, next int) {
	i := bytes.IndexByte(text[at:], '\n')
	if i < 0 {
		return len(text), len(text)
	}
	end = at + i
	next = end + 1
	if end > at && text[end-1] == '\r' {
		end--
	}
	return end, next
}
