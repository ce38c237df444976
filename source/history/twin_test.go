package history

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/source/pack"
)

// script writes a random repository in the language of git fast-import.
type script struct {
	strings.Builder
	rnd   *rand.Rand
	marks int
	blobs []int // marks, by content
	heads []scrHead
}

type scrHead struct {
	ref   string
	mark  int
	time  int
	files map[string]string // path to "mode mark"
}

const contents = 24 // different blobs; every other one has a label

var places = []string{
	"a", "b", "k.env", "dir/a", "dir/b", "dir/k.env", "dir/sub/a", "dir/sub/deep/er/a", "dir.txt", "dir-x/a", "dir0", "e/dir/sub/a",
	"e/dir/a", "sub/a", "skip/a", "skip/dir/a", "zz/a", "zz/skip",
}

func newScript(seed uint64) *script {
	s := &script{rnd: rand.New(rand.NewPCG(seed, 0))}
	for i := range contents {
		s.marks++
		s.blobs = append(s.blobs, s.marks)
		text := blobText(i)
		fmt.Fprintf(s, "blob\nmark :%d\ndata %d\n%s\n", s.marks, len(text), text)
	}
	return s
}

func blobText(i int) string { return fmt.Sprintf("content %d\n", i) }

func (s *script) chance(percent int) bool { return s.rnd.IntN(100) < percent }

// commits adds commits on new branches, on old ones, and merges.
func (s *script) commits(n int) {
	for i := range n {
		var h scrHead
		var parents []int
		switch {
		case len(s.heads) == 0 || s.chance(6): // a root
			h = scrHead{ref: fmt.Sprintf("refs/heads/b%d", i), time: 1_000_000 + s.rnd.IntN(5000), files: map[string]string{}}
			for j := range s.rnd.IntN(60) {
				h.files[fmt.Sprintf("dir/filler%d", j)] = s.file(0)
				h.files[fmt.Sprintf("pad%d.txt", j)] = s.file(0)
			}
		default:
			old := &s.heads[s.rnd.IntN(len(s.heads))]
			h = *old
			h.files = map[string]string{}
			for path, file := range old.files {
				h.files[path] = file
			}
			parents = append(parents, old.mark)
			if s.chance(25) {
				h.ref = fmt.Sprintf("refs/heads/b%d", i)
			}
		}
		if s.chance(30) && len(parents) > 0 {
			for range 1 + s.rnd.IntN(3) {
				other := s.heads[s.rnd.IntN(len(s.heads))]
				if slices.Contains(parents, other.mark) {
					continue
				}
				parents = append(parents, other.mark)
				for _, path := range slices.Sorted(maps.Keys(other.files)) {
					if s.chance(50) {
						h.put(path, other.files[path])
					}
				}
			}
		}
		if s.chance(85) {
			s.edit(h)
		}
		h.time += []int{0, 1, 60, 1000, -500}[s.rnd.IntN(5)]
		s.marks++
		h.mark = s.marks
		s.commit(h, parents)
		i := slices.IndexFunc(s.heads, func(o scrHead) bool { return o.ref == h.ref })
		if i < 0 {
			s.heads = append(s.heads, h)
		} else {
			s.heads[i] = h
		}
	}
}

// file returns a random file; content from some number on.
func (s *script) file(from int) string {
	mode := []string{"100644", "100644", "100755", "120000"}[s.rnd.IntN(4)]
	i := from + s.rnd.IntN(contents-from)
	if from == 0 {
		i = i / 2 * 2 // no label
	}
	return fmt.Sprintf("%s :%d", mode, s.blobs[i])
}

