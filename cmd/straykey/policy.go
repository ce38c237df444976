package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/source/repo"
)

// configVariable names a configuration file, like --config.
const configVariable = "STRAYKEY_CONFIG"

// policyFlags say which policy files count, in all commands that scan.
type policyFlags struct {
	config     string
	noConfig   bool
	ignoreFile string
	baseline   string
	repo       string
	noSuppress bool
	ref        string
	accept     bool
	noBaseline bool           // no flag: the baseline is what is being made
	noRepo     bool           // no flag: no file is looked at, so the repository around has no say
	made       *policy.Config // no flag: the configuration that is being made
}

// addPolicyFlags adds the flags of policies.
func addPolicyFlags(fl *pflag.FlagSet, f *policyFlags) {
	fl.StringVar(&f.config, "config", "", "configuration `FILE` (default $"+configVariable+", or the nearest "+policy.ConfigFile+" above the target)")
	fl.BoolVar(&f.noConfig, "no-config", false, "use no configuration file at all")
	fl.StringVar(&f.ignoreFile, "ignore-file", "", "what to ignore, from `FILE` instead of "+policy.IgnoreFile+" at the root of the repository")
	fl.StringVar(&f.baseline, "baseline", "", "what was known before, from `FILE` instead of "+policy.BaselineFile+" at the root of the repository")
	fl.StringVar(&f.repo, "repo-name", "", "`NAME` of the repository in a baseline that serves several (default: host and path of the remote origin)")
	fl.BoolVar(&f.noSuppress, "no-suppress", false, "let nothing be suppressed: no ignore file, no baseline, no allow comment")
	fl.StringVar(&f.ref, "policy-ref", "", "take configuration, ignore file, baseline and allow comments as they are in the revision `REV`, so that what is scanned has no say in it")
	fl.BoolVar(&f.accept, "accept-new-suppressions", false, "with --policy-ref: let suppressions that REV has not count too; they are listed all the same")
}

// targetPolicy is what is in force in one target.
type targetPolicy struct {
	place  policy.Place
	source policy.Source
	tree   *repo.Tree // behind source, if that is a revision
	repo   *repo.Repo // nil: the target is in none, or it was not needed
	scope  policy.Scope

	// With --policy-ref only.
	base     *recorder // what was read in the revision; nil: there is no such
	commit   string    // id of the revision
	ignore   string    // paths of ignore file and baseline from the root; empty: the file is outside of the repository
	baseline string
	mode     report.Mode
	watched  map[string][]byte // as scan.Result has it
}

// recorder remembers what was read from a source; nil stands for what was not there.
type recorder struct {
	policy.Source
	files map[string][]byte
}

// ReadFile implements policy.Source.
func (r *recorder) ReadFile(name string) ([]byte, error) {
	data, err := r.Source.ReadFile(name)
	switch {
	case err == nil:
		r.files[name] = nonNil(data)
	case errors.Is(err, fs.ErrNotExist):
		r.files[name] = nil
	}
	return data, err
}

// watch lists the policy files that a change may alter.
func (t *targetPolicy) watch() []string {
	if t.base == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.base.files))
}

// checkPolicyFlags refuses flags that exclude one another.
func (p *scanPlan) checkPolicyFlags() error {
	f := &p.flags.policy
	switch {
	case f.noConfig && f.config != "":
		return usageError("--no-config and --config exclude one another, for example: straykey scan --no-config")
	case f.noSuppress && (f.ignoreFile != "" || f.baseline != "" || f.accept):
		return usageError("with --no-suppress neither --ignore-file nor --baseline nor --accept-new-suppressions says anything, for example: straykey scan --no-suppress")
	case f.accept && f.ref == "":
		return usageError("--accept-new-suppressions belongs to --policy-ref, for example: straykey scan --range main..HEAD --policy-ref main --accept-new-suppressions")
	}
	return nil
}

