package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"unicode/utf8"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// sample is a candidate that the trained detectors found, or a finding of another rule.
type sample struct {
	path      string
	line, end int // from 1
	rule      *rules.Rule
	secret    string
	candidate bool // of a detector: it has features
	group     int
	features  []int
	score     float64
	units     []*unit // that it hits
	positive  bool    // it is a labelled secret
	clean     bool    // it stands in clean code
	madeUp    bool    // it stands where most secrets are made up
	weight    float64
	static    rules.Confidence
	offset    float64 // of its logit
	sure      float64 // the score less the doubt: what medium and high confidence go by
}

// finds notes in found the labelled secrets that the sample hits, and reports whether there is one.
func (s *sample) finds(found map[*unit]bool) bool {
	hit := false
	for _, u := range s.units {
		if u.positive {
			found[u] = true
			hit = true
		}
	}
	return hit
}

// corpus are the labelled files and what was found in them.
type corpus struct {
	units   map[string][]*unit
	samples []*sample
	files   int
	bytes   int64
}

// collect scans the files below dir.
func collect(dir string, units map[string][]*unit, change func(path string, text []byte, units []*unit) ([]byte, []*unit)) (*corpus, error) {
	set, err := rules.Builtin()
	if err != nil {
		return nil, err
	}
	engine, err := detect.New(set, detect.Options{Candidates: true, Reported: true})
	if err != nil {
		return nil, err
	}
	scanner := engine.NewScanner()
	c := &corpus{units: map[string][]*unit{}}
	var paths []string
	err = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, p)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return nil, err
		}
		rel = filepath.ToSlash(rel)
		labelled := units[rel]
		if change != nil {
			text, labelled = change(rel, text, labelled)
		}
		c.units[rel] = labelled
		c.files++
		c.bytes += int64(len(text))
		c.scan(engine, scanner, rel, text, labelled)
	}
	return c, scanner.Err()
}

// scan adds what is found in a text.
func (c *corpus) scan(engine *detect.Engine, scanner *detect.Scanner, path string, text []byte, units []*unit) {
	matches := scanner.Scan(text).Matches()
	lines := lineStarts(text)
	var fixed []detect.Match
	var others []detect.Match
	for _, m := range matches {
		if m.Verdict == nil {
			others = append(others, m)
		}
	}
	for _, m := range engine.Keep(others, path, "") {
		if m.Allowed == "" && m.File == "" {
			fixed = append(fixed, m)
		}
	}
	for _, m := range fixed {
		c.add(path, text, lines, units, m)
	}
	for _, m := range matches {
		if m.Verdict == nil || m.Allowed != "" || overlaps(fixed, m) {
			continue
		}
		c.add(path, text, lines, units, m)
	}
}

func overlaps(list []detect.Match, m detect.Match) bool {
	for _, f := range list {
		if m.SecretStart < f.SecretEnd && f.SecretStart < m.SecretEnd {
			return true
		}
	}
	return false
}

func (c *corpus) add(path string, text []byte, lines []int, units []*unit, m detect.Match) {
	s := &sample{
		path: path, line: lineOf(lines, m.SecretStart), end: lineOf(lines, max(m.SecretStart, m.SecretEnd-1)),
		rule: m.Rule, secret: m.Secret, static: m.Confidence,
	}
	if m.Verdict != nil {
		s.candidate = true
		s.group = int(m.Verdict.Group)
		s.features = m.Verdict.Features(path)
		s.madeUp = m.Verdict.MadeUp(path)
	}
	for _, u := range units {
		if hits(u, s.line, s.end) {
			s.units = append(s.units, u)
		}
	}
	s.label(text, lines, m)
	c.samples = append(c.samples, s)
}

// hits is the scorer's rule: a finding hits a unit when its first line lies in it, or when they meet and it is
// at most three lines longer.
func hits(u *unit, start, end int) bool {
	if u.start <= start && start <= u.end {
		return true
	}
	return start <= u.end && u.start <= end && end-start <= u.end-u.start+3
}

// label decides what a candidate teaches: a secret if it meets a labelled value; nothing if it stands on
// the line of one and does not meet it; else that it is none, with half the weight where nobody looked.
func (s *sample) label(text []byte, lines []int, m detect.Match) {
	s.weight = 1
	if len(s.units) == 0 {
		s.weight = 0.5
		return
	}
	onPositive := false
	for _, u := range s.units {
		onPositive = onPositive || u.positive
		for _, r := range u.rows {
			if r.truth != 'T' {
				continue
			}
			lo, hi := r.span(text, lines)
			if lo < 0 || m.SecretStart < hi && lo < m.SecretEnd {
				s.positive = true
				return
			}
		}
	}
	if onPositive {
		s.weight = 0
	}
}

// span returns where the value of a row stands in the text, or -1.
func (r *row) span(text []byte, lines []int) (lo, hi int) {
	if r.start != r.end || r.lo < 0 || r.hi <= r.lo || r.start > len(lines) {
		return -1, -1
	}
	at := lines[r.start-1]
	end := len(text)
	if r.start < len(lines) {
		end = lines[r.start]
	}
	line := text[at:end]
	return at + byteOffset(line, r.lo), at + byteOffset(line, r.hi)
}

// byteOffset returns where the n-th character of a line begins.
func byteOffset(line []byte, n int) int {
	i := 0
	for ; n > 0 && i < len(line); n-- {
		_, size := utf8.DecodeRune(line[i:])
		i += size
	}
	return i
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\n')
		if n < 0 {
			return starts
		}
		i += n + 1
		starts = append(starts, i)
	}
}

func lineOf(starts []int, pos int) int {
	return sort.Search(len(starts), func(i int) bool { return starts[i] > pos })
}