func (s *script) edit(h scrHead) {
	for range 1 + s.rnd.IntN(4) {
		path := places[s.rnd.IntN(len(places))]
		var paths []string
		for p := range h.files {
			paths = append(paths, p)
		}
		slices.Sort(paths)
		switch s.rnd.IntN(7) {
		case 0, 1, 2:
			h.put(path, s.file(1))
		case 3:
			delete(h.files, path)
		case 4: // rename or copy
			if len(paths) > 0 {
				from := paths[s.rnd.IntN(len(paths))]
				file := h.files[from]
				if s.chance(50) {
					delete(h.files, from)
				}
				h.put(path, file)
			}
		case 5: // a submodule
			h.put("module", "160000 "+gitBlobID(fmt.Sprint(s.rnd.Int())))
		case 6: // a file where a directory is, or the other way round
			h.put("dir", s.file(1))
		}
	}
}

// put puts a file at a path, and removes what cannot be there at the same time.
func (h scrHead) put(path, file string) {
	for p := range h.files {
		if strings.HasPrefix(p, path+"/") || strings.HasPrefix(path, p+"/") {
			delete(h.files, p)
		}
	}
	h.files[path] = file
}

func (s *script) commit(h scrHead, parents []int) {
	fmt.Fprintf(s, "commit %s\nmark :%d\ncommitter a <a@b> %d +0000\ndata 1\nm\n", h.ref, h.mark, h.time)
	for i, p := range parents {
		fmt.Fprintf(s, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], p)
	}
	s.WriteString("deleteall\n")
	var paths []string
	for p := range h.files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		fmt.Fprintf(s, "M %s %s\n", h.files[p], p)
	}
	s.WriteByte('\n')
}

// refs adds tags and deletes some branches.
func (s *script) refs() {
	for i, h := range s.heads {
		if s.chance(20) {
			fmt.Fprintf(s, "tag t%d\nfrom :%d\ntagger a <a@b> 1 +0000\ndata 1\nm\n", i, h.mark)
		}
		if s.chance(10) {
			fmt.Fprintf(s, "reset refs/tags/light%d\nfrom :%d\n\n", i, 1+contents+s.rnd.IntN(s.marks-contents))
		}
	}
	for _, h := range s.heads {
		if s.chance(30) {
			fmt.Fprintf(s, "reset %s\nfrom %s\n\n", h.ref, strings.Repeat("0", 40))
		}
	}
}

// generate makes a random repository and labels for it.
func generate(t testing.TB, seed uint64) (Repo, Query) {
	t.Helper()
	r := newTestRepo(t)
	s := newScript(seed)
	s.commits(5 + s.rnd.IntN(60))
	s.refs()
	loose := s.chance(30)
	limit := "0"
	if loose {
		limit = "100000"
	}
	r.git(s.String(), "-c", "fastimport.unpackLimit="+limit, "fast-import", "--quiet", "--force")
	s.extras(r)
	if !loose {
		r.git("", "repack", "-adfkq", "--depth=50", "--window=50")
	}
	heads := strings.Fields(r.git("", "for-each-ref", "--format=%(refname)", "refs/heads"))
	if len(heads) > 0 && s.chance(90) {
		r.git("", "symbolic-ref", "HEAD", heads[s.rnd.IntN(len(heads))])
	}
	repo := r.open()
	return repo, s.query(t, repo)
}

// extras adds what fast-import cannot: tags of trees, blobs and tags, trees and blobs that nothing leads to.
func (s *script) extras(r *testRepo) {
	b := func() string { return gitBlobID(blobText(s.rnd.IntN(contents))) }
	inner := r.tree(line{"100644", "a", b()}, line{"100644", "q", b()})
	outer := r.tree(line{"100644", "b", b()}, line{"40000", "in", inner}, line{"100644", "x", b()})
	if s.chance(30) {
		r.git("", "update-ref", "refs/tags/tree", outer)
	}
	if s.chance(30) {
		r.git("", "update-ref", "refs/tags/blob", b())
	}
	if s.chance(30) {
		typ, id := "tree", inner
		if s.chance(50) {
			typ, id = "blob", b()
		}
		tag := r.put("tag", fmt.Sprintf("object %s\ntype %s\ntag x\ntagger a <a@b> 1 +0000\n\nm\n", id, typ))
		tag = r.put("tag", fmt.Sprintf("object %s\ntype tag\ntag y\ntagger a <a@b> 1 +0000\n\nm\n", tag))
		r.git("", "update-ref", "refs/tags/nested", tag)
	}
	if s.chance(30) { // an old tree, tagged
		if ref := r.git("", "for-each-ref", "--count=1", "--format=%(objectname)", "refs/heads"); ref != "" {
			r.git("", "update-ref", "refs/tags/root", ref+"^{tree}")
		}
	}
}

