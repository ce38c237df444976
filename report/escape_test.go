package report

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", `a b\c "d"`, `a b\c "d"`},
		{"letters", "naïve 漢字 é", "naïve 漢字 é"},
		{"line ends", "a\r\nb\tc", `a\r\nb\tc`},
		{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"C1 control sequence introducer", "\u009b31m", `\u{9b}31m`},
		{"raw C1 byte", "\x9b31m", `\x9b31m`},
		{"bell, backspace, delete, nul", "\a\b\x7f\x00", `\x07\x08\x7f\x00`},
		{"bidi override", "a\u202eb\u2066c\u2069", `a\u{202e}b\u{2066}c\u{2069}`},
		{"zero width", "a\u200bb\ufeff", `a\u{200b}b\u{feff}`},
		{"line separator", "a\u2028b", `a\u{2028}b`},
		{"tag characters", "a\U000e0041", `a\u{e0041}`},
		{"latin-1", "caf\xe9", `caf\xe9`},
		{"replacement character itself", "\ufffd", "\ufffd"},
		{"runner command", "x ##[add-mask]y", `x \x23#[add-mask]y`},
		{"three hashes", "###[error]", `#\x23#[error]`},
		{"runner command of the other form", "::add-mask::x", `\x3a:add-mask::x`},
		{"runner command after blanks", "  ::warning::x", `  \x3a:warning::x`},
		{"colons elsewhere", " a::b :c", " a::b :c"},
		{"heading", "## title #1", "## title #1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Escape(tt.in); got != tt.want {
				t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[2J", "a\r\n", "\xff\xfe", "\u202e", "##[x", "###[", "::x", " ::x", " \u00a0::x", "\u009b", "e\u0301", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Escape(s), escapeCode(s)} {
			if !utf8.ValidString(got) {
				t.Fatalf("Escape(%q) = %q: not UTF-8", s, got)
			}
			for _, r := range got {
				if !unicode.IsPrint(r) {
					t.Fatalf("Escape(%q) = %q: %U gets through", s, got, r)
				}
			}
			if strings.Contains(got, "##[") || strings.HasPrefix(strings.TrimSpace(got), "::") {
				t.Fatalf("Escape(%q) = %q: a command gets through", s, got)
			}
			if Escape(got) != got {
				t.Fatalf("Escape(%q) is not stable: %q, %q", s, got, Escape(got))
			}
		}
	})
}
