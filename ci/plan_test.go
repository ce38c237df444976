package ci

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/repo/gittest"
)

// planCase is an event, a checkout, and what is to come of it. Commits are named as in world.
type planCase struct {
	name     string
	system   System
	vars     string         // NAME=value, separated by blanks
	payload  map[string]any // GitHub
	main     string         // --default-branch
	checkout func(*testing.T, *world) gittest.Dir
	want     string // what is scanned and whose policy counts; see describe
	lacking  string // without fetching: what want is then; empty: the same
}

func full(head string, more ...string) func(*testing.T, *world) gittest.Dir {
	return func(t *testing.T, w *world) gittest.Dir { return w.full(t, head, more...) }
}

func shallow(depth, head string, refspecs ...string) func(*testing.T, *world) gittest.Dir {
	return func(t *testing.T, w *world) gittest.Dir { return w.checkout(t, depth, head, refspecs...) }
}

// describe says a plan in a line.
func describe(w *world, p *Plan) string {
	var parts []string
	switch {
	case p.Nothing:
		return "nothing"
	case len(p.Ranges) > 0:
		parts = append(parts, strings.Join(p.Ranges, " "))
	case p.Branch != "":
		parts = append(parts, "history of "+p.Branch)
	case len(p.Missing) == 0:
		parts = append(parts, "history")
	}
	for _, need := range p.Missing {
		parts = append(parts, "missing "+need.What)
	}
	if len(p.Missing) == 0 {
		policy := p.Policy
		if policy == "" {
			policy = "nobody"
		}
		if p.Tag != "" {
			parts = append(parts, "tag "+p.Tag)
		}
		parts = append(parts, "policy of "+policy)
	}
	if p.Shallow {
		parts = append(parts, "shallow")
	}
	return w.names.Replace(strings.Join(parts, ", "))
}

func with(m map[string]any, path string, v any) map[string]any {
	out := map[string]any{path: v}
	for k, old := range m {
		if k != path {
			out[k] = old
		}
	}
	return out
}

func (c planCase) event(t *testing.T, w *world) Event {
	t.Helper()
	vars := map[string]string{}
	for v := range strings.FieldsSeq(w.fill(c.vars)) {
		name, value, _ := strings.Cut(v, "=")
		vars[name] = value
	}
	if c.system == GitHub {
		vars["GITHUB_ACTIONS"] = "true"
		vars["GITHUB_REPOSITORY"] = "acme/shop"
	}
	getenv := lookup(vars)
	if got := Detect(getenv); got != c.system {
		t.Fatalf("detected %s, want %s", got, c.system)
	}
	var payload []byte
	if c.payload != nil {
		payload = []byte(w.fill(string(payloadOf(t, c.payload))))
	}
	e, err := Read(c.system, getenv, payload)
	if err == nil && c.main != "" {
		err = e.SetDefault(c.main)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPlan says of each kind of event and each kind of checkout what is scanned and by whose policy, first with what is
// there and then after fetching.
func TestPlan(t *testing.T) {
	isolateGit(t)
	w := newWorld(t)
	for _, c := range slices.Concat(githubCases(), gitlabCases(), otherCases()) {
		t.Run(fmt.Sprintf("%s: %s", c.system, c.name), func(t *testing.T) {
			e := c.event(t, w)
			dir := c.checkout(t, w)
			plan, _, err := look(context.Background(), e, dir.Path)
			if err != nil {
				t.Fatal(err)
			}
			want := c.lacking
			if want == "" {
				want = c.want
			}
			if diff := cmp.Diff(want, describe(w, plan)); diff != "" {
				t.Errorf("without fetching, -want +got:\n%s", diff)
			}
			if plan.IsComplete() != (c.lacking == "") {
				t.Errorf("complete %v", plan.IsComplete())
			}
			if plan, err = Complete(context.Background(), e, dir.Path); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, describe(w, plan)); diff != "" {
				t.Errorf("after fetching, -want +got:\n%s\n%v", diff, plan.Notes)
			}
		})
	}
}
