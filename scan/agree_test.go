package scan

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// TestSourcesAgree: whatever way one looks at a commit, the same secrets stand at the same paths.
//
//   - A checkout, scanned as files, has what the history says is alive in the commit's tree.
//   - The index of the commit, against its parents, brings what a range of this one commit brings.
func TestSourcesAgree(t *testing.T) {
	repositories := 10
	if testing.Short() {
		repositories = 3
	}
	engine := newEngine(t)
	for seed := range repositories {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			origin := gittest.Init(t, "--bare", fmt.Sprintf("--object-format=%s", []string{"sha1", "sha256"}[seed%2]))
			origin.In(changingTrees(uint64(seed)), "fast-import", "--quiet", "--depth=50")
			a := newAgreement(t, origin.Path, engine)
			commits := strings.Fields(a.work.Git("rev-list", "--topo-order", "HEAD"))
			for i, c := range commits {
				if i%2 == 0 || i == len(commits)-1 {
					a.check(c)
				}
			}
			if a.alive < 20 || a.brought < 5 {
				t.Errorf("%d alive, %d brought: the repository tests nothing", a.alive, a.brought)
			}
		})
	}
}

// TestSourcesAgreeOnRealRepositories checks the last commits of the repositories that
// STRAYKEY_TEST_REPOS lists.
func TestSourcesAgreeOnRealRepositories(t *testing.T) {
	list := filepath.SplitList(os.Getenv("STRAYKEY_TEST_REPOS"))
	if len(list) == 0 {
		t.Skip("STRAYKEY_TEST_REPOS lists no repositories")
	}
	engine := newEngine(t)
	for _, origin := range list {
		t.Run(origin, func(t *testing.T) {
			a := newAgreement(t, origin, engine)
			a.incomplete = t.Logf // a mirror may lack objects
			for _, c := range strings.Fields(a.work.Git("rev-list", "--first-parent", "-n", "5", "HEAD")) {
				a.check(c)
			}
			t.Logf("%d findings alive in the commits, %d brought by them", a.alive, a.brought)
		})
	}
}

// agreement is a clone in which one commit after the other is looked at in every way.
type agreement struct {
	t      *testing.T
	work   gittest.Dir
	engine *detect.Engine

	incomplete func(format string, args ...any) // what to do about it

	alive, brought int // findings compared so far
}

// newAgreement clones a repository. The clone has no refs but HEAD's branch, and writes files byte for
// byte: info/attributes goes before whatever the repository asks git to convert.
func newAgreement(t *testing.T, origin string, engine *detect.Engine) *agreement {
	t.Helper()
	d := gittest.New(t)
	d.Git("clone", "-q", "--shared", "--no-checkout", "--no-tags", "-c", "core.autocrlf=false", origin, "work")
	d = d.Sub("work")
	tip, refs := d.Git("rev-parse", "HEAD"), d.Git("for-each-ref", "--format=%(refname)")
	for ref := range strings.FieldsSeq(refs) {
		d.Git("update-ref", "--no-deref", "-d", ref)
	}
	d.Git("symbolic-ref", "HEAD", "refs/heads/tested")
	d.Git("update-ref", "HEAD", tip)
	d.Write(".git/info/attributes", "* -text -eol -ident -filter -working-tree-encoding\n")
	return &agreement{t: t, work: d, engine: engine, incomplete: t.Errorf}
}

// check compares the ways to look at a commit.
func (a *agreement) check(commit string) {
	a.t.Helper()
	parents := strings.Fields(a.work.Git("rev-list", "--no-walk", "--parents", commit))[1:]
	a.work.Git("update-ref", "refs/heads/tested", commit)
	a.work.Git("reset", "-q", "--hard")

	files := a.findings(nil, func(b *correlate.Builder, o Options) (*Result, error) {
		return Files(context.Background(), a.work.Path, b, o)
	})
	alive := func(o correlate.Occurrence) bool { return o.Kind == "blob" && o.InHead }
	history := a.findings(alive, func(b *correlate.Builder, o Options) (*Result, error) {
		return History(context.Background(), a.open(), b, o)
	})
	if diff := cmp.Diff(history, files); diff != "" {
		a.t.Errorf("%s: -alive in history +in files:\n%s", commit, diff)
	}

	changed := a.findings(nil, func(b *correlate.Builder, o Options) (*Result, error) {
		return Range(context.Background(), a.open(), []string{commit}, b, o)
	})
	a.uncommit(parents)
	staged := a.findings(nil, func(b *correlate.Builder, o Options) (*Result, error) {
		return Staged(context.Background(), a.open(), "", b, o)
	})
	if diff := cmp.Diff(changed, staged, cmpopts.EquateEmpty()); diff != "" {
		a.t.Errorf("%s: -range +staged:\n%s", commit, diff)
	}
	a.alive += len(files)
	a.brought += len(staged)
}

