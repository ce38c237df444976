package repo_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// checkRefs compares the shared refs and HEAD with what git says.
func checkRefs(t *testing.T, r *repo.Repo) {
	t.Helper()
	refs, problems := r.Refs()
	if len(problems) > 0 {
		t.Error(problems)
	}
	var got []string
	for _, ref := range refs {
		if strings.HasPrefix(ref.Name, "refs/") {
			got = append(got, ref.ID.String()+" "+ref.Name)
		}
	}
	out, err := r.Git(t.Context(), "", "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(out)), strings.Fields(strings.Join(got, "\n"))); diff != "" {
		t.Errorf("refs: %s", diff)
	}
	head, ok := r.Head()
	out, err = r.Git(t.Context(), "", "rev-parse", "--quiet", "--verify", "HEAD")
	if ok != (err == nil) || ok && head.ID.String() != strings.TrimSpace(string(out)) {
		t.Errorf("HEAD is %v %t, want %s", head, ok, out)
	}
}

// manyRefs is a repository with all kinds of refs, and the names of those that are not below refs/.
func manyRefs(t *testing.T, args ...string) gittest.Dir {
	top := gittest.New(t)
	d := top.Sub("r")
	d.Git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	d.Commit("f", "1\n")
	d.Git("tag", "-a", "-m", "tagged", "v1")
	d.Git("branch", "feature/one")
	d.Git("branch", "old")
	d.Git("pack-refs", "--all")
	d.Commit("f", "2\n") // main: loose and packed
	d.Git("tag", "light")
	d.Git("branch", "-D", "-q", "old")
	d.Git("notes", "add", "-m", "note")
	d.Git("update-ref", "refs/remotes/origin/main", "HEAD~1")
	d.Git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	d.Git("symbolic-ref", "refs/remotes/gone/HEAD", "refs/remotes/gone/main")
	for i := range 3 {
		d.Write("f", fmt.Sprintf("stash %d\n", i))
		d.Git("stash", "-q")
	}
	d.Git("worktree", "add", "-q", "-b", "side", "../w1")
	top.Sub("w1").Commit("g", "side\n")
	d.Git("worktree", "add", "-q", "--detach", "../w2")
	top.Sub("w2").Commit("g", "detached\n")
	top.Sub("w2").Git("update-ref", "refs/bisect/bad", "HEAD")
	d.Git("update-ref", "refs/bisect/good", "HEAD")
	return d
}

func TestRefs(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			d := manyRefs(t, "--object-format="+format)
			for _, tt := range []struct {
				path   string
				others []string // not below refs/, and what git calls them
			}{
				{".", []string{"HEAD", "stash@{1}", "stash@{2}", "worktrees/w1/HEAD", "worktrees/w2/HEAD", "worktrees/w2/refs/bisect/bad"}},
				{"../w1", []string{"HEAD", "main-worktree/HEAD", "main-worktree/refs/bisect/good", "stash@{1}", "stash@{2}", "worktrees/w2/HEAD", "worktrees/w2/refs/bisect/bad"}},
			} {
				at := d.Sub(tt.path)
				r, err := repo.Open(at.Path)
				if err != nil {
					t.Fatal(err)
				}
				checkRefs(t, r)
				refs, _ := r.Refs()
				got := map[string]string{}
				for _, ref := range refs {
					if !strings.HasPrefix(ref.Name, "refs/") {
						got[ref.Name] = ref.ID.String()
					}
				}
				want := map[string]string{}
				for _, name := range tt.others {
					want[name] = at.Git("rev-parse", "--verify", name)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s", tt.path, diff)
				}
			}
		})
	}
}

// The way that reftable repositories are read gives the same refs.
func TestRefsFromGit(t *testing.T) {
	d := manyRefs(t)
	for _, path := range []string{".", "../w1"} {
		r, err := repo.Open(d.Sub(path).Path)
		if err != nil {
			t.Fatal(err)
		}
		native, _ := r.Refs()
		nativeHead, _ := r.Head()
		r.Reftable = true
		fromGit, problems := r.Refs()
		if len(problems) > 0 {
			t.Error(problems)
		}
		drop := func(refs []repo.Ref) (out []repo.Ref) {
			for _, ref := range refs {
				if !strings.Contains(ref.Name, "worktree/refs/") && !strings.Contains(ref.Name, "worktrees/w2/refs/") {
					out = append(out, ref) // private refs of other work trees are not listed by git
				}
			}
			return out
		}
		if diff := cmp.Diff(drop(native), drop(fromGit)); diff != "" {
			t.Error(diff)
		}
		if head, ok := r.Head(); !ok || head != nativeHead {
			t.Errorf("HEAD is %v, want %v", head, nativeHead)
		}
		store, reader := openStore(t, r)
		for _, rev := range []string{"main~1", "v1^{}", "stash@{2}", "origin", "HEAD"} {
			id, err := r.Resolve(store, reader, rev)
			if want := d.Sub(path).Git("rev-parse", rev); err != nil || id.String() != want {
				t.Errorf("%s is %v %v, want %s", rev, id, err, want)
			}
		}
		if id, err := r.Resolve(store, reader, "--all"); err == nil {
			t.Errorf("--all is %v", id)
		}
	}
}

