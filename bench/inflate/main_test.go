//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/straykey/straykey/source/repo/gittest"
)

// TestInflate compares with what git says of the repository, for entries stored whole and for deltas of both kinds.
func TestInflate(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			d := gittest.Init(t, "--object-format="+format)
			for i := range 20 {
				d.Write("a", strings.Repeat("the same line, over and over\n", 50)+strings.Repeat("x", i*300))
				d.Write("b", fmt.Sprintf("%d\n", i))
				d.Git("add", ".")
				d.Git("commit", "-q", "-m", "change")
			}
			for _, config := range []string{"repack.useDeltaBaseOffset=true", "repack.useDeltaBaseOffset=false"} {
				d.Git("-c", config, "repack", "-qadf")
				gitDir := filepath.Join(d.Path, ".git")
				entries, err := blobEntries(gitDir)
				if err != nil {
					t.Fatal(err)
				}
				total, err := inflateAll(entries, newOwn)
				if err != nil {
					t.Fatal(err)
				}
				again, err := inflateAll(entries, newZlib)
				if err != nil || again != total {
					t.Errorf("%s: %d bytes inflated, %d with the standard library, error %v", config, total, again, err)
				}
				if len(entries) != 40 {
					t.Errorf("%s: %d entries, want 40", config, len(entries))
				}
				// The entries' sizes are those of verify-pack: of deltas, of the delta.
				want := 0
				packs, _ := filepath.Glob(filepath.Join(gitDir, "objects", "pack", "*.idx"))
				for line := range strings.Lines(d.Git("verify-pack", "-v", packs[0])) {
					var id, typ string
					var size int
					if n, _ := fmt.Sscan(line, &id, &typ, &size); n == 3 && typ == "blob" {
						want += size
					}
				}
				if int(total) != want {
					t.Errorf("%s: %d bytes inflated, want %d", config, total, want)
				}
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name string
		pack string
		size int // -1: an error
		skip int // bytes before the stream
	}{
		{"blob", "\x35z", 5, 1},
		{"long size", "\xb5\x81\x01z", 5 + 1<<4 + 1<<11, 3},
		{"distance", "\x65\x80\x01z", 5, 3},
		{"base id", "\x75" + strings.Repeat("i", 20) + "z", 5, 21},
		{"empty", "", -1, 0},
		{"ends in the size", "\xb5\x81", -1, 0},
		{"ends in the distance", "\x65\x80", -1, 0},
		{"ends in the id", "\x75iii", -1, 0},
		{"endless size", "\xb5" + strings.Repeat("\xff", 20), -1, 0},
	} {
		e, err := parse([]byte(tt.pack), 0, 20)
		if (err != nil) != (tt.size < 0) {
			t.Errorf("%s: error %v", tt.name, err)
		}
		if err == nil && (e.size != tt.size || len(tt.pack)-len(e.packed) != tt.skip) {
			t.Errorf("%s: size %d after %d bytes, want %d after %d", tt.name, e.size, len(tt.pack)-len(e.packed), tt.size, tt.skip)
		}
	}
}