// uncommit takes the repository back to where the commit was about to be made.
func (a *agreement) uncommit(parents []string) {
	if len(parents) == 0 {
		a.work.Git("update-ref", "-d", "refs/heads/tested")
		return
	}
	a.work.Git("update-ref", "refs/heads/tested", parents[0])
	if len(parents) > 1 { // git reset removes it again
		a.work.Write(".git/MERGE_HEAD", strings.Join(parents[1:], "\n")+"\n")
	}
}

func (a *agreement) open() *repo.Repo {
	r, err := repo.Open(a.work.Path)
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

// findings scans, and returns family, fingerprint, whether allowed, and path of those occurrences that
// are wanted; nil: of all. Fingerprints stand for the secrets: those of real repositories have no place in
// the output of a test. The family stands for the rule: a finding names the rule of its first
// place, which in history may be another than today's.
func (a *agreement) findings(want func(correlate.Occurrence) bool, scan func(*correlate.Builder, Options) (*Result, error)) []string {
	a.t.Helper()
	o := Options{Engine: a.engine, Coverage: &source.Coverage{}, Jobs: 2, MaxSize: 64 << 20, NoMessages: true}
	var b correlate.Builder
	if _, err := scan(&b, o); err != nil {
		a.t.Fatal(err)
	}
	if !o.Coverage.Complete() {
		a.incomplete("incomplete: %v", o.Coverage.Problems())
	}
	found, allowed, err := b.Findings(context.Background(), nil, 2)
	if err != nil {
		a.t.Fatal(err)
	}
	var out []string
	for _, f := range slices.Concat(found, allowed) {
		family := f.Rule.Family
		if family == "" {
			family = f.Rule.ID
		}
		for _, at := range f.Occurrences {
			if want == nil || want(at) {
				out = append(out, fmt.Sprintf("%s %s %t %s", family, f.Fingerprint, f.Allowed != "", at.Path))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// node is an entry of a tree: a file, a symbolic link with its target, or a submodule.
type node struct{ mode, content string }

const (
	plainMode  = "100644"
	linkMode   = "120000"
	moduleMode = "160000"
)

// changingTrees is a fast-import stream of commits whose trees change in every way that a tree can.
func changingTrees(seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 12))
	hexLen := []int{40, 64}[seed%2]
	m := &treeMaker{r: r, keys: &tokens{r}, module: strings.Repeat("1", hexLen)}
	trees := []map[string]node{{}}
	var b strings.Builder
	for n := 1; n <= 40; n++ {
		fmt.Fprintf(&b, "commit refs/heads/main\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 1\nm\n", n, 1_700_000_000+n*60)
		from := 0
		if n > 1 {
			from = max(1, n-1-r.IntN(3))
			fmt.Fprintf(&b, "from :%d\n", from)
		}
		tree := maps.Clone(trees[from])
		if other := n - 1 - r.IntN(4); n > 4 && other != from && r.IntN(3) == 0 {
			fmt.Fprintf(&b, "merge :%d\n", other)
			m.merge(tree, trees[other])
		}
		for range 1 + r.IntN(4) {
			m.change(tree)
		}
		trees = append(trees, tree)
		b.WriteString("deleteall\n")
		for _, p := range slices.Sorted(maps.Keys(tree)) {
			if f := tree[p]; f.mode == moduleMode {
				fmt.Fprintf(&b, "M %s %s %s\n", f.mode, f.content, p)
			} else {
				fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", f.mode, p, len(f.content), f.content)
			}
		}
	}
	return b.String()
}

type treeMaker struct {
	r      *rand.Rand
	keys   *tokens
	module string // some commit that is not there
}

func (m *treeMaker) pick(from []string) string { return from[m.r.IntN(len(from))] }

// path returns some path, near the others; "ignored" is on the engine's allowlist.
func (m *treeMaker) path() string {
	p := m.pick([]string{"a", "b", "ab.txt", "a.b", "c d.env", "é.yml", "x.u16"})
	for range m.r.IntN(3) {
		p = m.pick([]string{"a", "b", "src", "ignored", "a.b", "vendor"}) + "/" + p
	}
	return p
}

// put puts a node into a tree. What stands in its way, as a file cannot be a directory too, goes.
func put(tree map[string]node, p string, f node) {
	maps.DeleteFunc(tree, func(q string, _ node) bool { return strings.HasPrefix(q, p+"/") || strings.HasPrefix(p, q+"/") })
	tree[p] = f
}

// merge takes some of another tree.
func (m *treeMaker) merge(tree, other map[string]node) {
	for _, p := range slices.Sorted(maps.Keys(other)) {
		if m.r.IntN(2) == 0 {
			put(tree, p, other[p])
		}
	}
}

// change changes a tree in one way.
func (m *treeMaker) change(tree map[string]node) {
	var old string
	var f node
	if len(tree) > 0 {
		old = m.pick(slices.Sorted(maps.Keys(tree)))
		f = tree[old]
	}
	switch m.r.IntN(14) {
	case 0, 1, 2:
		put(tree, m.path(), node{plainMode, m.text()})
	case 3, 4, 5:
		if f.mode == plainMode {
			tree[old] = node{f.mode, edit(m.r, f.content+"\n", m.keys)}
		}
	case 6: // copy
		if f.mode != "" {
			put(tree, m.path(), f)
		}
	case 7: // rename, the directory if there is one
		dir := path.Dir(old)
		to := m.pick([]string{"moved", "ignored", "src/ignored"})
		for _, p := range slices.Sorted(maps.Keys(tree)) {
			if p == old || dir != "." && strings.HasPrefix(p, dir+"/") {
				moved := tree[p]
				delete(tree, p)
				put(tree, to+"/"+path.Base(p), moved)
			}
		}
	case 8:
		delete(tree, old)
	case 9:
		put(tree, m.path(), node{linkMode, m.pick([]string{"a", "../b", "https://x:" + m.keys.next() + "@example.com/", m.keys.next()})})
	case 10:
		put(tree, m.path(), node{moduleMode, m.module})
	case 11:
		put(tree, m.pick([]string{"", "a/", "src/"})+".gitignore", node{plainMode, m.pick([]string{"*\n", "ignored/\n!a\n", "*.txt\n/a\n", "src\nvendor\n"})})
	case 12:
		put(tree, m.pick([]string{"", "src/"})+".gitattributes", node{plainMode, m.pick([]string{
			"* text eol=crlf\n", "*.txt export-ignore\n* ident\n", "*.u16 text working-tree-encoding=UTF-16LE-BOM\n", "* binary\n",
		})})
	case 13:
		if f.mode == plainMode {
			tree[old] = node{[]string{"100755", plainMode}[m.r.IntN(2)], "$Id$\n" + f.content}
		}
	}
}

// text returns the content of a new file.
func (m *treeMaker) text() string {
	key := m.keys.next()
	return m.pick([]string{
		"nothing here\n",
		"token = \"" + key + "\"\n",
		"one\r\ntwo " + key + "\r\n",
		"x = '" + key + "' # straykey:allow in tests\n",
		"# straykey:allow\nkey: " + key + "\nother: " + m.keys.next() + "\n",
		utf16LE("\uFEFF$token = '" + key + "'\r\n"),
		"\x00\x01" + key + "\x00",
		"password = \"" + forge.Chars(m.r, "abcdefghjkmnpqrstuvwxyz23456789", 24) + "\"\n",
		zipped("conf/app.env", "A=1\nTOKEN="+key+"\n", "b.txt", "other: "+m.keys.next(), "c d.env", "a name"),
		gzipped(zipped("x", key)),
		"data: " + base64.StdEncoding.EncodeToString([]byte("the token is "+key+"\n")) + "\n" +
			"db_password: " + base64.StdEncoding.EncodeToString([]byte(key[len(key)-9:]+"#!")) + "\n",
		`{"t": "\u003d` + strings.ReplaceAll(key, "_", `\u005f`) + `"}`,
		"postgres://app:" + forge.Chars(m.r, "abcdefghjkmnpqrstuvwxyz23456789", 20) + "@db.internal:5432/app\n",
	})
}

// zipped is a zip archive of members, each a name and its text.
func zipped(members ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		if m, err := w.Create(members[i]); err == nil {
			_, _ = m.Write([]byte(members[i+1]))
		}
	}
	_ = w.Close()
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}
