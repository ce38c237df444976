package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/straykey/straykey/compat/gitleaks"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source/repo"
)

// scanFlags says what was typed in the words of `straykey scan`.
func (f *gitleaksFlags) scanFlags(ctx context.Context, env *environment, args []string) (*scanFlags, error) {
	if f.platform = strings.ToLower(f.platform); f.platform == "unknown" {
		f.platform = ""
	}
	if f.platform != "" && !slices.Contains(gitleaks.Platforms(), f.platform) {
		return nil, fmt.Errorf("--platform is one of %s, not %q", strings.Join(gitleaks.Platforms(), ", "), f.platform)
	}
	if f.timeout < 0 || f.maxMegabytes < 0 {
		return nil, errors.New("--timeout and --max-target-megabytes are not negative")
	}
	s := &scanFlags{
		gitleaks: f, engine: "delta", jobs: runtime.GOMAXPROCS(0), confidence: "medium", class: "credentials", failOn: "any",
		archiveDepth: min(max(0, f.archiveDepth), maxArchiveDepth), archiveDepthSet: true, exitCode: f.exitCode, color: "never", quiet: true, noProgress: true,
		timeout: time.Duration(f.timeout) * time.Second, policy: policyFlags{noConfig: true},
		showSecrets: f.redactGiven && f.redact == 0, decodeDepth: f.decodeDepth,
	}
	if f.decodeDepth <= 0 {
		s.decodeDepth = -1
	}
	if f.maxMegabytes > 0 {
		s.maxBlobSize = strconv.Itoa(f.maxMegabytes) + "MB"
	}
	if err := f.target(s, args); err != nil {
		return nil, err
	}
	if err := f.choose(ctx, env, s); err != nil {
		return nil, err
	}
	return s, f.reports(s)
}

// scansFiles reports whether files are scanned, and no repository.
func (f *gitleaksFlags) scansFiles() bool {
	return f.mode == gitleaksDir || f.mode == gitleaksDetect && f.noGit && !f.pipe
}

// target says what is scanned.
func (f *gitleaksFlags) target(s *scanFlags, args []string) error {
	switch {
	case f.mode == gitleaksStdin || f.pipe:
		s.paths = []string{"-"}
	case f.mode == gitleaksDir:
		s.files, s.paths = true, args
	case f.mode == gitleaksDetect && f.noGit:
		s.files, s.paths = true, []string{f.source}
	case f.mode == gitleaksGit:
		s.paths = args
	case f.source != ".": // else a hook may say which repository and index it is
		s.paths = []string{f.source}
	}
	f.targets = s.paths
	if len(f.targets) == 0 {
		f.targets = []string{"."}
	}
	s.noGitignore = s.files
	if s.files && f.followSymlinks {
		var err error
		if f.symlinks, err = linkedFiles(f.targets); err != nil {
			return err
		}
		s.paths = append(f.targets, slices.Sorted(maps.Keys(f.symlinks))...)
	}
	return nil
}

// choose says which part of a repository is scanned, if it is one.
func (f *gitleaksFlags) choose(ctx context.Context, env *environment, s *scanFlags) error {
	if s.files || f.targets[0] == "-" {
		return nil
	}
	if f.staged || f.preCommit || f.mode == gitleaksProtect {
		s.staged, s.unstaged = f.staged, !f.staged
		return nil
	}
	r, err := repo.Open(f.targets[0])
	if err != nil {
		return fmt.Errorf("%s: %w; to scan files, give: straykey dir %s", f.targets[0], err, f.targets[0])
	}
	f.links = gitleaks.Link(r.Origin, f.platform)
	if f.log, err = gitleaks.ParseLogOptions(f.logOpts); err != nil {
		return fmt.Errorf("--log-opts: %w", err)
	}
	if f.logOpts == "" || f.log.All {
		s.noUnreachable = true
		return nil
	}
	s.ranges, err = commitsOf(ctx, r, &f.log)
	return err
}

// commitsOf returns the commits that git log shows, as single revisions for a range.
func commitsOf(ctx context.Context, r *repo.Repo, o *gitleaks.LogOptions) ([]string, error) {
	args := append([]string{"log"}, o.Args...)
	args = append(args, "--format=%H", "--no-patch", "--no-show-signature", "--no-color", "--no-notes", "--")
	out, err := r.Git(ctx, "", append(args, o.Paths...)...)
	if err != nil {
		return nil, fmt.Errorf("--log-opts: %w", err)
	}
	var ids []string
	for word := range bytes.FieldsSeq(out) {
		if id := string(word); len(id) == 2*r.HashLen && strings.Trim(id, "0123456789abcdef") == "" {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return []string{"HEAD..HEAD"}, nil // no commit
	}
	return ids, nil
}

// linkedFiles returns the files outside of directories that symbolic links in them lead to, each with the first of the links.
func linkedFiles(dirs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, dir := range dirs {
		root, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return nil, fmt.Errorf("cannot scan %q: %w", dir, cause(err))
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // the scan says that it cannot be read
			}
			if d.IsDir() && d.Name() == ".git" {
				return filepath.SkipDir
			}
			if d.Type()&fs.ModeSymlink == 0 {
				return nil
			}
			to, err := filepath.EvalSymlinks(path)
			if err != nil {
				return nil //nolint:nilerr // a link to nothing
			}
			info, err := os.Stat(to)
			if rel, relErr := filepath.Rel(root, path); err == nil && relErr == nil && info.Mode().IsRegular() && !isWithin(to, root) && out[filepath.ToSlash(to)] == "" {
				out[filepath.ToSlash(to)] = filepath.ToSlash(filepath.Join(dir, rel))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rules returns the rules that gitleaks' order of configurations leads to. The built-in rules stand for gitleaks' own.
func (f *gitleaksFlags) rules(env *environment) (*rules.Set, error) {
	set, err := f.configured(env)
	if err != nil {
		return nil, err
	}
	if len(f.enableRules) > 0 {
		if set, err = gitleaks.NewNames().Only(set, f.enableRules); err != nil {
			return nil, fmt.Errorf("--enable-rule: %w", err)
		}
	}
	return set, nil
}

func (f *gitleaksFlags) configured(env *environment) (*rules.Set, error) {
	o := ruleOptions()
	o.Gitleaks = true
	f.configFile = cmp.Or(f.config, env.getenv("GITLEAKS_CONFIG"))
	if f.configFile != "" {
		return rules.Load(f.configFile, o)
	}
	if text := env.getenv("GITLEAKS_CONFIG_TOML"); text != "" {
		return rules.Parse("GITLEAKS_CONFIG_TOML", []byte(text), o)
	}
	target := f.targets[0]
	if target == "-" {
		target = "."
	}
	name := filepath.Join(target, gitleaksConfig)
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return rules.Builtin()
	}
	f.configFile = name
	return rules.Load(name, o)
}
