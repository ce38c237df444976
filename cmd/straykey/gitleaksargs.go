package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// gitleaksNames are the commands in the place of gitleaks, with their other names.
var gitleaksNames = []string{"git", "dir", "directory", "file", "stdin", "detect", "protect"}

// commandFirst puts a command in the place of gitleaks before the flags that stand before it: gitleaks takes those that all of
// its commands have on either side. Any other command line is returned as it is.
func commandFirst(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return args // as nearly always
	}
	common := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(gitleaksFlags).add(common)
	for i := 0; i < len(args); i++ {
		if slices.Contains(gitleaksNames, args[i]) {
			return slices.Concat(args[i:i+1], args[:i], args[i+1:])
		}
		known, next := takesNext(common, args[i])
		if !known {
			return args
		}
		if next {
			i++
		}
	}
	return args
}

// takesNext reports whether an argument is one of some flags, and whether its value is the next argument.
func takesNext(flags *pflag.FlagSet, arg string) (known, next bool) {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, hasValue := strings.Cut(name, "=")
		f := flags.Lookup(name)
		return f != nil, f != nil && !hasValue && f.NoOptDefVal == ""
	}
	if len(arg) < 2 || arg[0] != '-' {
		return false, false
	}
	for i := 1; i < len(arg); i++ { // -vc FILE, -cFILE
		f := flags.ShorthandLookup(arg[i : i+1])
		if f == nil {
			return false, false
		}
		if f.NoOptDefVal == "" {
			return true, i == len(arg)-1
		}
	}
	return true, false
}
