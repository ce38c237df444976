package correlate

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"golang.org/x/crypto/argon2"
)

// TestArgon2id compares with the library, with memory that was used before.
func TestArgon2id(t *testing.T) {
	var a argon2id
	for _, secret := range [][]byte{nil, {0}, []byte("pass"), bytes.Repeat([]byte("word "), 100)} {
		for _, salt := range [][]byte{make([]byte, 16), []byte("sixteen bytes of"), []byte("another length")} {
			want := argon2.IDKey(secret, salt, guessablePasses, guessableKiB, 1, argonTag)
			if got := a.key(secret, salt); !bytes.Equal(got, want) {
				t.Errorf("secret of %d bytes, salt of %d: %x, want %x", len(secret), len(salt), got, want)
			}
		}
	}
}

// What is written for one kind of processor mixes as what is written for all, also in place.
func TestCompress(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var x, y, scratch, got, want block
		for i := range x {
			x[i], y[i] = r.Uint64(), r.Uint64()
		}
		want.compressWords(&x, &y, &scratch)
		if got.compress(&x, &y, &scratch); got != want {
			t.Fatal("compress and compressWords differ")
		}
		if x.compress(&x, &y, &scratch); x != want {
			t.Fatal("compress in place is another")
		}
	}
}

func FuzzArgon2id(f *testing.F) {
	f.Add([]byte("pass"), []byte("sixteen bytes of"))
	var a argon2id
	f.Fuzz(func(t *testing.T, secret, salt []byte) {
		want := argon2.IDKey(secret, salt, guessablePasses, guessableKiB, 1, argonTag)
		if got := a.key(secret, salt); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
	})
}

func BenchmarkArgon2id(b *testing.B) {
	secret, salt := []byte("pass"), make([]byte, 16)
	b.Run("own", func(b *testing.B) {
		a := new(argon2id)
		for b.Loop() {
			a.key(secret, salt)
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			argon2.IDKey(secret, salt, guessablePasses, guessableKiB, 1, argonTag)
		}
	})
}
