package gitignore

import (
	"math/rand/v2"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// TestAgainstGoGit compares single patterns with go-git's matcher, as far as both understand them. It takes
// [!a] for a set that holds '!', reads a slash in the middle, "**" and a trailing slash in other ways
// than git; so patterns here are made of literals, "*", "?", "[ab]" and "[a-c]", with a slash only at the
// start or between names, and paths are as deep as their pattern.
func TestAgainstGoGit(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	name := func() string {
		s := ""
		for range 1 + rnd.IntN(3) {
			s += pick("a", "b", "c", ".o", "[ab]", "[a-c]", "*", "?", "x")
		}
		for strings.Contains(s, "**") {
			s = strings.ReplaceAll(s, "**", "*")
		}
		return s
	}
	matched := 0
	for range 50_000 {
		pattern := name()
		switch rnd.IntN(4) {
		case 0:
			pattern = "/" + pattern
		case 1:
			pattern += "/" + name()
		case 2:
			pattern = "!" + pattern
		}
		path := ""
		depth := 1 + strings.Count(strings.TrimPrefix(pattern, "/"), "/")
		for i := range depth {
			if i > 0 {
				path += "/"
			}
			for range 1 + rnd.IntN(3) {
				path += pick("a", "b", "c", ".o", "x", "B")
			}
		}
		want := map[gogit.MatchResult]Verdict{
			gogit.NoMatch: Undecided, gogit.Exclude: Ignored, gogit.Include: Included,
		}[gogit.ParsePattern(pattern, nil).Match(strings.Split(path, "/"), false)]
		got := Parse([]byte(pattern+"\n")).Match(path, false)
		if got != want {
			t.Errorf("%q, path %q: got %v, go-git says %v", pattern, path, got, want)
		}
		if got != Undecided {
			matched++
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matches", matched)
	}
}
