package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/straykey/straykey/report"
)

// The exit codes. A clean run, one with findings and one that could not read everything never
// share one.
const (
	exitClean      = 0
	exitFindings   = 1
	exitIncomplete = 2
	exitUsage      = 3
)

// exitError is an error with its exit code. An empty message is not printed: the report has said it.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is an error of the command line or the configuration.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// exitCode prints an error and returns the code to exit with. Errors without a code of their own
// come from scanning: something could not be read at all, so the run is incomplete.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return exitClean
	}
	code := exitIncomplete
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
	}
	if msg := strings.TrimRight(err.Error(), "\n"); msg != "" {
		// Names and revisions that were typed or found stand in errors; one error is one line.
		fmt.Fprintln(stderr, "straykey: "+report.Escape(msg))
	}
	return code
}

// exitCodesHelp ends the help of the commands that scan.
const exitCodesHelp = `Exit codes:
  0  nothing found, everything read
  1  findings
  2  incomplete: something could not be read (what and why is in the report)
  3  wrong usage or configuration`
