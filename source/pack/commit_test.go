package pack_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/straykey/straykey/source/pack"
)

func TestParseCommit(t *testing.T) {
	id := func(c string, n int) (string, pack.ID) {
		hex := strings.Repeat(c, n)
		id, err := pack.ParseID(hex)
		if err != nil {
			t.Fatal(err)
		}
		return hex, id
	}
	treeHex, tree := id("a1", 20)
	p1Hex, p1 := id("b2", 20)
	p2Hex, p2 := id("c3", 20)
	longHex, long := id("d4", 32)
	const author = "author A <a@x> 5 +0000\n"
	tests := []struct {
		name, data string
		want       pack.CommitHeader
	}{
		{"root", "tree " + treeHex + "\n" + author + "committer C <c@x> 1700000000 +0100\n\nparent of all\n", pack.CommitHeader{Tree: tree, Time: 1700000000}},
		{
			"merge", "tree " + treeHex + "\nparent " + p1Hex + "\nparent " + p2Hex + "\n" + author + "committer C <c@x> 7 +0000\nencoding latin1\n\n",
			pack.CommitHeader{Tree: tree, Parents: []pack.ID{p1, p2}, Time: 7},
		},
		{"sha256", "tree " + longHex + "\nparent " + longHex + "\n" + author + "committer C <c@x> 7 +0000\n\n", pack.CommitHeader{Tree: long, Parents: []pack.ID{long}, Time: 7}},
		{"odd name", "tree " + treeHex + "\n" + author + "committer 9 > <> 8 <c> 7 +0000\n\n", pack.CommitHeader{Tree: tree, Time: 7}},
		{"no date", "tree " + treeHex + "\n" + author + "committer C <c@x>\n\n", pack.CommitHeader{Tree: tree}},
		{"date too large", "tree " + treeHex + "\n" + author + "committer C <c@x> 99999999999999999999 +0000\n\n", pack.CommitHeader{Tree: tree}},
		{"no committer", "tree " + treeHex + "\n" + author + "\ncommitter C <c@x> 7 +0000\n", pack.CommitHeader{Tree: tree}},
		{"nothing else", "tree " + treeHex, pack.CommitHeader{Tree: tree}},
	}
	for _, tt := range tests {
		got, err := pack.ParseCommit([]byte(tt.data))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
	for _, bad := range []string{"", "tree", "tree xyz\n", "object " + treeHex + "\n", "tree " + treeHex + "\nparent " + p1Hex[:38] + "\n"} {
		if c, err := pack.ParseCommit([]byte(bad)); err == nil {
			t.Errorf("ParseCommit(%q) = %v", bad, c)
		}
	}
}
