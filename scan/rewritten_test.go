package scan

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// TestRewritten edits files at random and compares what a scan says was written again with the added lines that git shows:
// of the whole history, of all commits as ranges, of the index and of the work tree.
func TestRewritten(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			e := newEditor(t, seed)
			for range 25 {
				e.step()
			}
			o := newOptions(t)
			o.NoMessages, o.Rewritten = true, true
			scan := func(name string, want []string, scan func(*repo.Repo, *correlate.Builder) (*Result, error)) {
				r, err := repo.Open(e.dir.Path)
				if err != nil {
					t.Fatal(err)
				}
				var b correlate.Builder
				if _, err := scan(r, &b); err != nil {
					t.Fatal(err)
				}
				found, _, err := b.Findings(t.Context(), nil, 2)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, writtenPlaces(found)); diff != "" {
					t.Errorf("%s: -git +straykey:\n%s", name, diff)
				}
			}
			log := []string{"-U0", "-p", "--full-history", "--format=commit %H", "--no-renames"}
			scan("history", addedKeys(t, e.dir.Git(append([]string{"log", "--all"}, log...)...)), func(r *repo.Repo, b *correlate.Builder) (*Result, error) {
				return History(t.Context(), r, b, o)
			})
			scan("commits", addedKeys(t, e.dir.Git(append([]string{"log", "--all"}, log...)...)), func(r *repo.Repo, b *correlate.Builder) (*Result, error) {
				return Range(t.Context(), r, strings.Fields(e.dir.Git("rev-list", "--all")), b, o)
			})
			e.edit()
			e.dir.Git("add", "-A")
			scan("staged", addedKeys(t, e.dir.Git("diff", "--cached", "-U0")), func(r *repo.Repo, b *correlate.Builder) (*Result, error) {
				return Staged(t.Context(), r, "", b, o)
			})
			e.edit()
			scan("unstaged", addedKeys(t, e.dir.Git("diff", "-U0")), func(r *repo.Repo, b *correlate.Builder) (*Result, error) {
				return Unstaged(t.Context(), r, "", b, o)
			})
		})
	}
}

// editor changes the files of a repository. No two lines of a file are the same, so that there is one way to compare them.
type editor struct {
	dir   gittest.Dir
	r     *rand.Rand
	keys  []string
	files map[string][]string
	lines int
}

func newEditor(t *testing.T, seed uint64) *editor {
	e := &editor{dir: gittest.Init(t), r: rand.New(rand.NewPCG(seed, 5)), files: map[string][]string{}}
	keys := newTokens(t.Name())
	for range 3 {
		e.keys = append(e.keys, keys.next())
	}
	e.dir.Commit("README", "nothing\n")
	return e
}

// step commits a change, in one of four cases on a branch that is merged then.
func (e *editor) step() {
	if e.r.IntN(4) > 0 {
		e.edit()
		e.dir.Commit()
		return
	}
	main := e.files["a.txt"]
	e.dir.Git("checkout", "-q", "-b", fmt.Sprint("b", e.lines))
	e.change("a.txt")
	e.dir.Commit()
	side := e.files["a.txt"]
	e.dir.Git("checkout", "-q", "main")
	e.files["a.txt"] = main
	e.change("dir/b.txt")
	e.dir.Commit()
	e.dir.Git("merge", "-q", "--no-edit", "-")
	e.files["a.txt"] = side
}

func (e *editor) edit() {
	e.change([]string{"a.txt", "dir/b.txt"}[e.r.IntN(2)])
}

// change inserts, changes and removes lines of a file, or writes it anew.
func (e *editor) change(path string) {
	lines := slices.Clone(e.files[path])
	if e.r.IntN(8) == 0 {
		lines = nil
	}
	for range 1 + e.r.IntN(4) {
		e.lines++
		line := fmt.Sprintf("line %d", e.lines)
		if e.r.IntN(2) == 0 {
			line = fmt.Sprintf("key%d = %s", e.lines, e.keys[e.r.IntN(len(e.keys))])
		}
		at := e.r.IntN(len(lines) + 1)
		switch {
		case at < len(lines) && e.r.IntN(3) == 0:
			lines = slices.Delete(lines, at, at+1)
		case at < len(lines) && e.r.IntN(3) == 0:
			lines[at] += fmt.Sprintf(" # %d", e.lines)
		default:
			lines = slices.Insert(lines, at, line)
		}
	}
	e.lines++
	lines = append(lines, fmt.Sprintf("end %d", e.lines))
	e.files[path] = lines
	e.dir.Write(path, strings.Join(lines, "\n")+"\n")
}

var (
	hunkHead = regexp.MustCompile(`^@@ -\S+ \+(\d+)`)
	keyLine  = regexp.MustCompile(`^\+.*(ghp_\w+)`)
)

// addedKeys reads what git log or git diff prints, and returns the keys on added lines.
func addedKeys(t *testing.T, diff string) []string {
	t.Helper()
	var out []string
	commit, path, line := "", "", 0
	for text := range strings.Lines(diff) {
		text = strings.TrimSuffix(text, "\n")
		if id, ok := strings.CutPrefix(text, "commit "); ok {
			commit = id
			continue
		}
		if name, ok := strings.CutPrefix(text, "+++ b/"); ok {
			path = name
			continue
		}
		if m := hunkHead.FindStringSubmatch(text); m != nil {
			line, _ = strconv.Atoi(m[1])
			continue
		}
		if m := keyLine.FindStringSubmatch(text); m != nil {
			out = append(out, fmt.Sprintf("%s %s:%d %s", commit, path, line, m[1][:8]))
		}
		if strings.HasPrefix(text, "+") {
			line++
		}
	}
	slices.Sort(out)
	return out
}

func writtenPlaces(found []correlate.Finding) []string {
	var out []string
	for _, f := range found {
		for _, o := range f.Occurrences {
			commit := ""
			if o.First != nil {
				commit = o.First.ID
			}
			out = append(out, fmt.Sprintf("%s %s:%d %s", commit, o.Path, o.Line, f.Secret[:8]))
		}
	}
	slices.Sort(out)
	return out
}
