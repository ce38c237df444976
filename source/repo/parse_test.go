package repo

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/pack"
)

var (
	hexA = strings.Repeat("a1", 20)
	hexB = strings.Repeat("b2", 20)
)

func TestParsePackedRefs(t *testing.T) {
	data := "# pack-refs with: peeled fully-peeled sorted \n" + hexA + " refs/heads/a\n" + hexB + " refs/tags/t\r\n^" + hexA + "\n" + hexA + " refs/heads/last"
	var got []string
	if err := parsePackedRefs([]byte(data), 20, func(name string, id pack.ID) { got = append(got, name+" "+id.String()) }); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"refs/heads/a " + hexA, "refs/tags/t " + hexB, "refs/heads/last " + hexA}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindPackedRef(t *testing.T) {
	data := "# pack-refs with: peeled fully-peeled sorted \n" + hexA + " refs/heads/ab\n" + hexB + " refs/heads/a\n" + hexA + " refs/tags/a"
	for name, want := range map[string]string{
		"refs/heads/ab": hexA, "refs/heads/a": hexB, "refs/tags/a": hexA, "refs/heads/b": "", "heads/a": "", "peeled": "", "refs/tags/": "", "a": "",
	} {
		id, err := findPackedRef([]byte(data), 20, name)
		if id.String() != want || (err == nil) != (want != "") {
			t.Errorf("%s is %v, %v", name, id, err)
		}
	}
}

func FuzzPackedRefs(f *testing.F) {
	f.Add([]byte("# pack-refs with: peeled\n"+hexA+" refs/heads/a\n^"+hexB+"\n"), false)
	f.Add([]byte(hexA+hexA[:24]+" refs/heads/a\n"), true)
	f.Add([]byte(hexA+" ../x\n\n\r"), false)
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		_ = parsePackedRefs(data, hashLen, func(name string, id pack.ID) {
			if !validRefName(name) || len(id) != hashLen || !bytes.Contains(data, []byte(name)) {
				t.Fatalf("ref %q %v", name, id)
			}
			if found, err := findPackedRef(data, hashLen, name); err != nil || len(found) != hashLen {
				t.Fatalf("%q is found as %v, %v", name, found, err)
			}
			if path := filepath.Join("/top", filepath.FromSlash(name)); !strings.HasPrefix(path, "/top/") {
				t.Fatalf("ref %q leaves its directory", name)
			}
		})
		ids, _ := parseReflog(data, hashLen)
		for _, id := range ids {
			if len(id) != hashLen {
				t.Fatalf("reflog entry %v", id)
			}
		}
	})
}

// parseConfig reads what git reads, and refuses what git refuses.
func TestParseConfigAgreesWithGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs the git program")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	parts := []string{
		"[core]", "[a.B]", "[A \"s.S\"]", "[x \"a\\\"b\\\\c\"]", "[b", "[", "]", "\n", "\n", "\n", "\r\n", " ", "\t", "key", "Key-2", "_", "1", "=", " = ", "= ",
		"value", "\"", "\"quoted ;#\"", "\\n", "\\t", "\\\\", "\\\"", "\\x", "\\\n", "; c", "# c", "true", "\n[s]\n", "\nk = v\n", "\nk\n", "\xff",
	}
	file := filepath.Join(t.TempDir(), "config")
	accepted := 0
	for range 400 {
		text := "[core]\n"
		for range rnd.IntN(8) {
			text += parts[rnd.IntN(len(parts))]
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("git", "config", "--file", file, "--null", "--list")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
		want, gitErr := cmd.Output()
		opts, err := parseConfig([]byte(text))
		if (err != nil) != (gitErr != nil) {
			t.Errorf("%q: %v, git: %v", text, err, gitErr)
		}
		if err != nil || gitErr != nil {
			continue
		}
		accepted++
		var got strings.Builder
		for _, o := range opts {
			got.WriteString(o.section)
			if o.sub != "" {
				got.WriteString("." + o.sub)
			}
			got.WriteString("." + o.key)
			if !o.bare {
				got.WriteString("\n" + o.value)
			}
			got.WriteByte(0)
		}
		if got.String() != string(want) {
			t.Errorf("%q: %q, git: %q", text, got.String(), want)
		}
	}
	if accepted < 50 {
		t.Errorf("only %d files were accepted", accepted)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"))
	f.Add([]byte("[remote \"o\\\"x\"]\n\tpromisor\n; c\n[a.b] # c\nd = \"e\\n\" \\\n f\n"))
	f.Add([]byte("[a]\nb = \"\\x\"\n[a \"\"]\nc=\\"))
	f.Fuzz(func(t *testing.T, data []byte) {
		opts, err := parseConfig(data)
		if err != nil {
			return
		}
		c := config{}
		for _, o := range opts {
			if o.key == "" || o.key != strings.ToLower(o.key) {
				t.Fatalf("option %+v", o)
			}
			_ = c.set(o)
		}
	})
}

// validRefName agrees with git check-ref-format.
func TestValidRefName(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs the git program")
	}
	for _, name := range []string{
		"refs/heads/a", "HEAD", "@", "refs/@", "a@", "a@{b", "a{", "refs/heads/-a", "a/.b", ".a", "a.", "a./b", "a..b", "a.lock", "a.lock/b", "a.lockb", "a//b", "/a", "a/",
		"a b", "a\tb", "a\x7fb", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a]b", `a\b`, "ä/ö", "a\xffb", "",
	} {
		want := exec.Command("git", "check-ref-format", "--allow-onelevel", name).Run() == nil
		if got := validRefName(name); got != want {
			t.Errorf("validRefName(%q) = %t", name, got)
		}
	}
}

