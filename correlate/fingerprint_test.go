package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// fakeKey is an armour around base64 that is no key.
func fakeKey(lineEnd string) string {
	lines := []string{"-----BEGIN RSA " + "PRIVATE KEY-----"}
	for i := range 3 {
		lines = append(lines, strings.Repeat(string(rune('A'+i)), 20)+"+/"+strings.Repeat(string(rune('a'+i)), 20))
	}
	lines = append(lines, "Zm9v==", "-----END RSA "+"PRIVATE KEY-----")
	return strings.Join(lines, lineEnd)
}

// Baselines and ignore files hold fingerprints: these values never change.
func TestFingerprintGolden(t *testing.T) {
	token := "ghp" + "_" + strings.Repeat("Ab1", 12)
	random := "q7ZfT2mXw9" + "RkLbV4cHs8" + "JdYp3nGu6E" + "a5Wi0o"
	tests := []struct {
		name           string
		key            []byte
		family, secret string
		want           string
	}{
		{"random", nil, "github-token", random, "sk1:g2pbe3bgazb2mb4piephceuxiy"},
		{"repetitive token", nil, "github-token", token, "sk1:pzsz2yht7dqti5q3dotqnxa54u"},
		{"other family", nil, "npm-token", random, "sk1:ftbsmob2s2x77wrgexes3v5nem"},
		{"own key", []byte("company key"), "github-token", random, "sk1:gbsgtr6pofqpq5zk5ylvth4tge"},
		{"password", nil, "generic-password", "hunter" + "2", "sk1:dhdvm3ttihlkotxqnzotmjfpua"},
		{"password, own key", []byte("company key"), "generic-password", "hunter" + "2", "sk1:l7uz2u7smsbiuduxl7a6bod2bu"},
		{"private key", nil, "private-key", fakeKey("\n"), "sk1:w5nbibmibwgffdxwzrmxk54b4a"},
		{"empty", nil, "", "", "sk1:ghkce64yogb3lvv7jet47tw2p4"},
	}
	seen := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Fingerprint(tt.key, tt.family, tt.secret)
			if got != tt.want {
				t.Errorf("Fingerprint = %s, want %s", got, tt.want)
			}
			if !regexp.MustCompile(`^sk1:[a-z2-7]{26}$`).MatchString(got) {
				t.Errorf("Fingerprint = %s: not of the documented form", got)
			}
			if other, ok := seen[got]; ok {
				t.Errorf("same fingerprint as %q", other)
			}
			seen[got] = tt.name
		})
	}
}

func TestFingerprintSameSecret(t *testing.T) {
	plain := Fingerprint(nil, "private-key", fakeKey("\n"))
	copies := map[string]string{
		"final newline":      fakeKey("\n") + "\n",
		"CRLF":               fakeKey("\r\n"),
		"indented":           "  " + fakeKey("\n    "),
		"JSON string":        fakeKey(`\n`),
		"JSON in JSON":       fakeKey(`\\n`),
		"escaped CRLF":       fakeKey(`\r\n`),
		"string pieces":      fakeKey("\\n\"\n  \""),
		"escaped solidus":    strings.ReplaceAll(fakeKey(`\n`), "/", `\/`),
		"escaped for HTML":   strings.NewReplacer("+", `\u002b`, "=", `\u003d`, "/", `\u002F`).Replace(fakeKey(`\n`)),
		"one line":           fakeKey(" "),
		"shell continuation": fakeKey("\\\n"),
		"comment":            fakeKey("\n# "),
		"line comment":       fakeKey("\n    //\t"),
		"block comment":      fakeKey("\r\n * "),
		"documentation":      fakeKey("\n/// "),
		"INI comment":        fakeKey("\n;"),
		"quotation":          fakeKey("\n> "),
		"patch":              fakeKey("\n+"),
		"joined strings":     fakeKey("\\n\" +\n  \""),
		"operator in front":  fakeKey("\\n'\n  . '"),
		"list of lines":      fakeKey("\",\n  \""),
	}
	for name, c := range copies {
		if got := Fingerprint(nil, "private-key", c); got != plain {
			t.Errorf("%s: fingerprint %s, want %s", name, got, plain)
		}
	}
	if got := Fingerprint(nil, "private-key", strings.Replace(fakeKey("\n"), "AAAA", "AAAB", 1)); got == plain {
		t.Error("another key has the same fingerprint")
	}
	if Fingerprint(nil, "password", "a b") == Fingerprint(nil, "password", "ab") {
		t.Error("white space inside of a password does not count")
	}
}

func TestBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	guessable := []string{
		"", "x", "hunter" + "2", "password123", "Summer2024!", "correct horse battery staple",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1234567890123456", "CorrectHorseBattery2024", pick(alnum, 12),
	}
	for _, s := range guessable {
		if b := Bits(s); b >= guessableBits {
			t.Errorf("Bits(%q) = %d, want a guessable secret", s, b)
		}
	}
	for range 1000 {
		for _, s := range []string{pick(alnum, 36), pick("0123456789abcdef", 32), pick(alnum+"+/", 88)} {
			if b := Bits(s); b < guessableBits {
				t.Errorf("Bits(%q) = %d, want an unguessable secret", s, b)
			}
		}
	}
}

func TestLog2(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 10, 255, 256, 1000, 65537, 1 << 31, 1<<40 + 12345} {
		got := float64(log2(n)) / (1 << logScale)
		if d := math.Log2(float64(n)) - got; d < 0 || d > 1.0/(1<<logScale)+1e-6 {
			t.Errorf("log2(%d) = %v, want %v", n, got, math.Log2(float64(n)))
		}
	}
	if log2(0) != 0 || log2(-1) != 0 {
		t.Error("log2 of nothing is not 0")
	}
}

func BenchmarkFingerprint(b *testing.B) {
	for name, secret := range map[string]string{"guessable": "hunter" + "2", "random": strings.Repeat("q7ZfT2mXw9RkLbV4", 4)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				Fingerprint(nil, "family", fmt.Sprint(secret, i))
			}
		})
	}
}
