package proof

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// A block is one armored block ("-----BEGIN X-----", RFC 7468, RFC 1421,
// RFC 9580 section 6) as it stands in source code and configuration: with escaped newlines,
// indented, in quotes, joined by operators, or all on one line.
type block struct {
	label    string // "RSA PRIVATE KEY"
	procType string // RFC 1421 header
	dekInfo  string // RFC 1421 header
	body     string // base64 characters alone
	crc      string // OpenPGP armor checksum, four characters
	complete bool   // the END line was found
	marked   bool   // there are signs of an abridged or invented body
}

const (
	beginMark = "-----BEGIN "
	endMark   = "-----END "
	dashes    = "-----"
	maxLabel  = 64
	maxBlocks = 32 // looked at in one text
)

// blocks returns the armored blocks of text in order.
func blocks(text string) []block {
	var out []block
	for len(out) < maxBlocks {
		at := strings.Index(text, beginMark)
		if at < 0 {
			break
		}
		text = text[at+len(beginMark):]
		label, rest, ok := strings.Cut(text, dashes)
		if !ok || len(label) > maxLabel {
			continue
		}
		b := block{label: label}
		end := strings.Index(rest, endMark)
		if next := strings.Index(rest, beginMark); next >= 0 && (end < 0 || next < end) {
			end, rest = -1, rest[:next]
		}
		if end >= 0 {
			b.complete = true
			b.read(rest[:end])
		} else {
			b.read(rest)
		}
		out = append(out, b)
	}
	return out
}

// longWord is the length from which a word is taken for base64 rather than a
// word of an armor header.
const longWord = 40

// read takes the body of a block apart.
func (b *block) read(body string) {
	body = unescape(body)
	b.marked = abridged(body)
	b.procType, body = cutHeader(body, "Proc-Type:")
	b.dekInfo, body = cutHeader(body, "DEK-Info:")
	lines := strings.Split(body, "\n")
	patch := allBegin(lines, '+')
	var out strings.Builder
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if patch {
			line = strings.TrimPrefix(line, "+")
		}
		if line == "" {
			continue
		}
		header := strings.Contains(line, ": ") // an armor header, perhaps the body on the same line
		line = quoted(line)
		if !header && !b.complete && !mostlyBase64(line) {
			break
		}
		for _, word := range strings.FieldsFunc(line, notBase64) {
			if header = header && len(word) < longWord; header {
				continue
			}
			if len(word) == 5 && word[0] == '=' && word[4] != '=' {
				b.crc = word[1:]
				continue
			}
			// A lone operator between string literals, or a comment mark.
			if strings.Trim(word, "+") == "" || strings.Trim(word, "/") == "" {
				continue
			}
			out.WriteString(word)
		}
	}
	b.body = out.String()
}

// data decodes the body.
func (b *block) data() ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(b.body, "="))
}

// unescape undoes the escapes of string literals that can stand in an armored
// block, however often they were applied: \n \r \t, \/ (PHP) and \u00XX (Gson).
//
// Line breaks of HTML are line breaks, too.
func unescape(s string) string {
	if strings.IndexByte(s, '<') >= 0 || strings.IndexByte(s, '&') >= 0 {
		s = strings.NewReplacer("<br>", "\n", "<br/>", "\n", "<br />", "\n", "&#10;", "\n", "&#xA;", "\n", "&#13;", "\n", "&#xD;", "\n").Replace(s)
	}
	if strings.IndexByte(s, '\\') < 0 {
		return strings.ReplaceAll(s, "\r", "\n")
	}
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		for i+1 < len(s) && s[i+1] == '\\' {
			i++
		}
		if i+1 == len(s) {
			break
		}
		i++
		switch c := s[i]; c {
		case 'n', 'r', 't', '\n', '\r':
			out.WriteByte('\n')
		case '/', '"', '\'':
			out.WriteByte(c)
		case 'u':
			if i+4 < len(s) && s[i+1:i+3] == "00" {
				out.WriteByte(unhex(s[i+3])<<4 | unhex(s[i+4]))
				i += 4
			}
		default:
			out.WriteByte(' ')
			out.WriteByte(c)
		}
	}
	return strings.ReplaceAll(out.String(), "\r", "\n")
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0
}

// cutHeader takes an RFC 1421 header, whose value has no spaces, out of a body.
func cutHeader(body, name string) (value, rest string) {
	before, after, ok := strings.Cut(body, name)
	if !ok {
		return "", body
	}
	after = strings.TrimLeft(after, " \t\"'+\n")
	end := strings.IndexAny(after, " \t\r\n\"'")
	if end < 0 {
		end = len(after)
	}
	return after[:end], before + "\n" + after[end:]
}

// quoted returns the inside of a string literal on line, or line if there is none.
func quoted(line string) string {
	for _, q := range [...]string{`"`, `'`, "`"} {
		first, last := strings.Index(line, q), strings.LastIndex(line, q)
		switch {
		case first < 0:
		case first < last:
			return line[first+1 : last]
		case first >= len(line)/2:
			return line[:first]
		default:
			return line[first+1:]
		}
	}
	return line
}

func notBase64(c rune) bool {
	return !(c < 0x80 && (isAlnum(byte(c)) || c == '+' || c == '/' || c == '='))
}

func mostlyBase64(line string) bool {
	n := 0
	for _, c := range line {
		if !notBase64(c) {
			n++
		}
	}
	return n*10 >= len(line)*9
}

func allBegin(lines []string, mark byte) bool {
	n := 0
	for _, l := range lines {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if l[0] != mark {
			return false
		}
		n++
	}
	return n > 1
}

// abridged reports signs that a person cut or invented the body. They only
// count when the body does not parse.
func abridged(body string) bool {
	for _, sign := range [...]string{"...", "…", "${", "{{", "***", "<", "snip", "REDACTED", "redacted", "xxxx", "XXXX"} {
		if strings.Contains(body, sign) {
			return true
		}
	}
	return false
}

// text is the secret, continued by the context if the secret stands in it and
// holds the beginning of an armored block only.
func (in input) text() string {
	s := unwrap(in.secret)
	if s != in.secret || !strings.Contains(s, beginMark) || strings.Contains(s, endMark) {
		return s
	}
	if at := bytes.Index(in.context, []byte(s)); at >= 0 {
		return string(in.context[at:])
	}
	return s
}

// unwrap undoes one layer of base64 around an armored block or a DER file, as in
// kubeconfig, Kubernetes secrets and string literals joined over lines.
func unwrap(s string) string {
	if strings.Contains(s, "-----") || len(s) < 16 {
		return s
	}
	clean := strings.Map(func(c rune) rune {
		if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
			return -1
		}
		return c
	}, s)
	if strings.ContainsAny(s, "\"'\\") {
		b := block{complete: true}
		b.read(s)
		clean = b.body
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(clean, "="))
	if err != nil || len(raw) == 0 {
		return s
	}
	if bytes.Contains(raw, []byte(beginMark)) || raw[0] == 0x30 || bytes.HasPrefix(raw, []byte{0xfe, 0xed, 0xfe, 0xed}) || bytes.HasPrefix(raw, []byte{0xce, 0xce, 0xce, 0xce}) {
		return string(raw)
	}
	return s
}
