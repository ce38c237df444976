package policy

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fingerprint returns the n-th made-up fingerprint.
func fingerprint(n int) string {
	return "sk1:" + strings.Repeat("abcdefghijklmnopqrstuvwxyz234567"[n%32:n%32+1], 24) + fmt.Sprintf("%c%c", 'a'+n/32%26, 'a'+n/832%26)
}

func TestParseIgnore(t *testing.T) {
	print1 := fingerprint(1)
	day := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		line string
		want Entry
	}{
		"a pattern":              {"docs/*.md", Entry{Glob: "docs/*.md"}},
		"a fingerprint":          {print1, Entry{Fingerprint: print1}},
		"a fingerprint by key":   {"fingerprint=" + print1, Entry{Fingerprint: print1}},
		"a rule":                 {"rule=github-pat", Entry{Rule: "github-pat"}},
		"all fields":             {`docs/ rule=r fingerprint=` + print1 + ` reason="an \"example\" \\ here" owner=@team until=2027-01-31`, Entry{Glob: "docs/", Rule: "r", Fingerprint: print1, Reason: `an "example" \ here`, Owner: "@team", Until: day}},
		"a comment behind":       {"docs/*.md # because", Entry{Glob: "docs/*.md"}},
		"a quoted pattern":       {`"with blank=x/*" rule=r`, Entry{Glob: "with blank=x/*", Rule: "r"}},
		"a blank behind a slash": {`a\ b/*.md rule=r`, Entry{Glob: `a\ b/*.md`, Rule: "r"}},
		"a byte order mark":      {"\ufeffdocs/", Entry{Glob: "docs/"}},
		"a hash in a reason":     {`docs/ reason="see #12"`, Entry{Glob: "docs/", Reason: "see #12"}},
		"blanks":                 {"  docs/ \t rule=r  \r", Entry{Glob: "docs/", Rule: "r"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseIgnore("f", []byte("\n"+c.line+"\n# only a comment\n"))
			if name == "a byte order mark" {
				got, err = ParseIgnore("f", []byte(c.line))
			}
			if err != nil || len(got.Entries) != 1 {
				t.Fatalf("%+v, %v", got, err)
			}
			if diff := cmp.Diff(c.want, got.Entries[0], cmpopts.IgnoreFields(Entry{}, "At"), cmpopts.IgnoreUnexported(Entry{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"unknown key":      {"docs/ resaon=x", `f:1: "resaon": unknown key (did you mean "reason"?); expected one of: fingerprint, repo,`},
		"two patterns":     {"docs/ src/", `f:1: "src/" is no KEY=VALUE`},
		"nothing":          {"reason=x", "f:1: says not what to ignore"},
		"a bad day":        {"docs/ until=tomorrow", "f:1: until: expected a day"},
		"no such day":      {"docs/ until=2027-02-30", "f:1: until: expected a day"},
		"twice":            {"docs/ rule=a rule=b", "f:1: rule: given twice"},
		"no value":         {"docs/ reason=", "f:1: reason: has no value"},
		"an open quote":    {`docs/ reason="x`, "f:1: reason: the closing quote is missing"},
		"behind the quote": {`docs/ reason="x"y`, "f:1: reason: goes on behind its closing quote"},
		"negated":          {"!docs/", "f:1: a pattern that takes something in again"},
		"a section":        {"[acme]", "f:1: sections are not supported"},
		"half a print":     {"fingerprint=sk1:abc", "f:1: fingerprint: expected what a report calls"},
		"a merge":          {"<<<<<<< HEAD", "f:1: the mark of a merge"},
		"not UTF-8":        {"docs/\xff", "f:1: not UTF-8"},
		"too long":         {strings.Repeat("a", maxLine+1), "f:1: longer than"},
		"an empty pattern": {`"" rule=x`, "f:1: \"\" is no pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseIgnore("f", []byte(c.line))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if _, err := ParseBaseline("b", []byte("docs/")); err == nil || !strings.Contains(err.Error(), "patterns belong into .straykeyignore") {
		t.Errorf("a pattern in a baseline: %v", err)
	}
	secret := strings.Repeat("s3cr3t", 10)
	if _, err := ParseIgnore("f", []byte("docs/ "+secret)); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("an error repeats a long text: %v", err)
	}
}

func TestCoversPath(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"docs/", "docs/a/b.md", true},
		{"docs/", "docs", false},
		{"docs/", "src/docs/a.md", true}, // no slash but at the end: at any depth
		{"/docs/", "src/docs/a.md", false},
		{"*.md", "docs/a.md", true},
		{"docs/*.md", "docs/a/b.md", false},
		{"docs/**/*.md", "docs/a/b.md", true},
		{"a.zip", "x/a.zip!conf/app.env", true},
		{"x/a.zip!conf/*", "x/a.zip!conf/app.env", true},
		{"conf/", "x/a.zip!conf/app.env", false},
		{"*", "", false}, // a message stands at no path
		{"", "", true},
	} {
		e := Entry{}
		if c.glob != "" {
			if bad := e.setFirst(c.glob); bad != nil {
				t.Fatal(bad)
			}
		}
		if got := e.coversPath(c.path); got != c.want {
			t.Errorf("%q covers %q: %t", c.glob, c.path, got)
		}
	}
}

func TestExpired(t *testing.T) {
	e := Entry{Until: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)}
	last := time.Date(2027, 1, 31, 23, 59, 59, 0, time.UTC)
	if e.Expired(last) || !e.Expired(last.Add(time.Second)) || (&Entry{}).Expired(last) {
		t.Error("the last day is the last on which an entry counts")
	}
}

// FuzzEntries checks that whatever is read as entries is written in one form that reads as the same entries.
func FuzzEntries(f *testing.F) {
	for _, seed := range []string{
		"docs/*.md", fingerprint(3) + " rule=a path=\"x y\" since=2026-11-28", `"a b" reason="q\"\\" until=2027-01-31 # c`,
		`a\ b rule=x`, "!x", "[x]", "a=b=c", "rule=\"#\"", "\\#x", "<<<<<<<", "a\\",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := ParseIgnore("f", data)
		if err != nil {
			return
		}
		var text bytes.Buffer
		for i := range read.Entries {
			text.WriteString(read.Entries[i].String() + "\n")
		}
		again, err := ParseIgnore("f", text.Bytes())
		if err != nil {
			if strings.Contains(err.Error(), "longer than") {
				return // what quotes add
			}
			t.Fatalf("%q was written as %q, which is refused: %v", data, text.String(), err)
		}
		if diff := cmp.Diff(read.Entries, again.Entries, cmpopts.IgnoreFields(Entry{}, "At"), cmpopts.IgnoreUnexported(Entry{})); diff != "" {
			t.Errorf("%q was written as %q:\n%s", data, text.String(), diff)
		}
	})
}

