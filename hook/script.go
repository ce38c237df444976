package hook

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// chained is put behind the name of a hook that was there before ours.
const chained = ".before-straykey"

// Script is a hook of ours.
type Script struct {
	Hook    string
	Version string // of the straykey that made it
	Program string // absolute path of straykey; empty: the one in PATH, for hooks that are shared
}

// String is the program, for any POSIX shell. What it does has an order: the hook before it may change what is staged.
func (s Script) String() string {
	text := scriptHead + runBefore + findProgram + runProgram
	if s.Hook != PreCommit {
		text = scriptHead + keepInput + runBeforeWithInput + findProgram + runProgramWithInput
	}
	return strings.NewReplacer(
		"HOOK", s.Hook, "CHAINED", s.Hook+chained, "VERSION", s.Version, "PROGRAM", quote(filepath.ToSlash(s.Program)), "SKIP", s.skip(),
	).Replace(text)
}

// skip says how to do without the hook once.
func (s Script) skip() string {
	switch s.Hook {
	case PreCommit:
		return "Without this check, once: git commit --no-verify"
	case PrePush:
		return "Without this check, once: git push --no-verify"
	}
	return "Until then nothing can be pushed"
}

const scriptHead = `#!/bin/sh
# straykey hook, format 1, by straykey VERSION. "straykey hook uninstall" takes it away.
program=PROGRAM
before=$(dirname "$0")/CHAINED
missing() {
	echo "straykey: refused, for nothing can be checked: there is no straykey at '$program' or in PATH." >&2
	echo "  Install it and then the hook: straykey hook install. Or take the hook away: rm '$0'" >&2
	echo "  SKIP" >&2
	exit 1
}
`

// runBefore lets the code of the hook that was there before count. git passes over one that is not executable, and so does
// this.
const runBefore = `if [ -x "$before" ]; then
	"$before" "$@" || exit
fi
`

const findProgram = `if [ ! -x "$program" ]; then
	found=$(command -v straykey) || missing
	program=$found
fi
`

const runProgram = `exec "$program" hook run HOOK "$@"
`

// keepInput keeps standard input for both; the dot keeps the newlines at its end.
const keepInput = `input=$(cat && echo .)
input() {
	printf %s "${input%.}" 2>/dev/null
}
`

const runBeforeWithInput = `if [ -x "$before" ]; then
	input | "$before" "$@" || exit
fi
`

const runProgramWithInput = `input | "$program" hook run HOOK "$@"
`

// quote makes a word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

var scriptPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^# straykey hook, format 1, by straykey (.*)\. "straykey hook uninstall"[^\n]*\nprogram='(.*)'$`)
})

// ReadScript reads a script of ours; false: it is none. edited tells that somebody changed it.
func ReadScript(name string, text []byte) (s Script, edited, ok bool) {
	m := scriptPattern().FindSubmatch(text)
	if m == nil {
		return Script{}, false, false
	}
	s = Script{Hook: name, Version: string(m[1]), Program: filepath.FromSlash(strings.ReplaceAll(string(m[2]), `'\''`, "'"))}
	return s, s.String() != string(text), true
}
