package scan

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddedLines(t *testing.T) {
	tests := []struct {
		name, older, newer string
		want               []added
	}{
		{"nothing before", "", "a\nb\n", []added{{1, []byte("a\nb\n")}}},
		{"the same", "a\nb\n", "a\nb\n", nil},
		{"removed", "a\nb\nc\n", "a\nc\n", nil},
		{"in the middle", "a\nc\n", "a\nb\nc\n", []added{{2, []byte("b\n")}}},
		{"changed, and one at the end", "a\nb\nc\n", "a\nB\nc\nd\n", []added{{2, []byte("B\n")}, {4, []byte("d\n")}}},
		{"line end added", "a\nb", "a\nb\n", []added{{2, []byte("b\n")}}},
		{"moved down", "k\na\nb\n", "a\nb\nk\n", []added{{3, []byte("k\n")}}},
		{"all line ends", "a\nb\n", "a\r\nb\r\n", []added{{1, []byte("a\r\nb\r\n")}}},
		{"repeated", "a\na\n", "a\na\na\n", []added{{3, []byte("a\n")}}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, addedLines([]byte(tt.older), []byte(tt.newer)), cmp.AllowUnexported(added{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tt.name, diff)
		}
	}
}

// TestAddedLinesAreFewest compares the number of added lines with what the table of all common subsequences says, and
// checks that the other lines stand in the older text in the same order.
func TestAddedLinesAreFewest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := func() []byte {
		var b strings.Builder
		for range r.IntN(14) {
			b.WriteByte("abcdefgh"[r.IntN(2+r.IntN(7))])
			b.WriteByte('\n')
		}
		return []byte(b.String())
	}
	for range 20_000 {
		older, newer := text(), text()
		a, b := splitLines(older), splitLines(newer)
		isAdded := make([]bool, len(b))
		count := 0
		for _, run := range addedLines(older, newer) {
			for i, line := range splitLines(run.text) {
				if k := run.line - 1 + i; k >= len(b) || !bytes.Equal(b[k], line) {
					t.Fatalf("%q to %q: line %d is not %q", older, newer, k+1, line)
				}
				isAdded[run.line-1+i] = true
				count++
			}
		}
		if want := len(b) - subsequence(a, b); count != want {
			t.Fatalf("%q to %q: %d lines added, want %d", older, newer, count, want)
		}
		var kept [][]byte
		for i, line := range b {
			if !isAdded[i] {
				kept = append(kept, line)
			}
		}
		for _, line := range a {
			if len(kept) > 0 && bytes.Equal(kept[0], line) {
				kept = kept[1:]
			}
		}
		if len(kept) > 0 {
			t.Fatalf("%q to %q: %q is not in the older text", older, newer, kept)
		}
	}
}

// subsequence is the length of a longest common subsequence.
func subsequence(a, b [][]byte) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		before := 0
		for j, y := range b {
			above := row[j+1]
			if bytes.Equal(x, y) {
				row[j+1] = before + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			before = above
		}
	}
	return row[len(b)]
}

func TestAddedLinesGivesUp(t *testing.T) {
	var older, newer []byte
	for i := range 3 * maxEdits { // the same lines in another order
		older = append(older, byte(i), byte(i>>8), 'x', '\n')
		j := i ^ 1
		newer = append(newer, byte(j), byte(j>>8), 'x', '\n')
	}
	count := 0
	for _, run := range addedLines(older, newer) {
		count += len(splitLines(run.text))
	}
	if lines := len(splitLines(newer)); count < lines/2 {
		t.Errorf("%d of %d lines added", count, lines)
	}
}
