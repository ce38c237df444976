package scan

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/correlate"
	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/repo"
	"github.com/straykey/straykey/source/repo/gittest"
)

// bombs are files that ask for more than there is, or that cannot be read, with the reason that the coverage gives. Where
// each holds a secret that can be seen all the same, it says where.
func bombs(t *testing.T, secret func() string) []bomb {
	t.Helper()
	zeros := strings.Repeat("\x00", 64<<20)
	hexed := func(s string) string {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	times := func(n int, text string, wrap func(string) string) string {
		for range n {
			text = wrap(text)
		}
		return text
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	locked := []byte(zipped("conf/app.env", secret()))
	locked[6] |= 1
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1
	damaged := []byte(gzipped(secret()))
	damaged[len(damaged)-5] ^= 1 // of the checksum
	cut := secret() + "\n"
	for i := range 3000 {
		cut += fmt.Sprintln(i * i * i)
	}
	cut = gzipped(cut)
	const block = "\x02\x00\x21\x01\x28\x00\x00\x00" // LZMA2 with four gigabytes
	dictionary := hexed("fd377a585a000000ff12d941") + block + string(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(block))))
	var links bytes.Buffer
	w := tar.NewWriter(&links)
	for name, to := range map[string]string{"a": "/etc/passwd", "b": "../../../../etc/shadow"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []bomb{
		{"zeros.bz2", hexed("425a6839" + "314159265359c901b6c80158ab4020c00010000008200030cc0529a65248526c5492149e2ee48a70a12192036d90"), source.OverLimit, ""},
		{"zeros.zst", zstdPacked(t, zeros), source.OverLimit, ""},
		{"dictionary.xz", dictionary + "\x01\x00\x00x\x00", source.OverLimit, ""},
		{"deep.gz", times(9, secret(), gzipped), source.OverLimit, ""},
		{"deep.txt", times(30, secret(), b64), source.OverLimit, ""},
		{"many.tar.gz", gzipped(strings.Repeat(tarred("x", "")[:512], 60_000)), source.OverLimit, ""},
		{"bomb.yaml", "data: " + b64(gzipped(secret()+"\n"+strings.Repeat("nothing at all; ", 1<<20))) + "\n", source.OverLimit, "bomb.yaml:1"},
		{"locked.zip", string(locked), source.Encrypted, ""},
		{"method.zip", strings.NewReplacer("PK\x01\x02\x14\x00\x14\x00\x08\x00\x08\x00", "PK\x01\x02\x14\x00\x14\x00\x08\x00\x61\x00").Replace(zipped("a", secret())), source.Unsupported, ""},
		{"cut.zip", zipped("a", secret())[:60], source.Malformed, ""},
		{"cut.gz", cut[:len(cut)/2], source.Malformed, "cut.gz!-:1"},
		{"checksum.gz", string(damaged), source.Malformed, "checksum.gz!-:1"},
		{"outside.tar", tarred("../../../etc/cron.d/x", secret(), "/etc/passwd", "root\n"), "", "outside.tar!../../../etc/cron.d/x:1"},
		{"links.tar", links.String(), "", ""},
		{"nested.json", strings.Repeat(`{"a":[`, 1<<20) + `"` + secret() + `"`, "", "nested.json:1"},
	}
}

type bomb struct {
	name, data string
	reason     source.Reason // empty: all of it is read
	found      string
}

// Bombs, and what cannot be read, are counted as skipped with the reason, in every kind of scan; what is cut off makes the run
// incomplete; neither takes much time or memory, and the file beside is read.
func TestBombs(t *testing.T) {
	keys := newTokens("bombs")
	all := bombs(t, keys.next)
	d := gittest.Init(t)
	d.Git("commit", "-qm", "empty", "--allow-empty")
	d.Write("a.env", keys.next())
	found, reasons := []string{"a.env:1"}, []string{}
	for _, b := range all {
		d.Write(b.name, b.data)
		if b.found != "" {
			found = append(found, b.found)
		}
		if b.reason != "" {
			reasons = append(reasons, fmt.Sprintf("%s %s %v", b.name, b.reason, b.reason.Complete()))
		}
	}
	slices.Sort(found)
	slices.Sort(reasons)
	d.Git("add", "-A")
	objects := map[string]string{}
	for _, b := range all {
		objects[d.Git("rev-parse", ":"+b.name)] = b.name
	}

	engine := newEngine(t)
	check := func(name string, scan func(*repo.Repo, *correlate.Builder, Options) (*Result, error)) {
		t.Helper()
		opened, err := repo.Open(d.Path)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		var builder correlate.Builder
		o := Options{Engine: engine, Coverage: &source.Coverage{}, Jobs: 1, MaxSize: 64 << 20, Full: strings.Contains(name, "full")}
		if _, err := scan(opened, &builder, o); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if spent, taken := time.Since(start), after.TotalAlloc-before.TotalAlloc; spent > 30*time.Second || taken > 2<<30 {
			t.Errorf("%s: %v, %d bytes taken", name, spent, taken)
		}
		if o.Coverage.Complete() {
			t.Errorf("%s: the run is complete", name)
		}
		var got []string
		for _, p := range o.Coverage.Problems() {
			what, _, _ := strings.Cut(p.What, "!")
			if path := objects[what]; path != "" {
				what = path
			}
			got = append(got, fmt.Sprintf("%s %s %v", what, p.Reason, p.Reason.Complete()))
		}
		slices.Sort(got)
		if diff := cmp.Diff(reasons, slices.Compact(got)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		for _, k := range o.Coverage.Kinds() {
			if k.Found != k.Scanned+k.Skipped {
				t.Errorf("%s: %d %ss found, %d scanned and %d skipped", name, k.Found, k.Kind, k.Scanned, k.Skipped)
			}
		}
		findings, _, err := builder.Findings(t.Context(), nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		for _, f := range findings {
			for _, at := range f.Occurrences {
				places = append(places, fmt.Sprintf("%s:%d", at.Path, at.Line))
			}
		}
		slices.Sort(places)
		if diff := cmp.Diff(found, places); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	check("files", func(_ *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Files(t.Context(), d.Path, b, o)
	})
	check("staged", func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Staged(t.Context(), r, "", b, o)
	})
	d.Git("commit", "-qm", "bombs")
	check("range", func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
		return Range(t.Context(), r, []string{"HEAD"}, b, o)
	})
	for _, engine := range []string{"history", "history, full"} {
		check(engine, func(r *repo.Repo, b *correlate.Builder, o Options) (*Result, error) {
			return History(t.Context(), r, b, o)
		})
	}
}
