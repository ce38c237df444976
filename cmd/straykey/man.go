package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand writes manual pages, for those who package the program.
func newManCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a directory",
		Hidden: true, // of use to packagers only
		Long: `Write a manual page for each command into a directory: straykey.1, straykey-scan.1 and so
on. The pages say what --help says. Their date is SOURCE_DATE_EPOCH, if that is set, so
that the same source gives the same pages.

Exit codes:
  0  written
  2  could not be written
  3  wrong usage`,
		Example: `  straykey man man/`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("man takes the directory to write to, for example: straykey man man/")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			date, err := sourceDate(env.getenv("SOURCE_DATE_EPOCH"))
			if err != nil {
				return err
			}
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			for _, c := range documented(cmd.Root()) {
				name := filepath.Join(args[0], manName(c)+".1")
				if err := os.WriteFile(name, []byte(manPage(c, date, version())), 0o666); err != nil {
					return fmt.Errorf("write manual page: %w", err)
				}
			}
			return nil
		},
	}
}

// sourceDate reads SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) as a day; "" if it is
// not set.
func sourceDate(epoch string) (string, error) {
	if epoch == "" {
		return "", nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return "", usageError("SOURCE_DATE_EPOCH is a number of seconds since 1970, not %q, for example: SOURCE_DATE_EPOCH=0 straykey man man/", epoch)
	}
	return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
}

// documented returns a command and all below it that --help lists.
func documented(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			out = append(out, documented(c)...)
		}
	}
	return out
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the page of a command in the man macros of troff. Texts of the help keep their lines: they are set for
// a terminal already.
func manPage(cmd *cobra.Command, date, version string) string {
	var b strings.Builder
	section := func(name string) { fmt.Fprintf(&b, ".SH %s\n", name) }
	verbatim := func(text string) { fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(strings.Trim(text, "\n"))) }

	cmd.InitDefaultHelpFlag()
	fmt.Fprintf(&b, ".TH %s 1 %q %q \"straykey manual\"\n", strings.ToUpper(roff(manName(cmd))), date, "straykey "+version)
	section("NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	section("SYNOPSIS")
	verbatim(cmd.UseLine())
	section("DESCRIPTION")
	verbatim(cmp.Or(cmd.Long, cmd.Short))
	if cmd.HasAvailableLocalFlags() {
		section("OPTIONS")
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				fmt.Fprintf(&b, ".TP\n%s\n%s\n", manFlag(f), roff(manUsage(f)))
			}
		})
	}
	if cmd.Example != "" {
		section("EXAMPLES")
		verbatim(cmd.Example)
	}
	if others := related(cmd); len(others) > 0 {
		section("SEE ALSO")
		b.WriteString(strings.Join(others, ",\n") + "\n")
	}
	return b.String()
}

// manFlag is the head of a flag's paragraph: its names in bold, and its value.
func manFlag(f *pflag.Flag) string {
	head := `\fB` + roff("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		head = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + head
	}
	if value, _ := pflag.UnquoteUsage(f); value != "" {
		head += ` \fI` + roff(value) + `\fR`
	}
	return head
}

// manUsage is what a flag does, with its default where --help has it.
func manUsage(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return usage
	}
	if f.Name == "jobs" { // as many as the machine has processors, which is nothing for a manual
		return usage + " (default: one a processor)"
	}
	return fmt.Sprintf("%s (default %s)", usage, f.DefValue)
}

// related names the pages of the command above and of those below.
func related(cmd *cobra.Command) []string {
	var list []*cobra.Command
	if cmd.HasParent() {
		list = append(list, cmd.Parent())
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "help" {
			list = append(list, c)
		}
	}
	var out []string
	for _, c := range list {
		out = append(out, `\fB`+roff(manName(c))+`\fR(1)`)
	}
	return out
}

// roff escapes what troff would act on: backslashes, hyphens that are to be copied, and a dot or an apostrophe at the
// start of a line.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
