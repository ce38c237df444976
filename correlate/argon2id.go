package correlate

import (
	"encoding/binary"
	"math/bits"

	"golang.org/x/crypto/blake2b"
)

// Cost of argon2id for a secret that could be guessed. One pass over 1 MiB is
// 1 ms: 1000 of them take a second, a list of ten million passwords
// takes hours for each family of rules instead of seconds for all.
const (
	guessablePasses = 1
	guessableKiB    = 1024
)

// argon2id is Argon2id (RFC 9106) as fingerprints use it: one lane, one pass, guessableKiB blocks, which it uses again from one
// secret to the next. Where secrets are hashed by the hundred, new memory for each would cost as much as the hash.
// TestArgon2id holds it equal to golang.org/x/crypto/argon2.
type argon2id struct{ blocks [guessableKiB]block }

// block is 1 KiB of memory.
type block [128]uint64

const (
	segment     = guessableKiB / 4 // blocks of a slice, of which the first two take references that no secret decides
	argonTag    = 32               // bytes of the result
	argonType   = 2
	argonFormat = 0x13
)

// key returns what the secret comes to.
func (a *argon2id) key(secret, salt []byte) []byte {
	var h0 []byte
	for _, n := range []uint32{1, argonTag, guessableKiB, guessablePasses, argonFormat, argonType, uint32(len(secret))} {
		h0 = binary.LittleEndian.AppendUint32(h0, n)
	}
	h0 = append(h0, secret...)
	h0 = binary.LittleEndian.AppendUint32(h0, uint32(len(salt)))
	h0 = append(h0, salt...)
	h0 = append(h0, make([]byte, 8)...) // no secret of ours, no further data
	sum := blake2b.Sum512(h0)
	var raw [8 * len(block{})]byte
	for i := range 2 {
		start := binary.LittleEndian.AppendUint32(append([]byte(nil), sum[:]...), uint32(i))
		variableHash(raw[:], binary.LittleEndian.AppendUint32(start, 0)) // of lane 0
		for j := range a.blocks[i] {
			a.blocks[i][j] = binary.LittleEndian.Uint64(raw[8*j:])
		}
	}
	a.fill()
	for j, w := range a.blocks[guessableKiB-1] {
		binary.LittleEndian.PutUint64(raw[8*j:], w)
	}
	out := make([]byte, argonTag)
	variableHash(out, raw[:])
	return out
}

// fill makes each block of the one before and another before that.
func (a *argon2id) fill() {
	var zero, in, addresses, scratch block
	in[3], in[4], in[5] = guessableKiB, guessablePasses, argonType
	for i := 2; i < guessableKiB; i++ {
		random := a.blocks[i-1][0]
		if slice := i / segment; slice < 2 {
			if at := i % segment; at%len(addresses) == 0 || i == 2 {
				in[2], in[6] = uint64(slice), uint64(at/len(addresses)+1)
				addresses.compress(&in, &zero, &scratch)
				addresses.compress(&addresses, &zero, &scratch)
			}
			random = addresses[i%len(addresses)]
		}
		// Nearer blocks are taken more often; the one just before is taken anyway.
		near := uint64(uint32(random))
		near = near * near >> 32
		others := uint64(i - 1)
		a.blocks[i].compress(&a.blocks[i-1], &a.blocks[others-1-others*near>>32], &scratch)
	}
}

// compressWords is compress, word by word.
func (b *block) compressWords(x, y, scratch *block) {
	for i := range scratch {
		scratch[i] = x[i] ^ y[i]
	}
	for i := 0; i < len(scratch); i += 16 {
		row := (*[16]uint64)(scratch[i:])
		permute((*[2]uint64)(row[0:]), (*[2]uint64)(row[2:]), (*[2]uint64)(row[4:]), (*[2]uint64)(row[6:]),
			(*[2]uint64)(row[8:]), (*[2]uint64)(row[10:]), (*[2]uint64)(row[12:]), (*[2]uint64)(row[14:]))
	}
	for i := 0; i < 16; i += 2 {
		permute((*[2]uint64)(scratch[i:]), (*[2]uint64)(scratch[i+16:]), (*[2]uint64)(scratch[i+32:]), (*[2]uint64)(scratch[i+48:]),
			(*[2]uint64)(scratch[i+64:]), (*[2]uint64)(scratch[i+80:]), (*[2]uint64)(scratch[i+96:]), (*[2]uint64)(scratch[i+112:]))
	}
	for i := range b {
		b[i] = scratch[i] ^ x[i] ^ y[i]
	}
}

