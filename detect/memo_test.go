package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMemoIsNotSeen scans texts made of few lines, over and over, with one scanner and with new ones: what a scanner remembers
// must not change what it finds. Many candidates here are just above or below the threshold.
func TestMemoIsNotSeen(t *testing.T) {
	e := builtinEngine(t)
	lines := []string{
		`pass` + `word = "Vq8Kx2mTz7Lp"`, `password = "hunter"`, `  password: changeme1`, `db_pass=tiger7`, `secret = "tiger77"`,
		`user: admin`, `host: db.acme.io`, `# for example`, `"user": "sa",`, ``, `x`, `assert token == "abc123def"`, `token: 8f3k` + `q9zz`,
		`set_password("letmein9")`, `<password>winter11</password>`, `key = "0b5e1` + `f7a9c"`, `key =`, `auth: qwerty12`,
	}
	rnd := rand.New(rand.NewPCG(11, 12))
	shared := e.NewScanner()
	show := func(f *Facts) (out []string) {
		for _, m := range f.Matches() {
			out = append(out, fmt.Sprintf("%s %d-%d %s", m.Rule.ID, m.SecretStart, m.SecretEnd, m.Secret))
		}
		return out
	}
	found := 0
	var near []string // lines of values that are more or less likely to be secrets
	for range 3000 {
		var b strings.Builder
		if len(near) > 8 {
			near = near[:0]
		}
		value := []byte("tigerwinteradmin0123456789")[rnd.IntN(16):]
		near = append(near, fmt.Sprintf([]string{"password: %s", "token = %q", "secret=%s", "api_key: %s"}[rnd.IntN(4)], value[:4+rnd.IntN(6)]))
		for range 1 + rnd.IntN(12) {
			line := lines[rnd.IntN(len(lines))]
			if rnd.IntN(2) == 0 {
				line = near[rnd.IntN(len(near))]
			}
			if rnd.IntN(8) == 0 {
				line = line[:rnd.IntN(len(line)+1)]
			}
			b.WriteString(line)
			b.WriteString([]string{"\n", "\n", "\n", "\r\n", " "}[rnd.IntN(5)])
		}
		text := []byte(b.String())
		fresh := e.NewScanner()
		fresh.Measure() // no lines are remembered
		want := show(fresh.Scan(text))
		if diff := cmp.Diff(want, show(shared.Scan(text))); diff != "" {
			t.Fatalf("%q: -new scanner +used one\n%s", text, diff)
		}
		found += len(want)
	}
	if found < 400 {
		t.Errorf("only %d matches: the texts test little", found)
	}
}
