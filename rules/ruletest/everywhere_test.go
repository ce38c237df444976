package ruletest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/sample"
)

// placed is a positive and where it stands in a text.
type placed struct {
	rule   *rules.Rule
	sample sample.Sample
	lo, hi int
}

// catalogEngine returns the built-in rules and an engine of them.
func catalogEngine(t *testing.T) (*rules.Set, *detect.Engine) {
	t.Helper()
	set, err := rules.Catalog(rules.Options{Proofs: proof.Names()})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := detect.New(set, detect.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return set, engine
}

// TestCatalogEverywhere puts the positives of all rules into one text of each form and looks whether every
// rule finds its own there.
func TestCatalogEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	set, engine := catalogEngine(t)
	all := allPositives(t, set)
	oneLine := slices.DeleteFunc(slices.Clone(all), func(p placed) bool { return strings.Contains(p.sample.Text, "\n") })
	text, at := join(all, "\n\n--\n\n", 0)
	minified, atMinified := join(oneLine, " "+longLine(), 1<<20)
	base64Text, atBase64 := join(encoded(all, base64.StdEncoding.EncodeToString), "\nblob: ", 0)
	hexText, atHex := join(encoded(all, hex.EncodeToString), "\nblob: ", 0)
	tests := []struct {
		name string
		text []byte
		want []placed
	}{
		{"base64", []byte(base64Text), atBase64},
		{"hex", []byte(hexText), atHex},
		{"one text", []byte(text), at},
		{"UTF-16, little endian", toUTF16(text, binary.LittleEndian), at},
		{"UTF-16, big endian", toUTF16(text, binary.BigEndian), at},
		{"a zip", zipped(t, text), at},
		{"lines of 1 MB", []byte(minified), atMinified},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := engine.NewScanner()
			facts := s.Scan(tt.text)
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			if facts.Overflow() {
				t.Fatal("more matches than are kept; split the text")
			}
			matches := facts.Matches()
			for _, w := range tt.want {
				found, why := foundAt(matches, w), ""
				if tt.name == "lines of 1 MB" {
					why = outsideLongLines()[w.rule.ID+" "+w.sample.Key]
				}
				switch {
				case !found && why == "":
					t.Errorf("%s: rule %s: %s is not found", w.sample.Pos, w.rule.ID, w.sample.Key)
				case found && why != "":
					t.Errorf("%s: rule %s: %s is found: it need not be excepted", w.sample.Pos, w.rule.ID, w.sample.Key)
				}
			}
		})
	}
}

// outsideLongLines are the positives of one line that a minified line cannot hold, and why.
func outsideLongLines() map[string]string {
	const line = "what stands between other text is no line of a "
	return map[string]string{
		"mnemonic-phrase positives[0]": "without quotes only the end of the line tells which word of it is the last",
		"postgres-pgpass positives[0]": line + ".pgpass file",
		"postgres-pgpass positives[2]": line + ".pgpass file",
		"etc-shadow positives[0]":      line + "shadow file",
		"etc-shadow positives[2]":      line + "shadow file",
		"htpasswd-entry positives[0]":  line + ".htpasswd file",
		"htpasswd-entry positives[2]":  line + ".htpasswd file",
	}
}

// TestCatalogAlone writes each positive into a file of its own, in each form, and looks whether its rule finds it: at the
// start and at the end of a file nothing stands beside it, and what is encoded is as short as it can be. In plain text
// [Run] does the same.
func TestCatalogAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	set, engine := catalogEngine(t)
	forms := []struct {
		name string
		file func(text string) []byte
	}{
		{"base64", func(text string) []byte { return []byte(base64.StdEncoding.EncodeToString([]byte(text))) }},
		{"base64 of a field", func(text string) []byte {
			return []byte(`{"blob":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`)
		}},
		{"base64 in lines", func(text string) []byte { return []byte(wrap(base64.StdEncoding.EncodeToString([]byte(text)), 76)) }},
		{"UTF-8 with a mark", func(text string) []byte { return []byte("\uFEFF" + text) }},
		{"UTF-16, little endian", func(text string) []byte { return toUTF16(text, binary.LittleEndian) }},
		{"UTF-16, big endian", func(text string) []byte { return toUTF16(text, binary.BigEndian) }},
		{"a zip", func(text string) []byte { return zipped(t, text) }},
	}
	s := engine.NewScanner()
	for _, w := range allPositives(t, set) {
		text := strings.Trim(w.sample.Text, "\r\n")
		for _, f := range forms {
			matches := s.Scan(f.file(text)).Matches()
			if !finds(matches, w.rule) {
				t.Errorf("%s: rule %s: %s is not found in %s%s", w.sample.Pos, w.rule.ID, w.sample.Key, f.name, others(matches, w.rule))
			}
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// allPositives returns the positives of all rules that look into texts.
func allPositives(t *testing.T, set *rules.Set) []placed {
	t.Helper()
	var all []placed
	for _, r := range set.Rules {
		if onPathAlone(r) {
			continue
		}
		list, err := sample.Positives(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			all = append(all, placed{rule: r, sample: s})
		}
	}
	return all
}

// foundAt reports whether the rule has a match in the positive, give or take a line end.
func foundAt(matches []detect.Match, w placed) bool {
	const slack = 3
	for _, m := range matches {
		if m.Rule == w.rule && m.SecretStart >= w.lo && m.SecretEnd <= w.hi+slack {
			return true
		}
	}
	return false
}

// encoded returns the positives in another encoding.
func encoded(list []placed, encode func([]byte) string) []placed {
	out := slices.Clone(list)
	for i := range out {
		out[i].sample.Text = encode([]byte(out[i].sample.Text))
	}
	return out
}

// join makes one text of positives, and ends the line after every n bytes if n is not zero.
func join(list []placed, between string, n int) (string, []placed) {
	var b strings.Builder
	out := make([]placed, len(list))
	line := 0
	for i, p := range list {
		p.lo = b.Len()
		b.WriteString(p.sample.Text)
		p.hi = b.Len()
		out[i] = p
		b.WriteString(between)
		if n > 0 && b.Len()-line > n {
			b.WriteByte('\n')
			line = b.Len()
		}
	}
	return b.String(), out
}

// TestCatalogPathsInZip looks for the paths that rules on paths alone must find, as members of an archive.
func TestCatalogPathsInZip(t *testing.T) {
	set, engine := catalogEngine(t)
	s := engine.NewScanner()
	for _, r := range set.Rules {
		if !onPathAlone(r) {
			continue
		}
		positives, err := sample.Positives(r)
		if err != nil {
			t.Fatal(err)
		}
		negatives, err := sample.Negatives(r)
		if err != nil {
			t.Fatal(err)
		}
		found := func(path string) bool {
			return len(engine.Keep(s.Scan(zippedAs(t, path, "nothing")).Matches(), "a.zip", "")) > 0
		}
		for _, x := range positives {
			if !found(x.Text) {
				t.Errorf("%s: rule %s: %s is not found in a zip", x.Pos, r.ID, x.Key)
			}
		}
		for _, x := range negatives {
			if found(x.Text) {
				t.Errorf("%s: rule %s: %s is found in a zip, although it is a negative", x.Pos, r.ID, x.Key)
			}
		}
	}
}

// zipped returns a zip archive with a text.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	return zippedAs(t, "conf/all.txt", text)
}

// zippedAs returns a zip archive with a member of that path.
func zippedAs(t *testing.T, path, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(path)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// toUTF16 encodes a text, with a byte order mark.
func toUTF16(text string, order binary.AppendByteOrder) []byte {
	out := order.AppendUint16(nil, 0xFEFF)
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}
