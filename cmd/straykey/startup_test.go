package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/straykey/straykey/internal/built"
)

// TestStartIsCheap holds what packages do before main begins against a bound: every commit with a hook waits for it. It
// counts what they allocate, which is the same on every machine and from run to run; times are not. A package
// that is over the bound, ours or another's, makes ready what most runs do not need (expressions, tables): use
// sync.OnceValue, or do without the package.
func TestStartIsCheap(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program")
	}
	const (
		maxBytes  = 40 << 10  // of one package; github.com/ulikunitz/xz takes 33,024 for its tables
		maxAllocs = 280       // go.yaml.in/yaml/v3 makes 276 for its table of words, in less than 0.1 ms
		maxAll    = 400 << 10 // bytes of all packages
	)
	cmd := exec.Command(built.Straykey(t), "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace strings.Builder
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, trace.String())
	}
	line := regexp.MustCompile(`(?m)^init (\S+) @.* clock, (\d+) bytes, (\d+) allocs$`)
	packages, all := 0, 0
	for _, m := range line.FindAllStringSubmatch(trace.String(), -1) {
		size, _ := strconv.Atoi(m[2])
		allocs, _ := strconv.Atoi(m[3])
		packages++
		all += size
		if size > maxBytes || allocs > maxAllocs {
			t.Errorf("package %s allocates %d bytes in %d pieces before main begins; at most %d in %d", m[1], size, allocs, maxBytes, maxAllocs)
		}
	}
	if packages < 20 {
		t.Fatalf("%d packages are traced:\n%s", packages, trace.String())
	}
	if all > maxAll {
		t.Errorf("all packages allocate %d bytes before main begins, at most %d:\n%s", all, maxAll, trace.String())
	}
	t.Logf("%d packages, %d bytes", packages, all)
}
