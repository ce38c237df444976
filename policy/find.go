package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// ConfigFile is the name of the configuration of a repository or directory.
const ConfigFile = ".straykey.toml"

// Place is where a scanned directory stands among policy files.
type Place struct {
	// Root is the directory in which ignore file and baseline are looked for, absolute: that of the repository, else that of the
	// configuration, else the scanned one.
	Root string
	// Below is the path of the scanned directory from Root, with slashes; empty at Root.
	Below string
	// Config is the path of the nearest configuration from Root, with slashes; empty: there is none.
	Config string
	// Repo says that Root is the top of a repository's work tree.
	Repo bool
	// Bare says that the directory is a git directory: no file in it is policy.
	Bare bool
	// Gitleaks is the path of a configuration of gitleaks at Root, if there is no other; it is not used.
	Gitleaks string
}

// Find looks for the configuration of a directory, upward to the root of its repository, or of the file system if there is
// none. It costs two calls of the system for each directory on the way.
func Find(dir string) (Place, error) {
	start, err := filepath.Abs(dir)
	if err == nil {
		start, err = filepath.EvalSymlinks(start)
	}
	if err != nil {
		return Place{}, fmt.Errorf("looking for %s: %w", ConfigFile, err)
	}
	if isBare(start) {
		return Place{Root: start, Bare: true}, nil
	}
	config, top, repository := "", "", false
	for at := start; top == ""; {
		if config == "" && exists(filepath.Join(at, ConfigFile)) {
			config = at
		}
		up := filepath.Dir(at)
		switch {
		case exists(filepath.Join(at, ".git")):
			top, repository = at, true
		case up == at:
			top = start
			if config != "" && !othersWrite(config) {
				top = config
			} else {
				config = ""
			}
		}
		at = up
	}
	p := Place{Root: top, Below: slashRel(top, start), Repo: repository}
	switch {
	case config != "":
		p.Config = path.Join(slashRel(top, config), ConfigFile)
	case exists(filepath.Join(top, ".gitleaks.toml")):
		p.Gitleaks = ".gitleaks.toml"
	}
	return p, nil
}

// exists reports whether there is something of a name, also a link that leads nowhere.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission)
}

// othersWrite reports whether everybody may put files into a directory, as into /tmp. What lies there, outside of any
// repository, says nothing.
func othersWrite(dir string) bool {
	info, err := os.Stat(dir)
	return err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0
}

// isBare reports whether a directory looks like a git directory.
func isBare(dir string) bool {
	return exists(filepath.Join(dir, "HEAD")) && exists(filepath.Join(dir, "objects")) && exists(filepath.Join(dir, "refs"))
}

func slashRel(base, dir string) string {
	rel, err := filepath.Rel(base, dir)
	if err != nil || rel == "." {
		return ""
	}
	return filepath.ToSlash(rel)
}

// RepoName returns how a repository is named in a baseline that serves several: the host and path of its remote, without
// user, password, port and ".git", so that it is the same over HTTPS and SSH; of a remote that is a path, and without a remote, the
// name of the directory dir.
func RepoName(remote, dir string) string {
	host, where := "", ""
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		host, where = u.Hostname(), u.Path
	} else if before, after, ok := strings.Cut(remote, ":"); ok && !strings.Contains(remote, "://") && !strings.ContainsAny(before, `/\`) && len(before) > 1 {
		host, where = before[strings.LastIndexByte(before, '@')+1:], after
	}
	where = strings.TrimSuffix(strings.Trim(where, "/"), ".git")
	if host == "" || where == "" {
		return strings.TrimSuffix(filepath.Base(dir), ".git")
	}
	return strings.ToLower(host) + "/" + where
}
