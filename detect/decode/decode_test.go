package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// decodeAll returns what the runs of a text decode to.
func decodeAll(text string) []string {
	r := NewRunner()
	r.Begin([]byte(text))
	var out []string
	r.Find(0, len(text), func(s Span) { out = append(out, s.Kind.String()+" "+string(r.Decode(nil, []byte(text), s))) })
	return out
}

func TestRuns(t *testing.T) {
	const plain = "name = value; other = 1234567890; and some more text"
	std := base64.StdEncoding.EncodeToString([]byte(plain))
	long := strings.Repeat(plain+"\n", 40)
	wrapped := func(width int, end string) string {
		rest, out := base64.StdEncoding.EncodeToString([]byte(long)), ""
		for ; len(rest) > width; rest = rest[width:] {
			out += rest[:width] + end
		}
		return out + rest
	}
	whole := base64.StdEncoding.EncodeToString([]byte(plain[:48])) // without padding
	one := []string{"base64 " + plain}
	all := []string{"base64 " + long}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"bare", std, one},
		{"quoted", `key: "` + std + `"`, one},
		{"data URL", "data:text/plain;base64," + std, one},
		{"behind a path", "/v1/files/" + std, one},
		{"behind a name", "prefix_" + base64.RawURLEncoding.EncodeToString([]byte(plain)), one},
		{"no padding", strings.TrimRight(std, "="), one},
		{"MIME", "head\n\n" + wrapped(76, "\r\n") + "\n\nnext", all},
		{"PEM", "-----BEGIN X-----\n" + wrapped(64, "\n") + "\n-----END X-----", all},
		{"YAML block", "data: |\n  " + wrapped(60, "\n  ") + "\nmore: 1", all},
		{"escaped line ends", `"` + wrapped(64, `\n`) + `"`, all},
		{"keys one below the other", "a: " + whole + "\nb: " + whole + "\nC=" + whole + "\nd = 1", []string{"base64 " + plain[:48], "base64 " + plain[:48], "base64 " + plain[:48]}},
		{"hex", hex.EncodeToString([]byte(plain)), []string{"hex " + plain}},
		{"hex with 0x", "0x" + strings.ToUpper(hex.EncodeToString([]byte(plain))), []string{"hex " + plain}},
		{"a digest", strings.Repeat("9f86d081884c7d65", 4), nil},
		{"a path", "/usr/share/local/lib/some/where/else/Entirely/Different.go", nil},
		{"an identifier", "aVeryLongIdentifierNameThatGoesOnAndOnAndOn", nil},
		{"a web token", "eyJ" + base64.RawURLEncoding.EncodeToString([]byte(`"alg":"none","typ":"JWT"`)) + ".eyJ", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, decodeAll(tt.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Of a run that is too long its beginning is found from all places that tell so, once, if it may hold text.
func TestGiantRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 20 megabytes many times")
	}
	const size, before = MaxRun + MaxRun/4, "data: \n"
	text := bytes.Repeat([]byte("name = value; other = 1234567890;\n"), size/34)
	oneLine := base64.StdEncoding.EncodeToString(text)
	var wrapped strings.Builder
	for rest := oneLine; len(rest) > 76; rest = rest[76:] {
		wrapped.WriteString(rest[:76] + "\n")
	}
	for name, encoded := range map[string]string{
		"one line": oneLine, "wrapped": wrapped.String(), "hex": hex.EncodeToString(text), "a picture": base64.StdEncoding.EncodeToString(append([]byte("\x89PNG"), text...)),
	} {
		all := []byte(before + encoded + "\nend\n")
		for _, part := range []extent{{0, len(all)}, {0, 100}, {MaxRun / 2, MaxRun/2 + 100}, {MaxRun - 100, len(all)}, {MaxRun + MaxRun/8, MaxRun + MaxRun/8 + 100}} {
			r := NewRunner()
			r.Begin(all)
			var got []extent
			r.Find(part.lo, part.hi, func(s Span) { got = append(got, extent{s.Lo, s.Hi}) })
			var want []extent
			if name != "a picture" && part.lo < MaxRun {
				want = []extent{{len(before), len(before) + MaxRun + 1}}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(extent{})); diff != "" {
				t.Errorf("%s, from %d to %d: -want +got:\n%s", name, part.lo, part.hi, diff)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	tests := []struct {
		kind       Kind
		text, want string
	}{
		{Percent, "a%3Db%2f%C3%A9%zz", "a=b/é%zz"},
		{Escapes, `\u0041\x42\103\164\n\t\"\\\/\u{44}\ud83d\ude00\q`, "ABCt\n\t\"\\/D😀\\q"},
		{Entities, "&lowbar;&equals;&excl;&rcub;&Hat;&nbsp;&ar; &q ;&t;&uot;", "_=!}^ &ar; &q ;&t;&uot;"},
		{Entities, "&quot;&#65;&#x42;&amp;&lt;&nope;&#;", "\"AB&<&nope;&#;"},
		{QuotedPrintable, "a=3Db=\r\nc=\nd=e", "a=bcd=e"},
	}
	for _, tt := range tests {
		var at []int32
		text := []byte(tt.text)
		got := DecodeUnit(nil, &at, text, Span{Hi: len(text), Kind: tt.kind})
		if string(got) != tt.want {
			t.Errorf("%s: %q, want %q", tt.kind, got, tt.want)
		}
		if len(at) != len(got)+1 || int(at[len(got)]) != len(text) {
			t.Errorf("%s: %d offsets for %d bytes", tt.kind, len(at), len(got))
		}
	}
}

// What a unit is does not depend on where in it one asks, nor on what was asked before.
func TestUnitsDoNotDependOnTheMark(t *testing.T) {
	text := []byte("short\n" + strings.Repeat("x", maxUnit+10) + "{" + strings.Repeat("y", maxUnit) + "}end")
	var u, fresh Units
	u.Begin(text)
	for pos := 0; pos < len(text); pos += 97 {
		fresh.Begin(text)
		_, got := u.At(Escapes, pos)
		_, want := fresh.At(Escapes, pos)
		if got != want {
			t.Fatalf("at %d: %v, want %v", pos, got, want)
		}
	}
}

// FuzzRuns: whatever the text, the runs found in parts of it are those found in all of it, and each is decoded
// to no more than it is long.
func FuzzRuns(f *testing.F) {
	f.Add([]byte("key: "+base64.StdEncoding.EncodeToString([]byte("some text that is long enough"))), uint16(9))
	f.Add([]byte(strings.Repeat("QUJD", 16)+"\n"+strings.Repeat("QUJD", 16)+"\n"), uint16(70))
	f.Add([]byte("0x"+hex.EncodeToString([]byte("some text that is long enough"))), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, cut uint16) {
		find := func(parts ...int) (out []Span) {
			r := NewRunner()
			r.Begin(text)
			at := 0
			for _, p := range append(parts, len(text)) {
				r.Find(at, p, func(s Span) {
					if s.Lo < 0 || s.Hi > len(text) || s.NeedLo > s.Lo || s.NeedHi < s.Hi {
						t.Fatalf("span %+v of %d bytes", s, len(text))
					}
					if n := len(r.Decode(nil, text, s)); n > s.Hi-s.Lo {
						t.Fatalf("span %+v decodes to %d bytes", s, n)
					}
					out = append(out, s)
				})
				at = p
			}
			return out
		}
		if diff := cmp.Diff(find(), find(min(int(cut), len(text)))); diff != "" {
			t.Errorf("-whole +parts:\n%s", diff)
		}
	})
}

// A private key in DER is found from the mark behind its head, as long as the head says it is.
func TestDER(t *testing.T) {
	body := "\x02\x01\x00\x02\x82" + strings.Repeat("\n", 195)
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"short head", "\x30\x7f" + body, true},
		{"one byte of length", "\x30\x81\xc8" + body, true},
		{"two bytes of length", "\x30\x82\x00\xc8" + body, true},
		{"with something around it", "key\n\x30\x81\xc8" + body + "end", true},
		{"cut short", "\x30\x82\x01\xc8" + body, false},
		{"longer than a unit", "\x30\x82\xff\xff" + body, false},
		{"too short for a key", "\x30\x10" + body, false},
		{"no sequence", "\x31\x82\x00\xc8" + body, false},
		{"no head", body, false},
	} {
		var u Units
		u.Begin([]byte(tt.text))
		pos := strings.Index(tt.text, body)
		s, ok := u.At(DER, pos)
		if ok != tt.want || s.NeedLo >= s.Lo || s.NeedHi <= s.Hi {
			t.Errorf("%s: %+v, %v", tt.name, s, ok)
		}
		if !ok {
			continue
		}
		head := strings.Index(tt.text, "\x30")
		end := min(len(tt.text), pos+200)
		if tt.name == "short head" {
			end = pos + 0x7f
		}
		if got := DecodeUnit(nil, nil, []byte(tt.text), s); string(got) != base64.StdEncoding.EncodeToString([]byte(tt.text[head:end])) {
			t.Errorf("%s: %+v decodes to %s", tt.name, s, got)
		}
	}
}

