package repo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	gitconfig "github.com/go-git/go-git/v5/plumbing/format/config"
)

// maxConfig bounds what is read of a configuration file.
const maxConfig = 16 << 20

// config is the few values of a repository's configuration that say how it is stored.
type config struct {
	version    int
	hashLen    int
	refStorage string // "files" or another backend
	worktree   string // core.worktree
	bare       bool
	promisor   bool
	perTree    bool // extensions.worktreeConfig: config.worktree is read as well
	unknown    string
}

// option is one "section.sub.key = value" of a configuration file; section and key are in lower case.
type option struct{ section, sub, key, value string }

// readConfig reads a repository's configuration: the shared one, and that of the work tree if there is
// one. Includes are not followed. The note is not empty when git had to be asked.
func readConfig(gitDir, commonDir string) (c config, note string, err error) {
	c = config{hashLen: 20, refStorage: "files"}
	note, err = c.add(gitDir, filepath.Join(commonDir, "config"))
	if err == nil && c.perTree {
		var n string
		n, err = c.add(gitDir, filepath.Join(gitDir, "config.worktree"))
		note = cmp.Or(note, n)
	}
	if err != nil {
		return c, "", err
	}
	return c, note, c.check(commonDir)
}

func (c *config) add(gitDir, path string) (note string, err error) {
	data, err := readRegular(path, maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("repository configuration: %w", err)
	}
	opts, err := parseConfig(data)
	if err != nil {
		// git accepts some files that the library does not.
		out, gitErr := runGit(context.Background(), gitDir, "", "config", "--file", path, "--no-includes", "--null", "--list")
		if gitErr != nil {
			return "", fmt.Errorf("repository configuration %s: %w", path, err)
		}
		opts, note = parseConfigList(out), "configuration read with the git program: "+err.Error()
	}
	for _, o := range opts {
		if err := c.set(o); err != nil {
			return "", fmt.Errorf("repository configuration %s: %w", path, err)
		}
	}
	return note, nil
}

func (c *config) set(o option) (err error) {
	switch o.section + "." + o.key {
	case "core.repositoryformatversion":
		c.version, err = strconv.Atoi(o.value)
		if err != nil {
			return errors.New("core.repositoryformatversion is not a number")
		}
	case "core.bare":
		c.bare = isTrue(o.value)
	case "core.worktree":
		c.worktree = o.value
	case "remote.promisor":
		c.promisor = c.promisor || isTrue(o.value)
	case "remote.partialclonefilter":
		c.promisor = true
	}
	if o.section == "extensions" && o.sub == "" {
		return c.setExtension(o.key, o.value)
	}
	return nil
}

// setExtension handles the extensions of git's repository-version document. An unknown one may change
// how objects or refs are stored, so it cannot be passed over.
func (c *config) setExtension(key, value string) error {
	switch key {
	case "objectformat":
		switch strings.ToLower(value) {
		case "sha1":
			c.hashLen = 20
		case "sha256":
			c.hashLen = 32
		default:
			return fmt.Errorf("object format %q is not known: want sha1 or sha256", value)
		}
	case "refstorage":
		c.refStorage = strings.ToLower(value)
	case "partialclone":
		c.promisor = true
	case "worktreeconfig":
		c.perTree = isTrue(value)
	case "noop", "noop-v1", "preciousobjects", "relativeworktrees", "compatobjectformat", "submodulepathconfig":
	default:
		c.unknown = key
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

func parseConfig(data []byte) (opts []option, err error) {
	// The parser below panics on escapes that its own scanner lets pass.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	cfg := gitconfig.New()
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := gitconfig.NewDecoder(bytes.NewReader(data)).Decode(cfg); err != nil {
		return nil, err
	}
	for _, s := range cfg.Sections {
		section := strings.ToLower(s.Name)
		for _, o := range s.Options {
			opts = append(opts, option{section, "", strings.ToLower(o.Key), o.Value})
		}
		for _, sub := range s.Subsections {
			for _, o := range sub.Options {
				opts = append(opts, option{section, sub.Name, strings.ToLower(o.Key), o.Value})
			}
		}
	}
	return opts, nil
}

// parseConfigList reads the output of git config --null --list: "section.sub.key\nvalue", or only the
// key, each ended by NUL. git has put section and key in lower case.
func parseConfigList(out []byte) []option {
	var opts []option
	for item := range bytes.SplitSeq(out, []byte{0}) {
		name, value, _ := strings.Cut(string(item), "\n")
		first, last := strings.IndexByte(name, '.'), strings.LastIndexByte(name, '.')
		if first < 0 {
			continue
		}
		o := option{section: name[:first], key: name[last+1:], value: value}
		if first < last {
			o.sub = name[first+1 : last]
		}
		opts = append(opts, o)
	}
	return opts
}

// isTrue reads a git boolean. A key without "=" is true in git; the parser gives "" for it, as it does
// for an empty value, which is much rarer.
func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "", "true", "yes", "on":
		return true
	}
	n, err := strconv.Atoi(s)
	return err == nil && n != 0
}
