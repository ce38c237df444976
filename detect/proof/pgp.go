package proof

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // OpenPGP fingerprints of version 4
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const pgpLabel = "PGP PRIVATE KEY BLOCK"

// Packet types of RFC 9580 section 5 that a private key block is made of.
const (
	pgpSignature = 2
	pgpSecretKey = 5
	pgpSubkey    = 7
	pgpUserID    = 13
)

// provePGP reads an armored OpenPGP private key (RFC 9580, RFC 4880): fingerprint, user
// id, expiry and whether a passphrase protects it.
func provePGP(in input) Result {
	list := blocks(in.text())
	at := slices.IndexFunc(list, func(b block) bool { return b.label == pgpLabel })
	if at < 0 {
		return unknown("no private key block in it")
	}
	b := list[at]
	if r, bad := b.placeholder(); bad {
		return r
	}
	data, err := b.data()
	if err != nil {
		return b.unreadable("body is no base64")
	}
	k, err := parsePGP(data)
	if err != nil {
		return b.unreadable("not a key block that can be read")
	}
	f := k.facts()
	if b.crc != "" && b.crc != crc24(data) {
		return unknown("armor checksum does not hold: damaged", f...)
	}
	detail := "an OpenPGP private key, not encrypted"
	switch k.protection() {
	case "yes":
		detail = "an OpenPGP private key, encrypted with a passphrase"
	case "absent":
		return unknown("an OpenPGP key block without its secret part", f...)
	}
	return in.until(k.expires(), valid(detail, f...))
}

// pgpKey is the primary key of a block and what its signatures say of it.
type pgpKey struct {
	fingerprint string
	kind        string
	created     time.Time
	lifetime    time.Duration // 0: it does not expire
	signed      time.Time     // when the signature that says so was made
	userIDs     []string
	plain       int // secret keys without a passphrase
	encrypted   int
	absent      int // stubs: the secret is elsewhere
}

func (k *pgpKey) protection() string {
	switch {
	case k.plain > 0 && k.encrypted > 0:
		return "partly"
	case k.plain > 0:
		return "no"
	case k.encrypted > 0:
		return "yes"
	}
	return "absent"
}

func (k *pgpKey) expires() time.Time {
	if k.lifetime == 0 {
		return time.Time{}
	}
	return k.created.Add(k.lifetime)
}

func (k *pgpKey) facts() facts {
	var f facts
	if len(k.userIDs) > 0 {
		name, mail, ok := strings.Cut(k.userIDs[0], "<")
		if ok {
			f.add("email", strings.TrimSuffix(strings.TrimSpace(mail), ">"))
		}
		f.add("name", name)
	}
	f.time("issued", k.created)
	f.time("expires", k.expires())
	if len(k.fingerprint) >= 40 {
		id := k.fingerprint[len(k.fingerprint)-16:]
		if len(k.fingerprint) == 64 { // version 6 takes the front
			id = k.fingerprint[:16]
		}
		f.add("key-id", id)
	}
	f.add("key", k.kind)
	f.add("encrypted", k.protection())
	f.add("fingerprint", k.fingerprint)
	return f
}

// parsePGP reads the packets of a transferable secret key.
func parsePGP(data []byte) (pgpKey, error) {
	var k pgpKey
	subkeys := false
	for len(data) > 0 {
		tag, body, rest, err := pgpPacket(data)
		if err != nil {
			return k, err
		}
		data = rest
		switch tag {
		case pgpSecretKey, pgpSubkey:
			subkeys = tag == pgpSubkey
			if err := k.readSecret(body, !subkeys); err != nil {
				return k, err
			}
		case pgpUserID:
			if len(k.userIDs) < 8 {
				k.userIDs = append(k.userIDs, string(body))
			}
		case pgpSignature:
			if !subkeys {
				k.readSignature(body)
			}
		}
	}
	if k.fingerprint == "" {
		return k, errNotKey
	}
	return k, nil
}

// pgpPacket cuts the first packet off (RFC 9580 section 4.2). Keys have no
// packets of partial or indeterminate length.
func pgpPacket(b []byte) (tag byte, body, rest []byte, err error) {
	bad := fmt.Errorf("no OpenPGP packet")
	if b[0]&0x80 == 0 {
		return 0, nil, nil, bad
	}
	if b[0]&0x40 != 0 {
		length, head, ok := pgpLength(b[1:])
		if !ok || uint64(length) > uint64(len(b)-1-head) {
			return 0, nil, nil, bad
		}
		at := 1 + head
		return b[0] & 0x3f, b[at : at+int(length)], b[at+int(length):], nil
	}
	size := 1 << (b[0] & 3)
	if size == 8 || len(b) < 1+size {
		return 0, nil, nil, bad
	}
	length := 0
	for _, c := range b[1 : 1+size] {
		length = length<<8 | int(c)
	}
	if at := 1 + size; length <= len(b)-at {
		return b[0] >> 2 & 0xf, b[at : at+length], b[at+length:], nil
	}
	return 0, nil, nil, bad
}

// pgpLength reads a length of packets in the new format and of signature subpackets.
func pgpLength(b []byte) (length uint32, size int, ok bool) {
	switch {
	case len(b) >= 1 && b[0] < 192:
		return uint32(b[0]), 1, true
	case len(b) >= 2 && b[0] < 224:
		return uint32(b[0]-192)<<8 + uint32(b[1]) + 192, 2, true
	case len(b) >= 5 && b[0] == 255:
		return binary.BigEndian.Uint32(b[1:]), 5, true
	}
	return 0, 0, false
}

