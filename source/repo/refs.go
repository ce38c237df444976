package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// Ref is a name for an object.
type Ref struct {
	Name string  // full: "refs/heads/main", "HEAD", "worktrees/x/HEAD", "stash@{1}"
	ID   pack.ID // not peeled: the tag object of an annotated tag
}

// maxSymref is how many symbolic refs are followed in a row; the number is git's.
const maxSymref = 5

// ErrNoRef says that a ref does not exist, or leads to one that does not.
var ErrNoRef = errors.New("no such ref")

var (
	errBrokenRef = errors.New("neither an object id nor a symbolic ref")
	errRefLoop   = errors.New("symbolic refs lead in a circle, or too far")
)

// Refs lists all refs, HEAD, the HEADs and private refs of the other work trees, and the older
// stashes from the reflog as stash@{1} and up, sorted by name. Broken refs are Problems. An unborn HEAD
// and symbolic refs to nothing are neither.
func (r *Repo) Refs() ([]Ref, []source.Problem) {
	if r.Reftable {
		return r.refsFromGit()
	}
	l := newRefList(r)
	// Loose refs first: one that git packs in the meantime is then found in packed-refs.
	l.dir(r.CommonDir, "", "refs")
	l.worktree(r.GitDir, "")
	if r.GitDir != r.CommonDir {
		l.worktree(r.CommonDir, "main-worktree/")
	}
	for _, w := range r.otherWorktrees() {
		l.worktree(filepath.Join(r.CommonDir, "worktrees", w), "worktrees/"+w+"/")
	}
	l.packed()
	l.symbolic()
	l.stashes()
	return l.sorted()
}

// Head returns the current branch and its commit; its Name is "HEAD" when detached. It returns false
// before the first commit.
func (r *Repo) Head() (Ref, bool) {
	ref, err := r.CurrentRef()
	return ref, err == nil
}

// CurrentRef is Head with the reason why there is none: ErrNoRef before the first commit.
func (r *Repo) CurrentRef() (Ref, error) {
	if r.Reftable {
		return r.headFromGit()
	}
	ref, err := r.lookup("HEAD")
	if err != nil && !errors.Is(err, ErrNoRef) {
		err = fmt.Errorf("HEAD: %w", err)
	}
	return ref, err
}

// Follow returns the ref that a full name ("refs/remotes/origin/HEAD") leads to through symbolic refs, and ErrNoRef if there
// is none. Where refs are read with the git program, symbolic ones keep their own name.
func (r *Repo) Follow(name string) (Ref, error) {
	if !validRefName(name) {
		return Ref{}, ErrNoRef
	}
	if r.Reftable {
		id, err := r.refFromGit(name)
		return Ref{name, id}, err
	}
	return r.lookup(name)
}

// lookup returns the ref that a full name leads to. Its Name is that of the last ref in a chain of
// symbolic ones.
func (r *Repo) lookup(name string) (Ref, error) {
	for range maxSymref + 1 {
		id, target, err := r.readRef(name)
		switch {
		case err != nil:
			return Ref{}, err
		case target == "":
			return Ref{Name: name, ID: id}, nil
		case !validRefName(target):
			return Ref{}, errBrokenRef
		}
		name = target
	}
	return Ref{}, errRefLoop
}

// readRef reads one ref, loose or packed. Either id or target is set.
func (r *Repo) readRef(name string) (id pack.ID, target string, err error) {
	dir, file := r.refFile(name)
	id, target, err = readLooseRef(filepath.Join(dir, filepath.FromSlash(file)), r.HashLen)
	if !errors.Is(err, ErrNoRef) {
		return id, target, err
	}
	id, err = r.packedRef(name)
	return id, "", err
}

// refFile returns where a ref is stored as a file. Work trees share their refs, except for HEAD and the
// like and some directories below refs (git-worktree(1), "REFS").
func (r *Repo) refFile(name string) (dir, file string) {
	if rest, ok := strings.CutPrefix(name, "main-worktree/"); ok {
		return r.CommonDir, rest
	}
	if strings.HasPrefix(name, "worktrees/") {
		return r.CommonDir, name
	}
	if !strings.HasPrefix(name, "refs/") || perWorktree(name) {
		return r.GitDir, name
	}
	return r.CommonDir, name
}

// privateDirs hold refs that each work tree has for itself.
var privateDirs = [...]string{"refs/bisect", "refs/rewritten", "refs/worktree"}

