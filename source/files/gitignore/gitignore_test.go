package gitignore

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		patterns string
		path     string // a directory if it ends in a slash
		want     Verdict
	}{
		// Names at any depth.
		{"a", "a", Ignored},
		{"a", "x/y/a", Ignored},
		{"a", "a/x", Undecided}, // the walk never comes here: it stopped at a
		{"a", "aa", Undecided},
		{"*.o", "x/main.o", Ignored},
		{"*.o", ".o", Ignored},
		{"*.o", "main.oo", Undecided},
		{"*", "x/y", Ignored},
		{"**", "x/y", Ignored},
		{"a**b", "axxb", Ignored},
		{"?", "x", Ignored},
		{"?", "xx", Undecided},
		{"?", "é", Undecided}, // two bytes
		{"a*b*c", "aXbXbXc", Ignored},
		{"a*b*c", "aXbXbX", Undecided},

		// Paths.
		{"/a", "a", Ignored},
		{"/a", "x/a", Undecided},
		{"x/a", "x/a", Ignored},
		{"x/a", "y/x/a", Undecided},
		{"x/*", "x/a", Ignored},
		{"x/*", "x/a/b", Undecided},
		{"**/a", "a", Ignored},
		{"**/a", "x/y/a", Ignored},
		{"**/x/a", "y/x/a", Ignored},
		{"x/**", "x/a/b", Ignored},
		{"x/**", "x/", Undecided},
		{"x/**/a", "x/a", Ignored},
		{"x/**/a", "x/y/z/a", Ignored},
		{"x/**/a", "y/a", Undecided},
		{"x/**/y/**/a", "x/y/y/b/y/a", Ignored},
		{"x/**/y/a", "x/y/b/y/a", Ignored}, // the first y is not the one
		{"x/***/a", "x/y/a", Ignored},
		{"x/a**b", "x/ayb", Ignored},
		{"x/a**b", "x/a/b", Undecided},
		{"/**", "x/a", Ignored},
		{`x\/a`, "x/a", Ignored},
		{"//a", "a", Undecided},
		{"x//a", "x/a", Undecided},

		// Directories.
		{"a/", "a/", Ignored},
		{"a/", "a", Undecided},
		{"a/", "x/a/", Ignored},
		{"/a/", "x/a/", Undecided},
		{"x/**/", "x/a/", Ignored},
		{"x/**/", "x/a", Undecided},
		{"a//", "a/", Undecided},

		// Order and negation.
		{"a\n!a", "a", Included},
		{"!a\na", "a", Ignored},
		{"*\n!*/", "a/", Included},
		{"*\n!*/", "a", Ignored},
		{`\!a`, "!a", Ignored},
		{"!", "!", Undecided},

		// Lines.
		{"# a", "# a", Undecided},
		{`\# a`, "# a", Ignored},
		{" # a", " # a", Ignored},
		{"a  ", "a", Ignored},
		{`a\ `, "a ", Ignored},
		{`a\  `, "a ", Ignored},
		{" a", "a", Undecided},
		{"a\t", "a", Undecided},
		{"a\r\nb", "a", Ignored},
		{"a\r", "a", Ignored},
		{"\n\n  \n/\n", "a", Undecided},
		{"\ufeffa", "a", Ignored},
		{`a\`, `a\`, Undecided},
		{`a\`, "a", Undecided},
		{`\a`, "a", Ignored},
		{`a\\b`, `a\b`, Ignored},

		// Brackets.
		{"[ab]", "b", Ignored},
		{"[!ab]", "b", Undecided},
		{"[^ab]", "c", Ignored},
		{"[a-c]x", "bx", Ignored},
		{"[a-]", "-", Ignored},
		{"[]a]", "]", Ignored},
		{"[!]a]", "]", Undecided},
		{`[\]]`, "]", Ignored},
		{`[\a-\c]`, "b", Ignored},
		{"[[:digit:][:upper:]]", "X", Ignored},
		{"[[:digit:]]", "x", Undecided},
		{"[[:bogus:]]", "b", Undecided},
		{"[[:digit]", ":", Ignored}, // not a class after all
		{"[a", "[a", Undecided},
		{"[a", "a", Undecided},
		{`[\`, "[", Undecided},
		{"x/[a/b]", "x/a", Ignored},
		{"x[/]a", "x/a", Undecided},
	}
	for _, tt := range tests {
		path, dir := strings.CutSuffix(tt.path, "/")
		if got := Parse([]byte(tt.patterns)).Match(path, dir); got != tt.want {
			t.Errorf("%q, path %q: got %v, want %v", tt.patterns, tt.path, got, tt.want)
		}
	}
}

func TestClasses(t *testing.T) {
	want := map[string]string{
		"alpha": "az AZ", "digit": "09", "alnum": "az AZ 09", "upper": "AZ", "lower": "az",
		"xdigit": "09 af AF", "blank": "\t\t \x20\x20", "space": "\t\r \x20\x20", "cntrl": "\x00\x1f \x7f\x7f",
		"punct": "!/ :@ [` {~", "graph": "!~", "print": "\x20~",
	}
	for name, in := range classes {
		for c := range 256 {
			member := false
			for s := want[name]; len(s) >= 2; s = s[min(3, len(s)):] {
				member = member || s[0] <= byte(c) && byte(c) <= s[1]
			}
			if in(byte(c)) != member {
				t.Errorf("%s: %q: got %t", name, byte(c), !member)
			}
		}
	}
	if len(classes) != len(want) {
		t.Errorf("%d classes, %d tested", len(classes), len(want))
	}
}

// TestTime: patterns made to be tried again and again.
func TestTime(t *testing.T) {
	path := strings.Repeat("a/", 5000) + "b"
	for _, p := range []string{strings.Repeat("**/a/", 500) + "c", strings.Repeat("a*", 500) + "c/" + strings.Repeat("**/a*/", 500) + "c"} {
		if got := Parse([]byte(p)).Match(path, false); got != Undecided {
			t.Errorf("got %v", got)
		}
	}
	if Parse([]byte(strings.Repeat("a*", 1000)+"c")).Match(strings.Repeat("a", 100_000), false) != Undecided {
		t.Error("matched")
	}
}

// naive matches as the words of gitignore(5) go, trying everything.
func naive(p, name string) bool {
	if p == "" {
		return name == ""
	}
	if p[0] == '*' {
		return naive(p[1:], name) || name != "" && naive(p, name[1:])
	}
	if name == "" {
		return false
	}
	n := matchByte(p, name[0])
	return n > 0 && naive(p[n:], name[1:])
}

// naivePath does so for paths.
func naivePath(segments []segment, names []string) bool {
	if len(segments) == 0 || len(names) == 0 {
		return len(segments) == 0 && len(names) == 0 ||
			len(segments) > 0 && segments[0].kind == anyDirs && naivePath(segments[1:], names)
	}
	if segments[0].kind == anyDirs {
		return naivePath(segments[1:], names) || naivePath(segments, names[1:])
	}
	s := segments[0].text
	if segments[0].kind == suffix {
		s = "*" + s
	}
	return naive(s, names[0]) && naivePath(segments[1:], names[1:])
}

func FuzzMatch(f *testing.F) {
	for _, p := range []string{"a", "*.o", "/a/**/b*", "!x/", "**/a/**/b/", "[!a-c]?", `\[[[:alpha:]]*\*`, "# x\n a\\ \r\n", "*a*b*c*", "**/*a*/**"} {
		f.Add(p, "a/b/c.o", false)
		f.Add(p, "axbc/a/b", true)
	}
	f.Fuzz(func(t *testing.T, patterns, path string, dir bool) {
		names := strings.Split(path, "/")
		for _, name := range names {
			if name == "" {
				t.Skip("no such path")
			}
		}
		l := Parse([]byte(patterns))
		got := l.Match(path, dir)
		if len(patterns) > 40 || len(path) > 40 {
			return // the naive way takes too long
		}
		want := Undecided
		for _, p := range l.patterns {
			if p.dirOnly && !dir {
				continue
			}
			at := names
			if p.anywhere {
				at = names[len(names)-1:]
			}
			if p.path != "" && path == p.path || p.path == "" && naivePath(p.segments, at) {
				want = Ignored
				if p.negated {
					want = Included
				}
			}
		}
		if got != want {
			t.Errorf("patterns %q, path %q, dir %t: got %v, want %v", patterns, path, dir, got, want)
		}
	})
}
