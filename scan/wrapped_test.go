package scan

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"math/rand/v2"
	"mime/quotedprintable"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// wrapped is a text that was packed or encoded, and where a secret in it must be said to stand.
type wrapped struct {
	data     string
	member   string // of the file: a!b
	line     int
	archives int // one in another
	codings  int
	runs     int // archives that are encoded
	how      []string
	tar      bool
}

// wrapping packs or encodes. It returns false for what makes no sense.
type wrapping struct {
	name string
	wrap func(w wrapped) (wrapped, bool)
}

// archived is a wrapping that makes a member with a name of what it gets.
func archived(name string, pack func(members ...string) string) wrapping {
	return wrapping{name, func(w wrapped) (wrapped, bool) {
		w.data = pack("README", "nothing to see\n", "conf/app", w.data)
		w.member = strings.TrimSuffix("conf/app!"+w.member, "!")
		w.archives++
		w.tar = name == "tar"
		return w, true
	}}
}

// compressed is a wrapping that packs one text without a name. A tar in it is no level by itself.
func compressed(name string, pack func(text string) string) wrapping {
	return wrapping{name, func(w wrapped) (wrapped, bool) {
		w.data = pack(w.data)
		if !w.tar {
			w.member = strings.TrimSuffix("-!"+w.member, "!")
			w.archives++
		}
		w.tar = false
		return w, true
	}}
}

// inRun is a wrapping that writes bytes, which may be packed first, as text at one place.
func inRun(name, packed string, encode func(data string) string) wrapping {
	return wrapping{name, func(w wrapped) (wrapped, bool) {
		if w.runs += w.archives; w.runs > 1 || w.tar && packed == "" {
			return w, false // not as many levels are opened there, and a tar has no mark where it begins
		}
		encoded := encode(w.data)
		w.data = "a: 1\nb: 2\ndata: " + encoded + "\nc: 3\n"
		w.member, w.line, w.archives, w.tar = "", 3, 0, false
		if encoded[0] == '\n' {
			w.line++
		}
		w.codings++
		return w, true
	}}
}

// inUnits is a wrapping that writes each character otherwise, all in one line.
func inUnits(name, format string) wrapping {
	return wrapping{name, func(w wrapped) (wrapped, bool) {
		if w.archives > 0 || !isText(w.data) || !strings.ContainsFunc(w.data, unicode.IsLetter) {
			return w, false // nobody looks for digits in octal
		}
		var b strings.Builder
		for _, c := range []byte(w.data) {
			fmt.Fprintf(&b, format, c)
		}
		w.data, w.line = b.String(), 1
		w.codings++
		return w, true
	}}
}

func isText(data string) bool {
	return !strings.ContainsFunc(data, func(r rune) bool { return r < ' ' && r != '\n' || r > '~' })
}

// inWide is a wrapping that writes characters in two or four bytes.
func inWide(name string, order binary.AppendByteOrder, size int, mark string) wrapping {
	return wrapping{name, func(w wrapped) (wrapped, bool) {
		if w.archives > 0 || !isText(w.data) {
			return w, false
		}
		var b []byte
		for _, r := range mark + w.data {
			if size == 2 {
				b = order.AppendUint16(b, uint16(r))
			} else {
				b = order.AppendUint32(b, uint32(r))
			}
		}
		w.data = string(b)
		return w, true
	}}
}

func quotedPrintable(w wrapped) (wrapped, bool) {
	const head = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n"
	if w.archives > 0 || !isText(w.data) {
		return w, false
	}
	var b strings.Builder
	q := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(q, strings.ReplaceAll(w.data, "_", "=5F"))
	_ = q.Close()
	text := strings.ReplaceAll(b.String(), "=3D5F", "=5F")
	if strings.Contains(text, "=\r\n") { // a secret in a line that is folded stands in a later one
		return w, false
	}
	w.data = head + strings.ReplaceAll(text, "\r\n", "\n") + "\n--b\n"
	w.line += strings.Count(head, "\n")
	w.codings++
	return w, true
}

func lines(text string, width int) string {
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + "\n")
	}
	return b.String() + text
}

