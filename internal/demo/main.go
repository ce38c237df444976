// Command demo makes a small git repository with a fake credential in each of the places where
// scanners that read "git log -p" or a checkout do not look:
//
//	go run ./internal/demo DIR
//
// "make run" scans it. The credentials are well formed, checksums included, and open nothing; they
// are put together here so that no file of this project holds one.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf16"

	"github.com/straykey/straykey/detect/proof/forge"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("give the directory to make, for example: go run ./internal/demo /tmp/demo")
	}
	if err := os.MkdirAll(filepath.Dir(args[0]), 0o755); err != nil {
		return err
	}
	// Mkdir fails on what exists: nothing of the user's is ever overwritten.
	if err := os.Mkdir(args[0], 0o755); err != nil {
		return err
	}
	d := &demo{dir: args[0], out: out}
	d.git("init", "--quiet", "--initial-branch=main")
	for _, plant := range []func(*demo){
		plain, deleted, renamed, notDiffed, utf16File, mergeOnly, amended, commitMessage, tagMessage, note, stash, dangling,
	} {
		plant(d)
	}
	if d.err != nil {
		return d.err
	}
	fmt.Fprintf(out, "\n%d fake credentials in %s\n", d.planted, d.dir)
	return nil
}

// A demo is a repository in the making. After the first error its methods do nothing.
type demo struct {
	dir     string
	out     io.Writer
	day     int
	planted int
	err     error
}

// git runs git apart from the user's configuration, each time a day later, and returns what it prints.
func (d *demo) git(args ...string) string {
	return d.gitInput(nil, args...)
}

func (d *demo) gitInput(stdin []byte, args ...string) string {
	if d.err != nil {
		return ""
	}
	d.day++
	date := fmt.Sprintf("2026-%02d-%02dT09:30:00+02:00", 1+d.day/28, 1+d.day%28)
	cmd := exec.Command("git", args...)
	cmd.Dir = d.dir
	cmd.Stdin = bytes.NewReader(stdin)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "GIT_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env,
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada Example", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE="+date,
		"GIT_COMMITTER_NAME=Ada Example", "GIT_COMMITTER_EMAIL=ada@example.org", "GIT_COMMITTER_DATE="+date,
	)
	text, err := cmd.CombinedOutput()
	if err != nil {
		d.err = fmt.Errorf("git %s: %w: %s", args[0], err, text)
	}
	return strings.TrimSpace(string(text))
}

func (d *demo) write(name, text string) {
	if d.err != nil {
		return
	}
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if d.err = os.MkdirAll(filepath.Dir(path), 0o755); d.err == nil {
		d.err = os.WriteFile(path, []byte(text), 0o644)
	}
}

func (d *demo) commit(subject string) {
	d.git("add", "--all")
	d.git("commit", "--quiet", "--message", subject)
}

// plant notes a place on the list that the reader compares the scan with.
func (d *demo) plant(where string) {
	d.planted++
	fmt.Fprintf(d.out, "%2d  %s\n", d.planted, where)
}

func token(name string) string { return forge.GitHub(forge.New("demo "+name), "ghp"+"_") }

func plain(d *demo) {
	d.write("README.md", "# shop\n\nA small shop.\n")
	d.write("deploy/prod.yml", "env:\n  REGION: eu-west-1\n  GITHUB_TOKEN: "+token("plain")+"\n")
	d.commit("Add deployment")
	d.plant("deploy/prod.yml, in HEAD")
}

func deleted(d *demo) {
	d.write("scripts/release.sh", "#!/bin/sh\nnpm config set //registry.npmjs.org/:_authToken="+forge.NPM(forge.New("demo deleted"))+"\nnpm publish\n")
	d.commit("Release by script")
	d.git("rm", "--quiet", "scripts/release.sh")
	d.commit("Release by hand again")
	d.plant("scripts/release.sh, deleted since")
}

// A scanner that skips vendor directories and follows renames never sees the text.
func renamed(d *demo) {
	d.write("vendor/billing/client.py", "import billing\n\nclient = billing.Client(token='"+token("renamed")+"')\n")
	d.commit("Vendor the billing client")
	d.git("mv", "vendor/billing/client.py", "client.py")
	d.commit("Stop vendoring the billing client")
	d.plant("client.py, renamed out of vendor/")
}

func notDiffed(d *demo) {
	d.write(".gitattributes", "*.cfg -diff\n*.dat binary\n")
	d.write("app.cfg", "[registry]\ntoken = "+token("not diffed")+"\n")
	d.commit("Configure the registry")
	d.plant("app.cfg, whose attribute says -diff")
}

func utf16File(d *demo) {
	text := "\ufeffWindows Registry Editor\r\n\"Token\"=\"" + token("utf-16") + "\"\r\n"
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	d.write("settings.reg", b.String())
	d.commit("Add Windows settings")
	d.plant("settings.reg, in UTF-16")
}

// The key stands in neither parent: it came in while the conflict was resolved.
func mergeOnly(d *demo) {
	d.write("limits.ini", "[limits]\nrequests = 10\n")
	d.commit("Limit requests")
	d.git("checkout", "--quiet", "-b", "limits")
	d.write("limits.ini", "[limits]\nrequests = 50\n")
	d.commit("Raise the limit")
	d.git("checkout", "--quiet", "main")
	d.write("limits.ini", "[limits]\nrequests = 20\n")
	d.commit("Raise the limit a little")
	if d.err == nil {
		d.git("merge", "--quiet", "--no-commit", "limits")
		d.err = nil // the conflict was the point
	}
	d.write("limits.ini", "[limits]\nrequests = 50\ntoken = "+token("merge")+"\n")
	d.git("add", "limits.ini")
	d.git("commit", "--quiet", "--message", "Merge branch 'limits'")
	d.git("branch", "--quiet", "--delete", "limits")
	d.plant("limits.ini, added while a conflict was resolved")
}

func amended(d *demo) {
	d.write("notify.rb", "HOOK_TOKEN = '"+token("amended")+"'\n")
	d.commit("Notify")
	d.write("notify.rb", "HOOK_TOKEN = ENV.fetch('HOOK_TOKEN')\n")
	d.git("add", "notify.rb")
	d.git("commit", "--quiet", "--amend", "--message", "Notify")
	d.plant("notify.rb, in a commit that was amended")
}

func commitMessage(d *demo) {
	d.write("retries.txt", "3\n")
	d.commit("Retry three times\n\nTo try it: curl -H 'Authorization: Bearer " + token("commit message") + "' https://example.org")
	d.plant("message of a commit")
}

func tagMessage(d *demo) {
	d.git("tag", "--annotate", "v1.0", "--message", "Version 1.0\n\nPublished with "+forge.NPM(forge.New("demo tag")))
	d.plant("message of tag v1.0")
}

func note(d *demo) {
	d.git("notes", "add", "--message", "Deployed with "+token("note"))
	d.plant("a note (refs/notes/commits)")
}

func stash(d *demo) {
	d.write("debug.env", "GITHUB_TOKEN="+token("stash")+"\n")
	d.git("stash", "push", "--quiet", "--include-untracked")
	d.plant("debug.env, untracked and stashed")
}

func dangling(d *demo) {
	d.gitInput([]byte("token: "+token("dangling")+"\n"), "hash-object", "-w", "--stdin")
	d.plant("an object that no ref reaches")
}
