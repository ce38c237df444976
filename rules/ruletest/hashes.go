package ruletest

import (
	"fmt"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// hashes are what stands by the thousand in lock files, manifests and logs and opens nothing.
func hashes() []struct{ name, text string } {
	r := forge.New("lint hashes")
	hex := func(n int) string { return forge.Chars(r, forge.Hex, n) }
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return []struct{ name, text string }{
		{"an MD5 sum", hex(32)},
		{"a SHA-1 sum or commit", hex(40)},
		{"a SHA-256 sum", hex(64)},
		{"a SHA-512 sum", hex(128)},
		{"a UUID", strings.Join([]string{hex(8), hex(4), "4" + hex(3), "a" + hex(3), hex(12)}, "-")},
		{"a SHA-256 sum in base64", forge.Chars(r, base64, 43) + "="},
		{"a SHA-512 sum in base64", forge.Chars(r, base64, 86) + "=="},
	}
}

// checkHashes tries rules on hashes that nothing says is a secret.
func (l *linter) checkHashes(chosen []*rules.Rule) error {
	for _, r := range chosen {
		key, expr := expression(r)
		if expr == "" || key == "assigned" {
			continue // nothing is assigned below
		}
		alone := *r
		alone.Required = nil // their rules are not there
		engine, err := detect.New(&rules.Set{Rules: []*rules.Rule{&alone}}, detect.Options{Now: now})
		if err != nil {
			return err
		}
		s := engine.NewScanner()
		for _, h := range hashes() {
			text := fmt.Sprintf("%s  file.txt\n\"integrity\": \"%s\"\n<%s>\n", h.text, h.text, h.text)
			if !s.Scan([]byte(text)).Empty() {
				l.rule = r
				l.say(LevelWarning, "hash", key, "the expression matches %s; ask for a prefix, or for a name beside it (assigned)", h.name)
				break
			}
		}
	}
	return nil
}
