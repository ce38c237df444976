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
the file would use: the configuration above it counts, and --no-config does without. A member of an archive is a file, too.

Exit codes:
  0  explained
  3  no such file or line, or a wrong rule file`,
		Example: `  straykey explain config/app.yml:12
  straykey explain 'dist/app.zip!conf/app.env:3'`,
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
	outer, member := splitMember(file)
	text, err := os.ReadFile(outer)
	if err != nil {
		return usageError("cannot read %s: %w", outer, cause(err))
	}
	p, err := f.rulesPlan(env, nil, outer)
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
	if member != "" {
		if text, ok = engine.MemberText(text, member); !ok {
			return usageError("%s has no member %s that can be read; a finding's place says what its members are called", outer, member)
		}
	}
	plain, _ := detect.Plain(text)
	if have := strings.Count(string(plain), "\n") + 1; line > have {
		return usageError("%s has %d lines, not %d", file, have, line)
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

// splitMember splits the path of a member, a.zip!conf/app.env, behind the file. A file whose own name is like that comes first.
func splitMember(path string) (file, member string) {
	for i := len(path); i > 0; i = strings.LastIndex(path[:i], "!") {
		if info, err := os.Stat(path[:i]); err == nil && info.Mode().IsRegular() {
			return path[:i], strings.TrimPrefix(path[i:], "!")
		}
	}
	return path, ""
}

// cutLast slices s around the last instance of sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
