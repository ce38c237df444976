package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/report"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify/declared"
	"github.com/straykey/straykey/verify/verdict"
)

// revokeFlags is what the user typed for revoke.
type revokeFlags struct {
	given   givenFlags
	ask     askFlags
	with    []string
	yes     bool
	confirm string
}

func newRevokeCommand(env *environment) *cobra.Command {
	var f revokeFlags
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Have the issuer revoke a credential",
		Long: `Have the issuer revoke a credential, where it lets anyone do so who holds the credential.
The credential comes as with straykey verify. It is asked about first; only what is active
is revoked. Then what will happen is told, and the fingerprint is to be typed; --confirm
or --yes answer for scripts. What was revoked cannot be brought back; at the end the issuer
is asked once more whether it lives.

Some issuers revoke under an id that the credential does not tell. It is looked up in the
list of those that the same owner has; if the list leaves several, they are shown, and
--with id=ID names the one that is meant.

` + askHelp + `

Exit codes:
  0  revoked
  1  not revoked: not active, not confirmed, refused by the issuer, or one of several
  2  the issuer could not be asked, or it says revoked and still lets the credential in
  3  wrong usage or configuration, or a kind that cannot be revoked this way`,
		Example: `  straykey revoke --env GITHUB_TOKEN
  straykey revoke --env GITHUB_TOKEN --confirm sk1:y2co3p7gccr3yxqbpob35juwni
  straykey revoke --env DATABRICKS_TOKEN --env DATABRICKS_HOST --with id=1ab23cd45678e901
  straykey rules list --revocable`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError("a credential does not stand on the command line; name a variable that holds it, for example: straykey revoke --env GITHUB_TOKEN")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runRevoke(cmd.Context(), env, &f)
		},
	}
	fl := cmd.Flags()
	fl.SortFlags = false
	f.given.add(fl)
	f.ask.add(fl)
	fl.StringArrayVar(&f.with, "with", nil, "what the issuer needs to revoke it, as `NAME=VALUE`: the id, or another part of the revocation (straykey rules show RULE names them; repeatable)")
	fl.StringVar(&f.confirm, "confirm", "", "the `FINGERPRINT` of what is to be revoked, in place of typing it")
	fl.BoolVar(&f.yes, "yes", false, "revoke without asking")
	return cmd
}

func runRevoke(ctx context.Context, env *environment, f *revokeFlags) error {
	if f.ask.plan {
		return usageError("--egress-plan belongs to verify, for example: straykey verify --env GITHUB_TOKEN --egress-plan")
	}
	byStdin := len(f.given.env) == 0
	if byStdin && !f.yes && f.confirm == "" {
		return usageError("what comes by standard input cannot be confirmed there; use --env, --confirm FINGERPRINT or --yes, for example: straykey revoke --env GITHUB_TOKEN")
	}
	r, given, err := f.given.find(ctx, env)
	if err != nil {
		return err
	}
	finding, err := revocable(r.Findings)
	if err != nil {
		return err
	}
	with, err := f.parts(finding.Rule)
	if err != nil {
		return err
	}
	asker, err := f.ask.asker(env)
	if err != nil {
		return err
	}
	defer asker.close()
	asker.given = given
	if err := asker.ask(ctx, r); err != nil {
		return err
	}
	result := r.Verdicts[finding.Fingerprint]
	if result.Verdict != verdict.Active {
		code := exitFindings
		if result.Verdict == verdict.Unknown {
			code = exitIncomplete
		}
		return &exitError{code, fmt.Errorf("not revoked: only what is active is, and this is %s", reasoned(result))}
	}
	revocation, several, err := asker.revocation(ctx, r.Findings, finding, with)
	if err != nil {
		return &exitError{exitFindings, fmt.Errorf("not revoked: %w; revoke it by hand%s", err, where(finding.Rule))}
	}
	if len(several) > 0 {
		tellSeveral(env.stdout, several)
		return &exitError{exitFindings, fmt.Errorf("not revoked: the issuer does not say which of these %d it is; name it, for example: --with id=%s", len(several), report.Escape(several[0].ID))}
	}
	tellRevocation(env.stdout, revocation, result)
	if err := f.confirmed(ctx, env, finding); err != nil {
		return err
	}
	if err := asker.revoke(ctx, revocation); err != nil {
		return &exitError{exitFindings, fmt.Errorf("not known to be revoked: %w; revoke it by hand%s", err, where(finding.Rule))}
	}
	return f.tellOutcome(ctx, env, asker, revocation)
}

