package detect

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
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
