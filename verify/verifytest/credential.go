package verifytest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
	"github.com/straykey/straykey/verify"
)

// Maker makes credentials as a scan finds them: from the positives of rules, by the detector.
type Maker struct {
	set     *rules.Set
	scanner *detect.Scanner
}

// NewMaker returns a maker of credentials of a set with samples ([rules.Catalog]).
func NewMaker(set *rules.Set) (*Maker, error) {
	engine, err := detect.New(set, detect.Options{})
	if err != nil {
		return nil, err
	}
	return &Maker{set, engine.NewScanner()}, nil
}

// Credential makes a credential of a rule with the parts that a request needs. The same seed gives the same, another
// seed another.
func (m *Maker) Credential(r *rules.Rule, parts []rules.Part, seed string) (*verify.Credential, error) {
	c, err := m.find(r, seed)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		value, err := m.part(c, p, seed)
		if err != nil {
			return nil, fmt.Errorf("rule %s: part %s: %w", r.ID, p.Name, err)
		}
		c.Parts[p.Name] = value
	}
	return c, nil
}

// find expands positives of a rule until the detector finds one of its credentials.
func (m *Maker) find(r *rules.Rule, seed string) (*verify.Credential, error) {
	for i, template := range r.Positives {
		text, err := sample.Expand(template, fmt.Sprintf("verifytest/%s/%d/%s", r.ID, i, seed))
		if err != nil {
			return nil, fmt.Errorf("rule %s: positives[%d]: %w", r.ID, i, err)
		}
		for _, match := range m.scanner.Scan([]byte(text)).Matches() {
			if match.Rule == r && len(match.Via) == 0 {
				return &verify.Credential{
					Rule: r, Secret: match.Secret, Match: text[match.Start:match.End], Around: text, Parts: map[string]string{},
				}, nil
			}
		}
	}
	return nil, fmt.Errorf("rule %s: the detector finds none of its positives", r.ID)
}

func (m *Maker) part(c *verify.Credential, p rules.Part, seed string) (string, error) {
	if p.Regex != "" {
		re, err := regexp.Compile(p.Regex)
		if err != nil {
			return "", err
		}
		for _, text := range []string{c.Secret, c.Match, c.Around} {
			if groups := re.FindStringSubmatch(text); groups != nil {
				return groups[min(1, len(groups)-1)], nil
			}
		}
	}
	if p.Sample != "" {
		return sample.Expand(p.Sample, strings.Join([]string{"verifytest", c.Rule.ID, p.Name, seed}, "/"))
	}
	if len(p.Rules) > 0 {
		other, err := m.find(m.set.Rule(p.Rules[0]), seed)
		if err != nil {
			return "", err
		}
		return other.Secret, nil
	}
	if len(p.Values) > 0 {
		return p.Values[0], nil
	}
	if p.Optional {
		return "", nil
	}
	return "", fmt.Errorf("regex finds it in no positive of the rule; give a sample, e.g. sample = '{{lower 8}}'")
}