// loadPolicy finds out what is in force: the configuration, whose settings count where no flag was given, and what is ignored.
func (p *scanPlan) loadPolicy() error {
	if err := p.checkPolicyFlags(); err != nil {
		return err
	}
	for _, target := range p.targets {
		t, err := p.openPolicy(target)
		if err != nil {
			p.closePolicy()
			return err
		}
		p.policies = append(p.policies, t)
	}
	defer p.closePolicy()
	if err := p.loadConfig(); err != nil {
		return err
	}
	if err := p.loadNamedRules(); err != nil {
		return err
	}
	if p.flags.policy.noSuppress {
		return nil
	}
	for _, t := range p.policies {
		if err := p.loadSuppressions(t); err != nil {
			return err
		}
	}
	return nil
}

// closePolicy ends the use of revisions.
func (p *scanPlan) closePolicy() {
	for _, t := range p.policies {
		if t.tree != nil {
			_ = t.tree.Close() // it was only read
			t.tree = nil
		}
	}
}

// openPolicy finds the policy files of a target.
func (p *scanPlan) openPolicy(target string) (*targetPolicy, error) {
	dir := target
	if target == "-" {
		dir = "."
	} else if info, err := os.Stat(target); err == nil && !info.IsDir() {
		dir = filepath.Dir(target)
	}
	place, err := policy.Find(dir)
	if err != nil {
		return nil, err
	}
	t := &targetPolicy{place: place, source: policy.Dir(place.Root)}
	ref := p.flags.policy.ref
	if ref == "" && !place.Bare {
		return t, nil
	}
	if ref == "" {
		ref = "HEAD"
	}
	if t.repo, err = p.openRepo(dir); err != nil {
		if errors.Is(err, repo.ErrNotRepository) && p.flags.policy.ref != "" {
			return nil, usageError("--policy-ref: %s is in no git repository; leave it out, or scan a repository", dir)
		}
		return nil, fmt.Errorf("open repository %s: %w", dir, err)
	}
	if t.tree, err = t.repo.OpenTree(ref, policy.MaxFile); err != nil {
		if p.flags.policy.ref != "" {
			return nil, usageError("--policy-ref: %w", err)
		}
		return nil, fmt.Errorf("policy files of %s: %w", dir, err)
	}
	t.source = t.tree
	if top := t.repo.WorkTree; top != "" && !place.Bare {
		top = realPath(top)
		t.place.Root, t.place.Repo = top, true
		t.place.Below = ""
		if below, ok := insideOf(top, dir); ok && below != "." {
			t.place.Below = below
		}
	}
	if p.flags.policy.ref != "" {
		t.base = &recorder{t.tree, map[string][]byte{}}
		t.source, t.commit = t.base, t.tree.Commit.String()
	}
	t.place.Config, err = findIn(t.source, t.place.Below)
	t.place.Gitleaks = ""
	if _, err := t.tree.ReadFile(gitleaksConfig); err == nil && t.place.Config == "" {
		t.place.Gitleaks = gitleaksConfig
	}
	return t, err
}

// gitleaksConfig is where gitleaks has its configuration.
const gitleaksConfig = ".gitleaks.toml"

// findIn looks for the configuration of a directory upward in a revision.
func findIn(source policy.Source, below string) (config string, err error) {
	for dir := below; ; dir = path.Dir(dir) {
		if dir == "." || dir == "/" {
			dir = ""
		}
		name := path.Join(dir, policy.ConfigFile)
		if _, err := source.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			return name, err
		}
		if dir == "" {
			return "", nil
		}
	}
}

// ruleOptions are what rule files may name.
func ruleOptions() rules.Options {
	return rules.Options{Proofs: proof.Names(), Detectors: generic.Names()}
}

// ruleOptions are what rule files may name, and begin with.
func (p *scanPlan) ruleOptions() rules.Options {
	o := ruleOptions()
	o.Builtin = p.catalog
	return o
}

