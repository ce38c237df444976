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
	for _, msg := range messages(err) {
		// Names and revisions that were typed or found stand in errors; one error is one line.
		fmt.Fprintln(stderr, "straykey: "+report.Escape(msg))
	}
	return code
}

// messages returns what an error says, of one that joins several what each says; nothing empty.
func messages(err error) []string {
	text := strings.TrimRight(err.Error(), "\n")
	if text == "" {
		return nil
	}
	switch e := err.(type) { //nolint:errorlint // whoever adds words to a joined error has made it one
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil && inner.Error() == err.Error() {
			return messages(inner)
		}
	case interface{ Unwrap() []error }:
		var all []string
		for _, one := range e.Unwrap() {
			all = append(all, messages(one)...)
		}
		if strings.Join(all, "\n") == text {
			return all
		}
	}
	return []string{text}
}

// exitCodesHelp ends the help of the commands that scan.
const exitCodesHelp = `Exit codes:
  0  nothing found, everything read
  1  findings
  2  incomplete: something could not be read (what and why is in the report)
  3  wrong usage or configuration`
