package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const columns = "date\tmachine\tload\trepository\tcommits\tblobs\tblob_bytes\tpack_bytes\tround\ttool\tversion\t" +
	"wall_s\tuser_s\tsys_s\trss_kib\tanon_kib\texit\tfindings\tplaces\n"

// runs are two rounds of three tools on one repository, with a name that needs escaping, and one round on another.
func runs() string {
	const a = "2026-01-31T12:00:00Z\tsome machine\t0.1\ta<&>\"b\t12345\t67890\t1500000000\t2000000\t"
	const c = "2026-01-31T12:00:00Z\tsome machine\t0.1\tc\t1\t2\t3\t4\t"
	const failed = "1\ttrufflehog\tv3\t0.1\t0.1\t0\t1\t-\t137\t-\t-\n"
	return columns +
		a + "1\tstraykey\tdevel 1\t2.0\t1.0\t0.5\t2048\t1024\t1\t3\t5\n" +
		a + "1\tgitleaks\tv8\t20.0\t30\t5\t1024\t-\t1\t9\t-\n" +
		a + "1\tinflate\tgo1\t1.0\t1.5\t0\t-\t-\t0\t-\t-\n" +
		a + "2\tgitleaks\tv8\t30.0\t40\t5\t3072\t-\t1\t9\t-\n" +
		a + "2\tinflate\tgo1\t1.0\t1.5\t0\t-\t-\t0\t-\t-\n" +
		a + "2\tstraykey\tdevel 1\t3.0\t2.0\t0.5\t2048\t1024\t1\t3\t5\n" +
		c + "1\tstraykey\tdevel 1\t1.0\t2.0\t0.5\t2048\t1024\t0\t0\t0\n" +
		c + "1\tgitleaks\tv8\t4.0\t40\t5\t3072\t-\t0\t0\t-\n" +
		a + failed + c + failed
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(file("tsv"), []byte(runs()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{file("tsv"), file("md"), file("svg")}); err != nil {
		t.Fatal(err)
	}
	md, err := os.ReadFile(file("md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"12,345 commits, 67,890 blobs of together 1.5 GB, in a pack of 2.0 MB",
		"| gitleaks | 10.0× | 4.00× | 4.00× | 7.00× |",
		"| inflate only | 0.40× | – | 0.40× | 0.40× |",
		"straykey takes 2.50× the time to inflate",
		"| gitleaks | 25.00 s | 10.0× | 40.00 s | 2 MiB | – | 9 | – | 1 |",
		"| straykey | 2.50 s | 1.00× | 2.00 s | 2 MiB | 1 MiB | 3 | 5 | 1 |",
		"| trufflehog, unverified | – | – | – | – |",
		"| trufflehog, unverified | 0.10 s | failed |",
		"medians of 2 rounds, 1 of trufflehog, unverified\n", "load 0.1",
	} {
		if !strings.Contains(string(md), want) {
			t.Errorf("no %q in:\n%s", want, md)
		}
	}
	drawing, err := os.Open(file("svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer drawing.Close()
	bars := 0
	for d := xml.NewDecoder(drawing); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if bars != 5 {
		t.Errorf("%d bars, want 5", bars)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"empty":              "",
		"no runs":            columns,
		"a line too short":   columns + "2026\tmachine\n",
		"a column missing":   strings.Replace(runs(), "wall_s", "wall", 1),
		"no run of straykey": strings.ReplaceAll(runs(), "\tstraykey\t", "\tother\t"),
	} {
		if _, err := parse([]byte(data)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median(%v) = %v, want %v", tt.values, got, tt.want)
		}
	}
}