// permute mixes eight pairs of words, a round of BLAKE2b with multiplications.
func permute(p0, p1, p2, p3, p4, p5, p6, p7 *[2]uint64) {
	v0, v1 := p0[0], p0[1]
	v2, v3 := p1[0], p1[1]
	v4, v5 := p2[0], p2[1]
	v6, v7 := p3[0], p3[1]
	v8, v9 := p4[0], p4[1]
	v10, v11 := p5[0], p5[1]
	v12, v13 := p6[0], p6[1]
	v14, v15 := p7[0], p7[1]

	v0, v12 = mix(v0, v4, v12, 32)
	v8, v4 = mix(v8, v12, v4, 24)
	v0, v12 = mix(v0, v4, v12, 16)
	v8, v4 = mix(v8, v12, v4, 63)
	v1, v13 = mix(v1, v5, v13, 32)
	v9, v5 = mix(v9, v13, v5, 24)
	v1, v13 = mix(v1, v5, v13, 16)
	v9, v5 = mix(v9, v13, v5, 63)
	v2, v14 = mix(v2, v6, v14, 32)
	v10, v6 = mix(v10, v14, v6, 24)
	v2, v14 = mix(v2, v6, v14, 16)
	v10, v6 = mix(v10, v14, v6, 63)
	v3, v15 = mix(v3, v7, v15, 32)
	v11, v7 = mix(v11, v15, v7, 24)
	v3, v15 = mix(v3, v7, v15, 16)
	v11, v7 = mix(v11, v15, v7, 63)

	v0, v15 = mix(v0, v5, v15, 32)
	v10, v5 = mix(v10, v15, v5, 24)
	v0, v15 = mix(v0, v5, v15, 16)
	v10, v5 = mix(v10, v15, v5, 63)
	v1, v12 = mix(v1, v6, v12, 32)
	v11, v6 = mix(v11, v12, v6, 24)
	v1, v12 = mix(v1, v6, v12, 16)
	v11, v6 = mix(v11, v12, v6, 63)
	v2, v13 = mix(v2, v7, v13, 32)
	v8, v7 = mix(v8, v13, v7, 24)
	v2, v13 = mix(v2, v7, v13, 16)
	v8, v7 = mix(v8, v13, v7, 63)
	v3, v14 = mix(v3, v4, v14, 32)
	v9, v4 = mix(v9, v14, v4, 24)
	v3, v14 = mix(v3, v4, v14, 16)
	v9, v4 = mix(v9, v14, v4, 63)

	p0[0], p0[1] = v0, v1
	p1[0], p1[1] = v2, v3
	p2[0], p2[1] = v4, v5
	p3[0], p3[1] = v6, v7
	p4[0], p4[1] = v8, v9
	p5[0], p5[1] = v10, v11
	p6[0], p6[1] = v12, v13
	p7[0], p7[1] = v14, v15
}

// mix is the half of a quarter round.
func mix(a, b, d uint64, rotate int) (uint64, uint64) {
	a += b + 2*uint64(uint32(a))*uint64(uint32(b))
	return a, bits.RotateLeft64(d^a, -rotate)
}

// variableHash fills out with the hash of any length that RFC 9106 calls H'.
func variableHash(out, in []byte) {
	in = append(binary.LittleEndian.AppendUint32(nil, uint32(len(out))), in...)
	if len(out) == argonTag {
		sum := blake2b.Sum256(in)
		copy(out, sum[:])
		return
	}
	for sum := blake2b.Sum512(in); ; sum = blake2b.Sum512(sum[:]) {
		n := copy(out, sum[:])
		if len(out) == n {
			return
		}
		out = out[n/2:]
	}
}
