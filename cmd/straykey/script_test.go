package main

import (
	"crypto/sha1" //nolint:gosec // not ours, see setHash
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/straykey/straykey/detect/proof/forge"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"straykey": main})
}

// TestScripts runs the transcripts in testdata/script: the program as a user meets it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("..", "..", "testdata", "script"),
		Setup: setupScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"plant":     plantToken,
			"interrupt": interrupt,
			"issuer":    issuer,
			"sha1":      setHash,
		},
		RequireExplicitExec: true,
	})
}

// setupScript isolates git from the user's settings and fixes names and dates.
func setupScript(env *testscript.Env) error {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	env.Vars = append(env.Vars,
		"REPO="+root, // the repository of this test
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Ann Author", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_COMMITTER_DATE=1700000000 +0100",
		"NO_COLOR=1",
		// Nothing is kept where the user's own scans keep things.
		"HOME="+env.WorkDir+"/.home", "XDG_CACHE_HOME="+env.WorkDir+"/.home/.cache",
	)
	return nil
}

// exits is `exits CODE COMMAND...`: it runs a command and checks its exit code. What it prints goes where
// exec's output goes.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// plantToken is `plant NAME FILE [PREFIX [SUFFIX]]`: it appends a line with a new token to a file and sets the
// variable NAME to the token, so that no script holds a secret.
func plantToken(ts *testscript.TestScript, _ bool, args []string) {
	token := forge.GitHub(forge.New(ts.Name()+args[0]), "ghp"+"_")
	ts.Setenv(args[0], token)
	line := token
	if len(args) > 2 {
		line = args[2] + line
	}
	if len(args) > 3 {
		line += args[3]
	}
	name := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o777))
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	ts.Check(err)
	_, err = f.WriteString(strings.NewReplacer(`\n`, "\n", `\0`, "\x00").Replace(line) + "\n")
	ts.Check(err)
	ts.Check(f.Close())
}

// setHash is `sha1 NAME TEXT`: it sets a variable to the SHA-1 of a text, which is how detect-secrets names secrets.
func setHash(ts *testscript.TestScript, _ bool, args []string) {
	sum := sha1.Sum([]byte(args[1]))
	ts.Setenv(args[0], hex.EncodeToString(sum[:]))
}

// interrupt is `interrupt CODE COMMAND...`: it starts a command, sends SIGINT in the midst of its work, and
// checks its exit code. Its output goes to the file interrupted. The midst is when it has begun to read its
// input, if its last argument is "-", and else when it has used half a second of processor time.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	out, err := os.Create(ts.MkAbs("interrupted"))
	ts.Check(err)
	defer out.Close()
	r, w, err := os.Pipe()
	ts.Check(err)
	defer w.Close()
	path, err := exec.LookPath(args[1])
	if err != nil {
		path = filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], args[1])
	}
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), r, out, out
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	ts.Check(cmd.Start())
	ts.Check(r.Close())
	if args[len(args)-1] == "-" {
		// A pipe takes 64 KiB; what is written beyond it was read by the program, which has begun to scan.
		_, err = w.Write(make([]byte, 256<<10))
		ts.Check(err)
	} else {
		waitForWork(ts, cmd.Process.Pid, 500*time.Millisecond)
	}
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	done := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer done.Stop()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d after an interrupt, want %d", got, want)
	}
}

// waitForWork waits until a process has used some processor time, as Linux tells it in hundredths of a second.
func waitForWork(ts *testscript.TestScript, pid int, atLeast time.Duration) {
	for range 3000 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		ts.Check(err)
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 13 || fields[0] == "Z" {
			ts.Fatalf("the command has ended before it could be interrupted")
		}
		ticks, err := strconv.Atoi(fields[11]) // utime
		ts.Check(err)
		if time.Duration(ticks)*10*time.Millisecond >= atLeast {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("the command does not work")
}
