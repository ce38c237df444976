// Package progress shows on a terminal how far a scan has come. The workers of a
// scan only add to atomic counters; one goroutine of this package reads them ten
// times a second and draws, so that showing progress costs a scan nothing.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Status is where a scan stands.
type Status struct {
	Done, Total int64 // objects or files; a Total of 0 means not known yet
	Bytes       int64 // of text scanned
	Findings    int64
	Phase       string // what is being done, if it is not scanning; may be empty
}

// Terminal reports whether f is a terminal that can show a bar.
func Terminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

const (
	interval = 100 * time.Millisecond
	// eraseRest removes what a longer line before left on the right.
	eraseRest = "\x1b[K"
)

// Start shows what read returns on w until stop is called, which removes the bar and
// returns when nothing more will be written. read is called from one goroutine at a time. stop may be
// called more than once.
//
// The caller decides whether there is anybody to look at it: see Terminal.
func Start(w io.Writer, read func() Status) (stop func()) {
	done := make(chan struct{})
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		r := reporter{w: w}
		defer r.clear()
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				r.draw(read())
			}
		}
	}()
	stopped := false
	return func() {
		if !stopped {
			stopped = true
			close(done)
		}
		<-idle
	}
}

// A reporter owns the bar. The bar is made when the total is known: without one the library would
// start a goroutine of its own for a spinner.
type reporter struct {
	w     io.Writer
	bar   *progressbar.ProgressBar
	total int64
}

func (r *reporter) draw(s Status) {
	if s.Total <= 0 || s.Done <= 0 {
		return // nothing to estimate the rest from
	}
	// The library takes 100 % for the end and stops drawing; that is for stop to say.
	s.Done = min(s.Done, s.Total-1)
	if r.bar == nil {
		r.total = s.Total
		r.bar = progressbar.NewOptions64(
			s.Total,
			progressbar.OptionSetWriter(r.w),
			progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionUseANSICodes(true),
		)
	}
	if s.Total != r.total {
		r.total = s.Total
		r.bar.ChangeMax64(s.Total)
	}
	text := fmt.Sprintf("%d MB, %s", s.Bytes/1e6, findings(s.Findings))
	if s.Phase != "" {
		text += ", " + s.Phase
	}
	// An error of the terminal is no reason to stop a scan.
	_ = r.bar.Set64(s.Done)
	r.bar.Describe(text + eraseRest)
}

func (r *reporter) clear() {
	if r.bar != nil {
		_ = r.bar.Clear()
		_ = r.bar.Exit()
	}
}

func findings(n int64) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}
