package migrate

import (
	"strings"
	"testing"
	"time"
)

// TestHostileYAML checks that depth and size cost neither the stack nor minutes. One reader of YAML that was tried hangs on some of these.
func TestHostileYAML(t *testing.T) {
	const n = maxYAML / 4
	for name, text := range map[string]string{
		"brackets": strings.Repeat("[", n), "braces": strings.Repeat("{", n), "both": strings.Repeat("[{", n), "lists": strings.Repeat("- ", n),
		"keys": strings.Repeat("a: ", n), "questions": strings.Repeat("? ", n), "tags": strings.Repeat("!a ", n), "anchors": strings.Repeat("&a ", n),
		"lines": strings.Repeat("a: b\n", n/4), "indented": indented(1000), "quotes": strings.Repeat(`"`, n), "pipes": "a: |\n" + strings.Repeat("  b\n", n/2),
		"list lines": strings.Repeat("- a\n", n/4),
	} {
		start := time.Now()
		if _, err := readYAML("x", []byte(text)); time.Since(start) > 10*time.Second {
			t.Errorf("%s: %v in %v", name, err, time.Since(start))
		}
	}
}

func indented(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}
