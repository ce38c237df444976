package scan

import (
	"sync"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source/pack"
)

// labels interns the lists of matches that objects have. Thousands of versions of a file
// hold the same credentials: they share one label, a small number from 1. Safe for concurrent use.
type labels struct {
	mu      sync.Mutex
	byKey   map[string]uint32
	matches [][]detect.Match // by label-1; of one of the objects that have it
}

func newLabels() *labels { return &labels{byKey: map[string]uint32{}} }

// of returns the label of an object with these matches, and whether it is new. scratch is grown as needed.
func (l *labels) of(ms []detect.Match, scratch *[]byte) (label uint32, isNew bool) {
	*scratch = detect.AppendKey((*scratch)[:0], ms)
	l.mu.Lock()
	defer l.mu.Unlock()
	if label, ok := l.byKey[string(*scratch)]; ok {
		return label, false
	}
	l.matches = append(l.matches, ms)
	label = uint32(len(l.matches))
	l.byKey[string(*scratch)] = label
	return label, true
}

// get returns the matches of a label. Not while of may be called.
func (l *labels) get(label uint32) []detect.Match { return l.matches[label-1] }

// hit is an object with matches.
type hit struct {
	num   pack.Num
	typ   pack.Type
	label uint32
}
