package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// midx is a multi-pack-index: one index over several packs, as described in gitformat-pack(5). Only what a
// missing .idx file would have told is taken from it.
type midx struct {
	packs   []string // base names without extension, by pack number
	all     index    // objects of all packs; offsets is unused
	entries []byte   // 8 bytes an object: pack number, offset
}

var errMidxShort = errors.New("multi-pack-index is truncated")

// parseMidx reads a multi-pack-index file.
func parseMidx(data []byte, hashLen int) (*midx, error) {
	const headerLen, chunkLen = 12, 12
	if len(data) < headerLen+hashLen || string(data[:4]) != "MIDX" {
		return nil, errMidxShort
	}
	if data[4] != 1 && data[4] != 2 {
		return nil, fmt.Errorf("multi-pack-index has version %d: only 1 and 2 are known", data[4])
	}
	if hash := data[5]; (hash == 1) != (hashLen == 20) {
		return nil, fmt.Errorf("multi-pack-index is for hash %d", hash)
	}
	chunks, packs := int(data[6]), binary.BigEndian.Uint32(data[8:])
	body := data[:len(data)-hashLen]
	if len(body) < headerLen+(chunks+1)*chunkLen {
		return nil, errMidxShort
	}
	chunk := func(name string) []byte {
		for i := range chunks {
			row := data[headerLen+i*chunkLen:]
			from, to := binary.BigEndian.Uint64(row[4:]), binary.BigEndian.Uint64(row[4+chunkLen:])
			if string(row[:4]) == name && from <= to && to <= uint64(len(body)) {
				return body[from:to:to]
			}
		}
		return nil
	}
	fanout := chunk("OIDF")
	if len(fanout) != fanoutLen {
		return nil, errMidxShort
	}
	n, err := fanoutTotal(fanout)
	if err != nil {
		return nil, err
	}
	m := &midx{
		all:     index{n: n, hashLen: hashLen, ids: chunk("OIDL"), stride: hashLen, large: chunk("LOFF")},
		entries: chunk("OOFF"),
	}
	if len(m.all.ids)/hashLen != n || len(m.entries)/8 != n {
		return nil, errMidxShort
	}
	if err := m.all.checkOrder(); err != nil {
		return nil, err
	}
	names := chunk("PNAM")
	for range packs {
		name, rest, ok := bytes.Cut(names, []byte{0})
		if !ok {
			return nil, errMidxShort
		}
		base := string(name)
		m.packs = append(m.packs, strings.TrimSuffix(base, filepath.Ext(base)))
		names = rest
	}
	return m, nil
}

// indexOf makes an index of the objects that m says are in the pack of the given base name. Objects for
// which it names another pack are not in it.
func (m *midx) indexOf(pack string) (*index, bool) {
	number := -1
	for i, name := range m.packs {
		if name == pack {
			number = i
		}
	}
	if number < 0 {
		return nil, false
	}
	x := &index{hashLen: m.all.hashLen, stride: m.all.hashLen, stride4: 4, unique: m.all.unique}
	for i := range m.all.n {
		if int(binary.BigEndian.Uint32(m.entries[i*8:])) != number {
			continue
		}
		off := uint64(binary.BigEndian.Uint32(m.entries[i*8+4:]))
		if at := (off &^ (1 << 31)) * 8; off>>31 != 0 && at+8 <= uint64(len(m.all.large)) {
			off = binary.BigEndian.Uint64(m.all.large[at:])
		}
		x.ids = append(x.ids, m.all.id(i)...)
		x.offsets = binary.BigEndian.AppendUint32(x.offsets, 1<<31|uint32(x.n))
		x.large = binary.BigEndian.AppendUint64(x.large, off)
		x.n++
	}
	return x, true
}
