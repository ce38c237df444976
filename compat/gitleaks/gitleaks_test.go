package gitleaks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
)

const commitID = "0123456789abcdef0123456789abcdef01234567"

func TestParseFingerprint(t *testing.T) {
	tests := []struct {
		in   string
		want Entry
		ok   bool
	}{
		{"a/b.go:github-pat:12", Entry{File: "a/b.go", Rule: "github-pat", Line: 12}, true},
		{commitID + ":a/b.go:github-pat:12", Entry{Commit: commitID, File: "a/b.go", Rule: "github-pat", Line: 12}, true},
		{strings.Repeat("ab", 32) + ":x:jwt:1", Entry{Commit: strings.Repeat("ab", 32), File: "x", Rule: "jwt", Line: 1}, true},
		{"c:/x:y.txt:jwt:3", Entry{File: "c:/x:y.txt", Rule: "jwt", Line: 3}, true},
		{`dir\x.txt:jwt:3`, Entry{File: "dir/x.txt", Rule: "jwt", Line: 3}, true},
		{"key.p12:pkcs12-file:0", Entry{File: "key.p12", Rule: "pkcs12-file"}, true},
		{commitID + "::jwt:3", Entry{Commit: commitID, Rule: "jwt", Line: 3}, true},
		{":jwt:3", Entry{Rule: "jwt", Line: 3}, true},
		{"0123456:x:jwt:3", Entry{File: "0123456:x", Rule: "jwt", Line: 3}, true}, // gitleaks knows no short ids
		{"x:jwt", Entry{}, false},
		{"x:jwt:one", Entry{}, false},
		{"x:jwt:-1", Entry{}, false},
		{"x::1", Entry{}, false},
		{"vendor/", Entry{}, false},
	}
	for _, tt := range tests {
		if got, ok := parseFingerprint(tt.in); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: got %+v, %v; want %+v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// builtin is a built-in rule, own one of a file of the user's.
func builtin(id string) *rules.Rule {
	return &rules.Rule{ID: id, Source: rules.Position{File: "x.toml"}}
}

func own(id string) *rules.Rule {
	return &rules.Rule{ID: id, Source: rules.Position{File: "x.toml", Line: 3}}
}

func TestCover(t *testing.T) {
	tests := []struct {
		id   string
		rule *rules.Rule
		want bool
	}{
		{"github-pat", builtin("github-pat-classic"), true},
		{"github-pat-classic", builtin("github-pat-classic"), true},
		{"github-pat", own("github-pat-classic"), false},
		{"github-pat", builtin("github-oauth-token"), false},
		{"generic-api-key", builtin("generic-password"), true},
		{"generic-api-key", builtin("bitly-token"), true}, // gitleaks has no rule of its own for it
		{"generic-api-key", builtin("github-pat-classic"), false},
		{"generic-api-key", own("acme"), false},
		{"jwt", builtin("supabase-service-role-jwt"), true},
		{"etsy-access-token", builtin("generic-token"), true},
		{"no-such-rule", builtin("generic-token"), false},
	}
	names := NewNames()
	for _, tt := range tests {
		if got := names.Cover(tt.id, tt.rule); got != tt.want {
			t.Errorf("Cover(%s, %s) = %v, want %v", tt.id, tt.rule.ID, got, tt.want)
		}
	}
}

func TestOnly(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	names := NewNames()
	only, err := names.Only(set, []string{"aws-access-token", "jwt-generic"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range only.Rules {
		if !r.SkipReport {
			ids = append(ids, r.ID)
		}
	}
	if diff := cmp.Diff([]string{"aws-access-key-id", "aws-other-key-ids", "aws-temporary-key-id", "jwt-generic"}, ids); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, id := range []string{"lob-pub-api-key", "no-such-rule"} {
		if _, err := names.Only(set, []string{id}); err == nil {
			t.Errorf("%s: no error", id)
		}
	}
}

// found is a finding at a line, whose match begins a line earlier, and its occurrence.
func found(rule *rules.Rule, file string, line int, commit string) (*correlate.Finding, *correlate.Occurrence) {
	secret := strings.Repeat("s3cr3t", 4)
	o := correlate.Occurrence{
		Path: file, Line: line, Column: 1, EndLine: line, EndColumn: 1 + len(secret),
		Frame: correlate.Frame{Match: "key:\n" + secret, FirstLine: line - 1, Lines: []string{"key:", secret}},
	}
	if commit != "" {
		o.First = &correlate.Commit{ID: commit}
	}
	f := &correlate.Finding{Rule: rule, Secret: secret, Occurrences: []correlate.Occurrence{o}}
	return f, &f.Occurrences[0]
}

func TestIgnore(t *testing.T) {
	text := "# known\n\n a.go:github-pat:11 \n" + commitID + ":b.go:github-pat:11\nnonsense\n"
	ig, err := ParseIgnore(".gitleaksignore", []byte(text), NewNames())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".gitleaksignore:5: no fingerprint such as path/to/file:rule-id:12; the line suppresses nothing"}
	if diff := cmp.Diff(want, ig.Warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	tests := []struct {
		file   string
		line   int
		commit string
		at     int // of the entry; 0: none
	}{
		{"a.go", 12, "", 3},       // the match begins at 11
		{"a.go", 11, "", 3},       // the secret stands at 11
		{"a.go", 12, commitID, 3}, // whatever the commit
		{"a.go", 13, "", 0},
		{"b.go", 12, commitID, 4},
		{"b.go", 12, strings.Repeat("0", 40), 0},
		{"b.go", 12, "", 0},
		{"c.go", 12, "", 0},
	}
	for _, tt := range tests {
		at := 0
		if e := ig.Match(found(builtin("github-pat-classic"), tt.file, tt.line, tt.commit)); e != nil {
			at = e.At
		}
		if at != tt.at {
			t.Errorf("%s:%d in %q: entry %d, want %d", tt.file, tt.line, tt.commit, at, tt.at)
		}
	}
	if ig.Match(found(builtin("jwt-generic"), "a.go", 12, "")) != nil {
		t.Error("an entry covers another rule")
	}
}

func TestBaseline(t *testing.T) {
	f, o := found(builtin("github-pat-classic"), "a.go", 12, commitID)
	entry := func(secret string, column, endColumn int, commit string) string {
		return fmt.Sprintf(`[{"RuleID":"github-pat","File":"a.go","Secret":%q,"Commit":%q,"StartLine":11,"EndLine":12,"StartColumn":%d,"EndColumn":%d}]`,
			secret, commit, column, endColumn)
	}
	tests := []struct {
		name, json string
		want       bool
	}{
		{"the same place", entry("REDACTED", 1, 24, commitID), true},
		{"columns from 2", entry("REDACTED", 2, 25, commitID), true},
		{"another column", entry("REDACTED", 1, 26, commitID), false},
		{"another commit", entry("REDACTED", 1, 24, ""), false},
		{"the same secret elsewhere", entry(f.Secret, 7, 9, ""), true},
		{"another secret in the same place", entry(f.Secret+"x", 1, 24, commitID), false},
		{"partly redacted", entry(f.Secret[:5]+"...", 1, 24, commitID), true},
		{"empty", "[]", false},
	}
	for _, tt := range tests {
		b, err := ReadBaseline(strings.NewReader(tt.json), NewNames())
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Match(f, o); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	secret := strings.Repeat("s3cr3t", 2)
	for _, bad := range []string{"", "{}", `[{"RuleID":1}]`, `[{"File":"x"}]`, `["` + secret + `"]`} {
		_, err := ReadBaseline(strings.NewReader(bad), NewNames())
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func TestLink(t *testing.T) {
	tests := []struct{ remote, platform, want string }{
		{"git@github.com:acme/x.git", "", "https://github.com/acme/x/blob/c0/a%20b.go#L2-L4"},
		{"https://user:" + "pw@github.com/acme/x", "", "https://github.com/acme/x/blob/c0/a%20b.go#L2-L4"},
		{"ssh://git@gitlab.com:22/acme/g/x.git", "", "https://gitlab.com/acme/g/x/blob/c0/a%20b.go#L2-4"},
		{"https://bitbucket.org/acme/x.git", "", "https://bitbucket.org/acme/x/src/c0/a%20b.go#lines-2:4"},
		{"https://codeberg.org/acme/x", "", "https://codeberg.org/acme/x/src/commit/c0/a%20b.go#L2-L4"},
		{"https://git.example.com/acme/x", "gitlab", "https://git.example.com/acme/x/blob/c0/a%20b.go#L2-4"},
		{"https://dev.azure.com/a/p/_git/x", "", "https://dev.azure.com/a/p/_git/x/commit/c0?path=/a+b.go&line=2&lineEnd=4&lineStartColumn=1&lineEndColumn=10000000&type=2&lineStyle=plain&_a=files"},
		{"https://git.example.com/acme/x", "", ""},
		{"/srv/git/x.git", "github", ""},
		{"file:///srv/x.git", "github", ""},
		{"https://github.com/acme/x", "none", ""},
	}
	for _, tt := range tests {
		got := ""
		if link := Link(tt.remote, tt.platform); link != nil {
			got = link("c0", "a b.go", 2, 4)
		}
		if got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.remote, tt.platform, got, tt.want)
		}
	}
	link := Link("https://github.com/acme/x", "")
	if got := link("c0", "a.zip!b.go", 2, 2); got != "https://github.com/acme/x/blob/c0/a.zip#L2" {
		t.Errorf("member of an archive: %s", got)
	}
	if got := link("c0", "a.p12", 0, 0); got != "https://github.com/acme/x/blob/c0/a.p12" {
		t.Errorf("file: %s", got)
	}
}

func TestParseLogOptions(t *testing.T) {
	tests := []struct {
		in   string
		want LogOptions
		fail bool
	}{
		{"", LogOptions{}, false},
		{"--all --full-history", LogOptions{All: true, Args: []string{"--all", "--full-history"}}, false},
		{"--all -n 3", LogOptions{Args: []string{"--all", "-n", "3"}}, false},
		{"main..HEAD", LogOptions{Args: []string{"main..HEAD"}}, false},
		{`--since="2 weeks ago" HEAD -- ./src/ a.txt`, LogOptions{Args: []string{"--since=2 weeks ago", "HEAD"}, Paths: []string{"src", "a.txt"}}, false},
		{"--output=x", LogOptions{}, true},
		{"--outp x", LogOptions{}, true},
		{"--ext-diff", LogOptions{}, true},
		{`--author="Ann`, LogOptions{}, true},
		{"HEAD -- *.go", LogOptions{}, true},
		{"HEAD -- :!vendor", LogOptions{}, true},
	}
	for _, tt := range tests {
		got, err := ParseLogOptions(tt.in)
		if (err != nil) != tt.fail {
			t.Errorf("%q: error %v", tt.in, err)
		} else if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); err == nil && diff != "" {
			t.Errorf("%q: -want +got:\n%s", tt.in, diff)
		}
	}
	o := LogOptions{Paths: []string{"src", "a.txt"}}
	for path, want := range map[string]bool{"src/x": true, "srcs/x": false, "a.txt": true, "": false, "b": false} {
		if o.Has(path) != want {
			t.Errorf("Has(%q) = %v", path, !want)
		}
	}
}

// FuzzIgnore checks that whatever a file holds, each of its lines is an entry, a warning, blank or a comment, and that an
// entry written out again means the same.
func FuzzIgnore(f *testing.F) {
	f.Add([]byte("# c\na.go:jwt:1\n" + commitID + ":b:jwt:2\r\nx\n\n"))
	f.Add([]byte("a:b:c:d:e:1"))
	f.Add([]byte("::0\n:\n\xff:x:1"))
	names := &Names{}
	f.Fuzz(func(t *testing.T, data []byte) {
		ig, err := ParseIgnore("f", data, names)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		n := 0
		for _, list := range ig.entries {
			for _, e := range list {
				n++
				line := fmt.Sprintf("%s:%s:%d", e.File, e.Rule, e.Line)
				if e.Commit != "" {
					line = e.Commit + ":" + line
				}
				if strings.TrimSpace(line) != line || line[0] == '#' {
					continue
				}
				again, ok := parseFingerprint(line)
				if again.At = e.At; !ok || again != e {
					t.Fatalf("%q: got %+v, %v; want %+v", line, again, ok, e)
				}
				text.WriteString(line)
			}
		}
		lines := strings.Count(strings.TrimSuffix(string(data), "\n"), "\n") + 1
		if n+len(ig.Warnings) > lines {
			t.Fatalf("%d entries and %d warnings in %d lines", n, len(ig.Warnings), lines)
		}
	})
}
