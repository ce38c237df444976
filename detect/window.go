package detect

import (
	"cmp"
	"slices"

	"github.com/straykey/straykey/delta"
)

// Window is the part text[Lo:Hi] of a text.
type Window struct{ Lo, Hi int }

// Windows returns where in a text the matches stand and what led to them, in order and apart from one another: enough
// for [Scanner.ScanWindows] to find them again. It returns false for a text that has no local reach, which has to be read whole.
func (f *Facts) Windows() (windows []Window, ok bool) {
	if f == nil {
		return nil, true
	}
	if f.whole {
		return nil, false
	}
	for i := range f.hits {
		windows = append(windows, f.hits[i].window())
	}
	slices.SortFunc(windows, func(a, b Window) int { return cmp.Compare(a.Lo, b.Lo) })
	out := windows[:0]
	for _, w := range windows {
		if n := len(out); n > 0 && w.Lo <= out[n-1].Hi {
			out[n-1].Hi = max(out[n-1].Hi, w.Hi)
			continue
		}
		out = append(out, w)
	}
	return out, true
}

// window returns a part of the text that leads to the match when it is read: all that was decoded for it, as what tells
// that something is encoded may stand far away; else the match and its anchor.
func (h *hit) window() Window {
	switch {
	case h.read != nil:
		return Window{max(int(h.needLo), 0), int(h.needHi) - 1}
	case h.anchor >= 0:
		return Window{int(min(h.start, h.anchor)), int(max(h.end, h.anchor))}
	}
	return Window{int(h.start), int(h.end)}
}

// ScanWindows is ScanToLocate for a text whose [Facts.Windows] are known: the facts have the same matches, and little of
// the text is read.
func (s *Scanner) ScanWindows(text []byte, windows []Window) *Facts {
	runs := make([]delta.Run, 0, len(windows)+1)
	at := 0
	for _, w := range windows {
		if w.Lo < at || w.Hi < w.Lo || w.Hi > len(text) { // they are those of another text
			return s.ScanToLocate(text)
		}
		runs = append(runs, delta.Run{Base: at, Target: at, Len: w.Lo - at})
		at = w.Hi
	}
	runs = append(runs, delta.Run{Base: at, Target: at, Len: len(text) - at})
	s.keepTexts = true
	defer func() { s.keepTexts = false }()
	// As if the text were made of one in which nothing is, by copying all but the windows.
	return s.Update(text, nil, runs)
}
