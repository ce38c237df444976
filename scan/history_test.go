package scan

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// newEngine compiles the built-in rules, with an allowlist on a path as teams have them.
func newEngine(t testing.TB) *detect.Engine {
	t.Helper()
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	set.Allowlists = append(set.Allowlists, rules.Allowlist{Paths: []string{`^ignored/`}})
	set.Rules = append(set.Rules,
		&rules.Rule{ID: "test-file", Path: `(?:^|/)(?:c d\.env|vendor/[^/]*b)$`},
		&rules.Rule{ID: "test-near", Regex: `line (?:of|on)`, Required: []rules.Required{{ID: "github-pat-classic", WithinLines: new(1)}}, Pair: []string{"github-pat-classic"}},
	)
	e, err := detect.New(set, detect.Options{Reported: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newOptions(t testing.TB) Options {
	return Options{Engine: newEngine(t), Coverage: &source.Coverage{}, Jobs: 2, MaxSize: 64 << 20}
}

// tokens hands out GitHub tokens with valid checksums.
type tokens struct{ r *rand.Rand }

func newTokens(seed string) *tokens { return &tokens{forge.New(seed)} }

func (k *tokens) next() string { return forge.GitHub(k.r, "ghp"+"_") }

// planted is a key and where the scan must say that it stands.
type planted struct {
	name   string
	secret string
	want   string // kind path:line:column commit flags, as placeOf writes it
}

func placeOf(o correlate.Occurrence) string {
	first, flags := "-", ""
	if o.First != nil {
		first = o.First.ID[:12]
	}
	if o.InHead {
		flags += " head"
	}
	if !o.Reachable {
		flags += " unreachable"
	}
	return fmt.Sprintf("%s %s:%d:%d %s%s", o.Kind, o.Path, o.Line, o.Column, first, flags)
}

// plant builds a repository with one key in each place that other scanners miss.
func plant(t *testing.T) (gittest.Dir, []planted) {
	t.Helper()
	d := gittest.Init(t)
	keys := newTokens(t.Name())
	var all []planted
	short := func(rev string) string { return d.Git("rev-parse", rev)[:12] }
	add := func(name, secret, want string, args ...any) {
		all = append(all, planted{name, secret, fmt.Sprintf(want, args...)})
	}
	first := d.Commit("README", "hello\n", "main.go", "package main\n", "tests/data.txt", "x\n")

	merge := keys.next()
	d.Git("checkout", "-q", "-b", "side")
	d.Commit("side.txt", "side\n")
	d.Git("checkout", "-q", "main")
	d.Commit("main.txt", "main\n")
	d.Git("merge", "-q", "--no-commit", "--no-ff", "side")
	d.Write("main.go", "package main\n\nvar token = \""+merge+"\"\n")
	d.Git("add", "-A")
	d.Git("commit", "-q", "-m", "merge side")
	add("merge resolution", merge, "blob main.go:3:14 %s head", short("HEAD"))

	copied := keys.next()
	c := d.Commit("original.txt", "k="+copied+"\n")
	add("original of a copy", copied, "blob original.txt:1:3 %s head", c[:12])
	c = d.Commit("copy.txt", "k="+copied+"\n")
	add("copied file", copied, "blob copy.txt:1:3 %s head", c[:12])

	renamed := keys.next()
	d.Commit("ignored/lib.js", "// lib\nconst k = '"+renamed+"'\n")
	d.Write("src/.keep", "")
	d.Git("mv", "ignored/lib.js", "src/lib.js")
	c = d.Commit()
	add("renamed out of an ignored directory", renamed, "blob src/lib.js:2:12 %s head", c[:12])

	typechange := keys.next()
	if err := os.Symlink("README", filepath.Join(d.Path, "link")); err != nil {
		t.Fatal(err)
	}
	d.Commit()
	if err := os.Remove(filepath.Join(d.Path, "link")); err != nil {
		t.Fatal(err)
	}
	c = d.Commit("link", "\n"+typechange+"\n")
	add("symlink that became a file", typechange, "blob link:2:1 %s head", c[:12])

	nodiff, binary := keys.next(), keys.next()
	d.Write(".gitattributes", "*.nodiff -diff\n*.bin binary\n")
	c = d.Commit("a.nodiff", "a\n"+nodiff, "b.bin", "\x00\x01\x02"+binary+"\x00\n")
	add("-diff attribute", nodiff, "blob a.nodiff:2:1 %s head", c[:12])
	add("binary attribute", binary, "blob b.bin:1:4 %s head", c[:12])

	wide := keys.next()
	c = d.Commit("utf16.ps1", utf16LE("\uFEFF# script\r\n$token = '"+wide+"'\r\n"))
	add("UTF-16", wide, "blob utf16.ps1:2:11 %s head", c[:12])

	deleted := keys.next()
	c = d.Commit("gone.env", "A=1\nTOKEN="+deleted+"\n")
	if err := os.Remove(filepath.Join(d.Path, "gone.env")); err != nil {
		t.Fatal(err)
	}
	d.Commit()
	add("deleted file", deleted, "blob gone.env:2:7 %s", c[:12])

	neighbour := keys.next()
	d.Write("sub.env", "S="+neighbour+"\n")
	d.Git("add", "sub.env")
	d.Git("update-index", "--add", "--cacheinfo", "160000,"+first+",submodule")
	d.Git("commit", "-q", "-m", "submodule")
	add("beside a submodule", neighbour, "blob sub.env:1:3 %s head", short("HEAD"))

	message := keys.next()
	d.Git("commit", "-q", "--allow-empty", "-m", "subject\n\nbody with "+message)
	add("commit message", message, "commit :3:11 %s head", short("HEAD"))
	tag := keys.next()
	d.Git("tag", "-a", "v1", "-m", "release\nkey "+tag)
	add("tag message", tag, "tag :2:5 %s", short("v1"))
	note := keys.next()
	d.Git("notes", "add", "-m", "see "+note, "HEAD")
	add("note", note, "blob %s:1:5 %s", d.Git("rev-parse", "HEAD"), short("refs/notes/commits"))

	amended := keys.next()
	c = d.Commit("amend.txt", amended+"\n")
	d.Write("amend.txt", "clean\n")
	d.Git("add", "-A")
	d.Git("commit", "-q", "--amend", "-m", "clean")
	add("amended commit", amended, "blob amend.txt:1:1 %s unreachable", c[:12])

	orphan := keys.next()
	d.Git("checkout", "-q", "--orphan", "lonely")
	d.Git("rm", "-rfq", ".")
	c = d.Commit("lonely.txt", "\n\n"+orphan+"\n")
	add("orphan branch", orphan, "blob lonely.txt:3:1 %s", c[:12])
	d.Git("checkout", "-qf", "main")

	dangling := keys.next()
	id := d.In("x "+dangling+"\n", "hash-object", "-w", "--stdin")
	add("dangling blob", dangling, "blob :1:3 - unreachable")
	_ = id

	indexPart, untracked := keys.next(), keys.next()
	d.Write("main.txt", "main\n"+indexPart+"\n")
	d.Git("add", "main.txt")
	d.Write("main.txt", "main\nother\n")
	d.Write("untracked.txt", untracked+"\n")
	d.Git("stash", "-q", "--include-untracked")
	add("stash, index part", indexPart, "blob main.txt:2:1 %s", short("stash^2"))
	add("stash, untracked part", untracked, "blob untracked.txt:1:1 %s", short("stash^3"))
	return d, all
}

func utf16LE(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// scanHistory scans the repository at path and returns the findings.
func scanHistory(t testing.TB, path string, o Options) []correlate.Finding {
	t.Helper()
	r, err := repo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var b correlate.Builder
	if _, err := History(context.Background(), r, &b, o); err != nil {
		t.Fatal(err)
	}
	found, _, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func placesBySecret(found []correlate.Finding) map[string][]string {
	out := map[string][]string{}
	for _, f := range found {
		for _, o := range f.Occurrences {
			out[f.Secret] = append(out[f.Secret], placeOf(o))
		}
	}
	return out
}

// TestHistoryFindsEveryPlace plants a key in each place where others miss one, and scans the
// repository loose, packed, packed as tightly as git can, and through an alternate.
func TestHistoryFindsEveryPlace(t *testing.T) {
	origin, keys := plant(t)
	layouts := map[string]func(t *testing.T, dir gittest.Dir) string{
		"loose": func(_ *testing.T, d gittest.Dir) string { return d.Path },
		"gc":    func(_ *testing.T, d gittest.Dir) string { d.Git("gc", "-q", "--aggressive"); return d.Path },
		"repack": func(_ *testing.T, d gittest.Dir) string {
			d.Git("repack", "-q", "-Adf", "--depth=250")
			return d.Path
		},
		"alternate": func(t *testing.T, d gittest.Dir) string {
			shared := gittest.Init(t)
			shared.Write(".git/objects/info/alternates", filepath.Join(d.Path, ".git", "objects")+"\n")
			for _, f := range []string{"packed-refs", "HEAD", "refs", "logs"} {
				copyTree(t, filepath.Join(d.Path, ".git", f), filepath.Join(shared.Path, ".git", f))
			}
			return shared.Path
		},
	}
	for name, layout := range layouts {
		for _, full := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/full=%v", name, full), func(t *testing.T) {
				d := gittest.New(t)
				copyTree(t, origin.Path, d.Path)
				o := newOptions(t)
				o.Full = full
				got := placesBySecret(scanHistory(t, layout(t, d), o))
				for _, k := range keys {
					if !slices.Contains(got[k.secret], k.want) {
						t.Errorf("%s: want %q, have %q", k.name, k.want, got[k.secret])
					}
				}
				if !o.Coverage.Complete() {
					t.Errorf("incomplete: %v", o.Coverage.Problems())
				}
			})
		}
	}
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	if _, err := os.Stat(from); err != nil {
		return
	}
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v: %s", err, out)
	}
}

// TestMissingObject removes a blob: the run goes on, names it and is incomplete.
func TestMissingObject(t *testing.T) {
	d := gittest.Init(t)
	keys := newTokens(t.Name())
	kept, lost := keys.next(), keys.next()
	d.Commit("kept.txt", kept+"\n", "lost.txt", lost+"\n")
	id := d.Git("rev-parse", "HEAD:lost.txt")
	if err := os.Remove(filepath.Join(d.Path, ".git", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	for _, full := range []bool{false, true} {
		o := newOptions(t)
		o.Full = full
		found := placesBySecret(scanHistory(t, d.Path, o))
		if len(found[kept]) != 1 {
			t.Errorf("full=%v: the other key is not found: %v", full, found)
		}
		if o.Coverage.Complete() {
			t.Errorf("full=%v: complete without the object", full)
		}
		var named bool
		for _, p := range o.Coverage.Problems() {
			named = named || p.What == id && p.Reason == source.Absent
		}
		if !named {
			t.Errorf("full=%v: %s is not named in %v", full, id, o.Coverage.Problems())
		}
	}
}

// TestMissingFileOfPathRule removes a blob whose name alone is a finding: without the blob it is none, and no harm comes of it.
func TestMissingFileOfPathRule(t *testing.T) {
	d := gittest.Init(t)
	d.Commit("vendor/b", "lost\n", "vendor/cb", "kept\n")
	id := d.Git("rev-parse", "HEAD:vendor/b")
	if err := os.Remove(filepath.Join(d.Path, ".git", "objects", id[:2], id[2:])); err != nil {
		t.Fatal(err)
	}
	for _, full := range []bool{false, true} {
		o := newOptions(t)
		o.Full = full
		found := scanHistory(t, d.Path, o)
		if len(found) != 1 || len(found[0].Occurrences) != 1 || found[0].Occurrences[0].Path != "vendor/cb" {
			t.Errorf("full=%v: found %v, want vendor/cb", full, describeFindings(found))
		}
		if o.Coverage.Complete() {
			t.Errorf("full=%v: complete without the object", full)
		}
	}
}

// describeFindings writes findings down completely, for comparison.
func describeFindings(found []correlate.Finding) []string {
	var out []string
	for _, f := range found {
		for _, o := range f.Occurrences {
			line := fmt.Sprintf("%s %s %s refs=%v/%d", f.Rule.ID, f.Fingerprint, placeOf(o), o.Refs, o.RefCount)
			for _, c := range []*correlate.Commit{o.Last, o.Removed} {
				if c != nil {
					line += " " + c.ID[:12]
				} else {
					line += " -"
				}
			}
			out = append(out, line)
		}
		for _, p := range f.Partners {
			out = append(out, fmt.Sprintf("  with %s %s %s %d %s:%s:%d:%d", p.Rule.ID, p.Fingerprint, p.Scope, p.Lines, p.Object, p.Path, p.Line, p.Column))
		}
	}
	return out
}

// TestEnginesAgree makes repositories whose files change around secrets in hostile ways, and
// compares the delta engine with its twin. STRAYKEY_TEST_REPOSITORIES says how many (12).
func TestEnginesAgree(t *testing.T) {
	repositories := 12
	if testing.Short() {
		repositories = 3
	}
	if n, err := strconv.Atoi(os.Getenv("STRAYKEY_TEST_REPOSITORIES")); err == nil {
		repositories = n
	}
	var found atomic.Int64
	t.Cleanup(func() {
		if n := found.Load(); n < int64(repositories)*3/4 {
			t.Errorf("something was found in %d of %d repositories only: they test little", n, repositories)
		}
	})
	for seed := range repositories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d := gittest.Init(t, "--bare")
			d.In(hostileHistory(uint64(seed)), "fast-import", "--quiet", "--depth=50")
			if seed%3 > 0 {
				d.Git("repack", "-q", "-adf", fmt.Sprintf("--depth=%d", 50*seed%3*5))
			}
			delta, full := newOptions(t), newOptions(t)
			full.Full = true
			want := describeFindings(scanHistory(t, d.Path, full))
			got := describeFindings(scanHistory(t, d.Path, delta))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-full +delta:\n%s", diff)
			}
			if len(want) > 0 {
				found.Add(1)
			}
			if diff := cmp.Diff(full.Coverage.Kinds(), delta.Coverage.Kinds()); diff != "" {
				t.Errorf("coverage: -full +delta:\n%s", diff)
			}
		})
	}
}

