package detect

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

func TestPathRules(t *testing.T) {
	const store = `(?i)(?:^|/)[^/]+\.p(?:12|fx)$`
	tests := []struct {
		name   string
		set    rules.Set
		path   string
		commit string
		want   []string
	}{
		{"named", rules.Set{Rules: []*rules.Rule{{ID: "store", Path: store}}}, "certs/a.P12", "", []string{"store certs/a.P12"}},
		{"not named", rules.Set{Rules: []*rules.Rule{{ID: "store", Path: store}}}, "certs/a.p12.txt", "", nil},
		{"no path", rules.Set{Rules: []*rules.Rule{{ID: "any", Path: ``, Regex: `x`}, {ID: "all", Path: `.*`}}}, "", "", nil},
		{"not reported", rules.Set{Rules: []*rules.Rule{{ID: "store", Path: store, SkipReport: true}}}, "a.p12", "", nil},
		{"allowed path", rules.Set{Rules: []*rules.Rule{
			{ID: "store", Path: store, Allowlists: []rules.Allowlist{{Paths: []string{`^test/`}}}},
		}}, "test/a.p12", "", nil},
		{"globally allowed path", rules.Set{
			Rules:      []*rules.Rule{{ID: "store", Path: store}},
			Allowlists: []rules.Allowlist{{Paths: []string{`^test/`}}},
		}, "test/a.p12", "", nil},
		{"allowed commit", rules.Set{Rules: []*rules.Rule{
			{ID: "store", Path: store, Allowlists: []rules.Allowlist{{Commits: []string{"abc"}}}},
		}}, "a.p12", "abcdef", nil},
		{"path and commit, path alone holds", rules.Set{Rules: []*rules.Rule{
			{ID: "store", Path: store, Allowlists: []rules.Allowlist{{And: true, Paths: []string{`^test/`}, Commits: []string{"abc"}}}},
		}}, "test/a.p12", "def", []string{"store test/a.p12"}},
		{"a criterion on text cannot hold", rules.Set{Rules: []*rules.Rule{
			{ID: "store", Path: store, Allowlists: []rules.Allowlist{{And: true, Paths: []string{`^test/`}, Regexes: []string{`.*`}}}},
		}}, "test/a.p12", "", []string{"store test/a.p12"}},
		{"or one on paths", rules.Set{Rules: []*rules.Rule{
			{ID: "store", Path: store, Allowlists: []rules.Allowlist{{Paths: []string{`^test/`}, StopWords: []string{"x"}}}},
		}}, "test/a.p12", "", nil},
		{"two rules", rules.Set{Rules: []*rules.Rule{{ID: "pfx", Path: `\.pfx$`}, {ID: "store", Path: store}}}, "a.pfx", "", []string{"pfx a.pfx", "store a.pfx"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range newTestEngine(t, &tt.set).Keep(nil, tt.path, tt.commit) {
				got = append(got, m.Rule.ID+" "+m.File)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A rule on text may require one on paths.
func TestRequiredPath(t *testing.T) {
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{
		{ID: "file", Path: `\.env$`, SkipReport: true},
		{ID: "key", Token: `value_[a-z]{4}`, Required: []rules.Required{{ID: "file"}}},
	}})
	matches := e.NewScanner().Scan([]byte("value_abcd")).Matches()
	for path, want := range map[string]int{"a.env": 1, "a.txt": 0} {
		if got := len(e.Keep(matches, path, "")); got != want {
			t.Errorf("%s: %d findings, want %d", path, got, want)
		}
	}
}

// NamesFiles may err in one direction only: each name of a path that a rule names passes.
func TestNamesFiles(t *testing.T) {
	if newTestEngine(t, testRules()).NamesFiles() != nil {
		t.Error("without rules on paths there is something to ask")
	}
	tests := []struct {
		path     string
		yes, not []string // names
	}{
		{`(?i)(?:^|/)[^/]+\.p(?:12|fx)$`, []string{"a.p12", "A.PFX"}, []string{"a.p12.txt", ".p1", "main.go"}},
		{`^id_rsa$`, []string{"id_rsa"}, []string{"xid_rsa", "id_rsa.pub"}},
		{`\.ssh/`, []string{"anything"}, nil},
		{`(?:^|/)\.ssh/[^/]*$`, []string{"anything"}, nil},
		{`conf/.*\.(?:key|pem)$`, []string{"x.key", ".pem", "é.key"}, []string{"key", "x.pub"}},
		{`secret`, []string{"anything"}, nil},
		{`(?m)^a$`, []string{"a"}, nil},
		{`\bkey$`, []string{"key", "a-key"}, []string{"keys"}},
		{`y/?$|\.jks\z`, []string{"y", "a.jks", "ay"}, []string{"a.jk"}},
	}
	for _, tt := range tests {
		may := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{{ID: "p", Path: tt.path}}}).NamesFiles()
		for _, n := range tt.yes {
			if !may(n) {
				t.Errorf("%s: %q is left out", tt.path, n)
			}
		}
		for _, n := range tt.not {
			if may(n) {
				t.Errorf("%s: %q passes", tt.path, n)
			}
		}
		re := regexp.MustCompile(tt.path)
		for _, dir := range []string{"", "a/", ".ssh/", "conf/", "x/conf/", "y/", "secret/", "x.jks/"} {
			for _, n := range []string{"a", "y", "key", "x.key", "a.p12", "id_rsa", ".pem", "secret.txt", "x.jks", "Z.PFX", "main.go"} {
				if re.MatchString(dir+n) && !may(n) {
					t.Errorf("%s matches %s%s, but %q is left out", tt.path, dir, n, n)
				}
			}
		}
	}
}

// Members of archives are files too, by their path within the archive and by that of the archive.
func TestPathRulesOnMembers(t *testing.T) {
	data := []byte(zipped(t, "id_rsa", "x", "conf/.env", "tok_0123456789ab", "b.zip", zipped(t, "id_rsa", "y"), "id_rsa.pub", "z"))
	key := &rules.Rule{ID: "key", Path: `(?:^|/)id_rsa$`}
	for _, tt := range []struct {
		name string
		set  rules.Set
		path string
		want []string
	}{
		{"members", rules.Set{Rules: []*rules.Rule{key}}, "a.zip", []string{"key a.zip!id_rsa", "key a.zip!b.zip!id_rsa"}},
		{"the archive and a member", rules.Set{Rules: []*rules.Rule{{ID: "zip", Path: `\.zip$`}}}, "a.zip", []string{"zip a.zip!b.zip", "zip a.zip"}},
		{"by the path of the archive", rules.Set{Rules: []*rules.Rule{{ID: "key", Path: `^backup/.*/id_rsa$`}}}, "backup/a.zip", []string{"key backup/a.zip!id_rsa", "key backup/a.zip!b.zip!id_rsa"}},
		{"elsewhere", rules.Set{Rules: []*rules.Rule{{ID: "key", Path: `^backup/.*/id_rsa$`}}}, "a.zip", nil},
		{"allowed path", rules.Set{Rules: []*rules.Rule{key}, Allowlists: []rules.Allowlist{{Paths: []string{`b\.zip`}}}}, "a.zip", []string{"key a.zip!id_rsa"}},
		{
			"and what it holds",
			rules.Set{Rules: []*rules.Rule{{ID: "env", Path: `\.env$`}, {ID: "token", Token: `tok_[0-9a-z]{12}`, Path: `(?:^|/)\.env$`}}},
			"a.zip",
			[]string{"env a.zip!conf/.env", "token "},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newTestEngine(t, &tt.set)
			matches := e.NewScanner().Scan(data).Matches()
			before := slices.Clone(matches)
			defer func() {
				for i, m := range matches {
					if m.Credential != before[i].Credential {
						t.Errorf("Keep has changed the match of %s", m.Rule.ID)
					}
				}
			}()
			for range 2 {
				var got []string
				for _, m := range e.Keep(matches, tt.path, "") {
					got = append(got, m.Rule.ID+" "+m.File)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}
