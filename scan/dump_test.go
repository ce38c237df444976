package scan

import (
	"strings"
	"testing"
	"time"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// A file of very many secrets costs about as much as it is long, not the square of it; what is more
// than is kept makes the run incomplete.
func TestDumpOfSecrets(t *testing.T) {
	if testing.Short() {
		t.Skip("scans 25,000 secrets")
	}
	keys := newTokens(t.Name())
	var text strings.Builder
	for range 25_000 {
		text.WriteString(keys.next() + "\n")
	}
	d := gittest.Init(t)
	d.Commit("README", "hello\n")
	d.Commit("dump.txt", text.String())
	r, err := repo.Open(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	scans := map[string]func(*correlate.Builder, Options) (*Result, error){
		"history": func(b *correlate.Builder, o Options) (*Result, error) { return History(t.Context(), r, b, o) },
		"range": func(b *correlate.Builder, o Options) (*Result, error) {
			return Range(t.Context(), r, []string{"HEAD"}, b, o)
		},
		"files": func(b *correlate.Builder, o Options) (*Result, error) { return Files(t.Context(), d.Path, b, o) },
	}
	for name, scan := range scans {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			var b correlate.Builder
			o := newOptions(t)
			if _, err := scan(&b, o); err != nil {
				t.Fatal(err)
			}
			found, _, err := b.Findings(t.Context(), nil, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != 20_000 {
				t.Errorf("%d findings, want 20,000", len(found))
			}
			if p := o.Coverage.Problems(); len(p) != 1 || p[0].Reason != source.TooMany {
				t.Errorf("problems %v, want one: too many matches", p)
			}
			// It takes 2 s; looking at all matches for each of them takes 500.
			if took := time.Since(started); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}
