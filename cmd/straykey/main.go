// Command straykey finds the keys that strayed into git. See `straykey help`.
package main

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
)

// environment is what a command may touch besides files: its streams, its variables, and the way to the
// network. Tests give their own.
type environment struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string

	// As in guard.Options; nil: the system's.
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
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
	root.SetArgs(commandFirst(args))
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	return exitCode(root.ExecuteContext(ctx), env.stderr)
}
