package detect

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
)

// shapePatterns are of every kind that compileShapes takes.
var shapePatterns = []string{
	`tok_[0-9a-z]{12}`,
	`(?:left|right)-[0-9A-F]{8,10}`,
	`gh[pousr]_[0-9A-Za-z]{36}`,
	`(?i)key[ ]?=[ ]?([a-f0-9]{4,})`,
	`\bab[0-9]+\b`,
	`a(b|cd)?e{2,3}f*g`,
	`x[^"\n]{3,}"`,
	`(?:^|[^0-9A-Za-z_])id-([0-9]{3})(?:[^0-9A-Za-z_]|$)`,
	`begin[a-z ]{2,}?end`,
	`([0-9]{2}){3}:[a-z]`,
	`[0-9]{8,10}:AA[a-z]{3}`,
	`begin(?:[^-]|-[^-])*?[a-c]{3}(?:[^-]|-[^-])*?--end`,
}

// FuzzShape holds shapes against the standard library's expressions, at every offset.
func FuzzShape(f *testing.F) {
	for i := range shapePatterns {
		f.Add(uint8(i), "tok_0123456789ab left-0123ABCD key = beef ab12 abeefg x123\" id-123 begin ab end 121212:a 123456789:AAabc")
		f.Add(uint8(i), "begin-abcabc\n--end begin-abc-bca--end begin-aabc--end beginabc---end")
		f.Add(uint8(i), "begin end\nbegin  endend\nright-0123456789AB\nid-123")
	}
	f.Fuzz(func(t *testing.T, n uint8, text string) {
		if len(text) > 300 || !isASCII(text) || strings.Contains(text, "\r") {
			return
		}
		pattern := shapePatterns[int(n)%len(shapePatterns)]
		shapes := mustShapes(t, pattern)
		for pos := range len(text) + 1 {
			want := matchAt(pattern, text, pos)
			got := firstShape(shapes, []byte(text), pos)
			if got != want {
				t.Fatalf("%s at %d of %q: shape ends at %d, the standard library at %d", pattern, pos, text, got, want)
			}
		}
	})
}

func mustShapes(t *testing.T, pattern string) []*shape {
	t.Helper()
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	shapes := compileShapes(re)
	if shapes == nil {
		t.Fatalf("%s is no shape", pattern)
	}
	return shapes
}

// firstShape returns where the first alternative that matches at pos ends, or -1.
func firstShape(shapes []*shape, text []byte, pos int) int {
	for _, s := range shapes {
		if end := s.match(text, pos, nil); end >= 0 {
			return end
		}
	}
	return -1
}

// matchAt returns where the expression's match from pos ends, or -1. What stands before pos
// is there for \b and ^ to see.
func matchAt(pattern, text string, pos int) int {
	re := regexp.MustCompile(`(?m)\A(?s:` + strings.Repeat(".", pos) + `)(` + pattern + `)`)
	m := re.FindStringSubmatchIndex(text)
	if m == nil {
		return -1
	}
	return m[3]
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 || r == 0xFFFD }) < 0
}

func TestShapeKinds(t *testing.T) {
	for _, pattern := range []string{
		`a+a`, `[ab]{1,3}b`, `(?:ab)*`, `a*?b+`, `.*?x*`, `\Bx`, `é{2}`, `[à-é]`,
		// No armor: it may end in more ways than one, or the run may hold what separates.
		`b(?:[^-]|-[^-])*?[a-c]{3}(?:[^-]|-[^-])*?-e`, `b(?:[^-]|-[^-])*[a-c]{3}(?:[^-]|-[^-])*?--e`,
		`b(?:[^-]|-[^+])*?[a-c]{3}(?:[^-]|-[^-])*?--e`, `b(?:[^-]|-[^-])*?[a-c-]{3}(?:[^-]|-[^-])*?--e`,
		`b(?:[^-]|-[^-])*?[a-c]{3,4}(?:[^-]|-[^-])*?--e`, `b(?:[^-]|-[^-])*?[a-c]{3}(?:[^+]|\+[^+])*?--e`,
	} {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if compileShapes(re) != nil {
			t.Errorf("%s is taken for a shape", pattern)
		}
	}
}

// All texts of up to ten bytes that matter to the armor of a block, held against the standard library.
func TestArmor(t *testing.T) {
	pattern := `-B(?:[^-]|-[^-])*?[ab]{2}(?:[^-]|-[^-])*?--E`
	shapes, std := mustShapes(t, pattern), regexp.MustCompile("^(?:"+pattern+")")
	longest := 8
	if testing.Short() {
		longest = 6
	}
	matches := 0
	var try func(text []byte)
	try = func(text []byte) {
		whole := append(append([]byte("-B"), text...), "-E--E"...)
		want := -1
		if at := std.FindIndex(whole); at != nil {
			want = at[1]
			matches++
		}
		if got := firstShape(shapes, whole, 0); got != want {
			t.Fatalf("%q: ends at %d, the standard library says %d", whole, got, want)
		}
		if len(text) < longest {
			for _, c := range "-ab\nE" {
				try(append(text[:len(text):len(text)], byte(c)))
			}
		}
	}
	try(nil)
	if matches < 1000 {
		t.Errorf("only %d texts match", matches)
	}
}

// FuzzFinder holds the anchor pass against a plain search for each literal.
func FuzzFinder(f *testing.F) {
	literals := []string{"akia", "ghp_", "key", "key_id", "password", "-----begin ", "sk-", "://"}
	f.Add("AKIA ghp_ KEY_ID=password: sk-", 0, 30)
	f.Add("xxkey", 0, 5)
	f.Add("://", 0, 3)
	finder := newAnchorFinder(literals, func(int) (class, bool) { return class{}, false })
	f.Fuzz(func(t *testing.T, s string, lo, hi int) {
		text := []byte(s)
		lo, hi = min(max(lo, 0), len(text)), min(max(hi, 0), len(text))
		if lo > hi {
			return
		}
		got := map[[2]int]bool{}
		finder.find(text, lo, hi, func(literal, pos int) {
			if got[[2]int{literal, pos}] {
				t.Fatalf("%q at %d is found twice in %q[%d:%d]", literals[literal], pos, s, lo, hi)
			}
			got[[2]int{literal, pos}] = true
		})
		want := 0
		for l, lit := range literals {
			for pos := lo; pos+len(lit) <= hi; pos++ {
				if bytes.Equal(asciiLower(text[pos:pos+len(lit)]), []byte(lit)) {
					want++
					if !got[[2]int{l, pos}] {
						t.Fatalf("%q at %d is not found in %q[%d:%d]", lit, pos, s, lo, hi)
					}
				}
			}
		}
		if len(got) != want {
			t.Fatalf("%d anchors found, want %d in %q[%d:%d]", len(got), want, s, lo, hi)
		}
	})
}

func asciiLower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		out[i] = lowerByte(c)
	}
	return out
}

// FuzzPlain must not panic, and must leave alone what is no UTF-16.
func FuzzPlain(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00b\x00"))
	f.Add([]byte("\xfe\xff\xd8\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if plain, decoded := Plain(b); !decoded && !bytes.Equal(plain, b) {
			t.Fatal("text changed without being decoded")
		}
	})
}