func TestReftableNote(t *testing.T) {
	d := gittest.Init(t)
	d.Write(".git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nrefStorage = reftable\n")
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Reftable || len(r.Notes()) != 1 || !strings.Contains(r.Notes()[0], "reftable") {
		t.Errorf("reftable %t, notes %q", r.Reftable, r.Notes())
	}
}

func TestBrokenRefs(t *testing.T) {
	d := gittest.Init(t)
	good := d.Commit("f", "1\n")
	d.Git("branch", "packed")
	d.Git("pack-refs", "--all")
	broken := map[string]string{
		"refs/heads/empty":      "",
		"refs/heads/text":       "a secret\n",
		"refs/heads/short":      good[:39] + "\n",
		"refs/heads/long":       good + "0\n",
		"refs/heads/null":       strings.Repeat("0", 40) + "\n",
		"refs/heads/packed":     "broken\n", // the packed value does not count
		"refs/heads/bad..name":  good + "\n",
		"refs/heads/outside":    "ref: ../../../../etc/passwd\n",
		"refs/heads/loop1":      "ref: refs/heads/loop2\n",
		"refs/heads/loop2":      "ref: refs/heads/loop1\n",
		"refs/heads/to-nothing": "ref: refs/heads/nothing\n",
		"refs/heads/.hidden":    "x",
		"refs/heads/x.lock":     "",
	}
	for name, content := range broken {
		d.Write(".git/"+name, content)
	}
	symlink(t, "..", filepath.Join(d.Path, ".git/refs/heads/up"))
	symlink(t, "/etc/passwd", filepath.Join(d.Path, ".git/refs/heads/passwd"))
	packed := filepath.Join(d.Path, ".git/packed-refs")
	data, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "not a ref\n"+good+"\n"+good+" refs/heads/sp ace\n"+good+" refs/heads/fine\n"...)
	if err := os.WriteFile(packed, data, 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	refs, problems := r.Refs()
	var names, troubles []string
	for _, ref := range refs {
		names = append(names, ref.Name)
	}
	for _, p := range problems {
		troubles = append(troubles, p.What)
		if strings.Contains(p.Detail, "secret") || strings.Contains(p.Detail, "root") {
			t.Errorf("%s: content in %q", p.What, p.Detail)
		}
	}
	if diff := cmp.Diff([]string{"HEAD", "refs/heads/fine", "refs/heads/main"}, names); diff != "" {
		t.Error(diff)
	}
	want := []string{"packed-refs"}
	for _, name := range []string{"bad..name", "empty", "long", "loop1", "loop2", "null", "outside", "packed", "passwd", "short", "text"} {
		want = append(want, "refs/heads/"+name)
	}
	if diff := cmp.Diff(want, troubles); diff != "" {
		t.Error(diff)
	}

	d.Write(".git/HEAD", "ref: refs/heads/loop1\n")
	if _, err := r.CurrentRef(); err == nil || strings.Contains(err.Error(), repo.ErrNoRef.Error()) {
		t.Errorf("HEAD in a circle: %v", err)
	}
}

