package detect

import (
	"encoding/binary"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGramClasses makes grams.tbl of the texts in the directories that STRAYKEY_GRAM_TEXTS lists, each of which
// weighs the same; or it checks that the table has the right size and says what is plainly so. The table in use was made of
// Go, Python, Perl, JavaScript, C headers, and a mixture of Markdown, JSON and YAML.
func TestGramClasses(t *testing.T) {
	if *update {
		writeGramClasses(t, filepath.SplitList(os.Getenv("STRAYKEY_GRAM_TEXTS")))
	}
	if len(gramClasses) != 1<<hashBits/2 {
		t.Fatalf("table has %d bytes, want %d", len(gramClasses), 1<<hashBits/2)
	}
	class := func(gram string) int {
		return gramClass(gramHash(binary.LittleEndian.Uint32([]byte(gram)) | foldMask>>32))
	}
	for _, x := range []struct{ rare, common string }{{"ghp_", "    "}, {"kiaq", "retu"}, {"oxb-", "self"}} {
		if class(x.rare) <= class(x.common) {
			t.Errorf("%q is said to be no rarer than %q", x.rare, x.common)
		}
	}
}

func writeGramClasses(t *testing.T, dirs []string) {
	t.Helper()
	if len(dirs) == 0 {
		return
	}
	const most = 10 << 20 // bytes of each directory
	share := make([]float64, 1<<hashBits)
	for _, dir := range dirs {
		count, n := make([]float64, len(share)), 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || n > most {
				return err
			}
			text, err := os.ReadFile(path)
			for i := 0; i+gramLen <= len(text) && n <= most; i++ {
				count[gramHash(binary.LittleEndian.Uint32(text[i:])|foldMask>>32)]++
				n++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for h := range share {
			share[h] += count[h] / float64(n*len(dirs))
		}
	}
	var b strings.Builder
	for h := 0; h < len(share); h += 2 {
		b.WriteByte(classOf(share[h]) | classOf(share[h+1])<<4)
	}
	if err := os.WriteFile("grams.tbl", []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Skip("written; run again")
}

// classOf returns the class of grams that are a share of all.
func classOf(share float64) byte {
	return byte(min(15, max(0, math.Round(-math.Log2(share))-8)))
}
