package progress

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done, reads atomic.Int64
		var out bytes.Buffer
		stop := Start(&out, func() Status {
			reads.Add(1)
			return Status{Done: done.Load(), Total: 1000, Bytes: 5_400_000, Findings: 1, Phase: "attributing"}
		})
		for range 100 {
			time.Sleep(10 * time.Millisecond)
			done.Add(10)
		}
		stop()
		stop() // as a defer after an early call does
		if n := reads.Load(); n < 9 || n > 11 {
			t.Errorf("read %d times in a second, want 10", n)
		}
		got := out.String()
		for _, want := range []string{"/1000", "5 MB", "1 finding,", "attributing", "%"} {
			if !strings.Contains(got, want) {
				t.Errorf("output %q: no %q", got, want)
			}
		}
		if !strings.HasSuffix(got, "\x1b[2K\r") || strings.Contains(got, "\n") {
			t.Errorf("output %q: the line is not cleared at the end", got)
		}
		size := out.Len()
		time.Sleep(time.Second)
		if out.Len() != size {
			t.Error("written after stop")
		}
	})
}

// The counters may outrun the total, the total may grow, and it may never come.
func TestProgressOddCounts(t *testing.T) {
	states := []Status{
		{}, {Done: 5}, {Total: 10}, {Done: 20, Total: 10}, {Done: 10, Total: 10}, {Done: 10, Total: 100}, {Done: 3, Total: 50},
	}
	for _, only := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			i := 0
			stop := Start(&out, func() Status {
				s := states[i%len(states)]
				if only {
					s.Total = 0
				}
				i++
				return s
			})
			time.Sleep(2 * time.Second)
			stop()
			if only && out.Len() > 0 {
				t.Errorf("drew %q without a total", out.String())
			}
		})
	}
}
