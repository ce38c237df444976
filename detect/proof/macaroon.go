package proof

import "encoding/binary"

// macaroon is a macaroon in the binary format, version 2 (libmacaroons,
// "doc/format.txt"): the byte 2, a section of fields for the macaroon itself, one for each
// caveat, an empty section, and the signature. A field is a type, a
// length and data, the numbers as varints; a section ends in a zero type.
type macaroon struct {
	location, identifier string
	caveats              [][]byte // identifiers of the caveats
}

const (
	macaroonEnd        = 0
	macaroonLocation   = 1
	macaroonIdentifier = 2
	macaroonVID        = 4
	macaroonSignature  = 6
)

// parseMacaroon reports false unless all of raw is one macaroon with a signature of 32 bytes.
func parseMacaroon(raw []byte) (macaroon, bool) {
	var m macaroon
	if len(raw) == 0 || raw[0] != 2 {
		return m, false
	}
	rest := raw[1:]
	head, rest, ok := macaroonSection(rest)
	if !ok || head.fields == 0 {
		return m, false
	}
	m.location, m.identifier = string(head.location), string(head.identifier)
	for {
		var caveat section
		if caveat, rest, ok = macaroonSection(rest); !ok {
			return m, false
		}
		if caveat.fields == 0 {
			break
		}
		m.caveats = append(m.caveats, caveat.identifier)
	}
	kind, signature, rest, ok := macaroonField(rest)
	return m, ok && kind == macaroonSignature && len(signature) == 32 && len(rest) == 0
}

type section struct {
	location, identifier []byte
	fields               int
}

func macaroonSection(b []byte) (s section, rest []byte, ok bool) {
	for {
		kind, data, next, ok := macaroonField(b)
		if !ok {
			return s, nil, false
		}
		b = next
		switch kind {
		case macaroonEnd:
			return s, b, true
		case macaroonLocation:
			s.location = data
		case macaroonIdentifier:
			s.identifier = data
		case macaroonVID:
		default:
			return s, nil, false
		}
		s.fields++
	}
}

func macaroonField(b []byte) (kind uint64, data, rest []byte, ok bool) {
	kind, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, nil, false
	}
	b = b[n:]
	if kind == macaroonEnd {
		return kind, nil, b, true
	}
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return 0, nil, nil, false
	}
	b = b[n:]
	return kind, b[:length], b[length:], true
}