// loadConfig reads the configuration files and sets the flags that were not given.
func (p *scanPlan) loadConfig() error {
	if p.config = p.flags.policy.made; p.config != nil {
		return nil
	}
	files, err := p.configFiles()
	if err != nil || len(files) == 0 {
		return err
	}
	p.config, err = policy.Load(files, p.ruleOptions())
	if err != nil {
		return usageError("%w", err)
	}
	return p.flags.apply(p.config)
}

// loadNamedRules reads the file of --rules where it lies in the repository and counts as it is in a revision.
func (p *scanPlan) loadNamedRules() error {
	name := p.flags.rules
	if name == "" || p.flags.policy.ref == "" {
		return nil
	}
	data, t, rel, err := p.readNamed(name)
	if err != nil {
		return usageError("--rules: %s: %w", name, err)
	}
	if t == nil {
		return nil
	}
	o := p.ruleOptions()
	o.ReadFile = t.readExtended(path.Dir(rel), filepath.Dir(name))
	if p.namedRules, err = rules.Parse(name, data, o); err != nil {
		return usageError("%w", err)
	}
	return nil
}

// configFiles returns the configuration files that count, the lowest layer first.
func (p *scanPlan) configFiles() ([]policy.File, error) {
	f := &p.flags.policy
	if f.noConfig {
		return nil, nil
	}
	var files []policy.File
	user, err := p.userConfig()
	if err != nil {
		return nil, err
	}
	if user != nil {
		files = append(files, *user)
	}
	named, flag := f.config, "--config"
	if named == "" {
		named, flag = p.env.getenv(configVariable), configVariable
	}
	if named != "" {
		data, t, rel, err := p.readNamed(named)
		if err != nil {
			return nil, usageError("%s: %s: %w", flag, named, err)
		}
		file := policy.File{Name: named, Layer: policy.LayerGiven, Data: data}
		if t != nil {
			file.Layer, file.ReadFile = policy.LayerRepo, t.readExtended(path.Dir(rel), filepath.Dir(named))
		}
		return append(files, file), nil
	}
	if f.noRepo {
		return files, nil
	}
	own, err := p.repoConfig()
	if err != nil || own == nil {
		return files, err
	}
	return append(files, *own), nil
}

// userConfig returns the user's own configuration; nil: there is none.
func (p *scanPlan) userConfig() (*policy.File, error) {
	dir := p.env.getenv("XDG_CONFIG_HOME")
	if dir == "" && runtime.GOOS == "windows" {
		dir = p.env.getenv("AppData")
	} else if home := p.env.getenv("HOME"); dir == "" && home != "" {
		dir = filepath.Join(home, ".config")
	}
	if !filepath.IsAbs(dir) {
		return nil, nil
	}
	name := filepath.Join(dir, "straykey", "config.toml")
	data, err := policy.ReadUser(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, usageError("configuration %s: %w", name, cause(err))
	}
	file := &policy.File{Name: name, Layer: policy.LayerUser, Data: data}
	for _, t := range p.policies {
		if t.place.Repo && isInside(t.place.Root, name) { // what is scanned does not say who is asked
			file.Layer = policy.LayerRepo
		}
	}
	return file, nil
}

// repoConfig returns the configuration of the scanned repository; nil: there is none. Several targets have to have the same.
func (p *scanPlan) repoConfig() (*policy.File, error) {
	first := p.policies[0]
	for i, t := range p.policies[1:] {
		if t.configPath() != first.configPath() {
			return nil, usageError("%s and %s have different configurations; scan them apart, or say which one counts with --config FILE or --no-config", p.targets[0], p.targets[i+1])
		}
	}
	if first.place.Config == "" {
		if first.place.Gitleaks != "" && p.flags.rules == "" {
			p.notes = append(p.notes, "the configuration of gitleaks, "+first.place.Gitleaks+", is not used; --config "+first.place.Gitleaks+" puts what it says on top of the built-in rules, and straykey migrate takes it over")
		}
		return nil, nil
	}
	data, err := first.source.ReadFile(first.place.Config)
	if err != nil {
		return nil, usageError("configuration %s: %w", first.shown(first.place.Config), cause(err))
	}
	file := &policy.File{Name: first.shown(first.place.Config), Layer: policy.LayerRepo, Data: data}
	file.ReadFile = first.readExtended(path.Dir(first.place.Config), filepath.Dir(file.Name))
	return file, nil
}

