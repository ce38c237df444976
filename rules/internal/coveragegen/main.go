// Command coveragegen writes docs/coverage.md, what the built-in rules cover. It runs in the directory of
// package rules: go generate ./rules.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/straykey/straykey/rules"
)

const output = "../docs/coverage.md"

func main() {
	log.SetFlags(0)
	log.SetPrefix("coveragegen: ")
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(output, page(set), 0o644); err != nil {
		log.Fatal(err)
	}
}

// peer is what another scanner ships, by the count of its built-in rules or detectors. A dash is what cannot be counted.
type peer struct {
	name, version, kinds, providers, proved, checked, revoked, linked string
	how                                                               string // what was counted, and where
}

var peers = []peer{
	{
		"gitleaks", "8.30.1", "222 rules", "130", "0", "0", "0", "0",
		"rules in `config/gitleaks.toml`; providers are the first words of their ids. It asks no issuer and has no key for a link.",
	},
	{
		"betterleaks", "1.7.0", "382 rules", "251", "0", "187", "0", "0",
		"rules in `config/betterleaks.toml` without the 30 that only count for others; live checks are those with `validate`; " +
			"providers as for gitleaks. None of its filters proves a checksum.",
	},
	{
		"trufflehog", "3.97.0, nine commits on", "891 detectors", "856", "–", "889", "0", "40",
		"detectors that `pkg/engine/defaults` lists and that are not commented out; providers are their folders; live checks are those whose code has `Verified`; " +
			"links are to 28 guides of its own. Offline it tells account numbers of AWS keys and claims of JWTs, which no list names. 42 kinds can be analysed for what they open.",
	},
	{
		"kingfisher", "1.104.0", "830 rules", "584", "–", "489", "50", "–",
		"as its list of built-in rules says, without 124 that only count for others; what it proves of a checksum and where its rules link is in no list.",
	},
	{
		"kingfisher", "2.14.0", "441 rules", "303", "–", "–", "–", "–",
		"as `kingfisher rules list` says, without 47 that only count for others: it has taken rules of betterleaks and 26 of Veles in place of its own, and no list says what each can do.",
	},
}

// page is the text of docs/coverage.md.
func page(set *rules.Set) []byte {
	var w bytes.Buffer
	list := slices.DeleteFunc(slices.Clone(set.Rules), func(r *rules.Rule) bool { return r.SkipReport })
	fmt.Fprintf(&w, `# Coverage

<!-- Written by go generate ./rules from rules/catalog. Do not edit. -->

What the built-in rules find, by provider and by the type of the identity behind it.

- *Told by*: **shape**, the value itself shows what it is; **name**, the name it is assigned to; **text**, what
  stands around it, such as a connection string or a key block; **path**, the name of the file.
- *Offline proof*: what the value says of itself without a packet; `+"`go doc ./detect/proof`"+` has the proofs.
- *Live check*: how the issuer is asked whether the credential lives: **request**, one that the rule declares; a name, a
  check in Go; **(login)**, it signs in, and is only done when that is asked for. [rules.md](rules.md#live-checks) says more.
- *Revoke*: the credential alone is enough to have the issuer revoke it; **by id**, under an id, which is looked up or given.
- *Kind*: the rule, with a link to what its issuer says of such a credential.
- *Rotate*: where the issuer says how to make a new one and revoke the old. A general page, a reference of the API or a
  standard does not count: where no page on rotation is known there is none, and findings say so.

`)
	summary(&w, list, set)
	identities(&w, list)
	kinds(&w, list)
	return w.Bytes()
}

