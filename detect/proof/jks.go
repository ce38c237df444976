package proof

import (
	"crypto/sha1" //nolint:gosec // the format's own digest
	"encoding/binary"
	"strings"
)

// Magic numbers of Java key stores.
const (
	jksMagic   = 0xfeedfeed
	jceksMagic = 0xcececece
)

// proveJKS reads a Java key store (JKS, or JCEKS up to its first secret key), as bytes or
// base64. Aliases and certificates stand in it in the clear, keys are
// always encrypted. The store's digest tells whether its password is empty.
//
// The format, as documented in OpenJDK's JavaKeyStore: magic, version, count; each
// entry a tag, an alias, a date and the key and its chain, or one
// certificate; SHA-1 of the password in UTF-16BE, "Mighty Aphrodite" and the store.
func proveJKS(in input) Result {
	data := []byte(unwrap(in.secret))
	if len(data) < 12+sha1.Size {
		return unknown("not a key store")
	}
	magic, version := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	if magic != jksMagic && magic != jceksMagic || version < 1 || version > 2 {
		return unknown("not a key store")
	}
	body := data[:len(data)-sha1.Size]
	r := jksReader{wire: wire{rest: body[12:]}, version: version}
	c := &container{}
	complete := r.entries(binary.BigEndian.Uint32(data[8:]), c)
	sum := sha1.Sum(append([]byte("Mighty Aphrodite"), body...))
	c.emptyPassword = string(sum[:]) == string(data[len(body):])
	if len(c.aliases) == 0 && !complete {
		return unknown("a key store, cut short or damaged")
	}
	return in.until(c.expires(), valid(c.detail(), c.facts()...))
}

type jksReader struct {
	wire
	version uint32
}

// entries reads up to n entries into c; false if it had to stop before the end.
func (r *jksReader) entries(n uint32, c *container) bool {
	for range min(n, maxBags) {
		tag := r.uint32()
		alias := r.utf()
		r.take(8) // date
		if r.bad {
			return false
		}
		switch tag {
		case 1:
			r.string() // the encrypted key
			c.encryptedKeys++
			for range min(r.uint32(), maxBags) {
				r.certificate(c)
			}
		case 2:
			r.certificate(c)
		default: // JCEKS secret keys are Java objects, whose length is not told
			c.otherBags++
			return false
		}
		if r.bad {
			return false
		}
		c.aliases = append(c.aliases, alias)
	}
	return true
}

func (r *jksReader) certificate(c *container) {
	if r.version == 2 {
		r.utf() // type
	}
	if der := r.string(); !r.bad {
		c.cert(der)
	}
}

func (r *jksReader) take(n int) []byte {
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *jksReader) utf() string {
	head := r.take(2)
	if head == nil {
		return ""
	}
	return strings.ToValidUTF8(string(r.take(int(binary.BigEndian.Uint16(head)))), "")
}