func perWorktree(name string) bool {
	for _, dir := range privateDirs {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

// readLooseRef reads a file that holds one ref. Old versions of git wrote symbolic refs as
// symbolic links.
func readLooseRef(path string, hashLen int) (id pack.ID, target string, err error) {
	if link, err := os.Readlink(path); err == nil && strings.HasPrefix(link, "refs/") {
		return "", link, nil
	}
	info, err := os.Stat(path)
	if err != nil && !missing(err) {
		return "", "", err
	}
	if err != nil || info.IsDir() {
		return "", "", ErrNoRef
	}
	data, err := ReadFile(path, maxSmall)
	if err != nil {
		if missing(err) {
			err = ErrNoRef
		}
		return "", "", err
	}
	if rest, ok := bytes.CutPrefix(data, []byte("ref:")); ok {
		return "", string(bytes.TrimSpace(rest)), nil
	}
	if id, ok := parseRefID(data, hashLen); ok {
		return id, "", nil
	}
	return "", "", errBrokenRef
}

// missing reports whether a path does not exist; for "a/b" that includes that a is a file.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// parseRefID reads a line that starts with a full object id and then ends or goes on after white space. The
// null id stands for no object and is refused, as git does.
func parseRefID(line []byte, hashLen int) (pack.ID, bool) {
	n := 2 * hashLen
	if len(line) < n || len(line) > n && !isSpace(line[n]) {
		return "", false
	}
	id, err := pack.ParseID(string(line[:n]))
	if err != nil || strings.Trim(string(id), "\x00") == "" {
		return "", false
	}
	return id, true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// refList collects refs by name. Loose refs come first and win over packed ones.
type refList struct {
	repo     *Repo
	ids      map[string]pack.ID
	targets  map[string]string // of symbolic refs
	broken   map[string]bool   // loose, so that an outdated packed value does not take their place
	problems []source.Problem
}

func newRefList(r *Repo) *refList {
	return &refList{repo: r, ids: map[string]pack.ID{}, targets: map[string]string{}, broken: map[string]bool{}}
}

// worktree adds what a work tree with the git directory root does not share with others.
func (l *refList) worktree(root, prefix string) {
	l.loose(root, prefix, "HEAD")
	for _, dir := range privateDirs {
		l.dir(root, prefix, dir)
	}
}

// dir adds the loose refs below root/dir.
func (l *refList) dir(root, prefix, dir string) {
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir)))
	if err != nil && !missing(err) {
		l.problem(source.Unreadable, prefix+dir, err)
		// ReadDir also returns what it read before the error.
	}
	for _, e := range entries {
		name := dir + "/" + e.Name()
		switch {
		case strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".lock"):
			// Locks of a running git, and litter of file managers: git passes over both.
		case !e.IsDir():
			l.loose(root, prefix, name)
		case dir != "refs" || !perWorktree(name+"/"):
			l.dir(root, prefix, name)
		}
	}
}

// loose adds the ref in the file root/name under the name prefix+name.
func (l *refList) loose(root, prefix, name string) {
	full := prefix + name
	if !validRefName(name) {
		l.problem(source.Corrupt, full, errors.New("not a valid name for a ref"))
		return
	}
	id, target, err := readLooseRef(filepath.Join(root, filepath.FromSlash(name)), l.repo.HashLen)
	switch {
	case errors.Is(err, ErrNoRef):
	case errors.Is(err, errBrokenRef) || err == nil && target != "" && !validRefName(target):
		l.problem(source.Corrupt, full, errBrokenRef)
	case err != nil:
		l.problem(source.Unreadable, full, err)
	case target != "":
		l.targets[full] = target
	default:
		l.ids[full] = id
	}
}

func (l *refList) problem(reason source.Reason, name string, err error) {
	l.broken[name] = true
	l.problems = append(l.problems, source.Problem{Reason: reason, What: name, Where: "refs", Detail: err.Error()})
}

// packed adds the refs of packed-refs that are not also loose.
func (l *refList) packed() {
	err := l.repo.packedRefs(func(name string, id pack.ID) {
		if l.ids[name] == "" && l.targets[name] == "" && !l.broken[name] {
			l.ids[name] = id
		}
	})
	if err != nil {
		l.problem(source.Corrupt, "packed-refs", err)
	}
}

// symbolic resolves the symbolic refs.
func (l *refList) symbolic() {
	ids := map[string]pack.ID{}
	for name, target := range l.targets {
		for range maxSymref {
			if l.targets[target] == "" {
				break
			}
			target = l.targets[target]
		}
		if l.targets[target] != "" {
			l.problem(source.Corrupt, name, errRefLoop)
		} else if id := l.ids[target]; id != "" {
			ids[name] = id
		}
	}
	maps.Copy(l.ids, ids)
}

// stashes adds what refs/stash pointed to before; git stash list calls its present value stash@{0}.
func (l *refList) stashes() {
	ids, err := l.repo.reflog("refs/stash")
	if err != nil {
		l.problem(source.Corrupt, "logs/refs/stash", err)
	}
	for n, id := range ids {
		if n > 0 {
			l.ids[stashName(n)] = id
		}
	}
}