// TestTooLargeIsOfItsKind: both engines say what kind of object was too large, loose and packed, alone and as the end of deltas.
func TestTooLargeIsOfItsKind(t *testing.T) {
	d := gittest.Init(t)
	large := strings.Repeat("a line of a text that is too large\n", 100)
	for i := range 4 {
		d.Commit("large", fmt.Sprint(large, i), fmt.Sprint("small", i), "hello\n")
	}
	for _, stored := range []string{"loose", "packed"} {
		if stored == "packed" {
			d.Git("gc", "-q")
		}
		for _, isFull := range []bool{false, true} {
			o := newOptions(t)
			o.MaxSize, o.Full = 1000, isFull
			scanHistory(t, d.Path, o)
			want := []source.KindCount{
				{Kind: "blob", Found: 5, Scanned: 1, Skipped: 4, ScannedBytes: 6},
				{Kind: "commit", Found: 4, Scanned: 4, ScannedBytes: 28},
			}
			if diff := cmp.Diff(want, o.Coverage.Kinds()); diff != "" {
				t.Errorf("%s, full %v: -want +got\n%s", stored, isFull, diff)
			}
		}
	}
}

// hostileHistory is a fast-import stream of commits that edit three files around secrets: split, joined,
// shifted, shortened, duplicated, with other line ends, at the first and last byte, and on
// a very long line.
func hostileHistory(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 11))
	keys := &tokens{r}
	files := [4]string{"start\n", strings.Repeat("line of text\n", 50), strings.Repeat("minified;", 30_000), ""}
	var b strings.Builder
	for n := range 60 {
		i := r.IntN(4)
		if files[i] = edit(r, files[i], keys); i == 3 { // an archive, or what an edit makes of one
			files[i] = archiveOf(r, keys)
			if r.IntN(4) == 0 {
				files[i] = edit(r, files[i], keys)
			}
		}
		fmt.Fprintf(&b, "commit refs/heads/b%d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nm\n", r.IntN(3)*n%2, n+1, 1_700_000_000+n*60)
		if n > 0 {
			fmt.Fprintf(&b, "from :%d\n", 1+r.IntN(n))
			if r.IntN(6) == 0 {
				fmt.Fprintf(&b, "merge :%d\n", 1+r.IntN(n))
			}
		}
		fmt.Fprintf(&b, "M 100644 inline dir%d/file%d\ndata %d\n%s\n", r.IntN(2), i, len(files[i]), files[i])
	}
	return b.String()
}

