package scan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// What a push brings is what its new values reach and the known ones do not: commits, annotated tags, and
// what tags name besides commits.
func TestPush(t *testing.T) {
	dir := gittest.Init(t)
	keys := newTokens(t.Name())
	secret := map[string]string{}
	token := func(name string) string {
		key := keys.next()
		secret[key] = name
		return "key " + key + "\n"
	}
	tagged := func(name, target string) string {
		return dir.In("object "+dir.Git("rev-parse", target)+"\ntype "+dir.Git("cat-file", "-t", target)+"\ntag "+name+
			"\ntagger T <t@example.com> 1700000000 +0000\n\n"+token("tag "+name), "hash-object", "-t", "tag", "-w", "--stdin")
	}
	dir.Write("a.txt", token("old"))
	old := dir.Commit("a.txt")
	dir.Write("b.txt", token("middle"))
	middle := dir.Commit("b.txt")
	dir.Write("c.txt", token("new"))
	dir.Commit("c.txt")
	dir.Git("rm", "-q", "c.txt")
	tip := dir.Commit()
	dir.Git("checkout", "-q", "-b", "side", old)
	dir.Write("d.txt", token("side"))
	side := dir.Commit("d.txt")
	dir.Write("blob", token("blob"))
	blob := dir.Git("hash-object", "-w", "blob")
	tag, blobTag, treeTag := tagged("v1", tip), tagged("blob", blob), tagged("tree", side+"^{tree}")

	tests := []struct {
		name           string
		updated, known []string
		want           []string
	}{
		{"fast-forward", []string{tip}, []string{middle}, []string{"new"}},
		{"all known", []string{middle}, []string{tip}, nil},
		{"a force-push back and aside", []string{side}, []string{tip}, []string{"side"}},
		{"the first push", []string{tip}, nil, []string{"middle", "new", "old"}},
		{"the first push of two branches", []string{tip, side}, nil, []string{"middle", "new", "old", "side"}},
		{"an object that was never fetched is known", []string{tip}, []string{strings.Repeat("ab", 20), old}, []string{"middle", "new"}},
		{"annotated tag", []string{tag}, []string{tip}, []string{"tag v1"}},
		{"annotated tag with its commits", []string{tag}, []string{old}, []string{"middle", "new", "tag v1"}},
		{"a tag that is known", []string{tag}, []string{tag}, nil},
		{"tag of a blob", []string{blobTag}, []string{tip}, []string{"blob", "tag blob"}},
		{"tag of a tree", []string{treeTag}, []string{tip}, []string{"old", "side", "tag tree"}},
		{"a tree that is nothing new beside its commits", []string{tag, blobTag}, nil, []string{"blob", "middle", "new", "old", "tag blob", "tag v1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ids := func(list []string) (out []pack.ID) {
				for _, s := range list {
					out = append(out, gittest.ID(t, s))
				}
				return out
			}
			r, err := repo.Open(dir.Path)
			if err != nil {
				t.Fatal(err)
			}
			var b correlate.Builder
			o := newOptions(t)
			if _, err := Push(t.Context(), r, ids(tt.updated), ids(tt.known), &b, o); err != nil {
				t.Fatal(err)
			}
			found, _, err := b.Findings(t.Context(), nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range found {
				if name, ok := secret[f.Secret]; ok {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !o.Coverage.Complete() {
				t.Errorf("incomplete: %v", o.Coverage.Problems())
			}
		})
	}
	t.Run("what is not here", func(t *testing.T) {
		r, err := repo.Open(dir.Path)
		if err != nil {
			t.Fatal(err)
		}
		o := newOptions(t)
		absent := gittest.ID(t, strings.Repeat("cd", 20))
		if _, err := Push(t.Context(), r, []pack.ID{absent}, nil, new(correlate.Builder), o); err != nil || o.Coverage.Reasons()[source.Absent] != 1 {
			t.Errorf("error %v, problems %v", err, o.Coverage.Problems())
		}
	})
}
