//go:build unix

// Command measure runs a program and writes what it took, one line for all runs:
//
//	measure [flags] PROGRAM [ARGUMENT]...
//
// The fields, separated by tabs, are medians over the runs, "-" where there is nothing to tell:
//
//	wall      seconds from before the start to after the end
//	min, max  fastest and slowest of these
//	user, sys seconds of processor time, of all processes the program waited for too
//	rss       largest resident set of any of these processes, in KiB, mapped files included
//	anon      largest resident set without mapped files of the program itself, in KiB: sampled 20 times
//	          a second, so a shorter peak can be missed; Linux only
//	exit      exit code, of the last run; 128 and the signal's number if one ended it, as in a shell
//	findings  entries of the JSON report -report names, of the last run
//	places    occurrences in these, where the report tells them apart
//
// An exit code other than 0 is no error: scanners use it to tell that they found something.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	runs, warmup          int
	dir, stdin, out, errs string
	report                string
	command               []string
}

func run(args []string, w io.Writer) error {
	var o options
	f := flag.NewFlagSet("measure", flag.ContinueOnError)
	f.IntVar(&o.runs, "runs", 1, "measured runs")
	f.IntVar(&o.warmup, "warmup", 0, "runs before, which do not count")
	f.StringVar(&o.dir, "dir", "", "directory to run in")
	f.StringVar(&o.stdin, "stdin", os.DevNull, "file to read from")
	f.StringVar(&o.out, "stdout", os.DevNull, "file for the output")
	f.StringVar(&o.errs, "stderr", os.DevNull, "file for the errors")
	f.StringVar(&o.report, "report", "", "JSON report whose findings are counted")
	if err := f.Parse(args); err != nil {
		return err
	}
	o.command = f.Args()
	if len(o.command) == 0 || o.runs < 1 {
		return errors.New("give a program to run, for example: measure -runs 10 straykey version")
	}
	var all []sample
	for i := range o.warmup + o.runs {
		s, err := once(o)
		if err != nil {
			return err
		}
		if i >= o.warmup {
			all = append(all, s)
		}
	}
	findings, places := "-", "-"
	if o.report != "" {
		data, err := os.ReadFile(o.report)
		if err == nil {
			findings, places, err = count(data)
		}
		if err != nil {
			// What was measured is worth keeping although the program failed.
			fmt.Fprintf(os.Stderr, "measure: report of %s: %v\n", o.command[0], err)
		}
	}
	_, err := fmt.Fprintln(w, line(all)+"\t"+findings+"\t"+places)
	return err
}

// sample is what one run took.
type sample struct {
	wall, user, sys time.Duration
	rss, anon       int64 // KiB
	exit            int
}

// once runs the program once. Its input and output are files, not pipes, so that nothing here has to keep up with it.
func once(o options) (s sample, err error) {
	cmd := exec.Command(o.command[0], o.command[1:]...)
	cmd.Dir = o.dir
	in, err := os.Open(o.stdin)
	if err != nil {
		return s, err
	}
	defer in.Close()
	out, err := os.Create(o.out)
	if err != nil {
		return s, err
	}
	defer out.Close()
	errs, err := os.Create(o.errs)
	if err != nil {
		return s, err
	}
	defer errs.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs

	start := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watch(cmd.Process.Pid, stop) }()
	err = cmd.Wait()
	s.wall = time.Since(start)
	close(stop)
	s.anon = <-peak
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return s, err
	}
	s.exit = cmd.ProcessState.ExitCode()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		s.exit = 128 + int(status.Signal())
	}
	s.user, s.sys = cmd.ProcessState.UserTime(), cmd.ProcessState.SystemTime()
	// wait4 reports the largest process of those waited for, as time(1) does.
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.rss = int64(u.Maxrss) //nolint:unconvert // it has 32 bits on some systems
		if runtime.GOOS == "darwin" {
			s.rss /= 1024
		}
	}
	return s, nil
}

// watch returns the largest RssAnon that the process had until stop is closed.
func watch(pid int, stop <-chan struct{}) (peak int64) {
	tick := time.NewTicker(time.Second / 20)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return peak
		case <-tick.C:
			status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
			if err != nil {
				continue // not Linux, or it has just ended
			}
			peak = max(peak, anonymous(status))
		}
	}
}

// anonymous returns RssAnon, in KiB, of a file as proc(5) describes /proc/PID/status.
func anonymous(status []byte) int64 {
	_, rest, _ := bytes.Cut(status, []byte("\nRssAnon:"))
	fields := strings.Fields(string(rest[:max(0, bytes.IndexByte(rest, '\n'))]))
	if len(fields) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// line returns the medians of the samples.
func line(all []sample) string {
	seconds := func(f func(sample) time.Duration) string {
		return fmt.Sprintf("%.4f", median(all, f).Seconds())
	}
	wall := func(s sample) time.Duration { return s.wall }
	byWall := func(a, b sample) int { return cmp.Compare(a.wall, b.wall) }
	anon := "-"
	if kib := median(all, func(s sample) int64 { return s.anon }); kib > 0 {
		anon = strconv.FormatInt(kib, 10)
	}
	return strings.Join([]string{
		seconds(wall),
		fmt.Sprintf("%.4f", slices.MinFunc(all, byWall).wall.Seconds()),
		fmt.Sprintf("%.4f", slices.MaxFunc(all, byWall).wall.Seconds()),
		seconds(func(s sample) time.Duration { return s.user }),
		seconds(func(s sample) time.Duration { return s.sys }),
		strconv.FormatInt(median(all, func(s sample) int64 { return s.rss }), 10),
		anon,
		strconv.Itoa(all[len(all)-1].exit),
	}, "\t")
}

// median returns the middle value; of two middle ones the lower, so that it is always one that was measured.
func median[T cmp.Ordered](all []sample, f func(sample) T) T {
	values := make([]T, len(all))
	for i, s := range all {
		values[i] = f(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// count tells how many findings a report has, and in how many places, if it is of a kind that says so: an
// object with an array "findings" whose entries have "occurrences", one array, or one object a line.
func count(report []byte) (findings, places string, err error) {
	report = bytes.TrimSpace(report)
	if len(report) == 0 {
		return "0", "-", nil
	}
	if report[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(report, &list); err != nil {
			return "-", "-", err
		}
		return strconv.Itoa(len(list)), "-", nil
	}
	var grouped struct {
		Findings *[]struct {
			Occurrences []json.RawMessage `json:"occurrences"`
		} `json:"findings"`
	}
	if json.Unmarshal(report, &grouped) == nil && grouped.Findings != nil {
		n := 0
		for _, f := range *grouped.Findings {
			n += len(f.Occurrences)
		}
		return strconv.Itoa(len(*grouped.Findings)), strconv.Itoa(n), nil
	}
	lines := 0
	for d := json.NewDecoder(bytes.NewReader(report)); ; lines++ {
		var entry json.RawMessage
		switch err := d.Decode(&entry); {
		case err == io.EOF:
			return strconv.Itoa(lines), "-", nil
		case err != nil:
			return "-", "-", err
		}
	}
}
