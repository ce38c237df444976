package ruletest

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// TestCatalogNoise scans encoded bytes without names, as pictures, fonts, programs, checksums and lock files have
// them: no rule may take a part of them for its credential.
func TestCatalogNoise(t *testing.T) {
	if testing.Short() {
		t.Skip("reads megabytes of noise")
	}
	_, engine := catalogEngine(t)
	const size = 1 << 20
	r := forge.New("noise")
	random := forge.Bytes(r, size)
	sparse := forge.Bytes(r, size)
	for i := range sparse {
		if r.IntN(3) > 0 { // programs and tables are mostly zeros and small numbers
			sparse[i] = byte(r.IntN(4)) * byte(r.IntN(2))
		}
	}
	tests := []struct{ name, text string }{
		{"base64 in lines", wrap(base64.StdEncoding.EncodeToString(random), 76)},
		{"base64 in a line", base64.StdEncoding.EncodeToString(random)},
		{"base64 of zeros and numbers", wrap(base64.StdEncoding.EncodeToString(sparse), 76)},
		{"base64url in a line", base64.URLEncoding.EncodeToString(random)},
		{"hex in lines", wrap(hex.EncodeToString(random), 64)},
		{"base32 in lines", wrap(base32.StdEncoding.EncodeToString(random), 80)},
		{"UUIDs", uuids(r, size/16)},
		{"integrity of packages", integrity(random)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := engine.NewScanner()
			for _, m := range s.Scan([]byte(tt.text)).Matches() {
				if m.Rule.Class == rules.Identifiers {
					continue // UUIDs are these
				}
				lo, hi := max(0, m.Start-8), min(len(tt.text), m.End+8)
				t.Errorf("rule %s finds %q", m.Rule.ID, tt.text[lo:hi])
			}
		})
	}
}

func wrap(s string, width int) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width])
		b.WriteByte('\n')
		s = s[width:]
	}
	b.WriteString(s)
	return b.String()
}

func uuids(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		x := forge.Bytes(r, 16)
		fmt.Fprintf(&b, "%x-%x-%x-%x-%x\n", x[:4], x[4:6], x[6:8], x[8:10], x[10:])
	}
	return b.String()
}

// integrity is a lock file of npm: base64 of 64 bytes for each package.
func integrity(random []byte) string {
	var b strings.Builder
	for i := 0; i+64 <= len(random); i += 64 {
		fmt.Fprintf(&b, "\"node_modules/a%d\": {\"version\": \"1.0.%d\", \"resolved\": \"https://registry.example/a/-/a-1.tgz\", \"integrity\": \"sha512-%s\"},\n",
			i, i, base64.StdEncoding.EncodeToString(random[i:i+64]))
	}
	return b.String()
}
