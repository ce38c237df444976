package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
)

func TestRedact(t *testing.T) {
	tests := []struct{ name, secret, want string }{
		{"token", fakeToken, "ghp_[redacted 40]"},
		{"key id", fakeAWSKey, "AKIA[redacted 20]"},
		{"short", fakePassword, "[redacted 8]"},
		{"one byte", "x", "[redacted 1]"},
		{"empty", "", "[redacted 0]"},
		{"long but guessable", "correct" + "horsebattery", "[redacted 19]"},
		{"16 bytes of words", "Summer2024" + "!Paris", "[redacted 16]"},
		{"starts with a letter of several bytes", "é" + fakeToken, "[redacted 42]"},
		{"starts with a control character", "\x1b" + fakeToken, "[redacted 41]"},
		{"private key", fakePEM(), "-----BEGIN RSA " + fmt.Sprintf("PRIVATE KEY-----[redacted %d]", len(fakePEM()))},
		{"private key on one line", strings.ReplaceAll(fakePEM(), "\n", `\n`), "-----BEGIN RSA " + fmt.Sprintf("PRIVATE KEY-----[redacted %d]", len(fakePEM())+4)},
		{"no armour", "-----BEGIN " + fakeToken + "-----", "----[redacted 56]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Redact(tt.secret); got != tt.want {
				t.Errorf("Redact = %q, want %q", got, tt.want)
			}
		})
	}
}

func newTestRedactor(secrets ...string) *redactor {
	r := &Report{}
	for _, s := range secrets {
		r.Findings = append(r.Findings, correlate.Finding{Rule: tokenRule(), Secret: s})
	}
	return newRedactor(r, Options{})
}

func TestRedactorText(t *testing.T) {
	r := newTestRedactor(fakeToken, fakeToken[:30], fakePassword, "abc", "production", "xx"+fakePassword+"yy", fakePEM())
	tests := []struct{ name, in, text, named string }{
		{"nothing", "a subject", "a subject", "a subject"},
		{"whole", "use " + fakeToken + ".", "use ghp_[redacted 40].", "use ghp_[redacted 40]."},
		{"the longer of two", fakeToken, "ghp_[redacted 40]", "ghp_[redacted 40]"},
		{"the shorter of two", fakeToken[:33], "ghp_[redacted 30]" + fakeToken[30:33], "ghp_[redacted 30]" + fakeToken[30:33]},
		{"twice", fakePassword + fakePassword, "[redacted 8][redacted 8]", fakePassword + fakePassword},
		{"one inside of another", "xx" + fakePassword + "yy", "[redacted 12]", "[redacted 12]"},
		{"too short to search for", "abc", "abc", "abc"},
		{"a word", "in production/a", "in [redacted 10]/a", "in production/a"},
		{"a line of a key", strings.Split(fakePEM(), "\n")[1], "[redacted 68]", "[redacted 68]"},
		{"armour is no secret", strings.Split(fakePEM(), "\n")[0], strings.Split(fakePEM(), "\n")[0], strings.Split(fakePEM(), "\n")[0]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.text(tt.in); got != tt.text {
				t.Errorf("text(%q) = %q, want %q", tt.in, got, tt.text)
			}
			if got := r.name(tt.in); got != tt.named {
				t.Errorf("name(%q) = %q, want %q", tt.in, got, tt.named)
			}
		})
	}
}

