package detect

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/proof/forge"
	"github.com/straykey/straykey/rules"
)

// lineValue is one that nobody would take for a word.
const lineValue = "Vq8Kx2" + "mTz7Lp"

// linePool returns lines of every kind that a scanner may know or must not, few enough to come again and again.
func linePool(r *rand.Rand) []string {
	// Many candidates are just above or below the threshold, where the line before decides.
	pool := []string{
		`password = "<A>"`, `password = "hunter"`, `  password: changeme1`, `db_pass=tiger7`, `secret = "tiger77"`,
		`user: admin`, `host: db.acme.io`, `# for example`, `"user": "sa",`, ``, `}`, `assert token == "abc123def"`, `token: <C>`,
		`set_password("letmein9")`, `<password>winter11</password>`, `key = "0b5e1f7a9c"`, `auth: qwerty12`, `// straykey:allow no secret`,
		`pass%77ord%3D%22<B>%22`, `x = "\u0070assword = \"<A>\""`, `Content-Transfer-Encoding: quoted-printable`, `pas=73word = =22<B>=22`,
		"  - name: DB_PASSWORD", "    value: <A>9", "value: <A>9", `"value": "<A>9"`,
		strings.Repeat("a ", maxKnown) + `password = "hunter"`,
		"const apiToken =", "  '<A>9<C>';", "kind: Secret", "stringData:", "  foo: <A>9", `variable "db_password" {`, `  default = "<A>9"`,
	}
	for i := range pool { // put together here, so that this file holds no password
		pool[i] = strings.NewReplacer("<A>", lineValue, "<B>", "tiger77"+"x1", "<C>", "8f3kq"+"9zz").Replace(pool[i])
	}
	for range 12 {
		value := []byte("tigerwinteradmin0123456789")[r.IntN(16):]
		pool = append(pool, fmt.Sprintf([]string{"password: %s", "token = %q", "secret=%s", "api_key: %s"}[r.IntN(4)], value[:4+r.IntN(6)]))
	}
	// Lines of wrapped base64, whose neighbours change what they are lines of.
	for range 3 {
		text := fmt.Sprintf("user: admin\npassword = %q\nmore text of no interest %d, %s", lineValue, r.IntN(100), strings.Repeat("and on ", r.IntN(20)))
		code := base64.StdEncoding.EncodeToString([]byte(text))
		for width := 40 + 4*r.IntN(8); len(code) > 0; code = code[min(width, len(code)):] {
			pool = append(pool, code[:min(width, len(code))])
		}
	}
	return pool
}

// TestKnownLines edits texts made of few lines, over and over, with one scanner: what it knows of lines must not
// change what it finds.
func TestKnownLines(t *testing.T) {
	e := builtinEngine(t)
	show := func(f *Facts) []string {
		out := describe(e, f)
		for _, m := range f.Matches() {
			if m.Verdict != nil {
				out = append(out, fmt.Sprintf("score %x", m.Verdict.AppendKey(nil)))
			}
		}
		return out
	}
	plain := e.NewScanner()
	plain.Measure() // remembers no lines
	rounds, found := 60, 0
	if testing.Short() {
		rounds = 6
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 13))
		pool := linePool(r)
		s := e.NewScanner()
		var text []byte
		var facts *Facts
		for range 60 {
			target, runs := editLines(r, text, pool)
			if r.IntN(4) == 0 && len(text) > 0 {
				target, runs = randomEdit(r, text)
			}
			got, want := s.Update(target, facts, runs), plain.Scan(target)
			found += len(want.Matches())
			if diff := cmp.Diff(show(want), show(got)); diff != "" {
				t.Fatalf("seed %d: -scan +update:\n%s\nof\n%s", seed, diff, target)
			}
			text, facts = target, got
		}
		if s.known == nil {
			t.Fatal("the scanner remembers no lines")
		}
	}
	if found < 20*rounds {
		t.Errorf("only %d matches: the texts test little", found)
	}
}

// editLines makes a target out of some lines of base and some of the pool.
func editLines(r *rand.Rand, base []byte, pool []string) (target []byte, runs []delta.Run) {
	lines := bytes.SplitAfter(base, []byte("\n"))
	at := 0
	for i := 0; i < len(lines) && len(target) < 4000; {
		for range r.IntN(3) {
			target = append(target, pool[r.IntN(len(pool))]...)
			target = append(target, '\n')
		}
		for n := r.IntN(3); n > 0 && i < len(lines); n-- { // delete
			at += len(lines[i])
			i++
		}
		start := at
		for n := r.IntN(6); n > 0 && i < len(lines); n-- {
			at += len(lines[i])
			i++
		}
		if at > start {
			runs = append(runs, delta.Run{Base: start, Target: len(target), Len: at - start})
			target = append(target, base[start:at]...)
		}
	}
	return target, runs
}