// FuzzUnits: a unit never decodes to more than itself but for DER, which becomes base64, and its map ascends.
func FuzzUnits(f *testing.F) {
	f.Add([]byte(`a\u0041%41&#65;=41`), uint16(1), uint8(2))
	f.Add([]byte("\x30\x28\x02\x01\x00"+strings.Repeat("x", 40)), uint16(2), uint8(DER-Percent))
	f.Fuzz(func(t *testing.T, text []byte, pos uint16, kind uint8) {
		if len(text) == 0 {
			return
		}
		var u Units
		u.Begin(text)
		k := Percent + Kind(kind)%(Kinds-Percent)
		s, _ := u.At(k, int(pos)%len(text))
		var at []int32
		got := DecodeUnit(nil, &at, text, s)
		most := s.Hi - s.Lo
		if k == DER {
			most = base64.StdEncoding.EncodedLen(most)
		}
		if len(got) > most {
			t.Errorf("%d bytes of %d", len(got), s.Hi-s.Lo)
		}
		for i := 1; i < len(at); i++ {
			if at[i] < at[i-1] {
				t.Fatalf("offsets descend: %v", at)
			}
		}
	})
}

// Every mark is found by what it stands for: it decodes to something else.
func TestMarks(t *testing.T) {
	for _, m := range Marks() {
		if strings.ContainsFunc(m.Literal, unicode.IsUpper) {
			t.Errorf("mark %q is not in lower case", m.Literal)
		}
		if m.Kind == QuotedPrintable {
			continue
		}
		text := []byte(m.Literal + "00;00;")
		if m.Kind == Entities || m.Kind == Escapes {
			text = []byte(m.Literal + "000"[:max(0, min(3, 6-len(m.Literal)))] + ";")
		}
		if strings.HasPrefix(m.Literal, `\u{`) {
			text = []byte(m.Literal + "1}")
		}
		if got := DecodeUnit(nil, nil, text, Span{Hi: len(text), Kind: m.Kind}); string(got) == string(text) {
			t.Errorf("mark %q: %q stays as it is", m.Literal, text)
		}
	}
}
