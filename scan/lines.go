package scan

import (
	"bytes"
	"slices"
)

// added is a run of neighbouring lines of a text that an older one has not.
type added struct {
	line int    // number of the first, from 1
	text []byte // of all of them
}

// addedLines returns the lines of a text that a line by line comparison with an older one shows as added, as few as
// possible. Texts that have too little in common are not compared to the end: then all lines between their common start
// and end count as added.
func addedLines(older, newer []byte) []added {
	a, b := splitLines(older), splitLines(newer)
	skip, at := 0, 0
	for skip < len(a) && skip < len(b) && bytes.Equal(a[skip], b[skip]) {
		at += len(b[skip])
		skip++
	}
	a, b = a[skip:], b[skip:]
	for len(a) > 0 && len(b) > 0 && bytes.Equal(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var runs []added
	inRun := false
	for i, kept := range common(a, b) {
		end := at + len(b[i])
		switch {
		case kept:
		case inRun:
			last := &runs[len(runs)-1]
			last.text = newer[at-len(last.text) : end : end]
		default:
			runs = append(runs, added{skip + i + 1, newer[at:end:end]})
		}
		at, inRun = end, !kept
	}
	return runs
}

// splitLines cuts a text after each line feed.
func splitLines(text []byte) [][]byte { return slices.Collect(bytes.Lines(text)) }

// common returns which lines of b belong to a longest common subsequence with a.
func common(a, b [][]byte) []bool {
	// A line that the other text has not is in none, so only the others are compared.
	number := map[string]int{}
	for _, line := range a {
		number[string(line)] = 0
	}
	var right, at []int // lines of b by number, and where they stand
	for i, line := range b {
		n, ok := number[string(line)]
		if !ok {
			continue
		}
		if n == 0 {
			n = len(right) + 1
			number[string(line)] = n
		}
		right, at = append(right, n), append(at, i)
	}
	var left []int
	for _, line := range a {
		if n := number[string(line)]; n > 0 {
			left = append(left, n)
		}
	}
	kept := make([]bool, len(b))
	for _, i := range longest(left, right) {
		kept[at[i]] = true
	}
	return kept
}

// maxEdits bounds the lines that differ between texts that are compared to the end, and with it time and memory.
const maxEdits = 2000

// longest returns which elements of b belong to a longest common subsequence with a, from the last to the first, by the
// algorithm of Myers ("An O(ND) difference algorithm and its variations", 1986); none if that has more than maxEdits edits.
func longest(a, b []int) []int {
	n, m := len(a), len(b)
	most := min(n+m, maxEdits)
	// far[k+offset] is how far on diagonal k, which is x-y, the path with the edits so far leads in a.
	offset := most + 1
	far := make([]int32, 2*most+3)
	var trace [][]int32 // far[-d:d] before step d
	for d := 0; d <= most; d++ {
		trace = append(trace, slices.Clone(far[offset-d:offset+d+1]))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && far[offset+k-1] < far[offset+k+1] {
				x = int(far[offset+k+1])
			} else {
				x = int(far[offset+k-1]) + 1
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			far[offset+k] = int32(x)
			if x >= n && x-k >= m {
				return matched(trace, n, m)
			}
		}
	}
	return nil
}

// matched walks the way that longest found back, and returns the elements of b on it.
func matched(trace [][]int32, n, m int) []int {
	var out []int
	x, y := n, m
	for d := len(trace) - 1; d >= 0; d-- {
		far := func(k int) int { // before step d; its diagonals are -d to d
			if k < -d || k > d {
				return 0
			}
			return int(trace[d][k+d])
		}
		k := x - y
		before := k - 1
		if k == -d || k != d && far(k-1) < far(k+1) {
			before = k + 1
		}
		px := far(before)
		py := px - before
		if d == 0 {
			px, py = 0, 0
		}
		for x > px && y > py {
			x, y = x-1, y-1
			out = append(out, y)
		}
		x, y = px, py
	}
	return out
}
