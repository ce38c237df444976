package correlate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
)

// matchAt returns a match whose secret is text[lo:hi].
func matchAt(lo, hi int) detect.Match {
	return detect.Match{Credential: &detect.Credential{}, Start: lo, End: hi, SecretStart: lo, SecretEnd: hi}
}

func TestLocate(t *testing.T) {
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name, text, secret string
		want               string // line:column-line:column first line of the frame, its lines
	}{
		{"whole text", "S", "S", "1:1-1:2 1 S"},
		{"first byte", "S\nb\nc\nd\n", "S", "1:1-1:2 1 S|b|c"},
		{"last byte", "a\nb\nc\nxS", "S", "4:2-4:3 2 b|c|xS"},
		{"line end in the secret", "a\nS\n", "S\n", "2:1-3:1 1 a|S"},
		{"several lines", "a\nS1\nS2\nb", "S1\nS2", "2:1-3:3 1 a|S1|S2|b"},
		{"CRLF", "a\r\nkey=S\r\nb\r\n", "S", "2:5-2:6 1 a|key=S|b"},
		{"empty lines", "\n\n\nS\n\n\n\n", "S", "4:1-4:2 2 ||S||"},
		{"byte order mark", "\uFEFFS", "S", "1:4-1:5 1 \uFEFFS"},
		{"long line", long + "S" + long, "S", "1:1001-1:1002 1 " + long[:80] + "S" + long[:239]},
		{"many lines", strings.Repeat("S\n", 20), strings.Repeat("S\n", 20), "1:1-21:1 1 " + strings.TrimSuffix(strings.Repeat("S|", 12), "|")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lo := strings.Index(tt.text, tt.secret)
			var o Occurrence
			NewLocator(detect.Part{Text: []byte(tt.text)}).Locate(&o, matchAt(lo, lo+len(tt.secret)))
			got := fmt.Sprintf("%d:%d-%d:%d %d %s", o.Line, o.Column, o.EndLine, o.EndColumn, o.Frame.FirstLine, strings.Join(o.Frame.Lines, "|"))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A Locator that has located other matches says what a new one does, in whatever order.
func TestLocateInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		text := make([]byte, 1+r.IntN(400))
		for i := range text {
			text[i] = "\n\r\nabcdefgh"[r.IntN(11)]
		}
		l := NewLocator(detect.Part{Text: text})
		for range 30 {
			lo := r.IntN(len(text))
			m := matchAt(lo, lo+1+r.IntN(len(text)-lo))
			var got, want Occurrence
			l.Locate(&got, m)
			NewLocator(detect.Part{Text: text}).Locate(&want, m)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("text %q, match %d:%d: %s", text, m.SecretStart, m.SecretEnd, diff)
			}
			before := text[:m.SecretStart]
			line, column := bytes.Count(before, []byte("\n"))+1, m.SecretStart-bytes.LastIndexByte(before, '\n')
			if got.Line != line || got.Column != column {
				t.Fatalf("text %q at %d: %d:%d, want %d:%d", text, lo, got.Line, got.Column, line, column)
			}
		}
	}
}

// BenchmarkLocateLongLine locates 10,000 matches on one line of 20 MB: it must not cost 10,000 readings.
func BenchmarkLocateLongLine(b *testing.B) {
	text := bytes.Repeat([]byte("x"), 20<<20)
	for b.Loop() {
		l := NewLocator(detect.Part{Text: text})
		for i := range 10_000 {
			var o Occurrence
			l.Locate(&o, matchAt(2000*i, 2000*i+40))
		}
	}
}

// More of the text than the frame is kept of what can be asked about, and of nothing else.
func TestAround(t *testing.T) {
	text := strings.Repeat("before\n", 20) + "x = secret\n" + strings.Repeat("after\n", 20)
	lo := strings.Index(text, "secret")
	for _, tt := range []struct {
		name   string
		around int
		verify *rules.Verify
		want   string
		line   int
	}{
		{"nobody asks", 0, &rules.Verify{}, "", 0},
		{"nobody can be asked", 12, nil, "", 0},
		{"a little", 12, &rules.Verify{}, text[lo-12 : lo+len("secret")+12], 19},
		{"all", 1 << 20, &rules.Verify{}, text, 1},
	} {
		l := NewLocator(detect.Part{Text: []byte(text)})
		l.Around = tt.around
		m := matchAt(lo, lo+len("secret"))
		m.Credential = &detect.Credential{Rule: &rules.Rule{Verify: tt.verify}, Secret: "secret"}
		var o Occurrence
		l.Locate(&o, m)
		if o.Frame.Around != tt.want || o.Frame.AroundLine != tt.line {
			t.Errorf("%s: %q from line %d, want %q from %d", tt.name, o.Frame.Around, o.Frame.AroundLine, tt.want, tt.line)
		}
	}
}
