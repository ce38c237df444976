package detect

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/delta"
	"github.com/straykey/straykey/detect/archive"
	"github.com/straykey/straykey/rules"
)

func pack(t testing.TB, text string, w func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	z := w(&b)
	_, _ = io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, text string) string {
	return pack(t, text, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zipped(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		m, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(m, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Matches in archives stand in their members, and in the texts of these.
func TestMembers(t *testing.T) {
	const a, b = "tok_0123456789ab", "tok_abcdefghijkl"
	data := gzipped(t, zipped(t, "conf/app.env", "X=1\nT="+a+"\n", "c.zip", zipped(t, "d", b+" "+a), "e", base64.StdEncoding.EncodeToString([]byte("the token is "+a))))
	e := newTestEngine(t, testRules())
	facts := e.NewScanner().ScanToLocate([]byte(data))
	var got []string
	for _, m := range e.Keep(facts.Matches(), "x.gz", "") {
		text := facts.Part([]byte(data), m.Part).Text
		got = append(got, fmt.Sprintf("%s: %s is %.16s %v", m.Member, m.Secret, text[m.SecretStart:m.SecretEnd], m.Via))
	}
	want := []string{
		"-!conf/app.env: " + a + " is " + a + " []",
		"-!c.zip!d: " + b + " is " + b + " []",
		"-!c.zip!d: " + a + " is " + a + " []",
		"-!e: " + a + " is " + base64.StdEncoding.EncodeToString([]byte("the token is"))[:16] + " [base64]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Members of one name, or none, are told from one another, and each match stands in the text of its own.
func TestMembersOfOneName(t *testing.T) {
	const a, b, c = "tok_0123456789ab", "tok_abcdefghijkl", "tok_mnopqrstuvwx"
	data := []byte(zipped(t, "x", strings.Repeat("-\n", 1000)+a, "x", b, "x", c, "", a, "(2)/x", c))
	e := newTestEngine(t, testRules())
	facts := e.NewScanner().ScanToLocate(data)
	var got []string
	for _, m := range facts.Matches() {
		text := facts.Part(data, m.Part).Text
		got = append(got, m.Member+" "+string(text[m.SecretStart:m.SecretEnd]))
	}
	want := []string{"x " + a, "(2)/x " + b, "(3)/x " + c, "- " + a, "(2)/(2)/x " + c}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// That a member, or what is encoded, has more matches than are kept is told of the whole.
func TestOverflowWithin(t *testing.T) {
	var dump strings.Builder
	for i := range maxMatches + 1 {
		fmt.Fprintf(&dump, "tok_%012d\n", i+1) // zeros alone are a placeholder
	}
	for name, text := range map[string]string{
		"member": zipped(t, "a", dump.String()), "packed": "x: " + base64.StdEncoding.EncodeToString([]byte(gzipped(t, dump.String()))),
		"base64": "x: " + base64.StdEncoding.EncodeToString([]byte(dump.String())),
	} {
		s := newTestEngine(t, testRules()).NewScanner()
		if f := s.Scan([]byte(text)); !f.Overflow() || len(f.Matches()) != maxMatches {
			t.Errorf("%s: overflow %v, %d matches", name, f.Overflow(), len(f.Matches()))
		}
		if f := s.Scan([]byte("tok_0123456789ab\n")); f.Overflow() {
			t.Errorf("%s: the next text has too many as well", name)
		}
	}
}

// What is packed within a text is found there, and the way to it is told.
func TestPackedWithinText(t *testing.T) {
	const token = "tok_0123456789ab"
	long := "the token is " + token + "\n"
	deflated := pack(t, long, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	for want, data := range map[string]string{
		"base64 gzip":                gzipped(t, long),
		"base64 zlib":                deflated,
		"base64 zip!conf/app.env":    zipped(t, "conf/app.env", long),
		"base64 gzip!-!-":            gzipped(t, gzipped(t, long)),
		"base64 gzip base64 escapes": gzipped(t, base64.StdEncoding.EncodeToString([]byte(`the "\u0074oken" is \u0074ok_0123456789ab`))),
	} {
		text := "data: " + base64.StdEncoding.EncodeToString([]byte(data)) + "\n"
		var got []string
		for _, m := range newTestEngine(t, testRules()).NewScanner().Scan([]byte(text)).Matches() {
			got = append(got, m.Secret+" "+strings.Join(m.Via, " "))
		}
		if diff := cmp.Diff([]string{token + " " + want}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// Bombs within a text are cut off, told, and make Update no other than Scan.
func TestPackedBombs(t *testing.T) {
	bomb := base64.StdEncoding.EncodeToString([]byte(gzipped(t, "tok_0123456789ab\n"+strings.Repeat("nothing at all; ", 1<<20))))
	s := newTestEngine(t, testRules()).NewScanner()
	text := []byte("one: " + bomb + "\n")
	facts := s.Scan(text)
	if skips := facts.Skips(); len(skips) != 1 || skips[0].Why != archive.Limit {
		t.Errorf("one bomb: %v", skips)
	}
	deflated := pack(t, strings.Repeat("nothing at all; ", 1<<20), func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	if skips := s.Scan([]byte("one: " + base64.StdEncoding.EncodeToString([]byte(deflated)) + "\n")).Skips(); len(skips) != 1 || skips[0].Why != archive.Limit {
		t.Errorf("one in zlib: %v", skips)
	}
	many := []byte(strings.Repeat(string(text), 120))
	facts = s.Scan(many)
	if s.expanded > textBytes+2*innerBytes {
		t.Errorf("%d bytes unpacked within one text", s.expanded)
	}
	if skips := facts.Skips(); len(skips) != 1 || !facts.whole {
		t.Errorf("many bombs: %v, whole %v", skips, facts.whole)
	}
	half := s.Scan(many[:len(many)/4])
	target := append(append([]byte(nil), many[:len(many)/4]...), many...)
	got := s.Update(target, half, []delta.Run{{Len: len(many) / 4}})
	if diff := cmp.Diff(len(s.Scan(target).Matches()), len(got.Matches())); diff != "" || len(got.Skips()) != 1 {
		t.Errorf("update: -scan +update:\n%s %v", diff, got.Skips())
	}
}

func TestUTF32(t *testing.T) {
	const token = "tok_0123456789ab"
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []string{"\uFEFF", ""} {
			var b bytes.Buffer
			for _, r := range mark + "token = " + token + "\n" {
				_ = binary.Write(&b, order, uint32(r))
			}
			if ms := newTestEngine(t, testRules()).NewScanner().Scan(b.Bytes()).Matches(); len(ms) != 1 {
				t.Errorf("%v, mark %q: %d matches", order, mark, len(ms))
			}
		}
	}
}

// The first line of a file begins behind its byte order mark.
func TestMarkIsNoText(t *testing.T) {
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{{ID: "start", Regex: `^line_([a-z]{8})$`, Keywords: []string{"line_"}}}})
	const line = "line_abcdefgh"
	wide := func(order binary.AppendByteOrder) []byte {
		out := order.AppendUint16(nil, 0xFEFF)
		for _, c := range line {
			out = order.AppendUint16(out, uint16(c))
		}
		return out
	}
	for name, tt := range map[string]struct {
		text []byte
		at   int // where the secret begins in the text that matches refer to
	}{
		"UTF-8":                 {[]byte("\uFEFF" + line), 8},
		"UTF-16, little endian": {wide(binary.LittleEndian), 5},
		"UTF-16, big endian":    {wide(binary.BigEndian), 5},
	} {
		ms := e.NewScanner().Scan(tt.text).Matches()
		if len(ms) != 1 || ms[0].SecretStart != tt.at {
			t.Errorf("%s: got %v, want a match at %d", name, ms, tt.at)
		}
	}
}

// An archive that a delta makes of a text, and the other way round, are scanned whole.
func TestUpdateOfArchives(t *testing.T) {
	s := newTestEngine(t, testRules()).NewScanner()
	texts := [][]byte{
		[]byte(zipped(t, "a", "tok_0123456789ab")), []byte("x tok_abcdefghijkl\n"), []byte(gzipped(t, "tok_0123456789ab")),
		[]byte(zipped(t, "a", "tok_0123456789ab")[:50]),
	}
	for _, base := range texts {
		for _, target := range texts {
			n := min(len(base), len(target))
			for n > 0 && !bytes.Equal(base[:n], target[:n]) {
				n--
			}
			var runs []delta.Run
			if n > 0 {
				runs = []delta.Run{{Len: n}}
			}
			got, want := s.Update(target, s.Scan(base), runs), s.Scan(target)
			if diff := cmp.Diff(describe(s.e, want), describe(s.e, got)); diff != "" {
				t.Errorf("-scan +update:\n%s", diff)
			}
		}
	}
}

// A member that is longer than what is in memory at a time has the matches of the same text in one piece, at the same places.
func TestLongMember(t *testing.T) {
	if testing.Short() {
		t.Skip("scans 40 megabytes several times")
	}
	lines := func(every int, between string) string {
		var b strings.Builder
		for i := 0; b.Len() < 40<<20; i++ {
			fmt.Fprintf(&b, "x tok_%012d;%s", i, strings.Repeat(between, every/len(between)))
		}
		return b.String()
	}
	wide := func(s string) string {
		b := make([]byte, 2*len(s))
		for i := range len(s) {
			b[2*i] = s[i]
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"lines":  lines(100<<10, "nothing to see here\n"),
		"a line": lines(100<<10, "nothing to see here "),
		"UTF-16": wide(lines(200<<10, "nothing to see here\n")[:20<<20]),
	} {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, testRules())
			plain, _ := Plain([]byte(text))
			var want, got []string
			for _, m := range e.NewScanner().Scan([]byte(text)).Matches() {
				lines, column := advanced(0, 0, plain[:m.SecretStart])
				want = append(want, fmt.Sprint(m.Secret, " at ", lines, ":", column))
			}
			data := []byte(gzipped(t, text))
			facts := e.NewScanner().ScanToLocate(data)
			for _, m := range e.Keep(facts.Matches(), "a.gz", "") {
				part := facts.Part(data, m.Part)
				lines, column := advanced(part.Lines, part.Column, part.Text[:m.SecretStart])
				got = append(got, fmt.Sprint(string(part.Text[m.SecretStart:m.SecretEnd]), " at ", lines, ":", column))
			}
			if len(want) < 50 || len(facts.members) < 2 || len(facts.Skips()) > 0 {
				t.Errorf("%d matches in %d parts, %v", len(want), len(facts.members), facts.Skips())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-whole +in pieces:\n%s", diff)
			}
		})
	}
}
