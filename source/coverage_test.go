package source

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProblemsOrder: which of too many problems are kept does not depend on the order they come in.
func TestProblemsOrder(t *testing.T) {
	var all []Problem
	for i := range 5 * maxProblems {
		all = append(all, Problem{Reason: Ignored, What: fmt.Sprintf("%05d", i)})
	}
	for i := range 10 {
		all = append(all, Problem{Reason: Unreadable, What: fmt.Sprintf("%05d", i)})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var want []Problem
	for range 5 {
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var c Coverage
		for _, p := range all {
			c.Skipped("file", p)
		}
		got := c.Problems()
		if want == nil {
			want = got
		}
		if len(got) != maxProblems || got[9].Reason != Unreadable || got[10].What != "00000" {
			t.Fatalf("%d problems, %v, %v", len(got), got[9], got[10])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(map[Reason]int64{Ignored: 5 * maxProblems, Unreadable: 10}, c.Reasons()); diff != "" {
			t.Fatal(diff)
		}
	}
}