func wrappings(t *testing.T) []wrapping {
	through := func(open func(io.Writer) (io.WriteCloser, error)) func(string) string {
		return func(text string) string {
			t.Helper()
			var b bytes.Buffer
			w, err := open(&b)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, text)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	zlibbed := through(func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil })
	return []wrapping{
		archived("zip", zipped), archived("tar", tarred), archived("7z", sevenZipped), archived("rar", rarred),
		compressed("gzip", gzipped), compressed("bzip2", bzipped),
		compressed("xz", through(func(w io.Writer) (io.WriteCloser, error) { return xz.WriterConfig{DictCap: 1 << 16}.NewWriter(w) })),
		compressed("zstd", through(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })),
		inRun("base64", "", b64),
		inRun("base64url", "", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }),
		inRun("base64-lines", "", func(s string) string { return "\n" + lines(b64(s), 76) }),
		inRun("hex", "", func(s string) string { return hex.EncodeToString([]byte(s)) }),
		inRun("gzip-base64", "gzip", func(s string) string { return b64(gzipped(s)) }),
		inRun("zlib-base64", "zlib", func(s string) string { return b64(zlibbed(s)) }),
		inUnits("percent", "%%%02X"), inUnits("escapes-u", `\u%04x`), inUnits("escapes-x", `\x%02x`), inUnits("escapes-octal", `\%03o`),
		inUnits("escapes-braces", `\u{%x}`), inUnits("entities", "&#%d;"), inUnits("entities-hex", "&#x%X;"),
		{"quoted-printable", quotedPrintable},
		inWide("utf-16le", binary.LittleEndian, 2, ""), inWide("utf-16be", binary.BigEndian, 2, ""),
		inWide("utf-16le-mark", binary.LittleEndian, 2, "\uFEFF"), inWide("utf-16be-mark", binary.BigEndian, 2, "\uFEFF"),
		inWide("utf-32le", binary.LittleEndian, 4, ""), inWide("utf-32be", binary.BigEndian, 4, ""),
		inWide("utf-32le-mark", binary.LittleEndian, 4, "\uFEFF"), inWide("utf-32be-mark", binary.BigEndian, 4, "\uFEFF"),
	}
}

// wrapIn wraps a text in one after the other.
func wrapIn(text string, line int, in ...wrapping) (wrapped, bool) {
	w := wrapped{data: text, line: line}
	for _, by := range in {
		var ok bool
		if w, ok = by.wrap(w); !ok || w.archives > 3 || w.codings > 3 {
			return w, false
		}
		w.how = append(w.how, by.name)
	}
	return w, true
}

// Whatever packs or encodes a text, by itself, within another one, or several times: its secret is found in files, in
// the history by either engine, in a range and in what is staged, at the same place and line, which is the right one.
func TestWrapped(t *testing.T) {
	all := wrappings(t)
	var chosen [][]wrapping
	for _, inner := range all {
		chosen = append(chosen, []wrapping{inner})
		for _, outer := range all {
			chosen = append(chosen, []wrapping{inner, outer})
		}
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		some := make([]wrapping, 3+r.IntN(2))
		for i := range some {
			some[i] = all[r.IntN(len(all))]
		}
		chosen = append(chosen, some)
	}
	if testing.Short() {
		r.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:200]
	}

	text := func(token string) string { return "# settings\nregion = eu\n\nGITHUB_TOKEN=" + token + "\nlast = 1\n" }
	keys := newTokens("wrapped")
	d := gittest.Init(t)
	var want []string
	for _, level := range []int{0, 1} { // a version without secrets, and then one with them
		for i, in := range chosen {
			token := "none yet"
			if level == 1 {
				token = keys.next()
			}
			w, ok := wrapIn(text(token), 4, in...)
			if !ok {
				continue
			}
			name := fmt.Sprintf("%04d-%s", i, strings.Join(w.how, "-in-"))
			d.Write(name, w.data)
			if level == 1 {
				path := strings.TrimSuffix(name+"!"+w.member, "!")
				want = append(want, fmt.Sprintf("%s:%d %s", path, w.line, correlate.Fingerprint(nil, "github-pat-classic", token)))
			}
		}
		d.Git("add", "-A")
		if level == 0 {
			d.Git("commit", "-qm", "before")
		}
	}
	if len(want) < 100 {
		t.Fatalf("only %d files", len(want))
	}
	sort.Strings(want)

	engine := newEngine(t)
	found := func(scan func(*repo.Repo, *correlate.Builder, Options) (*Result, error), full bool) []string {
		t.Helper()
		opened, err := repo.Open(d.Path)
		if err != nil {
			t.Fatal(err)
		}
		var b correlate.Builder
		o := Options{Engine: engine, Coverage: &source.Coverage{}, Jobs: 2, MaxSize: 64 << 20, NoMessages: true, Full: full}
		if _, err := scan(opened, &b, o); err != nil {
			t.Fatal(err)
		}
		if !o.Coverage.Complete() {
			t.Errorf("incomplete: %v", o.Coverage.Problems())
		}
		findings, _, err := b.Findings(t.Context(), nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range findings {
			for _, at := range f.Occurrences {
				out = append(out, fmt.Sprintf("%s:%d %s", at.Path, at.Line, f.Fingerprint))
			}
		}
		slices.Sort(out)
		return out
	}
	history := func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return History(t.Context(), r, b, o)
	}
	compare := func(name string, got []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	compare("files", found(func(_ *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Files(t.Context(), d.Path, b, o)
	}, false))
	compare("staged", found(func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Staged(t.Context(), r, "", b, o)
	}, false))
	d.Git("commit", "-qm", "secrets")
	d.Git("gc", "-q")
	compare("range", found(func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Range(t.Context(), r, []string{"HEAD"}, b, o)
	}, false))
	compare("history", found(history, false))
	compare("history, full", found(history, true))
}

