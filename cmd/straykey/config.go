package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
)

func newConfigCommand(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check the policy files, and show what is in force and where it comes from",
		Long: `Check the policy files of a repository, or show what a scan there would go by: the built-in settings, below the
user's configuration, below the repository's, below the flags.

Exit codes:
  0  done
  2  incomplete: something could not be read
  3  wrong usage or configuration`,
		Example: `  straykey config check
  straykey config show --origin`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usageError("no command %q; straykey config --help lists them, for example: straykey config check", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheckCommand(env), newConfigShowCommand(env))
	return cmd
}

func newConfigCheckCommand(env *environment) *cobra.Command {
	var f scanFlags
	cmd := &cobra.Command{
		Use:   "check [PATH]",
		Short: "Say all that is wrong in the policy files",
		Long: `Read the configuration, the ignore file and the baseline that count in PATH (the current directory if none is given), as a
scan would, and say all that is wrong in them, each with its line. What is allowed but hardly meant is a warning: an entry that
has expired, one without a reason, a rule that there is none of.

Exit codes:
  0  in order, perhaps with warnings
  2  incomplete: something could not be read
  3  wrong usage or configuration`,
		Example: `  straykey config check
  straykey config check --policy-ref origin/main`,
		Args: onePath("straykey config check ."),
		RunE: func(_ *cobra.Command, args []string) error {
			f.paths = args
			return runConfigCheck(env, &f)
		},
	}
	addScanFlags(cmd.Flags(), &f, func(flag string) bool { return slices.Contains(checkFlags, flag) })
	return cmd
}

// configShowFlags is what the user typed for config show.
type configShowFlags struct {
	scan   scanFlags
	origin bool
	json   bool
}