func TestResolve(t *testing.T) {
	d := manyRefs(t)
	d.Git("checkout", "-q", "-b", "other", "HEAD~1")
	d.Commit("h", "other\n")
	d.Git("merge", "-q", "-m", "merge", "main")
	d.Commit("i", "after\n")
	d.Git("tag", "-a", "-m", "nested", "nested", "v1")
	d.Git("tag", "main", "v1") // ambiguous: a tag comes before a branch
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	store, reader := openStore(t, r)
	head := d.Git("rev-parse", "HEAD")
	good := []string{
		"HEAD", "@", "other", "refs/heads/other", "heads/other", "v1", "tags/v1", "main", "light", "nested", "origin", "origin/main",
		"stash", "stash@{0}", "stash@{1}", "refs/stash@{2}", "HEAD@{0}", "HEAD@{2}", "@{1}", "other@{1}", "ORIG_HEAD",
		"worktrees/w2/HEAD", "main-worktree/HEAD", "feature/one",
		head, strings.ToUpper(head), head[:12], head[:7], strings.ToUpper(head[:9]), "v1-4-g" + head[:8], "x-g" + head + "~1",
		"HEAD~", "HEAD~1", "HEAD~0", "HEAD^", "HEAD^0", "HEAD^^2", "HEAD~1^2~1", "HEAD~^1", "@~2", "HEAD^{}", "HEAD^{tree}", "HEAD^{commit}", "HEAD^{object}",
		"v1^{}", "v1^{tag}", "v1^{commit}", "v1^0", "v1^{tree}", "nested^{}", "nested^{commit}~0", "stash@{1}^2", "stash^{tree}",
		"HEAD^{tree}^{tree}", "HEAD^^^{tree}",
	}
	for _, rev := range good {
		want, err := d.Try("", "rev-parse", "--verify", rev)
		if err != nil {
			t.Errorf("git: %v", err)
			continue
		}
		got, err := r.Resolve(store, reader, rev)
		if err != nil || got.String() != strings.TrimSpace(want) {
			t.Errorf("Resolve(%q) = %v, %v; want %s", rev, got, err, want)
		}
	}
	bad := map[string]string{
		"":                                       "is empty",
		"nope":                                   "neither a ref nor",
		"con":                                    "neither a ref nor",
		"config":                                 "neither a ref nor", // a file beside HEAD
		"../config":                              "neither a ref nor",
		"HEAD:f":                                 "want a commit",
		":/fix":                                  "want a commit",
		"HEAD~99":                                "has 0 parents",
		"HEAD^3":                                 "has 1 parents",
		"HEAD^{blob}":                            "is a commit, not a blob",
		"HEAD^{tree}~1":                          "is a tree, not a commit",
		"HEAD^{/fix}":                            "not understood",
		"HEAD^{tree":                             "without",
		"HEAD^@":                                 "not understood",
		"HEAD~99999999999999999999":              "not a number",
		"main@{upstream}":                        "not supported",
		"@{-1}":                                  "not supported",
		"HEAD@{yesterday}":                       "not supported",
		"stash@{9}":                              "has 3 entries",
		"nope@{0}":                               "no such ref",
		strings.Repeat("12", 20):                 "is absent",
		strings.Repeat("0", 7):                   "neither a ref nor",
		"--output=x":                             "neither a ref nor",
		"refs/remotes/gone/HEAD":                 "neither a ref nor",
		d.Git("rev-parse", "HEAD:f")[:10] + "~1": "is a blob",
	}
	for rev, want := range bad {
		if id, err := r.Resolve(store, reader, rev); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Resolve(%q) = %v, %v; want an error with %q", rev, id, err, want)
		}
	}
	if id, err := r.ResolveCommit(store, reader, "v1"); err != nil || id.String() != d.Git("rev-parse", "v1^{commit}") {
		t.Errorf("ResolveCommit(v1) = %v, %v", id, err)
	}
}

// An abbreviation that several objects share is taken for the only commit among them, where a commit is
// meant.
func TestResolveAmbiguous(t *testing.T) {
	d := gittest.Init(t)
	commit := d.Commit("f", "1\n")
	prefix := commit[:4]
	for i := 0; ; i++ {
		content := fmt.Sprint(i)
		if sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content)); strings.HasPrefix(hex.EncodeToString(sum[:]), prefix) {
			d.In(content, "hash-object", "-w", "--stdin")
			break
		}
	}
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	store, reader := openStore(t, r)
	if id, err := r.Resolve(store, reader, prefix); err == nil || !strings.Contains(err.Error(), "2 objects") {
		t.Errorf("Resolve(%s) = %v, %v", prefix, id, err)
	}
	if id, err := r.ResolveCommit(store, reader, prefix); err != nil || id.String() != commit {
		t.Errorf("ResolveCommit(%s) = %v, %v", prefix, id, err)
	}
	if id, err := r.Resolve(store, reader, commit[:3]); err == nil {
		t.Errorf("three digits give %v", id)
	}
}

func TestEmptyRepository(t *testing.T) {
	d := gittest.Init(t)
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	refs, problems := r.Refs()
	if len(refs)+len(problems) > 0 {
		t.Error(refs, problems)
	}
	if _, ok := r.Head(); ok {
		t.Error("HEAD before the first commit")
	}
	store, reader := openStore(t, r)
	if _, err := r.Resolve(store, reader, "HEAD"); err == nil {
		t.Error("HEAD was resolved")
	}
}