// rarred is a rar archive, version 5, of members that are not compressed.
func rarred(members ...string) string {
	var b bytes.Buffer
	b.WriteString("Rar!\x1A\x07\x01\x00")
	header := func(body []byte) {
		body = append(binary.AppendUvarint(nil, uint64(len(body))), body...)
		b.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
		b.Write(body)
	}
	header([]byte{1, 0, 0})
	for i := 0; i+1 < len(members); i += 2 {
		name, text := members[i], members[i+1]
		body := binary.AppendUvarint([]byte{2, 2}, uint64(len(text))) // a file with data
		body = binary.AppendUvarint(append(body, 4), uint64(len(text)))
		body = binary.LittleEndian.AppendUint32(append(body, 0), crc32.ChecksumIEEE([]byte(text)))
		body = append(body, 0, 1, byte(len(name))) // stored, on Unix
		header(append(body, name...))
		b.WriteString(text)
	}
	header([]byte{5, 0, 0})
	return b.String()
}

// bitWriter writes bits, the first of a byte being the highest.
type bitWriter struct {
	out []byte
	n   int
}

func (w *bitWriter) write(v uint64, width int) {
	for i := width - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// bzipped is a bzip2 file of one block. It is long: all codes are about as long as one another.
func bzipped(text string) string {
	crc := ^uint32(0)
	for _, c := range []byte(text) { // CRC-32, the highest bit first
		crc ^= uint32(c) << 24
		for range 8 {
			crc = crc<<1 ^ crc>>31*0x04C11DB7
		}
	}
	crc = ^crc

	var block []byte // four equal bytes are followed by the number of further ones
	for i := 0; i < len(text); {
		n := 1
		for n < 255 && i+n < len(text) && text[i+n] == text[i] {
			n++
		}
		block = append(block, strings.Repeat(text[i:i+1], min(n, 4))...)
		if n >= 4 {
			block = append(block, byte(n-4))
		}
		i += n
	}
	rotations := make([]int, len(block))
	for i := range rotations {
		rotations[i] = i
	}
	twice := append(slices.Clone(block), block...)
	slices.SortFunc(rotations, func(a, b int) int { return bytes.Compare(twice[a:a+len(block)], twice[b:b+len(block)]) })

	var used [256]bool
	for _, c := range block {
		used[c] = true
	}
	var front []byte // the alphabet, last used first
	for c, is := range used {
		if is {
			front = append(front, byte(c))
		}
	}
	n := len(front) + 2 // two digits of runs of zeros, the places but the first, and the end
	var symbols []int
	zeros := 0
	flush := func() {
		for ; zeros > 0; zeros = (zeros - 1) / 2 {
			symbols = append(symbols, (zeros-1)%2)
		}
	}
	for _, at := range rotations {
		last := block[(at+len(block)-1)%len(block)]
		i := bytes.IndexByte(front, last)
		if copy(front[1:], front[:i]); i == 0 {
			zeros++
		} else {
			flush()
			symbols = append(symbols, i+1)
		}
		front[0] = last
	}
	flush()
	symbols = append(symbols, n-1)

	w := &bitWriter{}
	w.write(0x425A6839, 32) // BZh9
	w.write(0x314159265359, 48)
	w.write(uint64(crc), 32)
	w.write(0, 1)
	w.write(uint64(slices.Index(rotations, 0)), 24)
	for i := range 16 {
		w.write(uint64(bit(slices.Contains(used[16*i:16*i+16], true))), 1)
	}
	for i := range 16 {
		for j := 0; j < 16 && slices.Contains(used[16*i:16*i+16], true); j++ {
			w.write(uint64(bit(used[16*i+j])), 1)
		}
	}
	groups := (len(symbols) + 49) / 50
	w.write(2, 3) // tables, of which the first is used
	w.write(uint64(groups), 15)
	w.write(0, groups)
	long := bits.Len(uint(n - 1)) // codes of this length, and as many as there is room for that are one shorter
	short := 1<<long - n
	for range 2 {
		w.write(uint64(long-bit(short > 0)), 5)
		for i := range n {
			if i == short && i > 0 {
				w.write(0b10, 2) // one longer
			}
			w.write(0, 1)
		}
	}
	for _, s := range symbols {
		if s < short {
			w.write(uint64(s), long-1)
		} else {
			w.write(uint64(s+short), long)
		}
	}
	w.write(0x177245385090, 48)
	w.write(uint64(crc), 32)
	return string(w.out)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
