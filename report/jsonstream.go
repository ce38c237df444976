package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"
)

// A jsonStream writes one indented JSON document value by value, so that the
// memory a report takes does not grow with its findings. It keeps the first
// error; the errors of the writer surface when that is flushed.
type jsonStream struct {
	w      *bufio.Writer
	indent string
	depth  int
	filled bool // the open object or array has a member
	html   bool // escape <, > and & as encoding/json does by default
	err    error
}

// open begins an object or array; key is "" for an element of an array and for the document.
func (j *jsonStream) open(key, bracket string) {
	j.member(key)
	j.w.WriteString(bracket)
	j.depth++
	j.filled = false
}

func (j *jsonStream) close(bracket string) {
	j.depth--
	if j.filled {
		j.newline()
	}
	j.w.WriteString(bracket)
	j.filled = true
	if j.depth == 0 {
		j.w.WriteByte('\n')
	}
}

// value writes a member of the open object, or an element of the open array if key is "".
func (j *jsonStream) value(key string, v any) {
	text := j.encode(v)
	j.member(key)
	j.w.Write(text)
}

// values writes n elements of the open array, which at makes: several at the same time, and some ahead of what is written.
func (j *jsonStream) values(n int, at func(i int) any) {
	const ahead = 256
	for lo := 0; lo < n && j.err == nil; lo += ahead {
		texts, errs := make([][]byte, min(ahead, n-lo)), make([]error, min(ahead, n-lo))
		var next atomic.Int64
		var done sync.WaitGroup
		for range min(len(texts), runtime.GOMAXPROCS(0)) {
			done.Go(func() {
				for i := int(next.Add(1)) - 1; i < len(texts); i = int(next.Add(1)) - 1 {
					texts[i], errs[i] = marshal(at(lo+i), j.prefix(), j.indent, j.html)
				}
			})
		}
		done.Wait()
		for i, text := range texts {
			if j.err = cmp.Or(j.err, errs[i]); j.err == nil {
				j.raw(text)
			}
		}
	}
}

// raw writes an element of the open array that encode returned.
func (j *jsonStream) raw(text []byte) {
	j.member("")
	j.w.Write(text)
}

// encode returns what value would write of v here.
func (j *jsonStream) encode(v any) []byte {
	text, err := marshal(v, j.prefix(), j.indent, j.html)
	if err != nil && j.err == nil {
		j.err = err
	}
	return text
}

// prefix is what lines of a member begin with.
func (j *jsonStream) prefix() string { return strings.Repeat(j.indent, j.depth) }

func (j *jsonStream) member(key string) {
	if j.depth > 0 {
		if j.filled {
			j.w.WriteByte(',')
		}
		j.newline()
	}
	if key != "" {
		fmt.Fprintf(j.w, "%q: ", key)
	}
	j.filled = true
}

func (j *jsonStream) newline() {
	j.w.WriteByte('\n')
	for range j.depth {
		j.w.WriteString(j.indent)
	}
}

// marshal encodes v, on one line if indent is empty. Characters that a terminal would act on or
// hide are escaped, which changes nothing for a reader of JSON.
func marshal(v any, prefix, indent string, html bool) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(html)
	if indent != "" {
		enc.SetIndent(prefix, indent)
	}
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeJSON(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

// escapeJSON writes what is not printable in the strings of a JSON text as \u escapes.
// Outside of strings JSON is ASCII, and white space there is ours.
func escapeJSON(text []byte) []byte {
	if isASCII(text) {
		return text
	}
	out := make([]byte, 0, len(text)+32)
	for _, r := range string(text) {
		switch {
		case !isHidden(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// isASCII is the quick answer for nearly all texts; DEL is not visible.
func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

func isHidden(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