func archiveOf(r *rand.Rand, keys *tokens) string {
	a := zipped("conf/app.env", "A=1\nTOKEN="+keys.next()+"\n", "b.txt", strings.Repeat("text\n", r.IntN(100)))
	switch r.IntN(4) {
	case 0:
		return gzipped(a)
	case 1:
		return zipped("a.zip", a, "c", keys.next(), "vendor/b", "a name")
	case 2:
		return sevenZipped("a.zip", a, "vendor/b", "a name", "c", keys.next())
	}
	return a
}

func edit(r *rand.Rand, text string, keys *tokens) string {
	at := r.IntN(len(text) + 1)
	key := keys.next()
	switch r.IntN(8) {
	case 0:
		key = "data: " + base64.StdEncoding.EncodeToString([]byte("the token is "+key+"\n")) + "\n"
	case 1:
		key = `\u003d` + strings.ReplaceAll(key, "_", `\u005f`)
	case 2:
		key = "data: " + base64.StdEncoding.EncodeToString([]byte(gzipped("the token is "+key+"\n"))) + "\n"
	}
	switch r.IntN(10) {
	case 0:
		return text[:at] + key + text[at:]
	case 1:
		return text[:at] + "\n" + key + "\n" + text[at:]
	case 2:
		return key + text
	case 3:
		return text + key
	case 4: // shorten
		end := min(len(text), at+r.IntN(60))
		return text[:at] + text[end:]
	case 5: // split what may be there
		return text[:at] + "\n" + text[at:]
	case 6: // duplicate a part
		end := min(len(text), at+r.IntN(300))
		return text[:end] + text[at:end] + text[end:]
	case 7:
		if len(text) < 4000 {
			return strings.ReplaceAll(text, "\n", "\r\n")
		}
		return text[:at] + " " + text[at:]
	case 8: // change one byte
		if at < len(text) {
			return text[:at] + "z" + text[at+1:]
		}
		return text + "end\n"
	default: // move a part
		end := min(len(text), at+r.IntN(500))
		return text[:at] + text[end:] + text[at:end]
	}
}
