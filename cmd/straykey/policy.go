package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/straykey/straykey/correlate"
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
			t.tree.Close()
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
		t.place.Root, t.place.Below, t.place.Repo = top, filepath.ToSlash(relativeTo(top, dir)), true
	}
	t.place.Config, t.place.Gitleaks, err = findIn(t.tree, t.place.Below)
	return t, err
}

// findIn looks for the configuration of a directory upward in a revision.
func findIn(source policy.Source, below string) (config, gitleaks string, err error) {
	for dir := below; ; dir = path.Dir(dir) {
		if dir == "." || dir == "/" {
			dir = ""
		}
		name := path.Join(dir, policy.ConfigFile)
		if _, err := source.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			return name, "", err
		}
		if dir == "" {
			break
		}
	}
	if _, err := source.ReadFile(".gitleaks.toml"); err == nil {
		gitleaks = ".gitleaks.toml"
	}
	return "", gitleaks, nil
}

// ruleOptions are what rule files may name.
func ruleOptions() rules.Options {
	return rules.Options{Proofs: proof.Names(), Detectors: generic.Names()}
}

// loadConfig reads the configuration files and sets the flags that were not given.
func (p *scanPlan) loadConfig() error {
	files, err := p.configFiles()
	if err != nil || len(files) == 0 {
		return err
	}
	p.config, err = policy.Load(files, ruleOptions())
	if err != nil {
		return usageError("%w", err)
	}
	return p.flags.apply(p.config)
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
		if t.place.Repo && isWithin(name, t.place.Root) { // what is scanned does not say who is asked
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
			p.notes = append(p.notes, "the configuration of gitleaks, "+first.place.Gitleaks+", is not used; --config "+first.place.Gitleaks+" puts what it says on top of the built-in rules")
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
		if t.place.Bare || !isWithin(name, t.place.Root) {
			continue
		}
		rel := filepath.ToSlash(relativeTo(t.place.Root, name))
		data, err := t.source.ReadFile(rel)
		if err != nil && t.tree != nil {
			err = fmt.Errorf("in revision %s: %w", p.flags.policy.ref, cause(err))
		}
		return data, t, rel, cause(err)
	}
	data, err = policy.ReadUser(name)
	return data, nil, "", cause(err)
}

// relativeTo returns a path from a directory, both with their links resolved.
func relativeTo(dir, name string) string {
	rel, err := filepath.Rel(realPath(dir), filepath.Join(realPath(filepath.Dir(absolute(name))), filepath.Base(name)))
	if err != nil {
		return name
	}
	return rel
}

// loadSuppressions reads the ignore file and the baseline of a target.
func (p *scanPlan) loadSuppressions(t *targetPolicy) error {
	data, name, err := p.readPolicy(t, p.flags.policy.ignoreFile, "--ignore-file", policy.IgnoreFile)
	if err != nil {
		return err
	}
	if data != nil {
		ignore, err := policy.ParseIgnore(name, data)
		if err != nil {
			return usageError("%w", err)
		}
		t.scope.Ignores = append(t.scope.Ignores, ignore)
	}
	if data, name, err = p.readPolicy(t, p.flags.policy.baseline, "--baseline", policy.BaselineFile); err != nil {
		return err
	}
	if data != nil {
		baseline, err := policy.ParseBaseline(name, data)
		if err != nil {
			return usageError("%w", err)
		}
		t.scope.Baselines = append(t.scope.Baselines, baseline)
	}
	t.scope.Repo = p.repoName(t)
	return nil
}

// readPolicy reads the file that a flag names, or the usual one at the root; nil: there is none.
func (p *scanPlan) readPolicy(t *targetPolicy, named, flag, usual string) (data []byte, name string, err error) {
	if named != "" {
		data, _, _, err = p.readNamed(named)
		if err != nil {
			return nil, "", usageError("%s: %s: %w", flag, named, err)
		}
		return nonNil(data), named, nil
	}
	data, err = t.source.ReadFile(usual)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil
	case err != nil:
		return nil, "", usageError("%s: %w", t.shown(usual), cause(err))
	}
	return nonNil(data), t.shown(usual), nil
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

// decide applies the policy to what was found, and puts the outcome into the report.
func (p *scanPlan) decide(r *report.Report, findings, allowed []correlate.Finding) {
	judge := policy.Judge{Now: time.Now(), None: p.flags.policy.noSuppress}
	for _, t := range p.policies {
		judge.Scopes = append(judge.Scopes, t.scope)
	}
	out := judge.Decide(findings, allowed)
	r.Findings = out.Findings
	for i := range out.Suppressed {
		s := &out.Suppressed[i]
		r.Suppressed = append(r.Suppressed, report.Suppressed{
			Finding: s.Finding, By: report.Suppression(s.By), Reason: s.Reason, Owner: s.Owner, Until: s.Until, At: s.At,
		})
	}
	if n := len(out.Expired); n > 0 {
		first := out.Expired[0]
		note := fmt.Sprintf("%s has expired and suppresses nothing any more since %s", first.At, first.Until.Format(time.DateOnly))
		if n > 1 {
			note += fmt.Sprintf(", and so have %d more", n-1)
		}
		r.Run.Notes = append(r.Run.Notes, note)
	}
}

// setPaths tells the policy of a target how paths of its findings relate to its root.
func (t *targetPolicy) setPaths(prefix string, mode report.Mode) {
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
