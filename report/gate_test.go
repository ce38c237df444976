package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
)

// staged is what is found in an index: fixture, without commits.
func staged() *Report {
	r := fixture()
	r.Run = Run{Mode: Staged, Target: "."}
	r.Suppressed, r.Unshown = nil, 0
	r.Findings = slices.DeleteFunc(r.Findings, func(f correlate.Finding) bool { return f.Occurrences[0].Kind != "blob" })
	for i := range r.Findings {
		for j := range r.Findings[i].Occurrences {
			o := &r.Findings[i].Occurrences[j]
			*o = correlate.Occurrence{
				Kind: "staged", Object: o.Object, Path: o.Path,
				Line: o.Line, Column: o.Column, EndLine: o.EndLine, EndColumn: o.EndColumn, Frame: o.Frame,
			}
		}
	}
	return r
}

func TestGate(t *testing.T) {
	unread := &Report{Run: Run{Mode: Staged, Target: "."}, Coverage: broken()}
	one := staged()
	one.Findings = one.Findings[len(one.Findings)-1:]
	for _, tt := range []struct {
		name string
		r    *Report
		o    Options
	}{
		{"gate-commit", staged(), Options{Gate: CommitGate}},
		{"gate-commit-one", one, Options{Gate: CommitGate, Color: true}},
		{"gate-push", fixture(), Options{Gate: PushGate}},
		{"gate-receive", fixture(), Options{Gate: ReceiveGate}},
		{"gate-unread", unread, Options{Gate: CommitGate}},
		{"gate-staged-scan", one, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := write(t, "text", tt.r, tt.o)
			golden(t, tt.name+".txt", text)
			for _, f := range tt.r.Findings {
				if strings.Contains(text, strings.Split(f.Secret+"\n", "\n")[min(1, strings.Count(f.Secret, "\n"))]) {
					t.Errorf("the text holds the secret of %s", f.Rule.ID)
				}
			}
		})
	}
}

// A hook that has nothing to say says nothing.
func TestGateIsSilent(t *testing.T) {
	clean := &source.Coverage{}
	clean.Scanned("blob", 1, 10)
	if text := write(t, "text", &Report{Coverage: clean}, Options{Gate: CommitGate}); text != "" {
		t.Errorf("got %q", text)
	}
	if text := write(t, "text", &Report{}, Options{Gate: CommitGate}); !strings.Contains(text, "refuses this commit") {
		t.Errorf("a run that read nothing says %q", text)
	}
}

// What a message tells to copy into a shell names the file, whatever it is called.
func TestRemoval(t *testing.T) {
	const elsewhere = "have the program read it from the environment or a secret store"
	for _, tt := range []struct {
		name      string
		committed bool
		mode      Mode
		paths     []string
		want      string
	}{
		{"plain", false, Staged, []string{"src/a-1.env"}, elsewhere + ", and stage again: git add src/a-1.env"},
		{"blank and quote", false, Staged, []string{"a b.env", "it's"}, elsewhere + `, and stage again: git add 'a b.env' 'it'\''s'`},
		{"an option, a command", false, Staged, []string{"-n", "$(id)"}, elsewhere + `, and stage again: git add './-n' '$(id)'`},
		{"too many to name", false, Staged, []string{"a", "b", "c"}, elsewhere + ", and stage again"},
		{"files", false, Files, []string{"a"}, elsewhere},
		{"commits", true, Range, []string{"a"}, "out of the commit that brings it (git commit --amend, git rebase -i): a later commit does not take it back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := removal(tt.committed, tt.mode, tt.paths); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