// configPath is where the configuration stands on disk; empty: there is none.
func (t *targetPolicy) configPath() string {
	if t.place.Config == "" {
		return ""
	}
	return filepath.Join(t.place.Root, filepath.FromSlash(t.place.Config))
}

// shown returns the name of a policy file in messages and reports: as somebody in the working directory would write it, if
// that is short.
func (t *targetPolicy) shown(name string) string {
	full := filepath.Join(t.place.Root, filepath.FromSlash(name))
	if t.place.Bare {
		return name
	}
	if cwd, err := os.Getwd(); err == nil {
		if real, err := filepath.EvalSymlinks(cwd); err == nil {
			cwd = real
		}
		if rel, err := filepath.Rel(cwd, full); err == nil && len(rel) < len(full) {
			return rel
		}
	}
	return full
}

// readExtended returns what reads the files that a configuration in the directory dir of the repository extends. The loader
// names them relative to the directory in which it takes the configuration to be, shown.
func (t *targetPolicy) readExtended(dir, shown string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		rel, err := filepath.Rel(shown, name)
		if err != nil || filepath.IsAbs(name) != filepath.IsAbs(shown) {
			return nil, errors.New("it lies outside of the repository; expected a file of the repository")
		}
		in := path.Join(dir, filepath.ToSlash(rel))
		if !fs.ValidPath(in) {
			return nil, errors.New("it lies outside of the repository; expected a file of the repository")
		}
		return t.source.ReadFile(in)
	}
}

// readNamed reads a policy file that the user named. One that lies in a scanned repository is read from where that repository's
// policy files come from, which t is then, and rel the path there.
func (p *scanPlan) readNamed(name string) (data []byte, t *targetPolicy, rel string, err error) {
	for _, t := range p.policies {
		rel, ok := insideOf(t.place.Root, name)
		if t.place.Bare || !ok {
			continue
		}
		data, err := t.source.ReadFile(rel)
		if err != nil && t.tree != nil {
			err = fmt.Errorf("in revision %s: %w", p.flags.policy.ref, cause(err))
		}
		return data, t, rel, cause(err)
	}
	data, err = policy.ReadUser(name)
	return data, nil, "", cause(err)
}

// isInside reports whether a file lies below a directory.
func isInside(root, name string) bool {
	_, ok := insideOf(root, name)
	return ok
}