// FuzzBaseline checks that a baseline is written in one form, whatever it was read from, and that nothing of it is lost.
func FuzzBaseline(f *testing.F) {
	f.Add([]byte(fingerprint(3) + "\n" + fingerprint(1) + " repo=b\n" + fingerprint(1) + " repo=a # x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := ParseBaseline("f", data)
		if err != nil {
			return
		}
		text := read.Bytes()
		again, err := ParseBaseline("f", text)
		if err != nil {
			if strings.Contains(err.Error(), "longer than") {
				return
			}
			t.Fatalf("%q was written as %q, which is refused: %v", data, text, err)
		}
		if !bytes.Equal(text, again.Bytes()) {
			t.Errorf("%q is written as %q, and that as %q", data, text, again.Bytes())
		}
		if got, want := covered(again), covered(read); !cmp.Equal(got, want) {
			t.Errorf("what %q knows changed: %s", data, cmp.Diff(want, got))
		}
	})
}

// covered lists what a baseline knows.
func covered(b *Baseline) map[string]bool {
	out := map[string]bool{}
	for i := range b.Entries {
		out[b.Entries[i].Repo+" "+b.Entries[i].Fingerprint] = true
	}
	return out
}

// TestBaselineMerges takes random baselines apart as two branches would and joins them as git's union merge does: what
// either side added is there, what neither removed too, and the text is the same whichever side comes first.
func TestBaselineMerges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	since := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for range 200 {
		base, ours, theirs := &Baseline{}, &Baseline{}, &Baseline{}
		add := func(b *Baseline) {
			for range rnd.IntN(6) {
				b.Add([]Known{{Fingerprint: fingerprint(rnd.IntN(40)), Rule: "r", Path: "a b"}}, Stamp{Repo: []string{"", "x/y"}[rnd.IntN(2)], Since: since})
			}
		}
		add(base)
		ours.Entries, theirs.Entries = slices.Clone(base.Entries), slices.Clone(base.Entries)
		add(ours)
		add(theirs)
		join := func(a, b *Baseline) *Baseline {
			read, err := ParseBaseline("f", append(a.Bytes(), b.Bytes()...))
			if err != nil {
				t.Fatal(err)
			}
			return read
		}
		one, other := join(ours, theirs), join(theirs, ours)
		if !bytes.Equal(one.Bytes(), other.Bytes()) {
			t.Fatalf("the order of the sides matters:\n%s\n%s", one.Bytes(), other.Bytes())
		}
		want := covered(ours)
		for k := range covered(theirs) {
			want[k] = true
		}
		if diff := cmp.Diff(want, covered(one)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
		if !slices.IsSorted(strings.Split(strings.TrimSpace(string(one.Bytes())), "\n")[1:]) && !hasRepo(one) {
			t.Fatalf("not sorted:\n%s", one.Bytes())
		}
	}
}

func hasRepo(b *Baseline) bool {
	return slices.ContainsFunc(b.Entries, func(e Entry) bool { return e.Repo != "" })
}

// TestBaselineKeepsComments: what somebody has written into a baseline stays where it belongs when the file is written again.
func TestBaselineKeepsComments(t *testing.T) {
	one, two, three := fingerprint(1), fingerprint(2), fingerprint(3)
	b, err := ParseBaseline("f", []byte(strings.Join([]string{
		baselineHeader,
		"# Ask security before you add to this file.", "",
		"# to be rotated", "# by the end of the year", two + " rule=r  # ticket 12", "",
		one, "# the end", "",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	b.Add([]Known{{Fingerprint: three}}, Stamp{Since: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)})
	want := strings.Join([]string{
		baselineHeader,
		"# Ask security before you add to this file.", "",
		one,
		"# to be rotated", "# by the end of the year", two + " rule=r # ticket 12",
		three + " since=2026-11-02",
		"# the end", "",
	}, "\n")
	if diff := cmp.Diff(want, string(b.Bytes())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	b.Remove(func(e *Entry) bool { return e.Fingerprint == two })
	if text := string(b.Bytes()); strings.Contains(text, "rotated") || !strings.Contains(text, "Ask security") {
		t.Errorf("after an entry was removed:\n%s", text)
	}
}
