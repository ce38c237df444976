package pack

import "hash/crc32"

const (
	packHeaderLen = 12
	ofsDelta      = 6 // delta against an object earlier in the pack
	refDelta      = 7 // delta against an object named by id
)

// maxRatio is more than deflate can ever compress: 1032 to 1, and a few bytes of framing.
const maxRatio = 1032

// entryHeader is the start of a pack entry.
type entryHeader struct {
	kind    uint8  // a Type, ofsDelta or refDelta
	len     int    // bytes of the header: the zlib stream follows
	size    uint64 // bytes in the zlib stream
	base    uint64 // ofsDelta: offset of the base
	baseRef int    // refDelta: where in the entry the base's id is
}

func (h *entryHeader) isDelta() bool { return h.kind >= ofsDelta }

// parseEntryHeader reads the header of the entry that starts at offset off of its pack and with the first byte of b.
func parseEntryHeader(b []byte, off uint64, hashLen int) (h entryHeader, err error) {
	if len(b) == 0 {
		return h, errHeader
	}
	// Size: 4 bits, then 7 a byte, least significant first; the top bit says that more follow.
	c := b[0]
	h.kind, h.size, h.len = c>>4&7, uint64(c&15), 1
	for shift := 4; c&0x80 != 0; shift += 7 {
		if h.len == len(b) || shift > 56 {
			return h, errHeader
		}
		c = b[h.len]
		h.size |= uint64(c&0x7f) << shift
		h.len++
	}
	switch h.kind {
	case uint8(Commit), uint8(Tree), uint8(Blob), uint8(Tag):
	case ofsDelta:
		// Distance: 7 bits a byte, most significant first, plus one for each byte that follows.
		back := uint64(0)
		for i := 0; ; i++ {
			if h.len == len(b) || i > 7 {
				return h, errHeader
			}
			c = b[h.len]
			h.len++
			back = back<<7 | uint64(c&0x7f)
			if c&0x80 == 0 {
				break
			}
			back++
		}
		if back == 0 || back > off || off-back < packHeaderLen {
			return h, errBaseOffset
		}
		h.base = off - back
	case refDelta:
		h.baseRef = h.len
		if h.len += hashLen; h.len > len(b) {
			return h, errHeader
		}
	default:
		return h, errType
	}
	if h.size/maxRatio > uint64(len(b)-h.len) {
		return h, errLie
	}
	return h, nil
}

// entry returns the header of the entry at off, and the bytes from there on that can be the entry's.
func (p *packFile) entry(off uint64, hashLen int) (entryHeader, []byte, error) {
	if off < packHeaderLen || off >= p.end {
		return entryHeader{}, nil, errOffset
	}
	b := p.data[off:p.end]
	h, err := parseEntryHeader(b, off, hashLen)
	return h, b, err
}

// checkCRC compares the packed bytes of one entry with the checksum in the index. It runs at about 10 GB/s, and so costs a
// hundredth of what inflating them does.
func checkCRC(entry []byte, want uint32) error {
	if crc32.ChecksumIEEE(entry) != want {
		return errCRC
	}
	return nil
}
