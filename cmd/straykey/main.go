// Command straykey finds the keys that strayed into git. See `straykey help`.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// environment is what a command may touch besides files: its streams and variables. Tests
// give their own.
type environment struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
}

func main() {
	env := &environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	os.Exit(run(os.Args[1:], env))
}

// run executes the command line args and returns the exit code. The first interrupt ends the
// scan and reports what was found; the second ends the process.
func run(args []string, env *environment) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	root := newRootCommand(env)
	root.SetArgs(args)
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	return exitCode(root.ExecuteContext(ctx), env.stderr)
}
