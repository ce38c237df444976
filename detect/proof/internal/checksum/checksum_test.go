package checksum

import (
	"encoding/hex"
	"testing"
)

// The vectors of the .NET runtime's own Marvin tests, folded to 32 bits as
// key checksums use them.
func TestMarvinVectors(t *testing.T) {
	tests := []struct {
		seed uint64
		data string
		want uint64
	}{
		{0x004FB61A001BDBCC, "", 0x30ED35C100CD3C7D},
		{0x004FB61A001BDBCC, "af", 0x48E73FC77D75DDC1},
		{0x004FB61A001BDBCC, "e70f", 0xB5F6E1FC485DBFF8},
		{0x004FB61A001BDBCC, "37f495", 0xF0B07C789B8CF7E8},
		{0x004FB61A001BDBCC, "8642dc59", 0x7008F2E87E9CF556},
		{0x004FB61A001BDBCC, "153fb79826", 0xE6C08C6DA2AFA997},
		{0x004FB61A001BDBCC, "0932e6246c47", 0x6F04BF1A5EA24060},
		{0x004FB61A001BDBCC, "ab427ea8d10fc7", 0xE11847E4F0678C41},
		{0x804FB61A001BDBCC, "ab427ea8d10fc7", 0xE203987DBA252FB3},
	}
	for _, test := range tests {
		data, err := hex.DecodeString(test.data)
		if err != nil {
			t.Fatal(err)
		}
		want := uint32(test.want) ^ uint32(test.want>>32)
		if got := marvinFold(test.seed, data); got != want {
			t.Errorf("marvinFold(%#x, %s) = %#x, want %#x", test.seed, test.data, got, want)
		}
	}
}

// The offset of a family's marker and the length of its keys follow from one
// another: the marker ends where the hash begins.
func TestAzureMarkerEndsBeforeHash(t *testing.T) {
	for _, k := range AzureKeys() {
		firstHashChar := (k.Bytes - 4) * 8 / 6
		if end := k.Offset + len(k.Marker); end != firstHashChar {
			t.Errorf("%s: marker ends at %d, hash begins at %d", k.Name, end, firstHashChar)
		}
		if len(k.Seeds) == 0 {
			t.Errorf("%s: no seed", k.Name)
		}
		for _, s := range k.Seeds {
			if len(s.Seed) != 8 {
				t.Errorf("%s: seed %q has not eight characters", k.Name, s.Seed)
			}
		}
	}
}

func TestDigits(t *testing.T) {
	tests := []struct {
		n        uint32
		alphabet string
		width    int
		want     string
	}{
		{0, Base62, 6, "000000"},
		{61, Base62, 6, "00000z"},
		{62, Base62, 6, "000010"},
		{1<<32 - 1, Base62, 6, "4gfFC3"},
		{1<<32 - 1, Base36, 7, "1z141z3"},
		{1<<32 - 1, Base62Lower, 6, "4GFfc3"},
	}
	for _, test := range tests {
		if got := Digits(test.n, test.alphabet, test.width); got != test.want {
			t.Errorf("Digits(%d, %d) = %q, want %q", test.n, test.width, got, test.want)
		}
	}
}

// The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
func TestCRC32(t *testing.T) {
	if got, want := CRC32("123456789"), uint32(0xcbf43926); got != want {
		t.Errorf("CRC32 = %#x, want %#x", got, want)
	}
}

func TestDevOpsLegacyRoundTrip(t *testing.T) {
	var token [32]byte
	for i := range token {
		token[i] = byte(i * 7)
	}
	for _, mask := range []uint32{DevOpsUser, DevOpsApplication} {
		SetDevOpsLegacy(&token, mask)
		stored, crc := DevOpsLegacy(&token)
		if stored^crc != mask {
			t.Errorf("stored ^ crc = %#x, want %#x", stored^crc, mask)
		}
	}
}