// TestRemembered tells which lines are remembered: those on which nothing stands that has to be told, or that another line could
// decide.
func TestRemembered(t *testing.T) {
	e := builtinEngine(t)
	set, err := rules.Builtin()
	if err == nil {
		set, err = set.Only([]string{"github-pat-classic"})
	}
	if err != nil {
		t.Fatal(err)
	}
	tokens := newTestEngine(t, set) // with all rules, another one finds a token in what only looks like GitHub's
	random := forge.New("lines")
	token := forge.GitHub(random, "ghp"+"_")
	last := token[len(token)-1]
	wrong := token[:len(token)-1] + string('0'+(last-'0'+1)%10)
	if last > '9' {
		wrong = token[:len(token)-1] + "0"
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("nothing of interest"))
	_ = w.Close()
	escaped := ""
	for _, c := range base64.StdEncoding.EncodeToString(packed.Bytes()) {
		escaped += fmt.Sprintf(`\u%04x`, c)
	}
	tests := []struct {
		name, line string
		want       bool
	}{
		{"text", "some text of no interest", true},
		{"nothing", "", true},
		{"carriage return", "some text\r", true},
		{"carriage returns only, which end no line", "one\rtwo\rthree", true},
		{"escaped", `some \u0074ext \u006ff no interest`, true},
		{"match", "x = " + token + " is one", false},
		{"failed proof", "x = " + wrong + " is none", false},
		{"anchor of a wide rule", "-----BEGIN RSA PRIVATE KEY-----", false},
		{"run of base64", "data: " + base64.StdEncoding.EncodeToString([]byte("a text of no interest that is long enough")), false},
		{"line of base64", base64.StdEncoding.EncodeToString(forge.Bytes(random, 45)), false},
		{"packed in a unit", `x = "` + escaped + `"`, false},
		{"shortest that is too long", strings.Repeat("a ", maxKnown/2)[:maxKnown], false},
		{"longest", strings.Repeat("a ", maxKnown/2)[:maxKnown-1], true},
	}
	for _, tt := range tests {
		s := e.NewScanner()
		if tt.name == "failed proof" {
			s = tokens.NewScanner()
		}
		s.begin([]byte("before\n"+tt.line+"\nafter\nend"), true)
		s.find(0, len(s.text))
		if got := s.known.has(s.known.key([]byte(tt.line + "\n"))); got != tt.want {
			t.Errorf("%s: remembered %t, want %t", tt.name, got, tt.want)
		}
		for line, want := range map[string]bool{"before\n": true, "after\n": true, "end": false} {
			if got := s.known.has(s.known.key([]byte(line))); got != want {
				t.Errorf("%s: %q is remembered: %t, want %t", tt.name, line, got, want)
			}
		}
	}
}

// A part of a line is not remembered as if it were one: what stands before it could decide.
func TestPartOfLine(t *testing.T) {
	e := newTestEngine(t, testRules())
	s := e.NewScanner()
	line := "tok_0123456789ab\n"
	s.begin([]byte("x"+line), true)
	s.find(1, len(s.text))
	if len(s.hits) > 0 {
		t.Fatal("a token within a word is found")
	}
	s.begin([]byte(line), true)
	s.find(0, len(s.text))
	if len(s.hits) != 1 {
		t.Errorf("%d matches in a line of which a part of another is remembered, want 1", len(s.hits))
	}
}

// Lines that follow one another are remembered together only if there is nothing in any of them, whatever comes last.
func TestStretch(t *testing.T) {
	e := newTestEngine(t, testRules())
	const match, known, other = "tok_0123456789ab\n", "known text\n", "other text\n"
	for _, stretch := range []string{
		match + known + other + known, known + match + known + other, other + known + match, match + other, match + known,
		match + known + known + other + known + other,
	} {
		s := e.NewScanner()
		s.begin([]byte(known), true)
		s.find(0, len(known))
		for range 2 {
			s.begin([]byte(stretch), true)
			s.find(0, len(stretch))
			if len(s.hits) != 1 {
				t.Errorf("%q: %d matches, want 1", stretch, len(s.hits))
			}
		}
	}
}
