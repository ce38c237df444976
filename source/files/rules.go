package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/source/files/gitignore"
)

// maxIgnoreFile is the size above which an ignore file is not read. Leaving one out means
// reading more, not less.
const maxIgnoreFile = 1 << 20

// rules are the ignore rules in force in a directory.
type rules struct {
	prefix string // path of the root in the repository, with a slash behind; may be empty
	last   *scope // nil: none
}

// scope is the rules of one ignore file, before those of the directories above.
type scope struct {
	above *scope
	dir   string // where the rules hold, in the repository, with a slash behind; "" at its top
	list  gitignore.List
}

// ignore reports whether a path, relative to the root, is excluded. That nothing above it
// is, the walk has seen to.
func (r rules) ignore(rel string, dir bool) bool {
	if r.last == nil {
		return false
	}
	path := r.prefix + rel
	for s := r.last; s != nil; s = s.above {
		if v := s.list.Match(path[len(s.dir):], dir); v != gitignore.Undecided {
			return v == gitignore.Ignored
		}
	}
	return false
}

// enter returns the rules for the entries of a directory: those of its parent, and those of
// the directory's own if it has some and is to be asked for them. In the work tree of another repository
// the rules from above do not hold.
func (r rules) enter(dir *directory, entries []fs.DirEntry, ask bool) rules {
	if !ask {
		return rules{prefix: r.prefix}
	}
	holds := func(name string) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
	}
	below := r.prefix
	if dir.rel != "" {
		below += dir.rel + "/"
		if holds(".git") {
			if exclude, ok := repository(dir.path); ok {
				r.last = nil
				r = r.with(below, exclude)
			}
		}
	}
	if holds(".gitignore") {
		r = r.with(below, filepath.Join(dir.path, ".gitignore"))
	}
	return r
}

// with adds the rules of a file, if there are any.
func (r rules) with(dir, file string) rules {
	data, err := readSmall(file)
	if err != nil { // most often there is none; a .gitignore that cannot be read is told of as a text
		return r
	}
	if list := gitignore.Parse(data); !list.Empty() {
		r.last = &scope{above: r.last, dir: dir, list: list}
	}
	return r
}

// rulesAbove returns the rules that hold in a directory because of where it stands: those of
// the repository it is in and of the directories in between.
func rulesAbove(root string) rules {
	real, err := filepath.Abs(root)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return rules{}
	}
	top, exclude, ok := findTop(real)
	if !ok {
		return rules{}
	}
	r := rules{}.with("", exclude)
	below, err := filepath.Rel(top, real)
	if err != nil || below == "." {
		return r
	}
	for _, name := range strings.Split(filepath.ToSlash(below), "/") {
		r = r.with(r.prefix, filepath.Join(top, filepath.FromSlash(r.prefix), ".gitignore"))
		r.prefix += name + "/"
	}
	return r
}

// findTop returns the nearest directory, dir or above it, that is the top of a work tree, and
// the repository's exclude file.
func findTop(dir string) (top, exclude string, ok bool) {
	for {
		if exclude, ok := repository(dir); ok {
			return dir, exclude, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", "", false
		}
		dir = up
	}
}

// repository reports whether a directory is the top of a work tree, and returns the
// repository's exclude file (gitrepository-layout(5)). ".git" is a directory, or a file that
// names one: in submodules and linked work trees, of which the latter share the exclude file.
func repository(dir string) (exclude string, ok bool) {
	git := filepath.Join(dir, ".git")
	info, err := os.Stat(git)
	if err != nil {
		return "", false
	}
	if !info.IsDir() {
		data, err := readSmall(git)
		to, found := strings.CutPrefix(string(data), "gitdir: ")
		if err != nil || !found {
			return "", false
		}
		git = under(dir, strings.TrimRight(to, "\r\n"))
	}
	if _, err := os.Lstat(filepath.Join(git, "HEAD")); err != nil {
		return "", false
	}
	if common, err := readSmall(filepath.Join(git, "commondir")); err == nil {
		git = under(git, strings.TrimRight(string(common), "\r\n"))
	}
	return filepath.Join(git, "info", "exclude"), true
}

// under returns path as seen from dir.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// readSmall reads a regular file of at most maxIgnoreFile bytes.
func readSmall(path string) ([]byte, error) {
	r := reader{max: maxIgnoreFile}
	return r.read(&file{path: path})
}
