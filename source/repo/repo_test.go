package repo_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// Each layout is built below a fresh directory; paths are relative to it.
func TestOpenLayouts(t *testing.T) {
	commit := func(d gittest.Dir) gittest.Dir { d.Commit("a/b/file", "text\n"); return d }
	initIn := func(d gittest.Dir, args ...string) gittest.Dir {
		d.Git(append([]string{"init", "-q", "-b", "main"}, args...)...)
		return commit(d)
	}
	tests := []struct {
		name                     string
		build                    func(d gittest.Dir)
		open                     repo.Options
		gitDir, common, worktree string // common empty: as gitDir; worktree "-": bare
		hashLen                  int    // 0: 20
	}{
		{"work tree", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r"}, "r/.git", "", "r", 0},
		{"sub-directory", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r/a/b"}, "r/.git", "", "r", 0},
		{"file", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r/a/b/file"}, "r/.git", "", "r", 0},
		{"git directory", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r/.git"}, "r/.git", "", "r", 0},
		{"below the git directory", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r/.git/refs/heads"}, "r/.git", "", "r", 0},
		{"symbolic link into it", func(d gittest.Dir) {
			initIn(d.Sub("r"))
			symlink(t, "r/a", filepath.Join(d.Path, "link"))
		}, repo.Options{Path: "link"}, "r/.git", "", "r", 0},
		{"bare", func(d gittest.Dir) {
			initIn(d.Sub("r"))
			d.Git("clone", "-q", "--bare", "r", "b.git")
		}, repo.Options{Path: "b.git"}, "b.git", "", "-", 0},
		{"bare called .git", func(d gittest.Dir) { d.Git("init", "-q", "--bare", "r/.git") }, repo.Options{Path: "r"}, "r/.git", "", "-", 0},
		{"separate git directory", func(d gittest.Dir) { initIn(d.Sub("r"), "--separate-git-dir=../elsewhere") }, repo.Options{Path: "r"}, "elsewhere", "", "r", 0},
		{"core.worktree", func(d gittest.Dir) {
			initIn(d.Sub("r"))
			d.Sub("other")
			d.Sub("r").Git("config", "core.worktree", "../../other")
		}, repo.Options{Path: "r/.git"}, "r/.git", "", "other", 0},
		{
			"linked work tree", func(d gittest.Dir) { initIn(d.Sub("r")).Git("worktree", "add", "-q", "../w") },
			repo.Options{Path: "w/a"},
			"r/.git/worktrees/w", "r/.git", "w", 0,
		},
		{
			"git directory of a linked work tree", func(d gittest.Dir) { initIn(d.Sub("r")).Git("worktree", "add", "-q", "../w") },
			repo.Options{Path: "r/.git/worktrees/w"},
			"r/.git/worktrees/w", "r/.git", "w", 0,
		},
		{"linked work tree of a bare repository", func(d gittest.Dir) {
			initIn(d.Sub("r"))
			d.Git("clone", "-q", "--bare", "r", "b.git")
			d.Sub("b.git").Git("worktree", "add", "-q", "../w", "main")
		}, repo.Options{Path: "w"}, "b.git/worktrees/w", "b.git", "w", 0},
		{"submodule", func(d gittest.Dir) {
			initIn(d.Sub("lib"))
			initIn(d.Sub("r")).Git("submodule", "--quiet", "add", "../lib", "sub")
		}, repo.Options{Path: "r/sub/a"}, "r/.git/modules/sub", "", "r/sub", 0},
		{"work tree with a submodule", func(d gittest.Dir) {
			initIn(d.Sub("lib"))
			initIn(d.Sub("r")).Git("submodule", "--quiet", "add", "../lib", "sub")
		}, repo.Options{Path: "r"}, "r/.git", "", "r", 0},
		{
			"sparse checkout has extensions.worktreeConfig", func(d gittest.Dir) { initIn(d.Sub("r")).Git("sparse-checkout", "set", "a") },
			repo.Options{Path: "r"},
			"r/.git", "", "r", 0,
		},
		{"extensions.preciousObjects", func(d gittest.Dir) {
			r := initIn(d.Sub("r"))
			r.Git("config", "core.repositoryFormatVersion", "1")
			r.Git("config", "extensions.preciousObjects", "true")
		}, repo.Options{Path: "r"}, "r/.git", "", "r", 0},
		{"sha256", func(d gittest.Dir) { initIn(d.Sub("r"), "--object-format=sha256") }, repo.Options{Path: "r"}, "r/.git", "", "r", 32},
		{"empty .git directory in between", func(d gittest.Dir) { initIn(d.Sub("r")).Sub("a/.git") }, repo.Options{Path: "r/a"}, "r/.git", "", "r", 0},
		{"before the first commit", func(d gittest.Dir) { d.Git("init", "-q", "r") }, repo.Options{Path: "r"}, "r/.git", "", "r", 0},
		{"HEAD as a symbolic link", func(d gittest.Dir) {
			r := initIn(d.Sub("r"))
			head := filepath.Join(r.Path, ".git/HEAD")
			if err := os.Remove(head); err != nil {
				t.Fatal(err)
			}
			symlink(t, "refs/heads/main", head)
		}, repo.Options{Path: "r"}, "r/.git", "", "r", 0},
		{"GIT_DIR", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{Path: "r/a", GitDir: "../.git"}, "r/.git", "", "r", 0},
		{"GIT_DIR and GIT_WORK_TREE", func(d gittest.Dir) { initIn(d.Sub("r")) }, repo.Options{GitDir: "r/.git", WorkTree: "w"}, "r/.git", "", "w", 0},
		{
			"GIT_DIR that is a .git file", func(d gittest.Dir) { initIn(d.Sub("r")).Git("worktree", "add", "-q", "../w") },
			repo.Options{Path: "w", GitDir: ".git"},
			"r/.git/worktrees/w", "r/.git", "w", 0,
		},
		{
			"GIT_COMMON_DIR", func(d gittest.Dir) { initIn(d.Sub("r")).Git("worktree", "add", "-q", "../w") },
			repo.Options{Path: "w", GitDir: ".git", CommonDir: "../r/.git"},
			"r/.git/worktrees/w", "r/.git", "w", 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := gittest.New(t)
			tt.build(d)
			tt.open.Path = filepath.Join(d.Path, tt.open.Path)
			if tt.open.WorkTree != "" {
				tt.open.WorkTree = filepath.Join(d.Path, tt.open.WorkTree)
			}
			if tt.name == "GIT_DIR and GIT_WORK_TREE" {
				tt.open.GitDir = filepath.Join(d.Path, tt.open.GitDir)
			}
			r, err := repo.OpenWith(tt.open)
			if err != nil {
				t.Fatal(err)
			}
			if tt.common == "" {
				tt.common = tt.gitDir
			}
			rel := func(path string) string {
				if path == "" {
					return "-"
				}
				rel, err := filepath.Rel(d.Path, path)
				if err != nil {
					t.Fatal(err)
				}
				return filepath.ToSlash(rel)
			}
			got := []string{rel(r.GitDir), rel(r.CommonDir), rel(r.WorkTree)}
			if diff := cmp.Diff([]string{tt.gitDir, tt.common, tt.worktree}, got); diff != "" {
				t.Error(diff)
			}
			if want := max(tt.hashLen, 20); r.HashLen != want {
				t.Errorf("HashLen = %d, want %d", r.HashLen, want)
			}
			if len(r.Notes()) > 0 || r.Promisor || r.Shallow != nil {
				t.Errorf("notes %q, promisor %t, shallow %v", r.Notes(), r.Promisor, r.Shallow)
			}
			checkRefs(t, r)
		})
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct {
		name  string
		build func(d gittest.Dir)
		want  string
	}{
		{"nothing", func(gittest.Dir) {}, repo.ErrNotRepository.Error()},
		{"no such directory", func(d gittest.Dir) { os.Remove(d.Path) }, "no such file"},
		{".git file to nowhere", func(d gittest.Dir) { d.Write(".git", "gitdir: ../nowhere\n") }, repo.ErrNotRepository.Error()},
		{".git file of another kind", func(d gittest.Dir) { d.Write(".git", "a secret\n") }, `want a line "gitdir: PATH"`},
		{"unknown extension", func(d gittest.Dir) {
			d.Git("init", "-q")
			d.Git("config", "core.repositoryFormatVersion", "1")
			d.Git("config", "extensions.futureThing", "true")
		}, `"futurething"`},
		{"unknown version", func(d gittest.Dir) {
			d.Git("init", "-q")
			d.Git("config", "core.repositoryFormatVersion", "2")
		}, "version 2"},
		{"unknown hash", func(d gittest.Dir) {
			d.Git("init", "-q")
			d.Write(".git/config", "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectformat = md5\n")
		}, `"md5"`},
		{"configuration is no configuration", func(d gittest.Dir) {
			d.Git("init", "-q")
			d.Write(".git/config", "a secret\n")
		}, "configuration"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := gittest.New(t)
			d = d.Sub("r")
			tt.build(d)
			_, err := repo.Open(d.Path)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := repo.Open(t.TempDir()); !errors.Is(err, repo.ErrNotRepository) {
		t.Errorf("error %v, want ErrNotRepository", err)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name, config string
		bare         bool
		promisor     bool
	}{
		{"plain", "[core]\n\tbare = false\n", false, false},
		{"bare without a value", "[core]\n\tbare\n", true, false},
		{"last one counts", "[core]\nbare = true\n[CORE]\nBare = no\n", false, false},
		{"promisor remote", "[remote \"origin\"]\n\tpromisor = true\n", false, true},
		{"filter of a partial clone", "[remote \"o.x\"]\n\tpartialclonefilter = blob:none\n", false, true},
		{"extension of a partial clone", "[extensions]\n\tpartialClone = origin\n", false, true},
		{"includes are not followed", "[include]\n\tpath = evil\n", false, false},
		{"byte order mark, CRLF", "\xef\xbb\xbf[core]\r\n\tbare = true\r\n", true, false},
		{"key on the line of the section", "[core] bare = true\n", true, false},
		{"odd values", "[alias]\n\tx = \"!f() { echo \\\"a;b\\\" # c; }; f\"\n\ty = a \\\n  b\n[url \"ssh://[::1]/\"]\n\tinsteadOf = x\n[a \"b\\\"c\"]\nd-e = 1\n", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := gittest.Init(t)
			d.Write(".git/config", tt.config)
			d.Write(".git/evil", "[core]\nbare = true\n[extensions]\nevil = true\n")
			r, err := repo.Open(d.Path)
			if err != nil {
				t.Fatal(err)
			}
			if bare := r.WorkTree == ""; bare != tt.bare || r.Promisor != tt.promisor {
				t.Errorf("bare %t, promisor %t", bare, r.Promisor)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	d := gittest.Init(t)
	d.Git("remote", "add", "fork", "https://git.acme.com/fork.git")
	d.Git("remote", "add", "origin", "https://git.acme.com/shop.git")
	d.Git("remote", "set-url", "--add", "origin", "https://mirror.acme.com/shop.git")
	r, err := repo.Open(d.Path)
	if err != nil || r.Origin != "https://git.acme.com/shop.git" {
		t.Errorf("%q, %v", r.Origin, err)
	}
}

func TestShallowAndPartialClones(t *testing.T) {
	d := gittest.New(t)
	src := d.Sub("src")
	src.Git("init", "-q", "-b", "main")
	src.Git("config", "uploadpack.allowFilter", "true")
	src.Commit("a", "1\n")
	boundary := src.Commit("a", "2\n")
	src.Commit("a", "3\n")

	d.Git("clone", "-q", "--depth=2", "file://"+src.Path, "shallow")
	r, err := repo.Open(d.Sub("shallow").Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]pack.ID{gittest.ID(t, boundary)}, r.Shallow); diff != "" {
		t.Error(diff)
	}
	if !r.IsShallow(gittest.ID(t, boundary)) || r.Promisor {
		t.Error("not shallow, or partial")
	}
	store, reader := openStore(t, r)
	if _, err := r.Resolve(store, reader, "HEAD~2"); err == nil || !strings.Contains(err.Error(), "shallow clone") {
		t.Errorf("HEAD~2: %v", err)
	}

	d.Git("clone", "-q", "--filter=blob:none", "file://"+src.Path, "partial")
	if r, err = repo.Open(d.Sub("partial").Path); err != nil {
		t.Fatal(err)
	}
	if !r.Promisor || len(r.PromisorPacks) == 0 || !strings.HasSuffix(r.PromisorPacks[0], ".pack") || r.Shallow != nil {
		t.Errorf("promisor %t, packs %q, shallow %v", r.Promisor, r.PromisorPacks, r.Shallow)
	}
}

func openStore(t testing.TB, r *repo.Repo) (*pack.Store, *pack.Reader) {
	t.Helper()
	store, err := pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store, store.NewReader()
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
}
