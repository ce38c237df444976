package ci

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a service says is refused when it has not the form that it must have; no value of it is repeated.
func TestReadRefuses(t *testing.T) {
	id := strings.Repeat("a", 40)
	for _, c := range []struct {
		name   string
		system System
		vars   map[string]string
		text   string
		want   string
	}{
		{"no payload", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, ``, "payload cannot be read"},
		{"an event of which nothing is known", GitHub, map[string]string{"GITHUB_EVENT_NAME": "issue_comment"}, `{}`, "--base REV --head REV"},
		{"a pull request without one", GitHub, map[string]string{"GITHUB_EVENT_NAME": "pull_request"}, `{}`, "--base REV --head REV"},
		{"a branch that is an option", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, `{"ref":"--upload-pack=x","before":"` + id + `","after":"` + id + `"}`, "ref is not the name of a ref"},
		{"a branch with a part that is an option", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, `{"ref":"refs/heads/-x","after":"` + id + `"}`, "ref is not the name of a ref"},
		{"a branch that runs something", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, "{\"ref\":\"refs/heads/$(id) x\",\"after\":\"" + id + "\"}", "ref is not the name of a ref"},
		{"a branch with a refspec in it", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, `{"ref":"refs/heads/a:refs/heads/b","after":"` + id + `"}`, "ref is not the name of a ref"},
		{"an id that is an option", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, `{"ref":"refs/heads/a","after":"--help"}`, "after is no object id"},
		{"an id that is a revision", GitHub, map[string]string{"GITHUB_EVENT_NAME": "pull_request"}, `{"pull_request":{"head":{"sha":"HEAD~1"},"base":{"sha":"` + id + `"}}}`, "pull_request.head.sha is no object id"},
		{"a number for an id", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, `{"after":7}`, "payload cannot be read"},
		{"a pull request without a base", GitHub, map[string]string{"GITHUB_EVENT_NAME": "pull_request"}, `{"number":7,"pull_request":{"head":{"sha":"` + id + `"}}}`, "what is to be merged into what"},
		{"too much", GitHub, map[string]string{"GITHUB_EVENT_NAME": "push"}, strings.Repeat(" ", MaxPayload+1), "larger than"},
		{"a target that is an option", GitLab, map[string]string{"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": id, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "-x"}, "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME is not the name of a ref"},
		{"a branch that climbs", Jenkins, map[string]string{"GIT_COMMIT": id, "BRANCH_NAME": "../../x"}, "", "BRANCH_NAME is not the name of a ref"},
		{"no such system", "travis", nil, "", "want one of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(c.system, lookup(c.vars), []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzRead reads payloads and variables that anybody may have written. Whatever is not refused holds only ids and refs.
func FuzzRead(f *testing.F) {
	id := strings.Repeat("b", 40)
	f.Add("push", `{"ref":"refs/heads/main","before":"`+id+`","after":"`+id+`","repository":{"default_branch":"main"}}`, id, "main", 1)
	f.Add("pull_request_target", `{"number":7,"pull_request":{"number":7,"head":{"sha":"`+id+`","ref":"x"},"base":{"sha":"`+id+`","ref":"main"}}}`, id, "main", 1)
	f.Add("merge_group", `{"merge_group":{"head_sha":"`+id+`","base_sha":"`+id+`"}}`, id, "refs/heads/main", 1)
	f.Add("workflow_run", `{"workflow_run":{"event":"pull_request","head_sha":"`+id+`","pull_requests":[{"number":1,"head":{"sha":"`+id+`"},"base":{"sha":"`+id+`"}}]}}`, id, "main", 1)
	f.Add("7", "", id, "feature/x", 2)
	f.Add("true", "", "HEAD", "-x", 6)
	f.Fuzz(func(t *testing.T, event, payload, id, branch string, system int) {
		systems := Systems()
		s := systems[((system%len(systems))+len(systems))%len(systems)]
		getenv := func(name string) string {
			switch {
			case name == "GITHUB_EVENT_NAME", strings.HasSuffix(name, "_IID"), strings.HasSuffix(name, "PR_ID"), name == "BUILDKITE_PULL_REQUEST", strings.HasSuffix(name, "SOURCE"):
				return event
			case strings.Contains(name, "SHA"), strings.Contains(name, "COMMIT"), strings.Contains(name, "VERSION"):
				return id
			case name == "GITHUB_REPOSITORY":
				return branch
			}
			return branch
		}
		e, err := Read(s, getenv, []byte(payload))
		if err != nil {
			return
		}
		for _, p := range []Point{e.Head, e.Base, e.Default} {
			if p.ID != "" && !isID(p.ID) || p.Rev != "" && p.Rev != "HEAD" {
				t.Errorf("id %q, revision %q", p.ID, p.Rev)
			}
			for _, ref := range p.Refs {
				if !isRef(ref) {
					t.Errorf("ref %q", ref)
				}
			}
			for _, want := range wants([]Point{p}) {
				if strings.HasPrefix(want, "-") || strings.ContainsAny(want, " \n\x00") {
					t.Errorf("git would be given %q", want)
				}
			}
		}
		if e.Ref != "" && !isRef(e.Ref) || e.Merge != "" && !isID(e.Merge) || e.Slug != "" && !isSlug(e.Slug) || e.Pull < 0 || e.Commits < 0 {
			t.Errorf("%+v", e)
		}
	})
}

func TestIsRef(t *testing.T) {
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/heads/feature/ü-1": true, "refs/pull/7/merge": true,
		"": false, "main": false, "refs/heads/": false, "refs/heads//x": false, "refs/heads/.x": false, "refs/heads/x.": false,
		"refs/heads/x.lock": false, "refs/heads/x.lock/y": false, "refs/heads/a..b": false, "refs/heads/a@{1}": false, "refs/heads/-x": false,
		"refs/heads/a b": false, "refs/heads/a\nb": false, "refs/heads/a\x7f": false, "refs/heads/a~1": false, "refs/heads/a^": false,
		"refs/heads/a:b": false, "refs/heads/a?": false, "refs/heads/a*": false, "refs/heads/a[": false, `refs/heads/a\b`: false,
		"refs/heads/" + strings.Repeat("x", maxRef): false,
	} {
		if got := isRef(name); got != want {
			t.Errorf("isRef(%q) = %v", name, got)
		}
	}
}

// A value that is more than a line could set outputs of its own.
func TestWriteOutputs(t *testing.T) {
	var b bytes.Buffer
	if err := WriteOutputs(&b, []Output{{"findings", "2"}, {"sarif", "out dir/x.sarif"}}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "findings=2\nsarif=out dir/x.sarif\n" {
		t.Errorf("%q", got)
	}
	b.Reset()
	for _, bad := range []string{"a\nfindings=0", "a\rb", "a\x00"} {
		if err := WriteOutputs(&b, []Output{{"sarif", bad}}); err == nil || b.Len() > 0 {
			t.Errorf("%q: error %v, wrote %q", bad, err, b.String())
		}
	}
}

// What stands between may be anything; it cannot end the quotation, as it does not know the word.
func TestQuote(t *testing.T) {
	words := map[string]bool{}
	for range 2 {
		var b bytes.Buffer
		if err := Quote(&b, func() error { b.WriteString("::error::x\n"); return nil }); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		word, ok := strings.CutPrefix(lines[0], "::stop-commands::")
		if !ok || len(lines) != 3 || lines[2] != "::"+word+"::" || len(word) < 30 || words[word] {
			t.Errorf("%q", b.String())
		}
		words[word] = true
	}
}

func TestCommand(t *testing.T) {
	if got, want := Command("error", "50% of\nit\r"), "::error title=straykey::50%25 of%0Ait%0D\n"; got != want || !utf8.ValidString(got) {
		t.Errorf("%q, want %q", got, want)
	}
}
