package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strings"
)

// startDiagnostics begins the profiles of a list, each in a file of a directory, until stop is called: cpu.pprof, mem.pprof,
// trace.out. A program that is only run is not to be listened to by others, so there is no profile by HTTP.
func startDiagnostics(list, dir string) (stop func() error, err error) {
	if list == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, "."), 0o755); err != nil {
		return nil, fmt.Errorf("--diagnostics-dir: %w", err)
	}
	var stops []func() error
	stop = func() error {
		var all []error
		for _, s := range stops {
			all = append(all, s())
		}
		return errors.Join(all...)
	}
	begin := func(name string, start func(io.Writer) error, end func(io.Writer) error) error {
		file, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		stops = append(stops, func() error { return errors.Join(end(file), file.Close()) })
		return start(file)
	}
	none := func(io.Writer) error { return nil }
	for word := range strings.SplitSeq(list, ",") {
		switch word = strings.TrimSpace(word); word {
		case "cpu":
			err = begin("cpu.pprof", pprof.StartCPUProfile, func(io.Writer) error { pprof.StopCPUProfile(); return nil })
		case "mem":
			err = begin("mem.pprof", none, func(w io.Writer) error { runtime.GC(); return pprof.WriteHeapProfile(w) })
		case "trace":
			err = begin("trace.out", trace.Start, func(io.Writer) error { trace.Stop(); return nil })
		default:
			err = fmt.Errorf("expected a list of cpu, mem and trace, not %q", word)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("--diagnostics: %w", err), stop())
		}
	}
	return stop, nil
}
