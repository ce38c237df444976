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

// peers are what other scanners say of themselves, by counting their built-in rules or detectors.
var peers = []struct{ name, version, kinds string }{
	{"gitleaks", "8.30.1", "222 rules"},
	{"betterleaks", "1.7", "412 rules"},
	{"trufflehog", "3.97", "about 900 detectors"},
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
	summary(&w, list)
	identities(&w, list)
	kinds(&w, list)
	return w.Bytes()
}

func summary(w *bytes.Buffer, list []*rules.Rule) {
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
		fmt.Fprintf(w, "| %s | %s | %s | – | – | – | – | – |\n", p.name, p.version, p.kinds)
	}
	fmt.Fprintf(w, "\nThe numbers of others are of what they ship in that version. A rule of one may cover several kinds of another.\n\n")
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
	return "path"
}