func gitBlobID(text string) string { return objectID("blob", text) }

// query labels every other blob.
func (s *script) query(t testing.TB, r Repo) Query {
	q := Query{Labels: map[pack.Num]uint32{}, MaxRefs: 3, Resolve: testResolve}
	for i := 1; i < contents; i += 2 {
		if n, ok := r.Store.Find(parseID(t, gitBlobID(blobText(i)))); ok {
			q.Labels[n] = uint32(i)%5 + 1
		}
	}
	if s.marks%3 == 0 {
		q.Named, q.Plain = func(name string) bool { return name == "k.env" || name == "skip" }, 6
	}
	switch s.rnd.IntN(6) {
	case 0:
		q.Filter.Tips = []pack.ID{}
		for range s.rnd.IntN(3) {
			q.Filter.Tips = append(q.Filter.Tips, r.Store.ID(pack.Num(s.rnd.IntN(r.Store.Len()))))
		}
	case 1:
		q.Filter.NoUnreachable = true
	case 2:
		q.Filter.Since = time.Unix(1_000_000+int64(s.rnd.IntN(6000)), 0)
	}
	return q
}

// testResolve is a Resolve with credentials that several labels share and that depend on the path.
func testResolve(label uint32, path string) []uint32 {
	creds := [][]uint32{nil, {1}, {1, 2}, {2, 3, 4}, {4}, {5}, nil}[label]
	if strings.HasSuffix(path, "k.env") {
		creds = append(slices.Clone(creds), 6)
	}
	if strings.Contains(path, "skip") {
		creds = slices.DeleteFunc(slices.Clone(creds), func(c uint32) bool { return c%2 == 0 })
	}
	return creds
}

// TestTwins compares Attribute with Naive over random repositories.
func TestTwins(t *testing.T) {
	n := uint64(60)
	if testing.Short() {
		n = 10
	}
	total, plain := 0, 0
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r, q := generate(t, seed)
			for _, p := range compareTwins(t, r, q).Places {
				total++
				if p.First != NoCommit && q.Labels[p.Blob] == 0 {
					plain++
				}
			}
		})
	}
	if total == 0 || plain == 0 {
		t.Errorf("%d places, %d of them for the name alone: the repositories test nothing", total, plain)
	}
}

// compareTwins fails the test if the twins differ. It returns what they agree on.
func compareTwins(t testing.TB, r Repo, q Query) Result {
	t.Helper()
	resolve := q.Resolve
	q.Resolve = onceOnly(t, resolve)
	fast, err := Attribute(context.Background(), graphOf(t, r), q)
	if err != nil {
		t.Fatal(err)
	}
	q.Resolve = onceOnly(t, resolve)
	slow, err := Naive(context.Background(), r, q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slow, fast); diff != "" {
		t.Fatalf("Attribute differs from Naive (-naive +attribute):\n%s", diff)
	}
	return fast
}

// onceOnly fails the test if a label is resolved twice at a path.
func onceOnly(t testing.TB, resolve func(uint32, string) []uint32) func(uint32, string) []uint32 {
	type at struct {
		label uint32
		path  string
	}
	seen := map[at]bool{}
	return func(label uint32, path string) []uint32 {
		if seen[at{label, path}] {
			t.Errorf("label %d is resolved twice at %q", label, path)
		}
		seen[at{label, path}] = true
		return resolve(label, path)
	}
}
