package proof

import (
	"crypto/ecdh"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

// openSSHMagic begins the file format of OpenSSH's PROTOCOL.key.
const openSSHMagic = "openssh-key-v1\x00"

// wire reads the data types of RFC 4251 section 5. After an error all
// further reads return nothing.
type wire struct {
	rest []byte
	bad  bool
}

func (w *wire) uint32() uint32 {
	if len(w.rest) < 4 {
		w.bad, w.rest = true, nil
		return 0
	}
	n := uint32(w.rest[0])<<24 | uint32(w.rest[1])<<16 | uint32(w.rest[2])<<8 | uint32(w.rest[3])
	w.rest = w.rest[4:]
	return n
}

func (w *wire) string() []byte {
	n := w.uint32()
	if uint64(n) > uint64(len(w.rest)) {
		w.bad, w.rest = true, nil
		return nil
	}
	s := w.rest[:n]
	w.rest = w.rest[n:]
	return s
}

// parseOpenSSH reads an OpenSSH key file (PROTOCOL.key): cipher, key derivation, public key,
// and a private part that says nothing if encrypted.
func parseOpenSSH(data []byte) (keyInfo, error) {
	body, ok := strings.CutPrefix(string(data), openSSHMagic)
	if !ok {
		return keyInfo{}, errNotKey
	}
	w := wire{rest: []byte(body)}
	cipherName, kdf := string(w.string()), string(w.string())
	w.string() // options of the key derivation
	keys := w.uint32()
	public := w.string()
	private := w.string()
	if w.bad || keys == 0 {
		return keyInfo{}, errNotKey
	}
	k, err := sshPublic(public)
	if err != nil {
		return keyInfo{}, err
	}
	if cipherName != "none" {
		k.encrypted, k.consistent, k.cipher = true, true, cipherName+", "+kdf
		return k, nil
	}
	k.readPrivate(private, public)
	return k, nil
}

// readPrivate reads the private part of a file that is not encrypted: two equal
// numbers, the key, the comment, and padding 1, 2, 3 …
func (k *keyInfo) readPrivate(private, public []byte) {
	w := wire{rest: private}
	if first, second := w.uint32(), w.uint32(); first != second {
		return
	}
	kind := string(w.string())
	for range sshPrivateFields(kind) {
		w.string()
	}
	if strings.HasPrefix(kind, "sk-") { // a flags byte stands between application and handle
		return
	}
	comment := w.string()
	if w.bad || len(w.rest) > 255 {
		return
	}
	for i, c := range w.rest {
		if int(c) != i+1 {
			return
		}
	}
	k.comment = string(comment)
	p := wire{rest: public}
	k.consistent = string(p.string()) == kind
}

// sshPrivateFields is the number of strings between the name of a private key's type and
// the comment.
func sshPrivateFields(kind string) int {
	switch {
	case kind == "ssh-rsa":
		return 6 // n, e, d, iqmp, p, q
	case kind == "ssh-dss":
		return 5 // p, q, g, y, x
	case kind == "ssh-ed25519":
		return 2 // public, private
	case strings.HasPrefix(kind, "ecdsa-sha2-"):
		return 3 // curve, public, private
	}
	return 0
}

// sshPublic names a public key in SSH wire format.
func sshPublic(blob []byte) (keyInfo, error) {
	w := wire{rest: blob}
	kind := string(w.string())
	k := keyInfo{}
	switch {
	case kind == "ssh-rsa":
		e, n := w.string(), w.string()
		k = rsaInfo(bigInt(n), bigInt(e), new(big.Int), new(big.Int))
	case kind == "ssh-dss":
		k.kind = "DSA " + strconv.Itoa(bigInt(w.string()).BitLen())
	case kind == "ssh-ed25519":
		k = ed25519Info(w.string())
	case strings.HasPrefix(kind, "ecdsa-sha2-nistp"):
		w.string()
		k = ecPublicInfo(kind, w.string())
	case strings.HasPrefix(kind, "sk-ssh-ed25519"):
		k.kind = "Ed25519 on a security key"
	case strings.HasPrefix(kind, "sk-ecdsa-sha2"):
		k.kind = "ECDSA P-256 on a security key"
	default:
		return keyInfo{}, errNotKey
	}
	if w.bad {
		return keyInfo{}, errNotKey
	}
	k.ssh, k.consistent = blob, false
	return k, nil
}

// ecPublicInfo names an ECDSA public key whose SSH type is kind.
func ecPublicInfo(kind string, point []byte) keyInfo {
	var k keyInfo
	for _, c := range [...]struct {
		ssh, name string
		oid       asn1.ObjectIdentifier
		std       ecdh.Curve
	}{
		{"nistp256", "P-256", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, ecdh.P256()},
		{"nistp384", "P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, ecdh.P384()},
		{"nistp521", "P-521", asn1.ObjectIdentifier{1, 3, 132, 0, 35}, ecdh.P521()},
	} {
		if kind != "ecdsa-sha2-"+c.ssh {
			continue
		}
		k.kind = "ECDSA " + c.name
		if _, err := c.std.NewPublicKey(point); err != nil {
			return k
		}
		if params, err := asn1.Marshal(c.oid); err == nil {
			k.spki = marshalSPKI(oidEC, asn1.RawValue{FullBytes: params}, point)
		}
	}
	return k
}

// sshWire writes strings in the format of RFC 4251 section 5, the first being the
// name of the key type.
func sshWire(kind string, fields ...[]byte) []byte {
	out := sshString(nil, []byte(kind))
	for _, f := range fields {
		out = sshString(out, f)
	}
	return out
}

func sshString(out, s []byte) []byte {
	return append(binary.BigEndian.AppendUint32(out, uint32(len(s))), s...)
}

func mpint(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) > 0 && b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}