// tellOutcome says what became of a credential that the issuer says it revoked.
func (f *revokeFlags) tellOutcome(ctx context.Context, env *environment, asker *asker, r *revocation) error {
	fingerprint := r.finding.Fingerprint
	result, err := asker.gone(ctx, r)
	switch {
	case err != nil:
		return fmt.Errorf("the issuer says that it revoked %s; ask whether it is gone: %w", fingerprint, err)
	case result.Verdict == verdict.Active || result.Verdict == verdict.Forbidden:
		return &exitError{exitIncomplete, fmt.Errorf("the issuer says that it revoked %s, and still knows it (%s): it takes a while, or was another one; ask again with straykey verify, or revoke it by hand%s", fingerprint, reasoned(result), where(r.finding.Rule))}
	}
	fmt.Fprintf(env.stdout, "revoked %s, now %s\n", fingerprint, report.Escape(reasoned(result)))
	return nil
}

// parts reads --with for a rule.
func (f *revokeFlags) parts(r *rules.Rule) (map[string]string, error) {
	var known []string
	for _, p := range r.Revoke.Parts {
		known = append(known, p.Name)
	}
	if r.Revoke.Lookup != nil {
		known = append(known, rules.IDPart)
	}
	out := map[string]string{}
	for _, one := range f.with {
		name, value, ok := strings.Cut(one, "=")
		switch {
		case !ok || value == "":
			return nil, usageError("--with is NAME=VALUE, for example: straykey revoke --env DATABRICKS_TOKEN --with id=1ab23cd45678e901")
		case !slices.Contains(known, name) && len(known) == 0:
			return nil, usageError("--with: to revoke a %s takes nothing beside it", r.ID)
		case !slices.Contains(known, name):
			return nil, usageError("--with: to revoke a %s takes %s, not %q", r.ID, strings.Join(known, ", "), name)
		}
		out[name] = value
	}
	return out, nil
}

// tellSeveral lists the credentials among which the issuer does not tell.
func tellSeveral(w io.Writer, entries []declared.Entry) {
	for _, e := range entries {
		fmt.Fprintln(w, report.Escape(e.String()))
	}
}

// revocable returns the one finding that can be revoked.
func revocable(findings []correlate.Finding) (*correlate.Finding, error) {
	var found *correlate.Finding
	for i := range findings {
		if findings[i].Rule.Revoke == nil {
			continue
		}
		if found != nil {
			return nil, usageError("several credentials were given (%s and %s); revoke one at a time, or name its kind with --rule", found.Rule.ID, findings[i].Rule.ID)
		}
		found = &findings[i]
	}
	if found == nil {
		return nil, usageError("a %s cannot be revoked by itself; do it where it was issued%s", findings[0].Rule.ID, where(findings[0].Rule))
	}
	return found, nil
}

// where ends a sentence that sends somebody to the issuer.
func where(r *rules.Rule) string {
	switch url, rotation := r.Link(); {
	case url == "":
		return ""
	case rotation:
		return ": " + url
	default:
		return "; about it: " + url
	}
}

// tellRevocation says what will be revoked, and what that does.
func tellRevocation(w io.Writer, revocation *revocation, r verdict.Result) {
	f := revocation.finding
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-13s%s\n", label, report.Escape(value))
		}
	}
	line("revoke", f.Rule.ID+"  "+report.Redact(f.Secret))
	line("issued by", f.Rule.Provider)
	line("owner", r.Owner)
	line("account", r.Account)
	line("principal", r.Principal)
	line("may", strings.Join(r.Scopes, ", "))
	line("id", revocation.entry.String())
	line("then", f.Rule.Revoke.Effect)
	line("fingerprint", f.Fingerprint)
}

// confirmed returns nil if the user means it.
func (f *revokeFlags) confirmed(ctx context.Context, env *environment, finding *correlate.Finding) error {
	typed := f.confirm
	switch {
	case f.yes:
		return nil
	case typed == "":
		fmt.Fprint(env.stderr, "Type the fingerprint to revoke it: ")
		if typed = readLine(ctx, env.stdin); typed == "" {
			return &exitError{exitFindings, fmt.Errorf("not revoked: nobody confirmed it; for scripts there is --confirm %s", finding.Fingerprint)}
		}
	}
	if strings.TrimSpace(typed) != finding.Fingerprint {
		return &exitError{exitFindings, fmt.Errorf("not revoked: that is not the fingerprint of this credential")}
	}
	return nil
}

// readLine reads a line, of which there is nothing if ctx ends meanwhile. What waits for it then ends with the process.
func readLine(ctx context.Context, r io.Reader) string {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n') // without an end it is a line as well
		lines <- line
	}()
	select {
	case line := <-lines:
		return line
	case <-ctx.Done():
		return ""
	}
}

// reasoned is a verdict with its reason.
func reasoned(r verdict.Result) string {
	if r.Reason == "" {
		return string(r.Verdict)
	}
	return fmt.Sprintf("%s (%s)", r.Verdict, r.Reason)
}