// insideOf returns the path of a file from a directory that it lies below, with slashes. A link on the way from the directory
// leads nowhere else: what is scanned may have made it. A link from elsewhere into the directory does count.
func insideOf(root, name string) (rel string, ok bool) {
	name = absolute(name)
	for dir := filepath.Dir(name); ; dir = filepath.Dir(dir) {
		if sameFile(dir, root) {
			rel, err := filepath.Rel(dir, name)
			return filepath.ToSlash(rel), err == nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	rel, err := filepath.Rel(realPath(root), realPath(name))
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// loadSuppressions reads the ignore file and the baseline of a target.
func (p *scanPlan) loadSuppressions(t *targetPolicy) error {
	if err := p.loadIgnores(t); err != nil {
		return err
	}
	return p.loadBaseline(t)
}

func (p *scanPlan) loadIgnores(t *targetPolicy) error {
	data, name, rel, err := p.readPolicy(t, p.flags.policy.ignoreFile, "--ignore-file", policy.IgnoreFile)
	if err != nil {
		return err
	}
	t.ignore = rel
	if data != nil {
		ignore, err := policy.ParseIgnore(name, data)
		if err != nil {
			return usageError("%w", err)
		}
		t.scope.Ignores = append(t.scope.Ignores, ignore)
	}
	return nil
}

func (p *scanPlan) loadBaseline(t *targetPolicy) error {
	t.scope.Repo = p.repoName(t)
	if p.flags.policy.noBaseline {
		return nil
	}
	data, name, rel, err := p.readPolicy(t, p.flags.policy.baseline, "--baseline", policy.BaselineFile)
	if err != nil {
		return err
	}
	t.baseline = rel
	if data != nil {
		baseline, err := policy.ParseBaseline(name, data)
		if err != nil {
			return usageError("%w", err)
		}
		t.scope.Baselines = append(t.scope.Baselines, baseline)
	}
	return nil
}

// readPolicy reads the file that a flag names, or the usual one at the root; nil: there is none. It returns its name in
// messages, and its path from the root of the target if it lies there.
func (p *scanPlan) readPolicy(t *targetPolicy, named, flag, usual string) (data []byte, name, rel string, err error) {
	if named != "" {
		data, in, rel, err := p.readNamed(named)
		if err != nil {
			return nil, "", "", usageError("%s: %s: %w", flag, named, err)
		}
		if in != t {
			rel = ""
		}
		return nonNil(data), named, rel, nil
	}
	data, err = t.source.ReadFile(usual)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", usual, nil
	case err != nil:
		return nil, "", "", usageError("%s: %w", t.shown(usual), cause(err))
	}
	return nonNil(data), t.shown(usual), usual, nil
}

// nonNil tells an empty file from none.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// repoName returns the name of the repository of a target in baselines.
func (p *scanPlan) repoName(t *targetPolicy) string {
	if p.flags.policy.repo != "" {
		return p.flags.policy.repo
	}
	if t.repo == nil {
		t.repo, _ = repo.Open(t.place.Root) // without a repository the directory has a name
	}
	if t.repo == nil {
		return policy.RepoName("", t.place.Root)
	}
	return policy.RepoName(t.repo.Origin, t.place.Root)
}

// setPaths tells the policy of a target how paths of its findings relate to its root.
func (t *targetPolicy) setPaths(prefix string, mode report.Mode) {
	t.mode = mode
	if prefix = path.Clean(filepath.ToSlash(prefix)); prefix != "." {
		t.scope.Strip = prefix
	}
	if mode == report.Files {
		t.scope.Below = t.place.Below
	}
}

// apply sets the flags that were not given to what the configuration says. This is the only way from there to a scan.
func (f *scanFlags) apply(c *policy.Config) error {
	for _, s := range c.Settings {
		name := settingFlag(s.Name)
		flag := f.given.Lookup(name)
		if flag == nil || flag.Changed {
			continue
		}
		if name == "max-archive-depth" {
			f.archiveDepthSet = true
		}
		for _, v := range s.Values {
			if (name == "ignore-file" || name == "baseline") && s.Layer == policy.LayerRepo && !filepath.IsAbs(v) {
				v = filepath.Join(filepath.Dir(s.At.File), v) // beside the file that says so, wherever the scan runs
			}
			if err := flag.Value.Set(v); err != nil {
				return usageError("%s: %s: %w", s.At, s.Name, err)
			}
		}
	}
	if !f.verify && !f.given.Changed("fail-on") {
		f.failOn = "any" // where nobody is asked there is no verdict to go by
	}
	return nil
}

// settingFlag returns the flag that a setting stands for.
func settingFlag(name string) string {
	table, key, _ := strings.Cut(name, ".")
	switch {
	case table != "verify":
		return key
	case key == "enabled":
		return "verify"
	case key == "endpoints":
		return "verify-endpoint"
	case key == "audit-log" || key == "canaries" || key == "proxy" || key == "ca-file":
		return key
	}
	return "verify-" + key
}
