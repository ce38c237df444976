package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// An error is a line, and one that joins several is several. What stands in an error makes no lines.
func TestExitCodePrints(t *testing.T) {
	a, b := errors.New("a"), errors.New("b\nc")
	for _, tt := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"one", a, exitIncomplete, "straykey: a\n"},
		{"a name of two lines", b, exitIncomplete, "straykey: b\\nc\n"},
		{"joined", usageError("%w", errors.Join(a, b)), exitUsage, "straykey: a\nstraykey: b\\nc\n"},
		{"joined with nothing", errors.Join(usageError("a"), nil), exitUsage, "straykey: a\n"},
		{"joined, with words before", fmt.Errorf("both: %w", errors.Join(a, a)), exitIncomplete, "straykey: both: a\\na\n"},
		{"two in one sentence", fmt.Errorf("%w: %w", a, a), exitIncomplete, "straykey: a: a\n"},
		{"said already", &exitError{code: exitFindings}, exitFindings, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if code := exitCode(tt.err, &out); code != tt.code || out.String() != tt.want {
				t.Errorf("code %d, printed %q, want %d, %q", code, out.String(), tt.code, tt.want)
			}
		})
	}
}
