package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/rules"
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
		Long: `Write a rule file with one rule, samples included, beside the built-in rules. It can be tested
as it is; comments say what to fill in. docs/rules.md explains every key.

Exit codes:
  0  written
  3  wrong usage, a rule with this id, or the file exists`,
		Example: `  straykey rules new acme-deploy-token --provider Acme --prefix acme_
  straykey rules new acme-password --assigned -o .straykey-rules.toml
  straykey rules test --rules .straykey-rules.toml`,
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
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to a new `FILE` instead of standard output")
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
	text := []byte(skeleton(o, id))
	// What is written must at least be a rule file.
	if _, err := rules.Parse("skeleton", text, rules.Options{}); err != nil {
		return usageError("%w", err)
	}
	if o.output == "" {
		_, err := stdout.Write(text)
		return err
	}
	f, err := os.OpenFile(o.output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return usageError("%s exists; give another name, or add the rule to it: straykey rules new %s", o.output, id)
	}
	if err != nil {
		return usageError("cannot write %s: %w", o.output, cause(err))
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// skeleton is a rule file whose samples pass.
func skeleton(o rulesNewOptions, id string) string {
	first, _, _ := strings.Cut(id, "-")
	name := strings.ReplaceAll(id, "-", "_")
	provider := cmp.Or(o.provider, strings.ToUpper(first[:1])+first[1:])
	prefix := cmp.Or(o.prefix, first+"_")
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Test with: straykey rules test --rules FILE; look for weak spots with: straykey rules lint --rules FILE.")
	line("[extend]")
	line("useDefault = true # the built-in rules hold as well")
	line("")
	line("[[rules]]")
	line("id = %s", strconv.Quote(id))
	line("provider = %s", strconv.Quote(provider))
	line("# One sentence: what leaked, and what it opens.")
	line("description = %s", strconv.Quote("A credential of "+provider+"."))
	line("# Where the issuer says what it is, and how to make a new one and revoke the old.")
	line("docs = \"https://example.com/\"")
	line("rotate = \"https://example.com/\"")
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
