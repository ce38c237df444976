package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// maxConfig bounds what is read of a configuration file.
const maxConfig = 16 << 20

// config is the few values of a repository's configuration that say how it is stored, and where it is from.
type config struct {
	version    int
	hashLen    int
	refStorage string // "files" or another backend
	worktree   string // core.worktree
	bare       bool
	promisor   bool
	perTree    bool   // extensions.worktreeConfig: config.worktree is read as well
	origin     string // URL of the remote of that name
	unknown    string
}

// readConfig reads a repository's configuration: the shared one, and that of the work tree if there is
// one. Includes are not followed.
func readConfig(gitDir, commonDir string) (config, error) {
	c := config{hashLen: 20, refStorage: "files"}
	err := c.add(filepath.Join(commonDir, "config"))
	if err == nil && c.perTree {
		err = c.add(filepath.Join(gitDir, "config.worktree"))
	}
	if err != nil {
		return c, err
	}
	return c, c.check(commonDir)
}

func (c *config) add(path string) error {
	data, err := ReadFile(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("repository configuration: %w", err)
	}
	opts, err := parseConfig(data)
	if err != nil {
		return fmt.Errorf("repository configuration %s: %w", path, err)
	}
	for _, o := range opts {
		if err := c.set(o); err != nil {
			return fmt.Errorf("repository configuration %s: %w", path, err)
		}
	}
	return nil
}

func (c *config) set(o option) (err error) {
	switch o.section + "." + o.key {
	case "core.repositoryformatversion":
		c.version, err = strconv.Atoi(o.value)
		if err != nil {
			return errors.New("core.repositoryformatversion is not a number")
		}
	case "core.bare":
		c.bare = o.isTrue()
	case "core.worktree":
		c.worktree = o.value
	case "remote.url":
		if o.sub == "origin" && c.origin == "" {
			c.origin = o.value
		}
	case "remote.promisor":
		c.promisor = c.promisor || o.isTrue()
	case "remote.partialclonefilter":
		c.promisor = true
	}
	if o.section == "extensions" && o.sub == "" {
		return c.setExtension(o)
	}
	return nil
}

// setExtension handles the extensions of git's repository-version document. An unknown one may change
// how objects or refs are stored, so it cannot be passed over.
func (c *config) setExtension(o option) error {
	switch value := strings.ToLower(o.value); o.key {
	case "objectformat":
		switch value {
		case "sha1":
			c.hashLen = 20
		case "sha256":
			c.hashLen = 32
		default:
			return fmt.Errorf("object format %q is not known: want sha1 or sha256", o.value)
		}
	case "refstorage":
		c.refStorage = value
	case "partialclone":
		c.promisor = true
	case "worktreeconfig":
		c.perTree = o.isTrue()
	case "noop", "noop-v1", "preciousobjects", "relativeworktrees", "compatobjectformat", "submodulepathconfig":
	default:
		c.unknown = o.key
	}
	return nil
}

func (c *config) check(dir string) error {
	if c.version > 1 {
		return fmt.Errorf("repository %s has format version %d: this program reads versions 0 and 1", dir, c.version)
	}
	if c.unknown != "" && c.version == 1 {
		return fmt.Errorf("repository %s uses the extension %q, which this program does not know: scan a plain clone of it", dir, c.unknown)
	}
	return nil
}

// isTrue reads a git boolean. A key without "=" is true.
func (o option) isTrue() bool {
	switch strings.ToLower(o.value) {
	case "true", "yes", "on":
		return true
	case "":
		return o.bare
	}
	n, err := strconv.Atoi(o.value)
	return err == nil && n != 0
}