func TestRedactorFrame(t *testing.T) {
	other := "npm" + "_" + "Jd7sK2mQx9RbLwV4cHs8YpT3nGu6Ea5Wi0oZ"
	filler := strings.Repeat(" 1", minCut/2)
	r := newTestRedactor(fakeToken, other, fakePEM(), "abc")
	at := func(line, column, endLine, endColumn, firstLine, cut int, lines ...string) *correlate.Occurrence {
		return &correlate.Occurrence{
			Line: line, Column: column, EndLine: endLine, EndColumn: endColumn,
			Frame: correlate.Frame{FirstLine: firstLine, Cut: cut, Lines: lines},
		}
	}
	pem := strings.Split(fakePEM(), "\n")
	tests := []struct {
		name   string
		o      *correlate.Occurrence
		secret string
		want   []frameLine
	}{
		{
			"in the middle", at(2, 3, 2, 43, 1, 0, "x", "a "+fakeToken+" b"), fakeToken,
			[]frameLine{{1, "x", 0, 0}, {2, "a ghp_[redacted 40] b", 2, 19}},
		},
		{
			"cut on the left", at(1, 103, 1, 143, 1, 100, "a "+fakeToken), fakeToken,
			[]frameLine{{1, "a ghp_[redacted 40]", 2, 19}},
		},
		{
			"secret cut on the right", at(1, 3, 1, 43, 1, 0, "a "+fakeToken[:20]), fakeToken,
			[]frameLine{{1, "a [redacted 20]", 2, 15}},
		},
		{
			"secret cut on the left", at(1, 3, 1, 43, 1, 12, fakeToken[10:]+"; b"), fakeToken,
			[]frameLine{{1, "[redacted 33]", 0, 13}},
		},
		{
			"secret longer than the frame", at(1, 3, 1, 43, 1, 12, fakeToken[10:30]), fakeToken,
			[]frameLine{{1, "[redacted 20]", 0, 13}},
		},
		{
			"column of another encoding", at(1, 9, 1, 89, 1, 0, "a "+fakeToken), fakeToken,
			[]frameLine{{1, "a ghp_[redacted 40]", 2, 19}},
		},
		{
			"the frame shows it encoded", at(1, 3, 1, 9, 1, 0, "a Z2hwX3E3WmZU b", "next"), fakeToken,
			[]frameLine{{1, "[redacted 16]", 0, 13}, {2, "next", 0, 0}},
		},
		{
			"a secret too short to search for", at(1, 7, 1, 10, 1, 0, "abc = abc"), "abc",
			[]frameLine{{1, "abc = [redacted 3]", 6, 18}},
		},
		{
			"others in the frame", at(2, 1, 2, 41, 1, 0, other+" "+fakeToken, fakeToken+filler+other[:10], "pre "+other[5:]), fakeToken,
			[]frameLine{
				{1, "npm_[redacted 40] ghp_[redacted 40]", 0, 0},
				{2, "ghp_[redacted 40]" + filler + "[redacted 10]", 0, 17},
				{3, "pre " + other[5:], 0, 0},
			},
		},
		{
			"rest of another at a cut", at(2, 130, 2, 170, 1, 100, filler+other[:9], other[12:]+" "+fakeToken), fakeToken,
			[]frameLine{{1, filler + "[redacted 9]", 0, 0}, {2, "[redacted 28] ghp_[redacted 40]", 14, 31}},
		},
		{
			"no cut, so no rest of another", at(1, 1, 1, 41, 1, 0, fakeToken, other[12:]+" x", "x "+other[:12]), fakeToken,
			[]frameLine{{1, "ghp_[redacted 40]", 0, 17}, {2, other[12:] + " x", 0, 0}, {3, "x " + other[:12], 0, 0}},
		},
		{
			"private key", at(2, 3, 6, 1+len(pem[4]), 1, 0, "k: |", "  "+pem[0], "  "+pem[1], pem[2], "\t"+pem[3]), fakePEM(),
			[]frameLine{
				{1, "k: |", 0, 0},
				{2, "  " + pem[0], 2, 2 + len(pem[0])},
				{3, "  [redacted 68]", 2, 15},
				{4, "[redacted 65]", 0, 13},
				{5, "\t[redacted 6]", 1, 13},
			},
		},
		{"line outside of the frame", at(9, 1, 9, 41, 1, 0, "x"), fakeToken, []frameLine{{1, "x", 0, 0}}},
		{"no frame", at(9, 1, 9, 41, 0, 0), fakeToken, []frameLine{}},
		{"columns that make no sense", at(1, -5, 0, -9, 1, 0, "a b"), fakeToken, []frameLine{{1, "[redacted 3]", 0, 12}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.frame(tt.o, tt.secret)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(frameLine{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRedactorMatch(t *testing.T) {
	r := newTestRedactor(fakeToken, fakePassword, fakePEM())
	tests := []struct{ name, match, secret, want string }{
		{"assignment", "token = " + fakeToken + ";", fakeToken, "token = ghp_[redacted 40];"},
		{"with another secret", fakePassword + ":" + fakeToken, fakeToken, "[redacted 8]:ghp_[redacted 40]"},
		{"private key", fakePEM(), fakePEM(), Redact(fakePEM())},
		{"encoded", "Z2hwX3E3WmZU", fakeToken, "[redacted 12]"},
		{"empty", "", fakeToken, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := r.match(tt.match, tt.secret); got != tt.want {
				t.Errorf("match = %q, want %q", got, tt.want)
			}
		})
	}
}

// What a report shows of a frame never depends on finding the right one of many secrets by luck.
func TestPiecesAgainstAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		var all []piece
		for range rng.IntN(40) {
			all = append(all, piece{text: letters(rng, "ab", minPiece+rng.IntN(8))})
		}
		p := newPieces(append([]piece(nil), all...))
		for range 50 {
			s := letters(rng, "ab", rng.IntN(14))
			longest, continues := "", false
			for _, q := range all {
				if strings.HasPrefix(s, q.text) && len(q.text) > len(longest) {
					longest = q.text
				}
				continues = continues || len(s) >= minPiece && len(q.text) > len(s) && strings.HasPrefix(q.text, s)
			}
			got := ""
			if l := p.longest(s); l != nil {
				got = l.text
			}
			if got != longest || p.continues(s) != continues {
				t.Fatalf("%q: longest %q, continues %v; want %q, %v", s, got, p.continues(s), longest, continues)
			}
		}
	}
}

const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func letters(rng *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}

// A random secret: a token, a password with characters that JSON escapes, or a private key.
func randomSecret(rng *rand.Rand) string {
	switch rng.IntN(4) {
	case 0:
		return letters(rng, alnum+`"\<&%!`, 6+rng.IntN(10))
	case 1:
		lines := []string{"-----BEGIN EC " + "PRIVATE KEY-----"}
		for range 1 + rng.IntN(4) {
			lines = append(lines, letters(rng, alnum+"+/", 64))
		}
		return strings.Join(append(lines, letters(rng, alnum, 8), "-----END EC "+"PRIVATE KEY-----"), "\n")
	}
	return letters(rng, alnum, 16+rng.IntN(60))
}

// randomReport has secrets everywhere the scanned repository can put them, frames that
// cut through them included.
func randomReport(rng *rand.Rand) *Report {
	secrets := make([]string, 1+rng.IntN(6))
	for i := range secrets {
		secrets[i] = randomSecret(rng)
	}
	any := func() string { return secrets[rng.IntN(len(secrets))] }
	oneLine := func() string {
		for {
			if s := any(); !strings.Contains(s, "\n") {
				return s
			}
			if rng.IntN(20) == 0 {
				return "nothing"
			}
		}
	}
	r := &Report{Coverage: broken(), Run: Run{Mode: History, Target: "/src", Notes: []string{"note " + oneLine()}}}
	for i, secret := range secrets {
		f := correlate.Finding{
			Rule: tokenRule(), Secret: secret, Fingerprint: fmt.Sprintf("sk1:%d", i),
			Proof: proof.Result{Status: proof.Valid, Detail: "detail " + oneLine(), Facts: []proof.Fact{{Name: "n", Value: oneLine()}}},
		}
		for range 1 + rng.IntN(3) {
			f.Occurrences = append(f.Occurrences, randomOccurrence(rng, secret, any, oneLine))
		}
		if rng.IntN(4) == 0 {
			r.Suppressed = append(r.Suppressed, Suppressed{Finding: f, By: Inline, Reason: "reason " + oneLine()})
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	r.Findings = append(r.Findings, correlate.Finding{Rule: &rules.Rule{ID: "x"}, Secret: "short"})
	return r
}

func randomOccurrence(rng *rand.Rand, secret string, any, oneLine func() string) correlate.Occurrence {
	text := "first\n" + strings.Repeat(". ", rng.IntN(100))
	for range rng.IntN(3) {
		text += "a = " + any() + strings.Repeat("\n", rng.IntN(2)) + " "
	}
	start := len(text) + len("key: ")
	text += "key: " + secret + " ; " + any() + "\n" + any() + "\nlast"
	before := text[:start]
	o := correlate.Occurrence{
		Kind: "blob", Object: object(1), Path: "dir/x.txt",
		Line: strings.Count(before, "\n") + 1, Column: start - strings.LastIndex(before, "\n"),
		EndLine: strings.Count(text[:start+len(secret)], "\n") + 1,
		First:   commit(3, "subject "+oneLine()), Reachable: true,
	}
	end := text[:start+len(secret)]
	o.EndColumn = len(end) - strings.LastIndex(end, "\n")
	o.First.Author = "author " + oneLine()
	if s := oneLine(); len(s) >= minNamed {
		o.Path = "dir/x-" + s
		o.Refs = []string{"refs/heads/" + s}
		o.RefCount = 1
	}
	o.Frame.Match = "key: " + secret
	lines := strings.Split(text, "\n")
	from := max(0, o.Line-1-rng.IntN(3))
	o.Frame.FirstLine = from + 1
	for i := from; i < min(len(lines), from+2+rng.IntN(8)); i++ {
		line := lines[i]
		if i == o.Line-1 && rng.IntN(2) == 0 {
			o.Frame.Cut = rng.IntN(o.Column)
			line = line[o.Frame.Cut:]
		}
		if len(line) > minCut && rng.IntN(2) == 0 {
			line = line[:minCut+rng.IntN(len(line)-minCut)]
		}
		o.Frame.Lines = append(o.Frame.Lines, line)
	}
	return o
}

// Without ShowSecrets no format holds six bytes in a row of what is not shown of a secret.
func TestNothingLeaks(t *testing.T) {
	const window = 6
	for seed := range uint64(100) {
		r := randomReport(rand.New(rand.NewPCG(seed, 1)))
		for _, format := range Formats() {
			out := write(t, format, r, Options{Verbose: true, Width: 4000})
			texts := out + "\n" + decoded(t, format, out)
			for _, f := range r.Findings[:len(r.Findings)-1] {
				for _, line := range strings.Split(strings.TrimPrefix(f.Secret, hint(f.Secret)), "\n") {
					for i := 0; i+window <= len(line) && !isArmour(line); i++ {
						if strings.Contains(texts, line[i:i+window]) {
							t.Fatalf("seed %d: %s shows %q of %q\n%s", seed, format, line[i:i+window], f.Secret, out)
						}
					}
				}
			}
		}
	}
}

// decoded returns a report as its reader sees it: what the format escapes is undone.
func decoded(t *testing.T, format, text string) string {
	t.Helper()
	switch format {
	case "text", "template", "gitleaks-template":
		return text
	case "csv", "gitleaks-csv":
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, row := range rows {
			b.WriteString(strings.Join(row, "\n") + "\n")
		}
		return b.String()
	case "junit", "gitleaks-junit":
		return html.UnescapeString(text) // XML's references are among HTML's
	case "github":
		out, err := url.PathUnescape(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	case "markdown":
		return html.UnescapeString(strings.ReplaceAll(text, "<span></span>", ""))
	case "gitlab":
		return html.UnescapeString(strings.ReplaceAll(strings.Join(jsonStrings(text), "\n"), "<span></span>", ""))
	}
	return strings.Join(jsonStrings(text), "\n")
}

// jsonStrings returns all strings of a JSON report, unescaped.
func jsonStrings(text string) []string {
	var out []string
	d := json.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		if s, ok := token.(string); ok {
			out = append(out, s)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	r := &Report{Coverage: coverage()}
	base := fixture().Findings[3]
	for i := range 10000 {
		f := base
		f.Occurrences = append([]correlate.Occurrence(nil), base.Occurrences...)
		f.Secret = "ghp" + "_" + letters(rng, alnum, 36)
		f.Fingerprint = fmt.Sprintf("sk1:%08d", i)
		for k := range f.Occurrences {
			f.Occurrences[k].Frame.Lines = []string{"a", "token: " + f.Secret + strings.Repeat(" x", 100), "b"}
		}
		r.Findings = append(r.Findings, f)
	}
	for _, format := range Formats() {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				var n counter
				if err := Write(&n, format, r, Options{Template: everything(b)}); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(n))
			}
		})
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
