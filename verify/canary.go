package verify

import (
	"errors"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect/proof"
)

// canaryAccounts returns the numbers of AWS accounts whose keys are bait: to use one tells whoever laid it out. They
// are those of canarytokens.org and of others who offer the like, as found and published by several people.
func canaryAccounts() []string {
	return []string{
		"052310077262", "171436882533", "266735846894", "534261010715", "595918472158", "717712589309", "729780141977",
		"730335385048", "819147034852", "893192397702", "992382622183",
		"044858866125", "251535659677", "344043088457", "351906852752", "390477818340", "426127672474", "427150556519",
		"439872796651", "445142720921", "465867158099", "637958123769", "693412236332", "732624840810", "735421457923",
		"959235150393", "982842642351",
	}
}

// canaryHosts returns the domains of those who offer bait.
func canaryHosts() []string {
	return []string{"canarytokens.com", "canarytokens.net", "canarytokens.org", "canary.tools"}
}

// minCanary is the shortest entry of a list of canaries, in bytes; a shorter one would cover too much.
const minCanary = 6

// canaries tells bait from credentials.
type canaries struct {
	accounts map[string]bool
	hosts    []string
	listed   []string // fingerprints, accounts, hosts or beginnings of a secret or id
}

func newCanaries(listed []string) (canaries, error) {
	c := canaries{accounts: map[string]bool{}, hosts: canaryHosts(), listed: listed}
	for _, account := range canaryAccounts() {
		c.accounts[account] = true
	}
	for _, entry := range listed {
		if len(entry) < minCanary || strings.TrimSpace(entry) != entry {
			return canaries{}, errors.New("an entry of the list of canaries is too short or has spaces around it; " +
				"expected a fingerprint, an account number, a host or the beginning of a secret, of 6 characters at least")
		}
	}
	return c, nil
}

// why says why a candidate must not be used; "" if it is none.
func (c *canaries) why(of *Candidate) string {
	texts := []string{of.Secret}
	for i := range of.Attempts {
		for _, part := range of.Attempts[i].Parts {
			texts = append(texts, part)
		}
	}
	accounts := []string{of.Proof.Fact("account")}
	for _, text := range texts {
		var p proof.Prover
		r, _ := p.Prove("aws-account", text, nil)
		accounts = append(accounts, r.Fact("account"))
	}
	for _, account := range accounts {
		switch {
		case c.accounts[account]:
			return "canary: keys of the AWS account " + account + " are bait"
		case account != "" && slices.Contains(c.listed, account):
			return "canary: its account is on your list"
		}
	}
	for _, entry := range c.listed {
		begins := func(s string) bool { return strings.HasPrefix(s, entry) }
		if of.Fingerprint == entry || slices.ContainsFunc(texts, begins) {
			return "canary: it is on your list"
		}
	}
	return ""
}

// host reports whether a host (host:port) is one of bait.
func (c *canaries) host(address string) bool {
	host := hostOf(address)
	within := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
	return slices.ContainsFunc(c.hosts, within) || slices.ContainsFunc(c.listed, within)
}
