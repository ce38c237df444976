package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/report"
)

// newExplainCommand tells why a line is a finding, or why it is none.
func newExplainCommand(env *environment) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "explain FILE:LINE",
		Short: "Tell what every rule made of a line",
		Long: `Print, for every rule whose anchor stands on the line, which step let it go or kept it. The rules are those that a scan of
the file would use: the configuration above it counts, and --no-config does without.

Exit codes:
  0  explained
  3  no such file or line, or a wrong rule file`,
		Example: `  straykey explain config/app.yml:12`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("explain takes one FILE:LINE, for example: straykey explain config/app.yml:12")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return runExplain(env, &f, args[0])
		},
	}
	addRuleFlags(cmd, &f)
	return cmd
}

func runExplain(env *environment, f *scanFlags, place string) error {
	w := env.stdout
	file, number, ok := cutLast(place, ":")
	line, err := strconv.Atoi(number)
	if !ok || err != nil || line < 1 {
		return usageError("explain takes FILE:LINE, not %q, for example: straykey explain config/app.yml:12", place)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return usageError("cannot read %s: %w", file, cause(err))
	}
	plain, _ := detect.Plain(text)
	if have := strings.Count(string(plain), "\n") + 1; line > have {
		return usageError("%s has %d lines, not %d", file, have, line)
	}
	p, err := f.rulesPlan(env, nil, file)
	if err != nil {
		return err
	}
	if err := p.chooseRules(); err != nil {
		return err
	}
	engine, err := detect.New(p.set, detect.Options{})
	if err != nil {
		return usageError("%w", err)
	}
	steps := engine.Explain(text, filepath.ToSlash(file), line)
	if len(steps) == 0 {
		fmt.Fprintf(w, "%s:%d: no rule has an anchor here (%d rules)\n", file, line, len(p.set.Rules))
		return nil
	}
	for _, s := range steps {
		mark := "no "
		if s.Kept {
			mark = "yes"
		}
		fmt.Fprintf(w, "%s:%d:%d: %s %s: %s\n", file, s.Line, s.Column, mark, s.Rule, report.Escape(s.Reason))
	}
	return nil
}

// cutLast slices s around the last instance of sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
