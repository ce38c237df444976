package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/policy"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/ruletest"
)

type rulesNewOptions struct {
	provider, identity, prefix, output string
	assigned                           bool
}

// newRulesNewCommand writes the skeleton of a rule.
func newRulesNewCommand(env *environment) *cobra.Command {
	var o rulesNewOptions
	cmd := &cobra.Command{
		Use:   "new ID",
		Short: "Write the skeleton of a rule",
		Long: `Write a rule file with one rule, samples included, beside the built-in rules, or add the rule to a file
that there is. It can be tested as it is; comments, and rules lint, say what to fill in. docs/rules.md explains every key.

Exit codes:
  0  written
  3  wrong usage, a rule with this id, or a file that cannot be used`,
		Example: `  straykey rules new acme-deploy-token --provider Acme --prefix acme_
  straykey rules new acme-password --assigned -o .straykey.toml
  straykey rules test`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !ruleIDPattern().MatchString(args[0]) {
				return usageError("rules new takes one id, in lower case with dashes, for example: straykey rules new acme-deploy-token")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runRulesNew(env.stdout, o, args[0]) },
	}
	cmd.Flags().StringVar(&o.provider, "provider", "", "who issues the credential (default: the first word of the id)")
	cmd.Flags().StringVar(&o.identity, "identity", string(rules.APIKey), "`TYPE` of the identity behind it")
	cmd.Flags().StringVar(&o.prefix, "prefix", "", "what the credential begins with (default: the first word of the id, and _)")
	cmd.Flags().BoolVar(&o.assigned, "assigned", false, "the credential has no look of its own: it is told by the name it is assigned to")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to `FILE` instead of standard output; a rule is added to what it holds")
	return cmd
}

var ruleIDPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$`) })

func runRulesNew(stdout io.Writer, o rulesNewOptions, id string) error {
	if err := checkIdentity(o.identity, "straykey rules new "+id); err != nil {
		return err
	}
	set, err := rules.Builtin()
	if err != nil {
		return err
	}
	if set.Rule(id) != nil {
		return usageError("rule %q is built in; straykey rules show %s prints it; take another id", id, id)
	}
	if o.assigned && o.prefix != "" {
		return usageError("--prefix belongs to a credential with a look of its own; leave out --assigned, for example: straykey rules new %s --prefix %s", id, o.prefix)
	}
	rule := skeleton(o, id)
	if o.output == "" {
		if err := checkSkeleton("skeleton", []byte(rule)); err != nil {
			return err
		}
		_, err := io.WriteString(stdout, skeletonHead("FILE")+rule)
		return err
	}
	old, err := os.ReadFile(o.output)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usageError("cannot write %s: %w", o.output, cause(err))
	case len(old) == 0:
		rule = skeletonHead(o.output) + rule
	default:
		rule = strings.Repeat("\n", 1+lineEndsMissing(old)) + rule
	}
	if err := checkSkeleton(o.output, append(old, rule...)); err != nil {
		return err
	}
	f, err := os.OpenFile(o.output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return usageError("cannot write %s: %w", o.output, cause(err))
	}
	_, err = f.WriteString(rule)
	return errors.Join(err, f.Close())
}

// lineEndsMissing returns how many line ends a file lacks at its end.
func lineEndsMissing(file []byte) int {
	if bytes.HasSuffix(file, []byte("\n")) {
		return 0
	}
	return 1
}

// checkSkeleton reports what is wrong with a file that a rule was added to: a rule file, or a configuration.
func checkSkeleton(name string, data []byte) error {
	var err error
	if filepath.Base(name) == policy.ConfigFile {
		_, err = policy.Load([]policy.File{{Name: name, Layer: policy.LayerRepo, Data: data}}, ruleOptions())
	} else {
		_, err = rules.Parse(name, data, ruleOptions())
	}
	if err != nil {
		return usageError("%w", err)
	}
	return nil
}

// skeletonHead is what stands above the first rule of a file.
func skeletonHead(file string) string {
	flag := " --rules " + file
	if filepath.Base(file) == policy.ConfigFile {
		flag = "" // it is found by itself
	}
	return "# Test with: straykey rules test" + flag + "; look for weak spots with: straykey rules lint" + flag + `.
[extend]
useDefault = true # the built-in rules hold as well

`
}

// skeleton is a rule whose samples pass.
func skeleton(o rulesNewOptions, id string) string {
	first, _, _ := strings.Cut(id, "-")
	name := strings.ReplaceAll(id, "-", "_")
	provider := cmp.Or(o.provider, strings.ToUpper(first[:1])+first[1:])
	prefix := cmp.Or(o.prefix, first+"_")
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("[[rules]]")
	line("id = %s", strconv.Quote(id))
	line("provider = %s", strconv.Quote(provider))
	line("# One sentence: what leaked, and what it opens.")
	line("description = %s", strconv.Quote(ruletest.UnfilledDescription+provider+"."))
	line("# Where the issuer says what it is, and how to make a new one and revoke the old.")
	line("docs = %s", strconv.Quote(ruletest.Unfilled))
	line("rotate = %s", strconv.Quote(ruletest.Unfilled))
	line("identity = %s", strconv.Quote(o.identity))
	line("severity = \"high\"")
	if o.assigned {
		line("# The value, in RE2 syntax, and the words one of which the name must contain.")
		line("assigned = '[0-9A-Za-z]{32}'")
		line("keywords = [%s, %s]", strconv.Quote(name), strconv.Quote(id))
		line("entropy = 3")
	} else {
		line("# What it looks like, in RE2 syntax, from its first character to its last.")
		line("token = %s", literal(regexp.QuoteMeta(prefix)+"[0-9A-Za-z]{32}"))
	}
	// Samples are templates: {{alnum 32}} stands for that many random characters.
	value := func(n int) string {
		if o.assigned {
			return fmt.Sprintf("{{alnum %d}}", n)
		}
		return fmt.Sprintf("%s{{alnum %d}}", prefix, n)
	}
	line("# Texts that must be found, as they stand in real files, and near misses that must not. {{alnum 32}} stands for")
	line("# 32 random letters and digits, so that no sample is a leak itself.")
	line("positives = [")
	for _, s := range []string{name + ` = "` + value(32) + `"`, strings.ToUpper(name) + "=" + value(32), `{"` + name + `": "` + value(32) + `"}`} {
		line("  %s,", literal(s))
	}
	line("]")
	line("negatives = [")
	for _, s := range []string{name + ` = "` + value(31) + `"`, name + ` = "` + value(33) + `"`, name + ` = "` + value(16) + "." + `{{alnum 15}}"`} {
		line("  %s,", literal(s))
	}
	line("]")
	return b.String()
}

// literal writes a TOML string, without escapes where that can be.
func literal(s string) string {
	if strings.ContainsAny(s, "'\n\r") {
		return strconv.Quote(s)
	}
	return "'" + s + "'"
}
