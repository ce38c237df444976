package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
)

// dirPrefix returns what stands before the paths found in a directory, if there are several targets. In the place of gitleaks
// it always stands there.
func (p *scanPlan) dirPrefix(dir string) string {
	if len(p.targets) < 2 && (p.flags.gitleaks == nil || !p.flags.files) {
		return ""
	}
	return dir
}

// repoPrefix is dirPrefix for a repository: its paths begin at the top of the work tree, wherever in it
// the target is.
func (p *scanPlan) repoPrefix(target string, r *repo.Repo) string {
	return p.dirPrefix(repoTop(target, r))
}

// repoTop returns the top of the work tree that a target is in, as the user would name it.
func repoTop(target string, r *repo.Repo) string {
	if r.WorkTree == "" {
		return target
	}
	dir, err := filepath.Abs(target)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err == nil {
		if up, err := filepath.Rel(dir, r.WorkTree); err == nil {
			return filepath.Join(target, up)
		}
	}
	return target
}

// indexFile returns the index that git names to its hooks, if it is that of r: with `git commit -a` and
// `git commit FILE` it is not the repository's usual one.
func (p *scanPlan) indexFile(r *repo.Repo) string {
	name := p.env.getenv("GIT_INDEX_FILE")
	if name == "" && p.flags.hook != nil {
		// A hook in a container is not told what git tells hooks. With "git commit -a" and "git commit FILE" the
		// index that is to be the next lies there; it holds all that is committed.
		if lock := filepath.Join(r.GitDir, "index.lock"); hasContent(lock) {
			return lock
		}
	}
	if name == "" || len(p.flags.paths) == 0 || p.isHooked(r) {
		return name
	}
	return ""
}

// hookObjects adds the objects directories that git names to its hooks: before a push is accepted, its objects
// are kept apart. It reports whether there are any.
func (p *scanPlan) hookObjects(o *repo.Options) bool {
	// What git names is relative to where the hook runs, not to the target.
	absolute := func(dir string) string {
		if abs, err := filepath.Abs(dir); err == nil {
			return abs
		}
		return dir
	}
	if dir := p.env.getenv("GIT_OBJECT_DIRECTORY"); dir != "" {
		o.ObjectsDir = absolute(dir)
	}
	for _, dir := range objectDirs(p.env.getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES")) {
		o.Alternates = append(o.Alternates, absolute(dir))
	}
	return o.ObjectsDir != "" || len(o.Alternates) > 0
}

// objectDirs splits a list of directories, of which git puts those in double quotes that hold a separator.
func objectDirs(list string) []string {
	var dirs []string
	for list != "" {
		var dir string
		if quoted, err := strconv.QuotedPrefix(list); err == nil && list[0] == '"' {
			dir, _ = strconv.Unquote(quoted)
			list = strings.TrimPrefix(list[len(quoted):], string(filepath.ListSeparator))
		} else {
			dir, list, _ = strings.Cut(list, string(filepath.ListSeparator))
		}
		if dir != "" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// isHooked reports whether r is the repository that git runs a hook for.
func (p *scanPlan) isHooked(r *repo.Repo) bool {
	hooked, err := repo.OpenWith(p.hookRepo("."))
	return err == nil && sameFile(hooked.GitDir, r.GitDir)
}

// hookRepo says which repository git runs a hook for.
func (p *scanPlan) hookRepo(target string) repo.Options {
	return repo.Options{Path: target, GitDir: p.env.getenv("GIT_DIR"), WorkTree: p.env.getenv("GIT_WORK_TREE")}
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// brokenRepo tells of a .git, in a directory or above it, in which no repository could be opened: it is
// damaged, or links to one that is elsewhere, as in a container that has only a work tree or
// submodule. To scan only the files there must not pass for a scan of the history.
func brokenRepo(target string) (source.Problem, bool) {
	dir, err := filepath.Abs(target)
	if err != nil {
		return source.Problem{}, false
	}
	for {
		name := filepath.Join(dir, ".git")
		if info, err := os.Lstat(name); err == nil && !(info.IsDir() && isEmpty(name)) {
			return source.Problem{
				Reason: source.Unreadable, What: target,
				Detail: "its .git is no repository; only files were scanned (--files accepts that)",
			}, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return source.Problem{}, false
		}
		dir = up
	}
}

func hasContent(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Size() > 0
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// checkTargets refuses what cannot be scanned before anything is.
func (p *scanPlan) checkTargets() error {
	for _, target := range p.targets {
		if target == "-" {
			continue
		}
		if _, err := os.Stat(target); err != nil {
			return usageError("cannot scan %q: %w; give a directory, a file or -, for example: straykey scan .", target, cause(err))
		}
	}
	return nil
}

// checkDistinct refuses two reports in one place: neither could be read.
func (p *scanPlan) checkDistinct() error {
	seen := map[string]bool{}
	names := []string{p.flags.output}
	for _, r := range p.flags.reports {
		_, name, _ := strings.Cut(r, "=")
		names = append(names, name)
	}
	for _, name := range names {
		if name == "" {
			name = "-"
		}
		if name != os.DevNull && seen[filepath.Clean(name)] {
			where := fmt.Sprintf("to %q", name)
			if name == "-" {
				where = "to standard output"
			}
			return usageError("two reports go %s; give each a file, for example: straykey scan -o report.txt --report json=report.json", where)
		}
		seen[filepath.Clean(name)] = true
	}
	return nil
}
