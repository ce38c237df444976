package scan

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo/gittest"
)

// Archives of all kinds hold the same in every way of looking at them: 7z, images as docker save and as OCI layouts
// write them, members that are longer than what is in memory at a time, and members whose names alone tell.
func TestArchives(t *testing.T) {
	keys := newTokens("archives")
	next := func() string { return "TOKEN=" + keys.next() + "\n" }
	config := func() string { return `{"config":{"Env":["PATH=/bin","TOKEN=` + keys.next() + `"]}}` }
	layer := tarred("etc/passwd", "root:x:0:0::/:/bin/sh\n", "app/.env", "A=1\n"+next())
	const filler = "there is nothing to see in this line; go on to the next one\n"
	const lines = 31 << 20 / len(filler)
	long := func() string {
		return next() + strings.Repeat(filler, lines) + next() + strings.Repeat(filler, lines) + next()
	}
	files := map[string]string{
		"a.7z": sevenZipped("conf/app.env", "A=1\n"+next(), "b.txt", next()),
		"docker.tar": tarred("manifest.json", `[{"Config":"1f.json","RepoTags":["app:1"],"Layers":["2e/layer.tar"]}]`,
			"1f.json", config(), "2e/layer.tar", layer, "2e/VERSION", "1.0"),
		"oci.tar": tarred("oci-layout", `{"imageLayoutVersion":"1.0.0"}`, "blobs/sha256/3d", config(),
			"blobs/sha256/4c", gzipped(layer), "blobs/sha256/5b", zstdPacked(t, tarred("root/.netrc", "# for CI\n"+next()))),
		"keys.zip": zipped("c d.env", "nothing", "x/vendor/ab", "nothing", "vendor/c", "nothing"),
		"long.gz":  gzipped(long()),
		"long.zip": zipped("dump.sql", long()),
	}
	origin := gittest.Init(t)
	for name, content := range files {
		origin.Write(name, content)
	}
	origin.Git("add", "-A")
	origin.Git("commit", "-qm", "archives")
	a := newAgreement(t, origin.Path, newEngine(t))
	a.check(a.work.Git("rev-parse", "HEAD"))

	want := []string{
		"a.7z!b.txt:1", "a.7z!conf/app.env:2",
		"docker.tar!1f.json:1", "docker.tar!2e/layer.tar!app/.env:2",
		"keys.zip!c d.env:0", "keys.zip!x/vendor/ab:0",
		"long.gz!-:1", fmt.Sprint("long.gz!-:", lines+2), fmt.Sprint("long.gz!-:", 2*lines+3),
		"long.zip!dump.sql:1", fmt.Sprint("long.zip!dump.sql:", lines+2), fmt.Sprint("long.zip!dump.sql:", 2*lines+3),
		"oci.tar!blobs/sha256/3d:1", "oci.tar!blobs/sha256/4c!app/.env:2", "oci.tar!blobs/sha256/5b!root/.netrc:2",
	}
	slices.Sort(want)
	var b correlate.Builder
	o := Options{Engine: a.engine, Coverage: &source.Coverage{}, Jobs: 1, MaxSize: 64 << 20}
	if _, err := Files(context.Background(), a.work.Path, &b, o); err != nil {
		t.Fatal(err)
	}
	found, _, err := b.Findings(context.Background(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		for _, at := range f.Occurrences {
			got = append(got, fmt.Sprintf("%s:%d", at.Path, at.Line))
			if at.Line > 0 && !slices.ContainsFunc(at.Frame.Lines, func(line string) bool { return strings.Contains(line, f.Secret) }) {
				t.Errorf("%s:%d: the lines shown do not have the secret", at.Path, at.Line)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// tarred is a tar of members, each a name and its text.
func tarred(members ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		if w.WriteHeader(&tar.Header{Name: members[i], Size: int64(len(members[i+1])), Mode: 0o644}) == nil {
			_, _ = w.Write([]byte(members[i+1]))
		}
	}
	_ = w.Close()
	return b.String()
}

func zstdPacked(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// sevenZipped is a 7z archive of members that are not compressed: one folder whose one coder copies.
func sevenZipped(members ...string) string {
	number := func(n int) string { return "\xFF" + string(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	var packed, sizes, names string
	for i := 0; i+1 < len(members); i += 2 {
		packed += members[i+1]
		if i+2 < len(members) {
			sizes += number(len(members[i+1]))
		}
		for _, u := range utf16.Encode([]rune(members[i] + "\x00")) {
			names += string([]byte{byte(u), byte(u >> 8)})
		}
	}
	n, size := number(len(members)/2), number(len(packed))
	header := "\x01\x04" +
		"\x06" + number(0) + "\x01\x09" + size + "\x00" + // one packed stream
		"\x07\x0B\x01\x00" + "\x01\x01\x00" + "\x0C" + size + "\x00" + // one folder
		"\x08\x0D" + n + "\x09" + sizes + "\x00\x00" + // its files
		"\x05" + n + "\x11" + number(len(names)+1) + "\x00" + names + "\x00\x00"
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE([]byte(header)))
	crc := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(start))
	return "7z\xBC\xAF\x27\x1C\x00\x04" + string(crc) + string(start) + packed + header
}