func newConfigShowCommand(env *environment) *cobra.Command {
	var f configShowFlags
	cmd := &cobra.Command{
		Use:   "show [PATH]",
		Short: "Show the settings that are in force",
		Long: `Show the settings that a scan of PATH (the current directory if none is given) goes by. With flags of straykey scan it shows
what that scan would go by. The output is a configuration file.

Exit codes:
  0  shown
  2  incomplete: something could not be read
  3  wrong usage or configuration`,
		Example: `  straykey config show
  straykey config show --origin
  straykey config show --origin --confidence high`,
		Args: onePath("straykey config show ."),
		RunE: func(_ *cobra.Command, args []string) error {
			f.scan.paths = args
			return runConfigShow(env, &f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	fl.BoolVar(&f.origin, "origin", false, "say of each setting where it comes from")
	fl.BoolVar(&f.json, "json", false, "one document of JSON, with origins")
	addScanFlags(fl, &f.scan, func(string) bool { return true })
	return cmd
}

// checkFlags are the flags of a scan that say which policy files there are.
var checkFlags = []string{"rules", "config", "no-config", "ignore-file", "baseline", "repo-name", "no-suppress", "policy-ref"}

func onePath(example string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError("a policy is looked at in one place at a time, for example: %s", example)
		}
		return nil
	}
}

// addScanFlags adds those flags of a scan to another command that it wants. The others keep their defaults.
func addScanFlags(fl *pflag.FlagSet, f *scanFlags, wants func(flag string) bool) {
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.add(all)
	all.VisitAll(func(flag *pflag.Flag) {
		if wants(flag.Name) {
			fl.AddFlag(flag)
		}
	})
}

// newPolicyPlan begins a plan that ends with the policy.
func newPolicyPlan(env *environment, f *scanFlags) (*scanPlan, error) {
	p := &scanPlan{flags: f, env: env, targets: f.paths}
	if len(p.targets) == 0 {
		p.targets = []string{"."}
	}
	return p, errors.Join(p.checkMode(), p.checkTargets())
}

// ruleFlags are the flags of a scan that say which rules there are.
var ruleFlags = []string{"rules", "config", "no-config"}

// addRuleFlags adds them to a command.
func addRuleFlags(cmd *cobra.Command, f *scanFlags) {
	addScanFlags(cmd.Flags(), f, func(flag string) bool { return slices.Contains(ruleFlags, flag) })
}

// rulesPlan begins a plan that ends with the rules, those that a scan of the paths would use. catalog is as in scanPlan.
func (f *scanFlags) rulesPlan(env *environment, catalog func() (*rules.Set, error), paths ...string) (*scanPlan, error) {
	f.paths, f.policy.noSuppress = paths, true
	p, err := newPolicyPlan(env, f)
	if err != nil {
		return nil, err
	}
	p.catalog = catalog
	return p, p.loadPolicy()
}

func runConfigCheck(env *environment, f *scanFlags) error {
	p, err := newPolicyPlan(env, f)
	if err != nil {
		return err
	}
	if err := p.checkPolicyFlags(); err != nil {
		return err
	}
	t, err := p.openPolicy(p.targets[0])
	if err != nil {
		return err
	}
	p.policies = []*targetPolicy{t}
	defer p.closePolicy()
	var wrong []error
	if err := p.loadConfig(); err != nil {
		wrong = append(wrong, err)
	} else {
		// What settings and rules mean is checked where they are used.
		wrong = append(wrong, p.checkNumbers(), p.loadNamedRules(), p.loadRules())
	}
	if !f.policy.noSuppress {
		wrong = append(wrong, p.loadIgnores(t), p.loadBaseline(t))
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	for _, w := range append(p.notes, p.doubts(t)...) {
		fmt.Fprintln(env.stdout, "warning: "+report.Escape(w))
	}
	for _, name := range p.policyFiles(t) {
		fmt.Fprintln(env.stdout, "in order: "+report.Escape(name))
	}
	if len(p.policyFiles(t)) == 0 {
		fmt.Fprintln(env.stdout, "no policy file: the built-in settings are in force")
	}
	return nil
}

// doubts tells of entries that hardly say what was meant.
func (p *scanPlan) doubts(t *targetPolicy) []string {
	var out []string
	now, covers := time.Now(), coversGitleaks()
	look := func(e *policy.Entry, ignore bool) {
		if ignore && e.Reason == "" {
			out = append(out, fmt.Sprintf("%s: no reason is given", e.At))
		}
		if e.Expired(now) {
			out = append(out, fmt.Sprintf("%s: has expired, and suppresses nothing any more", e.At))
		}
		means := func(r *rules.Rule) bool {
			return r.ID == e.Rule || slices.Contains(r.Aliases, e.Rule) || covers(e.Rule, r)
		}
		if ignore && e.Rule != "" && !slices.ContainsFunc(p.set.Rules, means) {
			out = append(out, fmt.Sprintf("%s: there is no rule %q", e.At, e.Rule))
		}
	}
	for _, list := range t.scope.Ignores {
		for i := range list.Entries {
			look(&list.Entries[i], true)
		}
	}
	for _, list := range t.scope.Baselines {
		for i := range list.Entries {
			look(&list.Entries[i], false)
		}
	}
	return out
}

// policyFiles returns the names of the files that were read, with what they hold.
func (p *scanPlan) policyFiles(t *targetPolicy) []string {
	var out []string
	if p.config != nil {
		out = append(out, p.config.Files...)
	}
	for _, f := range t.scope.Ignores {
		out = append(out, fmt.Sprintf("%s, entries: %d", f.Name, len(f.Entries)))
	}
	for _, f := range t.scope.Baselines {
		out = append(out, fmt.Sprintf("%s, entries: %d", f.Name, len(f.Entries)))
	}
	return out
}

// jsonSetting is a setting in the output of config show.
type jsonSetting struct {
	Name  string       `json:"name"`
	Value any          `json:"value"` // a text, a number, true or false, or a list of texts
	Layer policy.Layer `json:"layer"`
	File  string       `json:"file,omitempty"`
	Line  int          `json:"line,omitempty"`
}

// jsonPolicy is the output of config show.
type jsonPolicy struct {
	Version  int           `json:"version"`
	Files    []string      `json:"files"`
	Settings []jsonSetting `json:"settings"`
	Rules    int           `json:"rules"`
	RuleSet  string        `json:"rule_set"`
	Notes    []string      `json:"notes"`
}

func runConfigShow(env *environment, f *configShowFlags) error {
	p, err := newPolicyPlan(env, &f.scan)
	if err != nil {
		return err
	}
	if err := p.loadPolicy(); err != nil {
		return err
	}
	if err := errors.Join(p.checkNumbers(), p.loadRules()); err != nil {
		return err
	}
	settings := p.settings()
	if f.json {
		return writeJSON(env.stdout, jsonPolicy{1, orNone(p.policyFiles(p.policies[0])), settings, len(p.set.Rules), p.set.Hash, orNone(p.notes)})
	}
	return p.writeSettings(env.stdout, settings, f.origin)
}

// orNone makes a list that is written as one.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// settings returns all settings as they are in force, in the order of the documentation.
func (p *scanPlan) settings() []jsonSetting {
	var out []jsonSetting
	for _, name := range policy.Names() {
		flag := p.flags.given.Lookup(settingFlag(name))
		s := jsonSetting{Name: name, Value: valueOf(flag), Layer: policy.LayerBuiltin}
		if flag.Changed {
			s.Layer = policy.LayerFlag
		} else if p.config != nil {
			if set, ok := p.config.Get(name); ok {
				s.Layer, s.File, s.Line = set.Layer, set.At.File, set.At.Line
			}
		}
		out = append(out, s)
	}
	return out
}

// valueOf returns the value of a flag as its type in TOML and JSON.
func valueOf(flag *pflag.Flag) any {
	switch flag.Value.Type() {
	case "bool":
		return flag.Value.String() == "true"
	case "int":
		n, _ := strconv.Atoi(flag.Value.String()) // the flag's own spelling of an int
		return n
	}
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		return orNone(list.GetSlice())
	}
	return flag.Value.String()
}

// writeSettings writes settings as a configuration file.
func (p *scanPlan) writeSettings(w io.Writer, settings []jsonSetting, origin bool) error {
	var b strings.Builder
	for _, name := range p.policyFiles(p.policies[0]) {
		fmt.Fprintf(&b, "# read: %s\n", report.Escape(name))
	}
	fmt.Fprintf(&b, "# %d rules, set %s\n", len(p.set.Rules), p.set.Hash)
	for _, note := range p.notes {
		fmt.Fprintf(&b, "# note: %s\n", report.Escape(note))
	}
	last := ""
	for _, s := range settings {
		table, key, _ := strings.Cut(s.Name, ".")
		if table != last {
			fmt.Fprintf(&b, "\n[%s]\n", table)
			last = table
		}
		text, err := toml.Marshal(map[string]any{key: s.Value})
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		line := strings.TrimSpace(string(text))
		if s.Value == "" { // there is no such value to set
			line = "# " + line
		}
		if origin {
			line = fmt.Sprintf("%-32s # %s", line, s.Layer)
			if s.File != "" {
				line += fmt.Sprintf(", %s:%d", report.Escape(s.File), s.Line)
			}
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
