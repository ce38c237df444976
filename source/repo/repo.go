package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/straykey/straykey/source/pack"
)

// ErrNotRepository says that neither the path nor a directory above it is a git repository.
var ErrNotRepository = errors.New("not a git repository (or any of the directories above)")

// Repo is an opened repository. It is not changed after Open, so it may be used concurrently.
type Repo struct {
	GitDir    string // this work tree's own directory: HEAD, index; absolute
	CommonDir string // what all work trees share: objects, refs, config; absolute
	WorkTree  string // absolute; empty: bare
	HashLen   int    // bytes in an object id: 20 or 32

	Origin        string    // URL that it was cloned from, as its configuration says; it may hold a password
	Promisor      bool      // a partial clone: absent objects are promised, not lost
	PromisorPacks []string  // names, as "pack-….pack", of the packs that came from a promisor remote
	Shallow       []pack.ID // commits whose parents were left out of the clone
	Reftable      bool      // refs are not in files: they are read with the git program
	Alternates    []string  // objects directories to look into besides ObjectsDir and what it names itself

	objectsDir string // empty: the usual one
	notes      []string
}

// Options says which repository to open when it is not simply the one around a path. They
// are what git gives its hooks as GIT_DIR, GIT_COMMON_DIR, GIT_WORK_TREE, GIT_OBJECT_DIRECTORY and
// GIT_ALTERNATE_OBJECT_DIRECTORIES: cmd reads the environment and passes it here, and nothing below reads it.
type Options struct {
	Path      string // where discovery starts, and what the others are relative to; empty: the current directory
	GitDir    string // no discovery: this is the git directory
	CommonDir string // instead of what GitDir's commondir file says
	WorkTree  string // instead of the one found

	ObjectsDir string   // instead of CommonDir's: where git keeps what is being pushed until a hook accepts it
	Alternates []string // objects directories besides those that it names itself
}

// Open finds the repository that path is in: it may be the work tree, a directory or file below it,
// the git directory, or a bare repository. Who owns it does not matter, as nothing in it is
// executed. Unlike git, discovery goes on across file systems.
func Open(path string) (*Repo, error) { return OpenWith(Options{Path: path}) }

// OpenWith opens the repository that the options name.
func OpenWith(o Options) (*Repo, error) {
	start, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	var gitDir, workTree string
	if o.GitDir != "" {
		gitDir, err = followGitFile(from(start, o.GitDir))
		if err == nil && !isGitDir(gitDir) {
			err = fmt.Errorf("%s: %w", gitDir, ErrNotRepository)
		}
	} else {
		gitDir, workTree, err = discover(start)
	}
	if err != nil {
		return nil, err
	}
	r := &Repo{GitDir: gitDir, CommonDir: commonDir(gitDir)}
	if o.CommonDir != "" {
		r.CommonDir = from(start, o.CommonDir)
	}
	if o.ObjectsDir != "" {
		r.objectsDir = from(start, o.ObjectsDir)
	}
	for _, dir := range o.Alternates {
		r.Alternates = append(r.Alternates, from(start, dir))
	}
	if err := r.load(workTree); err != nil {
		return nil, err
	}
	if o.WorkTree != "" {
		r.WorkTree = from(start, o.WorkTree)
	}
	return r, nil
}

// discover looks for a git directory in start and the directories above it, as git's
// setup_git_directory does. workTree is empty when the git directory itself was met.
func discover(start string) (gitDir, workTree string, err error) {
	// ".." of a symbolic link is the directory above its target.
	dir, err := filepath.EvalSymlinks(start)
	if err != nil {
		return "", "", fmt.Errorf("looking for a repository: %w", err)
	}
	for {
		dotGit := filepath.Join(dir, ".git")
		switch info, err := os.Stat(dotGit); {
		case err != nil:
		case info.IsDir():
			if isGitDir(dotGit) {
				return dotGit, dir, nil
			}
		default:
			target, err := followGitFile(dotGit)
			if err == nil && !isGitDir(target) {
				err = fmt.Errorf("%s points to %s: %w", dotGit, target, ErrNotRepository)
			}
			return target, dir, err
		}
		if isGitDir(dir) {
			return dir, "", nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", "", fmt.Errorf("%s: %w", start, ErrNotRepository)
		}
		dir = parent
	}
}

// followGitFile returns the directory that a .git file ("gitdir: path") of a linked work tree or
// submodule points to, or path itself if it is a directory.
func followGitFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("git directory: %w", err)
	}
	if info.IsDir() {
		return path, nil
	}
	data, err := ReadFile(path, maxSmall)
	if err != nil {
		return "", err
	}
	target, ok := strings.CutPrefix(string(data), "gitdir: ")
	target = strings.TrimRight(target, "\r\n")
	if !ok || target == "" {
		return "", fmt.Errorf("%s: want a line \"gitdir: PATH\"", path)
	}
	return from(filepath.Dir(path), target), nil
}