func stashName(n int) string { return fmt.Sprintf("stash@{%d}", n) }

func (l *refList) sorted() ([]Ref, []source.Problem) {
	refs := make([]Ref, 0, len(l.ids))
	for name, id := range l.ids {
		refs = append(refs, Ref{name, id})
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(l.problems, func(a, b source.Problem) int { return strings.Compare(a.What, b.What) })
	return refs, l.problems
}

// otherWorktrees returns the names of the linked work trees without the one that is open.
func (r *Repo) otherWorktrees() []string {
	var names []string
	entries, _ := os.ReadDir(filepath.Join(r.CommonDir, "worktrees")) // usually there is none
	for _, e := range entries {
		if e.IsDir() && filepath.Join(r.CommonDir, "worktrees", e.Name()) != r.GitDir {
			names = append(names, e.Name())
		}
	}
	return names
}

// packedRefs calls f for each ref in packed-refs.
func (r *Repo) packedRefs(f func(name string, id pack.ID)) error {
	data, err := r.packedRefsFile()
	if err != nil {
		return err
	}
	return parsePackedRefs(data, r.HashLen, f)
}

// packedRef looks one ref up in packed-refs.
func (r *Repo) packedRef(name string) (id pack.ID, err error) {
	data, err := r.packedRefsFile()
	if err != nil {
		return "", err
	}
	return findPackedRef(data, r.HashLen, name)
}

// packedRefsFile returns the content of packed-refs; without such a file, nothing.
func (r *Repo) packedRefsFile() ([]byte, error) {
	data, err := ReadFile(filepath.Join(r.CommonDir, "packed-refs"), maxRefs)
	if missing(err) {
		err = nil
	}
	return data, err
}

// findPackedRef finds a ref without reading all lines, of which there may be a great many. Damage in other
// lines does not matter here; Refs tells it.
func findPackedRef(data []byte, hashLen int, name string) (id pack.ID, err error) {
	for {
		i := bytes.Index(data, []byte(" "+name))
		if i < 0 {
			return "", ErrNoRef
		}
		start := bytes.LastIndexByte(data[:i], '\n') + 1
		line, _, _ := bytes.Cut(data[start:], []byte("\n"))
		_ = parsePackedRefs(line, hashLen, func(found string, foundID pack.ID) {
			if found == name {
				id = foundID
			}
		})
		if id != "" {
			return id, nil
		}
		data = data[i+1:]
	}
}

// parsePackedRefs reads a packed-refs file: lines "<hex> <name>", comments, and after an annotated tag
// "^<hex>" with what it peels to. It calls f for every ref that can be read and returns an error if there
// are others.
func parsePackedRefs(data []byte, hashLen int, f func(name string, id pack.ID)) error {
	bad := 0
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || line[0] == '#' || line[0] == '^' {
			continue
		}
		id, ok := parseRefID(line, hashLen)
		if !ok || len(line) < 2*hashLen+2 {
			bad++
			continue
		}
		name := string(line[2*hashLen+1:])
		if !validRefName(name) {
			bad++
			continue
		}
		f(name, id)
	}
	if bad > 0 {
		return fmt.Errorf("%d malformed lines in packed-refs", bad)
	}
	return nil
}

// reflog returns the values that a ref had, the present one first.
func (r *Repo) reflog(name string) ([]pack.ID, error) {
	dir, file := r.refFile(name)
	data, err := ReadFile(filepath.Join(dir, "logs", filepath.FromSlash(file)), maxRefs)
	if err != nil {
		if missing(err) {
			err = nil
		}
		return nil, err
	}
	return parseReflog(data, r.HashLen)
}

// parseReflog reads lines "<old> <new> <name> <mail> <time> <zone>\t<message>", oldest first, and returns
// the new values, newest first. Lines that cannot be read are left out and make an error.
func parseReflog(data []byte, hashLen int) ([]pack.ID, error) {
	var ids []pack.ID
	bad := 0
	for line := range bytes.Lines(data) {
		n := 2*hashLen + 1
		if len(line) > n && line[n-1] == ' ' {
			if id, ok := parseRefID(line[n:], hashLen); ok {
				ids = append(ids, id)
				continue
			}
		}
		bad++
	}
	slices.Reverse(ids)
	if bad > 0 {
		return ids, fmt.Errorf("%d malformed lines in the reflog", bad)
	}
	return ids, nil
}

// validRefName applies the rules of git-check-ref-format(1) to a full name; one level, like HEAD, is
// allowed. It also makes sure that the name stays inside its directory as a path.
func validRefName(name string) bool {
	if name == "" || name == "@" || strings.HasSuffix(name, ".") ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}