// summary is the table of scanners. The list is what the set reports.
func summary(w *bytes.Buffer, list []*rules.Rule, set *rules.Set) {
	providers := map[string]bool{}
	proved, linked, checked, revoked := 0, 0, 0, 0
	for _, r := range list {
		if r.Provider != "" {
			providers[r.Provider] = true
		}
		if r.Proof != "" {
			proved++
		}
		if r.Rotate != "" {
			linked++
		}
		if r.Verify != nil {
			checked++
		}
		if r.Revoke != nil {
			revoked++
		}
	}
	fmt.Fprintf(w, "| scanner | version | kinds | providers | offline proof | live check | revoke | link to rotation |\n")
	fmt.Fprintf(w, "|---|---|--:|--:|--:|--:|--:|--:|\n")
	fmt.Fprintf(w, "| straykey | this | %d rules | %d | %d | %d | %d | %d |\n", len(list), len(providers), proved, checked, revoked, linked)
	for _, p := range peers {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", p.name, p.version, p.kinds, p.providers, p.proved, p.checked, p.revoked, p.linked)
	}
	fmt.Fprintf(w, "\nA rule of one may cover several kinds of another. What was counted, in what each ships in that version:\n\n")
	fmt.Fprintf(w, "- straykey: the %d rules of `rules/catalog`", len(set.Rules))
	if helpers := idsOfHelpers(set); len(helpers) > 0 {
		fmt.Fprintf(w, " without %s, which %s only found to be paired with another and never reported", strings.Join(helpers, ", "), isOrAre(len(helpers)))
	}
	fmt.Fprintf(w, "; providers are the names in the list below.\n")
	for _, p := range peers {
		fmt.Fprintf(w, "- %s %s: %s\n", p.name, p.version, p.how)
	}
	fmt.Fprintf(w, "\nA dash is what is not known: nothing that ships with that version says it.\n\n")
}

// idsOfHelpers names the rules that are never reported.
func idsOfHelpers(set *rules.Set) []string {
	var out []string
	for _, r := range set.Rules {
		if r.SkipReport {
			out = append(out, "`"+r.ID+"`")
		}
	}
	return out
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func identities(w *bytes.Buffer, list []*rules.Rule) {
	fmt.Fprintf(w, "## Types of identity\n\n| type | kinds | with an offline proof | with a live check |\n|---|--:|--:|--:|\n")
	for _, id := range rules.Identities() {
		n, proved, checked := 0, 0, 0
		for _, r := range list {
			if r.Identity != id {
				continue
			}
			n++
			if r.Proof != "" {
				proved++
			}
			if r.Verify != nil {
				checked++
			}
		}
		if n > 0 {
			fmt.Fprintf(w, "| %s | %d | %d | %d |\n", id, n, proved, checked)
		}
	}
	fmt.Fprintln(w)
}

func kinds(w *bytes.Buffer, list []*rules.Rule) {
	slices.SortStableFunc(list, func(a, b *rules.Rule) int {
		return cmp.Or(
			cmp.Compare(strings.ToLower(provider(a)), strings.ToLower(provider(b))),
			cmp.Compare(a.Identity, b.Identity),
			cmp.Compare(a.ID, b.ID),
		)
	})
	fmt.Fprintf(w, "## Kinds\n\n| provider | type | kind | severity | told by | offline proof | live check | revoke | rotate |\n")
	fmt.Fprintf(w, "|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range list {
		proof, link := "–", "–"
		if r.Proof != "" {
			proof = r.Proof
		}
		if r.Rotate != "" {
			link = "[link](" + r.Rotate + ")"
		}
		kind := r.ID
		if r.Docs != "" {
			kind = "[" + kind + "](" + r.Docs + ")"
		}
		revoke := "–"
		if r.Revoke != nil {
			revoke = "yes"
			if r.Revoke.Lookup != nil {
				revoke = "by id"
			}
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n",
			strings.ReplaceAll(provider(r), "|", "\\|"), r.Identity, kind, r.Severity, toldBy(r), proof, checkedBy(r), revoke, link)
	}
}

// provider is who issues a kind; rules on any provider's credentials have none.
func provider(r *rules.Rule) string { return cmp.Or(r.Provider, "any") }

func checkedBy(r *rules.Rule) string {
	if r.Verify == nil {
		return "–"
	}
	how := cmp.Or(r.Verify.Check, "request")
	if r.Verify.SideEffects == rules.Login {
		how += " (login)"
	}
	return how
}

func toldBy(r *rules.Rule) string {
	switch {
	case r.Token != "":
		return "shape"
	case r.Assigned != "":
		return "name"
	case r.Regex != "":
		return "text"
	}
	switch r.Detector {
	case "":
		return "path"
	case "uuid":
		return "shape"
	case "password", "secret", "token", "key", "auth", "salt", "entry", "below", "variable":
		return "name"
	}
	return "text"
}