// isGitDir applies git's test: a HEAD that looks like one, objects and refs.
func isGitDir(dir string) bool {
	if target, err := os.Readlink(filepath.Join(dir, "HEAD")); err == nil {
		if !strings.HasPrefix(target, "refs/") {
			return false
		}
	} else {
		data, err := ReadFile(filepath.Join(dir, "HEAD"), maxSmall)
		if err != nil || !looksLikeHead(data) {
			return false
		}
	}
	common := commonDir(dir)
	return isDir(filepath.Join(common, "objects")) && isDir(filepath.Join(common, "refs"))
}

func looksLikeHead(data []byte) bool {
	if target, ok := bytes.CutPrefix(data, []byte("ref:")); ok {
		return bytes.HasPrefix(bytes.TrimLeft(target, " \t"), []byte("refs/"))
	}
	for _, n := range []int{20, 32} {
		if _, ok := parseRefID(data, n); ok {
			return true
		}
	}
	return false
}

// commonDir returns the directory that the commondir file of a linked work tree's git directory
// names, or the git directory itself.
func commonDir(gitDir string) string {
	data, err := ReadFile(filepath.Join(gitDir, "commondir"), maxSmall)
	if err != nil {
		return gitDir
	}
	return from(gitDir, strings.TrimRight(string(data), "\r\n"))
}

// load reads what the repository says about itself.
func (r *Repo) load(workTree string) error {
	c, err := readConfig(r.GitDir, r.CommonDir)
	if err != nil {
		return err
	}
	r.HashLen, r.Promisor, r.Origin = c.hashLen, c.promisor, c.origin
	if c.refStorage != "files" {
		r.Reftable = true
		r.notes = append(r.notes, fmt.Sprintf("refs are stored as %q: read with the git program", c.refStorage))
	}
	r.WorkTree = r.workTree(workTree, c)
	r.PromisorPacks, err = promisorPacks(r.ObjectsDir())
	if err != nil {
		return err
	}
	r.Promisor = r.Promisor || len(r.PromisorPacks) > 0
	r.Shallow, err = readShallow(filepath.Join(r.CommonDir, "shallow"), r.HashLen)
	return err
}

// workTree decides where the work tree is; found is the directory that held .git, if that led here.
func (r *Repo) workTree(found string, c config) string {
	linked := r.CommonDir != r.GitDir
	switch {
	case linked && found != "":
		return found
	case linked:
		data, err := ReadFile(filepath.Join(r.GitDir, "gitdir"), maxSmall)
		if err != nil {
			return ""
		}
		return filepath.Dir(from(r.GitDir, strings.TrimRight(string(data), "\r\n")))
	case c.worktree != "":
		return from(r.GitDir, c.worktree)
	case c.bare:
		return ""
	case found == "" && filepath.Base(r.GitDir) == ".git":
		return filepath.Dir(r.GitDir)
	}
	return found
}

// ObjectsDir returns the directory to give to pack.Open.
func (r *Repo) ObjectsDir() string {
	if r.objectsDir != "" {
		return r.objectsDir
	}
	return filepath.Join(r.CommonDir, "objects")
}

// OpenStore opens the repository's objects, of which those of more than maxObject bytes are not read.
func (r *Repo) OpenStore(maxObject int64) (*pack.Store, error) {
	return pack.Open(r.ObjectsDir(), pack.Options{HashLen: r.HashLen, MaxObject: maxObject, Alternates: r.Alternates})
}

// Notes tells, for the user, what was not read in the usual way, and why.
func (r *Repo) Notes() []string { return append([]string(nil), r.notes...) }

// promisorPacks lists the packs that have a .promisor file beside them.
func promisorPacks(objects string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(objects, "pack"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing packs: %w", err)
	}
	var packs []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".promisor"); ok {
			packs = append(packs, name+".pack")
		}
	}
	return packs, nil
}

// readShallow reads the commits at which a shallow clone ends, one id a line.
func readShallow(path string, hashLen int) ([]pack.ID, error) {
	data, err := ReadFile(path, maxRefs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("shallow boundary: %w", err)
	}
	var ids []pack.ID
	for line := range bytes.Lines(data) {
		id, ok := parseRefID(line, hashLen)
		if !ok {
			return nil, fmt.Errorf("shallow boundary %s: a line is not an object id", path)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

const (
	maxSmall = 64 << 10 // of files that hold one line
	maxRefs  = 1 << 30  // of files with a line for each ref
)

// ReadFile reads a file of at most limit bytes. What is no regular file is not even opened: a pipe in a
// hostile repository would block forever.
func ReadFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	data := make([]byte, info.Size())
	n, err := io.ReadFull(f, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) { // it became shorter
		err = nil
	}
	return data[:n], err
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// from returns path, taken relative to dir.
func from(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