// A hostile configuration makes plain git run programs; not so through Repo.Git.
func TestGitIsIsolated(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs the git program")
	}
	dir := t.TempDir()
	marker := filepath.Join(dir, "marker")
	script := filepath.Join(dir, "evil.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho ran >>'"+marker+"'\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	work := filepath.Join(dir, "r")
	plain := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = work
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@x", "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@x",
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	if err := os.Mkdir(work, 0o777); err != nil {
		t.Fatal(err)
	}
	plain("init", "-q")
	if err := os.WriteFile(filepath.Join(work, "f"), []byte("text\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	plain("add", ".")
	plain("commit", "-q", "-m", "one")
	for key, value := range map[string]string{
		"core.fsmonitor": script, "core.pager": script, "pager.ls-files": script, "core.sshCommand": script, "core.editor": script,
		"core.hooksPath": dir, "diff.external": script, "core.gitProxy": script, "core.alternateRefsCommand": script, "gpg.program": script,
		"log.showSignature": "true", "remote.o.url": "ext::" + script, "remote.o.promisor": "true", "protocol.ext.allow": "always",
		"extensions.partialClone": "o", "core.repositoryFormatVersion": "1", "alias.ls-files": "!" + script,
	} {
		plain("config", key, value)
	}
	for _, hook := range []string{"post-index-change", "reference-transaction"} {
		if err := os.WriteFile(filepath.Join(dir, hook), []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	plain("status", "--short")
	if _, err := os.Stat(marker); err != nil {
		t.Fatal("the test is of no use: plain git does not run the program either")
	}
	if err := os.Remove(marker); err != nil {
		t.Fatal(err)
	}

	r, err := Open(work)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, args := range [][]string{
		{"ls-files", "--unmerged", "-z"},
		{"ls-files", "--modified", "-z"},
		{"diff-index", "--cached", "--raw", "-z", "-r", "HEAD"},
		{"for-each-ref", "--format=%(objectname) %(refname)"},
		{"rev-parse", "--verify", "HEAD"},
		{"rev-list", "-g", "HEAD"},
		{"symbolic-ref", "HEAD"},
		{"config", "--list"},
	} {
		if out, err := r.Git(ctx, "", args...); err != nil || len(out) == 0 && args[0] != "ls-files" && args[0] != "diff-index" {
			t.Errorf("git %s: %q, %v", args, out, err)
		}
	}
	// An absent object of this "partial clone" is not fetched.
	if out, err := r.Git(ctx, "", "cat-file", "-p", hexA); err == nil {
		t.Errorf("cat-file gives %q", out)
	}
	if out, err := os.ReadFile(marker); err == nil {
		t.Errorf("programs of the repository ran: %q", out)
	}
}
