package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/scan"
	"github.com/straykey/straykey/source/repo"
)

// cacheVariable names the directory that scans of histories keep things in.
const cacheVariable = "STRAYKEY_CACHE"

// cacheDir is where to keep things. Nothing is kept where the directory is empty.
type cacheDir struct {
	path  string
	named string // "--cache-dir" or the variable; empty: the user did not name it
}

// checkCache finds out where to keep things from one scan of a history to the next.
func (p *scanPlan) checkCache() error {
	f := p.flags
	if f.noCache && f.cacheDir != "" {
		return usageError("--no-cache and --cache-dir exclude one another, for example: straykey scan --no-cache")
	}
	history := !f.files && !f.staged && len(f.ranges) == 0
	if f.cacheDir != "" && (!history || f.engine == "full") {
		return usageError("--cache-dir belongs to a scan of the whole history with --engine delta, for example: straykey scan --cache-dir DIR")
	}
	if f.noCache || !history || f.engine == "full" {
		return nil
	}
	dir := cacheDir{f.cacheDir, "--cache-dir"}
	if dir.path == "" {
		dir = cacheDir{p.env.getenv(cacheVariable), cacheVariable}
	}
	if dir.path == "" {
		user, err := os.UserCacheDir()
		if err != nil { // no home: nothing is kept
			return nil
		}
		dir = cacheDir{filepath.Join(user, "straykey"), ""}
	}
	var err error
	if dir.path, err = filepath.Abs(dir.path); err != nil {
		return nil
	}
	p.cache = dir
	return nil
}

// verdict names all that decides what is found in a text, except for what scan.Options say.
func (p *scanPlan) verdict() (string, error) {
	build, err := buildID()
	if err != nil {
		return "", err
	}
	// The hash covers what the built-in rules say. Of a user's rules everything counts: they cost
	// little, and a field that the hash forgot would hide credentials.
	var own []byte
	if p.ownRules {
		if own, err = json.Marshal(p.set); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s\n%s\n%s\n%x\n%+v", version(), build, p.set.Hash, sha256.Sum256(own), p.engine), nil
}

// useCache has a scan of a history keep things, and makes sure that the cache is out of reach of the scanned repository: who commits
// a file there, or writes to the repository, could make a scan pass over what he wants hidden.
func (p *scanPlan) useCache(r *repo.Repo, o *scan.Options) error {
	if p.cache.path == "" {
		return nil
	}
	for _, dir := range []string{r.WorkTree, r.GitDir, r.CommonDir} {
		if dir == "" || !isWithin(p.cache.path, dir) {
			continue
		}
		if p.cache.named != "" {
			return usageError("%s: %s lies in the scanned repository, which must not have a say in what is scanned; name a directory outside of it, for example: straykey scan --cache-dir /var/tmp/straykey", p.cache.named, p.cache.path)
		}
		return nil
	}
	if verdict, err := p.verdict(); err == nil { // what cannot be named cannot be kept
		o.Memory = &scan.Memory{Dir: p.cache.path, Verdict: verdict}
	}
	return nil
}

// addReuse adds what one target had from the cache to that of the others. All that could be known beforehand was
// known only if that is so of each.
func addReuse(sum *report.Cache, reused *scan.Reuse) *report.Cache {
	switch {
	case reused == nil:
		return sum
	case sum == nil:
		return &report.Cache{Texts: reused.Texts, Places: reused.Places, Note: reused.Note}
	}
	sum.Texts += reused.Texts
	sum.Places = sum.Places && reused.Places
	sum.Note = cmp.Or(sum.Note, reused.Note)
	return sum
}

// isWithin reports whether a path, which need not exist, is a directory or lies below it.
func isWithin(path, dir string) bool {
	path, dir = realPath(path), realPath(dir)
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// realPath resolves the symbolic links of a path as far as it exists.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	up := filepath.Dir(path)
	if up == path {
		return path
	}
	return filepath.Join(realPath(up), filepath.Base(path))
}

// buildID names the running program by its content. The go command notes a hash of it near the start of the file; without
// one the file itself is hashed, which takes longer than the rest of the start.
func buildID() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	start, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return "", err
	}
	if id := notedBuildID(start); id != "" {
		return id, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// notedBuildID returns what the go command noted in the first bytes of a program: in an ELF note of owner "Go", else as text
// before the code (cmd/internal/buildid). It is empty where there is none.
func notedBuildID(start []byte) string {
	const elfNote = "\x04\x00\x00\x00" + "Go\x00\x00" // type 4, owner; the length of the id stands two words before
	if i := bytes.Index(start, []byte(elfNote)); i >= 8 {
		n := int(start[i-4]) | int(start[i-3])<<8
		from := i + len(elfNote)
		if n >= minBuildID && from+n <= len(start) {
			return string(start[from : from+n])
		}
	}
	const mark, end = "\xff Go build ID: \"", "\"\n \xff"
	if _, rest, ok := bytes.Cut(start, []byte(mark)); ok {
		if id, _, ok := bytes.Cut(rest, []byte(end)); ok && len(id) >= minBuildID {
			return string(id)
		}
	}
	return ""
}

// minBuildID is less than the length of the hashes that the go command writes, and more than what somebody may have
// told the linker to write instead.
const minBuildID = 60
