package ci

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
)

// Output is a value for the later steps of a GitHub workflow.
type Output struct{ Name, Value string }

// WriteOutputs writes outputs as GITHUB_OUTPUT takes them, one a line. A value that is more than a line is refused: with it
// whoever chose it could set other outputs.
func WriteOutputs(w io.Writer, outputs []Output) error {
	var b strings.Builder
	for _, o := range outputs {
		if strings.ContainsFunc(o.Value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("output %s: its value has control characters", o.Name)
		}
		fmt.Fprintf(&b, "%s=%s\n", o.Name, o.Value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Quote writes what write writes so that GitHub's runner takes no line of it for a command: the runner is told to stop
// looking for commands until it meets a word that nobody can guess.
func Quote(w io.Writer, write func() error) error {
	word := "straykey" + rand.Text()
	if _, err := fmt.Fprintf(w, "::stop-commands::%s\n", word); err != nil {
		return err
	}
	err := write()
	// The runner must look again, whatever happened.
	if _, e := fmt.Fprintf(w, "::%s::\n", word); err == nil {
		err = e
	}
	return err
}

// Command returns a workflow command, which GitHub shows as an annotation of the run. level is error, warning or notice.
func Command(level, message string) string {
	return "::" + level + " title=straykey::" + strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(message) + "\n"
}
