package history

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/source/pack"
)

// FuzzParseEntry compares parseEntry with the iterator of package pack.
func FuzzParseEntry(f *testing.F) {
	f.Add([]byte("100644 a\x00" + strings.Repeat("i", 20)))
	f.Add([]byte("40000 dir\x00" + strings.Repeat("\x00", 20) + "120000 l\x00" + strings.Repeat(" ", 20)))
	f.Add([]byte("0100644 \x00"))
	f.Add([]byte(" a\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		it := pack.NewTreeIter(data, 20)
		for pos := 0; ; {
			e, ok := parseEntry(data[pos:], 20)
			if want := it.Next(); want != ok {
				t.Fatalf("at %d: parsed is %v, want %v", pos, ok, want)
			}
			if !ok {
				break
			}
			if e.mode != it.Mode || !bytes.Equal(e.name, it.Name) || !bytes.Equal(e.id, it.ID) {
				t.Fatalf("at %d: got %o %q %x, want %o %q %x", pos, e.mode, e.name, e.id, it.Mode, it.Name, it.ID)
			}
			pos += e.size
		}
	})
}

// FuzzDerive takes trees apart and puts them together again in odd ways, and compares what a scanner makes of
// the result as a delta with what it makes of the whole.
func FuzzDerive(f *testing.F) {
	r := newTestRepo(f)
	r.put("tree", "")
	store := r.open().Store
	for seed := range uint64(200) {
		f.Add(seed, 8)
	}
	f.Fuzz(func(t *testing.T, seed uint64, pieces int) {
		if pieces < 0 || pieces > 50 {
			return
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		base := randomTree(rnd, rnd.IntN(30))
		second, runs := randomDelta(rnd, base, pieces)
		third, runs2 := randomDelta(rnd, second, pieces)

		// None of the objects are there, so that each entry matters: once they are known to be missing.
		var s *scanner
		var missing map[pack.ID]bool
		for range 2 {
			s = newScanner(Repo{Store: store}, &Query{}, missing, newSieve(store, nil, missing))
			b := s.Visit(pack.Object{Data: base}, nil)
			b2 := s.Visit(pack.Object{Data: second, Runs: runs}, b)
			b3 := s.Visit(pack.Object{Data: third, Runs: runs2}, b2)
			s.Visit(pack.Object{Data: second}, nil)
			s.Visit(pack.Object{Data: third}, nil)
			s.Done(b3)
			s.answer()
			missing = s.lost
		}
		all := entriesOf(s)
		if diff := cmp.Diff(all[3], all[1]); diff != "" {
			t.Errorf("delta (-whole +derived):\n%s", diff)
		}
		if diff := cmp.Diff(all[4], all[2]); diff != "" {
			t.Errorf("delta of the delta (-whole +derived):\n%s", diff)
		}
	})
}

// entriesOf returns what a scanner has noted of each tree, except for the malformed rest.
func entriesOf(s *scanner) [][]string {
	all := newMarks(len(s.problems) + 1)
	for i := range len(s.problems) + 1 {
		all.set(uint32(i))
	}
	names := make([]string, len(s.names))
	for name, n := range s.names {
		names[n] = name
	}
	g := grove{trees: s.trees, ops: s.ops, fresh: s.fresh}
	g.keep(all)
	var trees [][]string
	for _, list := range g.lists {
		var entries []string
		for e := range g.entries(list) {
			if what := s.problems[int(e.value())-s.store.Len()].What; names[e.name()] != "" {
				entries = append(entries, fmt.Sprintf("%q %v %s", names[e.name()], e.dir(), what))
			} else {
				entries = append(entries, "malformed")
			}
		}
		trees = append(trees, entries)
	}
	return trees
}

// randomTree returns a tree of n entries. Names are different, so that their order is clear.
func randomTree(rnd *rand.Rand, n int) []byte {
	var b []byte
	for i := range n {
		mode := []string{"100644", "40000", "120000", "160000"}[rnd.IntN(4)]
		id := []byte("100644 a\x00100644 bb\x00  ")[:20] // looks like an entry
		if rnd.IntN(3) > 0 {
			for j := range id {
				id[j] = byte(rnd.Uint32())
			}
		}
		b = fmt.Appendf(b, "%s %c%s\x00%s", mode, 'a'+i, strings.Repeat("n", rnd.IntN(20)), id)
	}
	return b
}

// randomDelta makes a text out of parts of base and of other trees.
func randomDelta(rnd *rand.Rand, base []byte, pieces int) ([]byte, []delta.Run) {
	var text []byte
	runs := []delta.Run{}
	cut := func(b []byte) (from, to int) {
		from = rnd.IntN(len(b) + 1)
		return from, from + rnd.IntN(len(b)-from+1)
	}
	next := 0
	for range pieces {
		switch rnd.IntN(4) {
		case 0: // any part of the base
			from, to := cut(base)
			next = to
			runs = appendRun(runs, delta.Run{Base: from, Target: len(text), Len: to - from})
			text = append(text, base[from:to]...)
		case 1, 2: // go on where the last one ended
			to := next + rnd.IntN(len(base)-next+1)
			if rnd.IntN(3) == 0 {
				to = len(base)
			}
			runs = appendRun(runs, delta.Run{Base: next, Target: len(text), Len: to - next})
			text = append(text, base[next:to]...)
			next = to
		case 3:
			other := randomTree(rnd, 2)
			if rnd.IntN(2) == 0 {
				from, to := cut(other)
				other = other[from:to]
			}
			text = append(text, other...)
		}
	}
	return text, runs
}

func appendRun(runs []delta.Run, r delta.Run) []delta.Run {
	if r.Len == 0 {
		return runs
	}
	if n := len(runs); n > 0 && runs[n-1].Base+runs[n-1].Len == r.Base && runs[n-1].Target+runs[n-1].Len == r.Target {
		runs[n-1].Len += r.Len
		return runs
	}
	return append(runs, r)
}

func TestBitmap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		size := 1 + rnd.IntN(400)
		src, dst := bitmap(nil).empty(size+1), bitmap(nil).empty(size+1)
		for range rnd.IntN(100) {
			src.set(rnd.IntN(size + 1))
		}
		from, to := rnd.IntN(size+1), rnd.IntN(size+1)
		n := rnd.IntN(size - max(from, to) + 1)
		dst.copy(to, src, from, n)
		for i := range size + 1 {
			want := i > to && i <= to+n && src.has(from+i-to)
			if dst.has(i) != want {
				t.Fatalf("copy %d bits from %d to %d: bit %d is %v", n, from, to, i, !want)
			}
		}
		src.set(0)
		end := rnd.IntN(size + 1)
		want := end
		for !src.has(want) {
			want--
		}
		if got := src.last(end); got != want {
			t.Fatalf("last up to %d is %d, want %d", end, got, want)
		}
	}
}