// readSecret reads a secret key packet: the public key, then how the secret is protected.
func (k *pgpKey) readSecret(body []byte, primary bool) error {
	public, kind, err := pgpPublic(body)
	if err != nil {
		return err
	}
	if primary && k.fingerprint == "" {
		k.kind = kind
		k.created = time.Unix(int64(binary.BigEndian.Uint32(body[1:])), 0).UTC()
		k.fingerprint = pgpFingerprint(body[:public])
	}
	secret := body[public:]
	switch {
	case len(secret) == 0:
		return errNotKey
	case secret[0] == 0:
		k.plain++
	case bytes.Contains(secret[:min(len(secret), 12)], []byte("GNU")):
		k.absent++ // GnuPG's stub for keys kept offline or on a card
	default:
		k.encrypted++
	}
	return nil
}

// pgpPublic returns how many bytes of a key packet are the public key, and its kind.
func pgpPublic(body []byte) (size int, kind string, err error) {
	if len(body) < 6 || body[0] != 4 && body[0] != 6 {
		return 0, "", errNotKey
	}
	algorithm, at := body[5], 6
	if body[0] == 6 {
		at += 4 // octet count
	}
	if at > len(body) {
		return 0, "", errNotKey
	}
	p := pgpFields{rest: body[at:]}
	switch algorithm {
	case 1, 2, 3:
		n := p.mpi()
		p.mpi()
		kind = fmt.Sprintf("RSA %d", n.BitLen())
	case 16:
		kind = fmt.Sprintf("ElGamal %d", p.mpi().BitLen())
		p.mpi()
		p.mpi()
	case 17:
		kind = fmt.Sprintf("DSA %d", p.mpi().BitLen())
		for range 3 {
			p.mpi()
		}
	case 18, 19, 22:
		kind = pgpCurve(p.take(int(p.byte())))
		p.mpi()
		if algorithm == 18 {
			p.take(int(p.byte()))
		}
	case 25:
		kind = "X25519"
		p.take(32)
	case 26:
		kind = "X448"
		p.take(56)
	case 27:
		kind = "Ed25519"
		p.take(32)
	case 28:
		kind = "Ed448"
		p.take(57)
	default:
		return 0, "", errNotKey
	}
	if p.bad {
		return 0, "", errNotKey
	}
	return len(body) - len(p.rest), kind, nil
}

func pgpCurve(oid []byte) string {
	switch hex.EncodeToString(oid) {
	case "2b06010401da470f01":
		return "Ed25519"
	case "2b060104019755010501":
		return "X25519"
	case "2a8648ce3d030107":
		return "ECDSA P-256"
	case "2b81040022":
		return "ECDSA P-384"
	case "2b81040023":
		return "ECDSA P-521"
	case "2b8104000a":
		return "ECDSA secp256k1"
	}
	return "elliptic curve"
}

func pgpFingerprint(public []byte) string {
	n := len(public)
	if public[0] == 6 {
		head := []byte{0x9b, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
		sum := sha256.Sum256(append(head, public...))
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append([]byte{0x99, byte(n >> 8), byte(n)}, public...))
	return hex.EncodeToString(sum[:])
}

// pgpFields reads the fields of a packet. After an error all further reads give nothing.
type pgpFields struct {
	rest []byte
	bad  bool
}

func (p *pgpFields) take(n int) []byte {
	if n > len(p.rest) {
		p.bad, p.rest = true, nil
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *pgpFields) byte() byte {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

// mpi reads a multiprecision integer: its length in bits, then its bytes.
func (p *pgpFields) mpi() *big.Int {
	head := p.take(2)
	if head == nil {
		return new(big.Int)
	}
	return bigInt(p.take((int(binary.BigEndian.Uint16(head)) + 7) / 8))
}

// readSignature takes the key's lifetime from the newest signature of version 4 or 6 over
// the primary key.
func (k *pgpKey) readSignature(body []byte) {
	if len(body) < 6 || body[0] != 4 && body[0] != 6 || body[1] < 0x10 || body[1] > 0x1f {
		return
	}
	p := pgpFields{rest: body[4:]}
	size := 2
	if body[0] == 6 {
		size = 4
	}
	n := 0
	for _, c := range p.take(size) {
		n = n<<8 | int(c)
	}
	created, lifetime := pgpSubpackets(p.take(n))
	if created.After(k.signed) {
		k.signed, k.lifetime = created, lifetime
	}
}

// pgpSubpackets returns the creation time of a signature and the lifetime
// it gives the key (RFC 9580 section 5.2.3).
func pgpSubpackets(b []byte) (created time.Time, lifetime time.Duration) {
	for len(b) > 0 {
		length, size, ok := pgpLength(b)
		if !ok || length == 0 || uint64(length) > uint64(len(b)-size) {
			return created, lifetime
		}
		sub := b[size : size+int(length)]
		b = b[size+int(length):]
		if len(sub) != 5 {
			continue
		}
		switch seconds := binary.BigEndian.Uint32(sub[1:]); sub[0] & 0x7f {
		case 2:
			created = time.Unix(int64(seconds), 0)
		case 9:
			lifetime = time.Duration(seconds) * time.Second
		}
	}
	return created, lifetime
}

// crc24 is the armor checksum of RFC 9580 section 6.1 as it is written in the armor.
func crc24(data []byte) string {
	crc := uint32(0xb704ce)
	for _, c := range data {
		crc ^= uint32(c) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return base64.StdEncoding.EncodeToString([]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)})
}
