package generic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestScoreAtLeast gives up only on candidates that no path would lift, and on many of them.
func TestScoreAtLeast(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	names := []string{"password", "db_password", "apiKey", "secret", "key", "user.token", "salt", "foreign_key"}
	values := []string{"hunter2", "vq8Kx2" + "mTz7Lp", "true", "getToken()", "id", "0123456789abcdef0123456789abcdef", "changeme", "/etc/key.pem"}
	lines := []string{"%s = \"%s\"", "  %s: %s", "assert %s == '%s'", "# %s=%s for example", "-D%s=%s", "url?%s=%s&user=a"}
	gaveUp, kept := 0, 0
	for range 4000 {
		line := fmt.Sprintf(lines[rnd.IntN(len(lines))], names[rnd.IntN(len(names))], values[rnd.IntN(len(values))])
		text := &Text{B: []byte(line), Hi: len(line), LineStart: true}
		for _, word := range []string{"password", "key", "secret", "token", "salt"} {
			i := strings.Index(strings.ToLower(line), word)
			if i < 0 {
				continue
			}
			for _, c := range ByName(word).Find(nil, text, i, i+len(word)) {
				least := Threshold() + float32(rnd.IntN(2))
				full := Score(text, &c)
				v, ok := ScoreAtLeast(text, &c, least)
				switch {
				case ok && v != full:
					t.Fatalf("%s: two scores, %v and %v", line, v, full)
				case !ok && full.Highest() >= least:
					t.Fatalf("%s: gave up on %v, which is %v at best", line, full.Logit, full.Highest())
				case ok:
					kept++
				default:
					gaveUp++
				}
			}
		}
	}
	if gaveUp < 100 || kept < 100 {
		t.Errorf("gave up on %d, kept %d: this tests little", gaveUp, kept)
	}
	t.Logf("gave up on %d, kept %d", gaveUp, kept)
}

func TestPairs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for range 3000 {
		line := make([]byte, rnd.IntN(60))
		for i := range line {
			line[i] = "abcd"[rnd.IntN(4)]
		}
		word := []string{"ab", "abc", "ddd", "cabd", "aabb"}[rnd.IntN(5)]
		var p pairs
		p.fill(line)
		if got, want := p.containsAny(line, word), containsAny(line, word); got != want {
			t.Fatalf("%q has %q: %v, want %v", line, word, got, want)
		}
	}
}

// TestTranslation: among translations a word is a label; what has digits, or stands elsewhere, is judged by its looks.
func TestTranslation(t *testing.T) {
	for _, test := range []struct {
		path, value string
		want        bool
	}{
		{"app/auth.php", "Wixkodarje", true},
		{"resources/lang/da/auth.php", "Wixkodarje", false},
		{"public/js/langs/da.js", "Wixkodarje", false},
		{"app/src/main/res/values-da/strings.xml", "Wixkodarje", false},
		{"i18n/da.json", "Wixkodarje", false},
		{"resources/lang/da/auth.php", "Wixk0darj3" + "x9", true},
	} {
		line := []byte("password='" + test.value + "'")
		text := &Text{B: line, Hi: len(line), LineStart: true}
		found := assigned(Password)(nil, text, 0, len("pass"))
		if len(found) != 1 {
			t.Fatalf("%s: %d candidates", line, len(found))
		}
		verdict := Score(text, &found[0])
		if got := verdict.Level(test.path) >= 0; got != test.want {
			t.Errorf("%s at %s: %t, %s", line, test.path, got, verdict.Explain(test.path))
		}
	}
}
