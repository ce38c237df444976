package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// stampedVersion is set by the linker in releases and by the Makefile:
//
//	go build -ldflags "-X main.stampedVersion=1.2.3" ./cmd/straykey
//
// It is empty after "go install", which records the version of the module instead.
var stampedVersion string

// newVersionCommand says which straykey this is.
func newVersionCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built from",
		Long: `Print the version, and what it was built from.

Exit codes:
  0  printed
  3  wrong usage`,
		Example: `  straykey version`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 0 {
				return usageError("version takes no argument, for example: straykey version")
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			info, _ := debug.ReadBuildInfo()
			return printVersion(env.stdout, stampedVersion, info)
		},
	}
}

// version returns the version without a leading v.
func version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(stampedVersion, info)
}

// versionOf prefers what the linker was told to what the go command recorded. A build of a work tree
// outside of git has neither.
func versionOf(stamped string, info *debug.BuildInfo) string {
	recorded := ""
	if info != nil && info.Main.Version != "(devel)" {
		recorded = info.Main.Version
	}
	return strings.TrimPrefix(cmp.Or(stamped, recorded, "devel"), "v")
}

func printVersion(w io.Writer, stamped string, info *debug.BuildInfo) error {
	var b strings.Builder
	fmt.Fprintf(&b, "straykey %s\n", versionOf(stamped, info))
	settings := map[string]string{}
	if info != nil {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	if revision := settings["vcs.revision"]; revision != "" {
		changed := ""
		if settings["vcs.modified"] == "true" {
			changed = ", changed"
		}
		fmt.Fprintf(&b, "commit %s (%s%s)\n", revision, settings["vcs.time"], changed)
	}
	fmt.Fprintf(&b, "%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	_, err := io.WriteString(w, b.String())
	return err
}
