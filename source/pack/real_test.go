package pack

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/straykey/straykey/source"
)

// hasher is a visitor that compares every object with its id, and every run with the base.
type hasher struct {
	t      testing.TB
	r      *Reader
	failed *atomic.Int64
	seen   *[]uint32 // by Num: how often it was visited
	deltas int
}

func (h *hasher) Visit(o Object, base []byte) []byte {
	atomic.AddUint32(&(*h.seen)[o.Num], 1)
	if err := h.r.verify(o.Num, o.Type, o.Data); err != nil && h.failed.Add(1) < 20 {
		h.t.Errorf("%s: %v", h.r.s.ID(o.Num), err)
	}
	if o.Runs != nil {
		h.deltas++
		checkRuns(h.t, o, base)
	}
	return o.Data
}

func (*hasher) Done([]byte) {}

func (h *hasher) Skip(_ Num, _ Type, p source.Problem) {
	if h.failed.Add(1) < 20 {
		h.t.Errorf("skipped: %v", p)
	}
}

// TestRealRepositories walks all objects in the directories of STRAYKEY_BENCH_OBJECTS and compares each with its id.
func TestRealRepositories(t *testing.T) {
	dirs := os.Getenv("STRAYKEY_BENCH_OBJECTS")
	if dirs == "" {
		t.Skip("STRAYKEY_BENCH_OBJECTS is not set")
	}
	for _, dir := range filepath.SplitList(dirs) {
		s := openStore(t, dir, Options{})
		var failed atomic.Int64
		seen := make([]uint32, s.Len())
		visitors, err := Walk(context.Background(), s, WalkOptions{Want: allTypes}, func() Visitor[[]byte] {
			return &hasher{t: t, r: s.NewReader(), failed: &failed, seen: &seen}
		})
		if err != nil {
			t.Fatal(err)
		}
		for n, times := range seen {
			if times != 1 && failed.Add(1) < 20 {
				t.Errorf("%s visited %d times", s.ID(Num(n)), times)
			}
		}
		deltas := 0
		for _, v := range visitors {
			deltas += v.(*hasher).deltas
		}
		plan := newPlan(s.forest(), allTypes, nil)
		t.Logf("%s: %d objects, %d deltas, %d families, problems %v", dir, s.Len(), deltas, len(plan.roots), s.Problems())
	}
}
