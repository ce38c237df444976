package pack_test

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/pack"
)

func treeEntry(mode, name string, fill byte, hashLen int) string {
	return mode + " " + name + "\x00" + strings.Repeat(string(fill), hashLen)
}

func TestTreeIter(t *testing.T) {
	for _, hashLen := range []int{20, 32} {
		data := treeEntry("100644", "a b", '1', hashLen) + treeEntry("40000", "dir", '2', hashLen) +
			treeEntry("120000", "link", '3', hashLen) + treeEntry("160000", "sub", '4', hashLen)
		it := pack.NewTreeIter([]byte(data), hashLen)
		var got []string
		for it.Next() {
			got = append(got, fmt.Sprintf("%o %s %c %d %t %t", it.Mode, it.Name, it.ID[0], len(it.ID), it.IsDir(), it.IsBlob()))
		}
		if it.Err() != nil {
			t.Error(it.Err())
		}
		want := []string{
			fmt.Sprintf("100644 a b 1 %d false true", hashLen), fmt.Sprintf("40000 dir 2 %d true false", hashLen),
			fmt.Sprintf("120000 link 3 %d false true", hashLen), fmt.Sprintf("160000 sub 4 %d false false", hashLen),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTreeIterMalformed(t *testing.T) {
	good := treeEntry("100644", "a", 'x', 20)
	for name, data := range map[string]string{
		"no mode":      " a\x00" + strings.Repeat("x", 20),
		"no space":     "100644",
		"not octal":    treeEntry("100944", "a", 'x', 20),
		"long mode":    treeEntry("01006440", "a", 'x', 20),
		"no name":      treeEntry("100644", "", 'x', 20),
		"no end":       "100644 a",
		"id cut short": good[:len(good)-1],
	} {
		it := pack.NewTreeIter([]byte(good+data), 20)
		n := 0
		for it.Next() {
			n++
		}
		if n != 1 || it.Err() == nil || it.Next() {
			t.Errorf("%s: %d entries, error %v", name, n, it.Err())
		}
	}
}

func TestCompareNames(t *testing.T) {
	type entry struct {
		name string
		dir  bool
	}
	entries := []entry{{"a", false}, {"a", true}, {"a-", false}, {"a.b", true}, {"a0", false}, {"ab", true}, {"b", false}}
	key := func(e entry) string {
		if e.dir {
			return e.name + "/"
		}
		return e.name
	}
	sort.Slice(entries, func(i, j int) bool { return key(entries[i]) < key(entries[j]) })
	sign := func(n int) int { return min(max(n, -1), 1) }
	for i, a := range entries {
		for j, b := range entries {
			if got := sign(pack.CompareNames([]byte(a.name), a.dir, []byte(b.name), b.dir)); got != sign(i-j) {
				t.Errorf("CompareNames(%q, %q) = %d", key(a), key(b), got)
			}
		}
	}
}

// What the iterator accepts is, written again, the same bytes.
func FuzzTreeIter(f *testing.F) {
	f.Add([]byte(treeEntry("100644", "a", 'x', 20)+treeEntry("40000", "b", 'y', 20)), false)
	f.Add([]byte(treeEntry("120000", "a", 'x', 32)), true)
	f.Add([]byte("100644 a"), false)
	f.Fuzz(func(t *testing.T, data []byte, sha256 bool) {
		hashLen := 20
		if sha256 {
			hashLen = 32
		}
		used := 0
		it := pack.NewTreeIter(data, hashLen)
		for it.Next() {
			if len(it.ID) != hashLen || len(it.Name) == 0 || bytes.IndexByte(it.Name, 0) >= 0 {
				t.Fatalf("entry %q %x", it.Name, it.ID)
			}
			rest := data[used:]
			end := bytes.IndexByte(rest, ' ') + 1 + len(it.Name) + 1 + hashLen
			if want := fmt.Sprintf("%o %s\x00%s", it.Mode, it.Name, it.ID); strings.TrimLeft(string(rest[:end]), "0") != strings.TrimLeft(want, "0") {
				t.Fatalf("%q became %q", rest[:end], want)
			}
			used += end
		}
		if it.Err() == nil && used != len(data) {
			t.Fatalf("%d of %d bytes read", used, len(data))
		}
	})
}
