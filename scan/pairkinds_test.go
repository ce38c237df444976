package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// Every two kinds that the catalogue says are halves of one credential are brought together, on a line, in a block, in a file and in
// files of one commit; and nothing brings together those of two commits.
func TestPairsOfTheCatalogue(t *testing.T) {
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := gittest.Init(t)
	commit := func(files ...string) {
		for i := 0; i+1 < len(files); i += 2 {
			d.Write(files[i], files[i+1])
		}
		d.Git("add", "-A")
		d.Git("commit", "-qm", "x")
	}
	commit("README", "")
	var want []string
	for _, r := range set.Rules {
		for _, other := range r.Pair {
			n := 0
			next := func(id string) string {
				n++
				rule := set.Rules[slices.IndexFunc(set.Rules, func(r *rules.Rule) bool { return r.ID == id })]
				text, err := sample.Expand(rule.Positives[0], fmt.Sprint(r.ID, other, n))
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			dir := r.ID + "+" + other
			commit(dir+"/line", next(r.ID)+"    "+next(other)+"\n")
			commit(dir+"/block", next(r.ID)+"\nregion = eu\n"+next(other)+"\n")
			commit(dir+"/file", next(r.ID)+"\n\n"+strings.Repeat("nothing\n\n", 40)+next(other)+"\n")
			commit(dir+"/commit/id", next(r.ID)+"\n", dir+"/commit/secret", next(other)+"\n")
			commit(dir+"/apart/id", next(r.ID)+"\n")
			commit(dir+"/apart/secret", next(other)+"\n")
			for _, scope := range []string{"line", "block", "file", "commit"} {
				want = append(want, fmt.Sprintf("%s/%s: %s %s", dir, scope, other, scope))
			}
		}
	}
	var b correlate.Builder
	opened, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := History(t.Context(), opened, &b, Options{Engine: newEngine(t), Coverage: &source.Coverage{}, Jobs: 2, MaxSize: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	found, _, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		for _, p := range f.Partners {
			path := f.Occurrences[0].Path
			if dir, _, _ := strings.Cut(path, "/"); strings.HasPrefix(dir, f.Rule.ID+"+") {
				got = append(got, fmt.Sprintf("%s: %s %s", strings.TrimSuffix(path, "/id"), p.Rule.ID, p.Scope))
			}
		}
	}
	if len(want) < 4*16 {
		t.Errorf("only %d pairs", len(want)/4)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
