package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/verify/verdict"
)

var start = time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)

func open(t *testing.T, path string, now time.Time, wantNote bool) *Cache {
	t.Helper()
	c, note, err := Open(path, Options{Version: "1", Now: func() time.Time { return now }})
	if err != nil || (note != "") != wantNote {
		t.Fatalf("note %q, %v", note, err)
	}
	return c
}

func TestCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "verdicts.json")
	result := func(v verdict.Verdict) verdict.Result {
		return verdict.Result{Verdict: v, Host: "api.example.com", At: start, Identity: verdict.Identity{
			Owner: "octo", Account: "acme", Scopes: []string{"repo", "user"}, Privilege: "admin", Expires: start.Add(30 * time.Minute),
		}}
	}
	c := open(t, path, start, false)
	for _, v := range verdict.All() {
		c.Put([]byte(v), result(v))
	}
	c.Put([]byte("nobody was asked"), verdict.Result{Verdict: verdict.Inactive})
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  []verdict.Verdict
	}{
		{0, []verdict.Verdict{verdict.Active, verdict.Forbidden, verdict.Inactive}},
		{29 * time.Minute, []verdict.Verdict{verdict.Active, verdict.Forbidden, verdict.Inactive}},
		{31 * time.Minute, []verdict.Verdict{verdict.Inactive}}, // past the expiry that the issuer told
		{25 * time.Hour, nil},
		{-time.Hour, nil}, // the clock was set back
	} {
		c := open(t, path, start.Add(tt.after), false)
		var got []verdict.Verdict
		for _, v := range verdict.All() {
			if r, ok := c.Get([]byte(v)); ok {
				got = append(got, v)
				want := result(v)
				want.Cached = true
				if diff := cmp.Diff(want, r); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("after %s: -want +got:\n%s", tt.after, diff)
		}
	}
	if _, ok := open(t, path, start, false).Get([]byte("nobody was asked")); ok {
		t.Error("what nobody was asked is kept")
	}
	for _, file := range []string{path, path + ".key"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 2 {
		t.Errorf("%v, %v: something is left over", names, err)
	}
}

// What another program asked, or one that was configured to ask others, is another question.
func TestVerdictsOfAnotherVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.json")
	versions := []string{"1 a", "1 b"}
	for _, version := range versions {
		c, note, err := Open(path, Options{Version: version, Now: func() time.Time { return start }})
		if err != nil || note != "" {
			t.Fatal(note, err)
		}
		if _, ok := c.Get([]byte("question")); ok {
			t.Error("a verdict of another version counts")
		}
		c.Put([]byte("question"), verdict.Result{Verdict: verdict.Inactive, At: start, Host: version})
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range versions { // both are kept
		c, _, err := Open(path, Options{Version: version, Now: func() time.Time { return start }})
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := c.Get([]byte("question")); !ok || r.Host != version {
			t.Errorf("version %s: %+v", version, r)
		}
	}
}

// What is asked about is not in the file, nor a plain hash of it.
func TestNoSecret(t *testing.T) {
	dir := t.TempDir()
	secret := strings.Repeat("s3cr3t", 5)
	var texts [2][]byte
	for i, name := range []string{"a", "b"} {
		path := filepath.Join(dir, name)
		c := open(t, path, start, false)
		c.Put([]byte(secret), verdict.Result{Verdict: verdict.Inactive, At: start})
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
		var err error
		if texts[i], err = os.ReadFile(path); err != nil || bytes.Contains(texts[i], []byte(secret)) {
			t.Errorf("%s, %v", texts[i], err)
		}
	}
	if bytes.Equal(texts[0], texts[1]) {
		t.Error("two caches of one secret are equal: their keys are no secret")
	}
}

func TestUnusable(t *testing.T) {
	for name, tt := range map[string]struct {
		text     string
		wantNote bool
	}{
		"damaged":        {`{"Format":1,"Entries":{"a`, true},
		"no JSON":        {"\x00\x01", true},
		"other types":    {`{"Format":2,"Entries":{"a":7}}`, true},
		"empty":          {"", true},
		"another format": {`{"Format":9,"Entries":{}}`, false},
	} {
		path := filepath.Join(t.TempDir(), "verdicts")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := open(t, path, start, tt.wantNote)
		c.Put([]byte("q"), verdict.Result{Verdict: verdict.Inactive, At: start})
		if err := c.Save(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, ok := open(t, path, start, false).Get([]byte("q")); !ok {
			t.Errorf("%s: nothing was kept after it", name)
		}
	}
	path := filepath.Join(t.TempDir(), "verdicts")
	if err := os.WriteFile(path+".key", []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(path, Options{}); err == nil {
		t.Error("a key of 5 bytes was taken")
	}
}

func TestGivenKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts")
	for range 2 {
		c, note, err := Open(path, Options{Key: []byte("ours"), Now: func() time.Time { return start }})
		if err != nil || note != "" {
			t.Fatal(note, err)
		}
		c.Put([]byte("q"), verdict.Result{Verdict: verdict.Inactive, At: start})
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path + ".key"); err == nil {
		t.Error("a key file was made beside the given key")
	}
}
