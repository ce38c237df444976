package declared

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
)

// RevokeTargets says where the credential would be sent to be revoked.
func (c *Check) RevokeTargets(cred *verify.Credential) ([]verify.Target, error) {
	r := cred.Rule.Revoke
	return c.targets(cred, &r.Request, r.Hosts, r.Endpoint, revokeParts(r))
}

// LookupTargets says where the credential would be sent to look up its id.
func (c *Check) LookupTargets(cred *verify.Credential) ([]verify.Target, error) {
	r := cred.Rule.Revoke
	return c.targets(cred, &r.Lookup.Request, r.Hosts, r.Endpoint, r.Parts)
}

// revokeParts are the parts of a revocation, with the id that is looked up.
func revokeParts(r *rules.Revoke) []rules.Part {
	if r.Lookup == nil {
		return r.Parts
	}
	return append(slices.Clip(r.Parts), rules.Part{Name: rules.IDPart})
}

// Revoke tells the issuer once to revoke the credential, of which the part [rules.IDPart] is known where the rule has a
// lookup. An error says that it did not, or that nobody knows: it holds no secret.
func (c *Check) Revoke(ctx context.Context, n *guard.Network, cred *verify.Credential) error {
	rv := cred.Rule.Revoke
	req, err := c.expand(ctx, cred, &rv.Request, rv.Hosts, rv.Endpoint, revokeParts(rv))
	if err != nil {
		return err
	}
	r, err := send(n, req)
	if err != nil {
		return fmt.Errorf("ask %s to revoke: %s; whether it did is not known, so check the credential again", hostPort(req.URL), unreached(err).Reason)
	}
	a, decided := common(r)
	if done := (&rules.Answer{Status: rv.Done, JSON: rv.JSON}); decided || !fits(done, r, parsed(r)) {
		reason := cmp.Or(a.Reason, fmt.Sprintf("answer %d", r.status))
		return fmt.Errorf("ask %s to revoke: %s, which does not say that it did; check the credential again, or revoke it by hand", hostPort(req.URL), reason)
	}
	return nil
}

// Entry is what an issuer's list says of one of its credentials.
type Entry struct {
	ID    string
	Tells []string // "name: deploy", in the order of the rule, without what the issuer does not say
}

// String is the entry on one line; "" without an id.
func (e Entry) String() string { return strings.Join(append([]string{e.ID}, e.Tells...), "  ") }

// maxEntries bounds the entries of a list that are looked at.
const maxEntries = 1000

// Lookup asks the issuer under which id it keeps the credential, and returns those entries of its list that may be it: one,
// if the list tells or has no other. An error says that nobody knows: it holds no secret.
func (c *Check) Lookup(ctx context.Context, n *guard.Network, cred *verify.Credential) ([]Entry, error) {
	rv := cred.Rule.Revoke
	l := rv.Lookup
	req, err := c.expand(ctx, cred, &l.Request, rv.Hosts, rv.Endpoint, rv.Parts)
	if err != nil {
		return nil, err
	}
	r, err := send(n, req)
	if err != nil {
		return nil, fmt.Errorf("ask %s for its id: %s", hostPort(req.URL), unreached(err).Reason)
	}
	a, decided := common(r)
	doc := parsed(r)
	if decided || r.status != 200 || doc == nil {
		return nil, fmt.Errorf("ask %s for its id: %s", hostPort(req.URL), cmp.Or(a.Reason, fmt.Sprintf("answer %d, which is no list", r.status)))
	}
	items := []any{doc.value}
	if l.Items != "" {
		items = at(doc.value, l.Items)
	}
	if len(items) > maxEntries {
		return nil, fmt.Errorf("ask %s for its id: more than %d entries", hostPort(req.URL), maxEntries)
	}
	var out []Entry
	for _, item := range items {
		id := first(at(item, l.ID), cred.Secret)
		if id == "" || !mayBe(l, item, cred.Secret) {
			continue
		}
		e := Entry{ID: id}
		for _, path := range l.Tells {
			if text := told(at(item, path), cred.Secret); text != "" {
				e.Tells = append(e.Tells, path+": "+text)
			}
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, errors.New("the list of the issuer does not have it")
	}
	return out, nil
}

// told is what values say to a person: a number that is a moment is its day.
func told(values []any, secret string) string {
	if len(values) > 0 {
		if _, number := values[0].(json.Number); number && !moment(values).IsZero() {
			return moment(values).Format(time.DateOnly)
		}
	}
	return first(values, secret)
}

// mayBe reports whether an entry may be that of the secret.
func mayBe(l *rules.Lookup, item any, secret string) bool {
	for _, c := range l.JSON {
		if !holds(c, texts(at(item, c.Path))) {
			return false
		}
	}
	if l.Begins == "" {
		return true
	}
	beginning := first(at(item, l.Begins), "")
	return len(beginning) >= minBeginning && strings.HasPrefix(secret, beginning)
}

// minBeginning is how many characters of a secret tell it from its neighbours.
const minBeginning = 6
