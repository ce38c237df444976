package ci

import (
	"context"
	"testing"

	"github.com/straykey/straykey/source/repo/gittest"
)

// TestIsDeep cuts histories by hand: where a clone ends stands in a file.
func TestIsDeep(t *testing.T) {
	d := gittest.Init(t)
	m1 := d.Commit("m1", "1")
	m2 := d.Commit("m2", "2")
	d.Git("checkout", "-q", "-b", "change")
	d.Commit("x1", "1")
	d.Git("checkout", "-q", "-b", "side", m1)
	y1 := d.Commit("y1", "1")
	y2 := d.Commit("y2", "2")
	d.Git("checkout", "-q", "change")
	d.Git("merge", "-q", "-m", "merge", "side")
	head := d.Git("rev-parse", "HEAD")
	for _, c := range []struct {
		name string
		cut  string
		head string
		want bool
	}{
		{"not shallow", "", head, true},
		{"one line of the change is cut, the other begins at the base", y2, head, false},
		{"cut in the first commit of that line: what is behind it may be the change's", y1, head, false},
		{"the base is cut, and the change seems to go down to the first commit", m2, y2, false},
		{"cut behind where the change begins", m1, head, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := d.Copy(t)
			if c.cut != "" {
				r.Write(".git/shallow", c.cut+"\n")
			}
			checkout, err := Open(r.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer checkout.Close()
			got, err := checkout.isDeep(context.Background(), []string{m2 + ".." + c.head})
			if err != nil || got != c.want {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}
