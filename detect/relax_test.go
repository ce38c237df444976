package detect

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

func TestRelaxed(t *testing.T) {
	for _, tt := range []struct{ expr, want string }{
		{`a{1,400}=b{3,9}`, `a{1,}=b{3,9}`},
		{`(?:x{2,6}=[^&]{1,400}&)*sig=[0-9a-f]{40,72}?`, `(?:x{2,6}=[^&]{1,}&)*sig=[0-9a-f]{40,}?`},
		{`(?:[a-z]{3,8} ){11,100}`, `(?:[a-z]{3,8} ){11,}`},
		{`a{1,40}`, ``},           // small as it is
		{`[a-z]{300}x{1,20}`, ``}, // it would not become much smaller
		{`a{1,400}(?:b|c{0,500})`, `a{1,}(?:b|c{0,})`},
		{`\{1,90}a{1,400}`, `\{1,90}a{1,}`},
		{`\x{41}{1,300}[{1,90}a]+`, `\x{41}{1,}[{1,90}a]+`},
		{`[]{1,90}]{1,300}[^]{1,90}]`, `[]{1,90}]{1,}[^]{1,90}]`},
		{`[[:alpha:]{1,90}]{1,300}[a\]{1,90}]`, `[[:alpha:]{1,90}]{1,}[a\]{1,90}]`},
		{`a{1,300}{,90}\Q{1,90}`, `a{1,}{,90}\Q{1,90}`},
	} {
		parsed, err := syntax.Parse(tt.expr, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := relaxed(tt.expr, parsed); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.expr, got, tt.want)
		}
	}
}

// A looser expression matches wherever the other does.
func TestRelaxedMatchesMore(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var piece func(depth int) string
	piece = func(depth int) string {
		if depth == 0 || r.IntN(3) == 0 {
			return []string{"a", "b", "[ab]", "[^a\n]", "[^]a{1,9}]", `\n`, ".", "c", `\b`, "(?:^|b)", "$"}[r.IntN(11)]
		}
		least := r.IntN(3)
		switch r.IntN(4) {
		case 0:
			return fmt.Sprintf("(?:%s|%s)", piece(depth-1), piece(depth-1))
		case 1:
			return fmt.Sprintf("(%s%s){%d,%d}", piece(depth-1), piece(depth-1), least, least+r.IntN(12))
		}
		return fmt.Sprintf("(?:%s){%d,%d}%s", piece(depth-1), least, least+r.IntN(12), piece(depth-1))
	}
	matched, wider := 0, 0
	for range 6000 {
		expr := piece(3) + piece(2)
		if r.IntN(2) == 0 {
			expr = `\A` + expr + `\z` // of which the bounds count
		}
		strict, err := regexp.Compile(expr)
		if err != nil {
			continue // too many repetitions
		}
		loose := regexp.MustCompile(relax(expr))
		for range 5 {
			var b strings.Builder
			for range r.IntN(60) {
				b.WriteByte("aabbc\n"[r.IntN(6)])
			}
			switch text := b.String(); {
			case strict.MatchString(text):
				matched++
				if !loose.MatchString(text) {
					t.Fatalf("%q: %s matches, and %s does not", text, strict, loose)
				}
			case loose.MatchString(text):
				wider++
			}
		}
	}
	if matched < 500 || wider == 0 {
		t.Fatalf("%d matches, %d of a looser expression alone: this tests nothing", matched, wider)
	}
}

// A large expression is compiled only for a text that the looser one matches, and has the last word there.
func TestLargeExpressionIsNotCompiledInVain(t *testing.T) {
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{{ID: "large", Regex: `id=[^=\n]{1,400};[^=\n]{1,40}sig=[0-9a-f]{8}`}}})
	s := e.NewScanner()
	for _, tt := range []struct {
		name, text string
		matches    int
		compiled   bool
	}{
		{"no match", "id=x; sig=none", 0, false},
		{"a match of the looser one", "id=x;" + strings.Repeat("y", 41) + "sig=" + strings.Repeat("0a", 4), 0, true},
		{"a match", "id=x; sig=" + strings.Repeat("0a", 4), 1, true},
	} {
		if got := len(s.Scan([]byte(tt.text)).Matches()); got != tt.matches {
			t.Errorf("%s: %d matches, want %d", tt.name, got, tt.matches)
		}
		if compiled := e.rules[0].re != nil; compiled != tt.compiled {
			t.Errorf("%s: compiled: %t, want %t", tt.name, compiled, tt.compiled)
		}
	}
}
