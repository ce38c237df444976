package history

import "slices"

// differ compares what trees hold.
type differ struct {
	*signatures
	paths   *paths
	resolve func(label uint32, path string) []uint32
	creds   map[uint64][]uint32 // by label and path
}

// at returns the credentials that a label stands for at a path.
func (d *differ) at(label, path uint32) []uint32 {
	k := uint64(label)<<32 | uint64(path)
	creds, ok := d.creds[k]
	if !ok {
		creds = d.resolve(label, d.paths.string(path))
		d.creds[k] = creds
	}
	return creds
}

// minus calls emit for each credential and path that a tree of signature a holds and no tree of signature
// bs does. All of the trees are at a path.
func (d *differ) minus(path, a uint32, bs []uint32, emit func(cred, path uint32)) {
	if slices.Contains(bs, a) {
		return
	}
	var buf [4]cursor
	others := buf[:0]
	for _, b := range bs {
		if b != 0 {
			others = append(others, cursor{chunks: d.lists.get(b)})
		}
	}
	for _, c := range d.lists.get(a) {
		entries := d.signatures.chunks.get(c)
		if d.seekAll(others, entries[0].key(), c) {
			continue
		}
		for i, j := 0, 0; i < len(entries); i = j {
			for j = i + 1; j < len(entries) && entries[j].key() == entries[i].key(); j++ {
			}
			d.entryMinus(path, entries[i:j], others, emit)
		}
	}
}

// seekAll moves the cursors to a key, and reports whether one of them is then at the start of a given chunk.
func (d *differ) seekAll(cs []cursor, key, chunk uint32) bool {
	for i := range cs {
		c := &cs[i]
		c.seek(d.signatures, key)
		if c.at == 0 && len(c.chunks) > 0 && c.chunks[0] == chunk {
			return true
		}
	}
	return false
}

// entryMinus is minus for the entries of one key.
func (d *differ) entryMinus(path uint32, mine []entry, others []cursor, emit func(cred, path uint32)) {
	var buf [8]uint32
	theirs := buf[:0]
	key := mine[0].key()
	for i := range others {
		theirs = others[i].values(d.signatures, key, theirs)
	}
	for i, e := range mine {
		if slices.Contains(theirs, e.value()) {
			continue
		}
		below := d.paths.child(path, e.name())
		if e.dir() {
			d.minus(below, e.value(), theirs, emit)
			continue
		}
		for _, cred := range d.at(e.value(), below) {
			if !d.anyHolds(theirs, below, cred) && !d.anyEntryHolds(mine[:i], below, cred) {
				emit(cred, below)
			}
		}
	}
}

func (d *differ) anyHolds(labels []uint32, path, cred uint32) bool {
	for _, label := range labels {
		if slices.Contains(d.at(label, path), cred) {
			return true
		}
	}
	return false
}

func (d *differ) anyEntryHolds(entries []entry, path, cred uint32) bool {
	for _, e := range entries {
		if slices.Contains(d.at(e.value(), path), cred) {
			return true
		}
	}
	return false
}

// each calls emit for each credential and path that a tree of signature sig holds, except below what
// skip says.
func (d *differ) each(path, sig uint32, skip func(path, chunk uint32) bool, emit func(cred, path uint32)) {
	for _, c := range d.lists.get(sig) {
		if skip(path, c) {
			continue
		}
		for _, e := range d.signatures.chunks.get(c) {
			below := d.paths.child(path, e.name())
			if e.dir() {
				d.each(below, e.value(), skip, emit)
				continue
			}
			for _, cred := range d.at(e.value(), below) {
				emit(cred, below)
			}
		}
	}
}

// cursor is a position in a signature that only moves forward.
type cursor struct {
	chunks []uint32 // from the current one on
	at     int      // entries of it that are behind
}

// seek moves to the first entry with the key or a larger one.
func (c *cursor) seek(s *signatures, key uint32) {
	for len(c.chunks) > 0 {
		entries := s.chunks.get(c.chunks[0])
		if entries[len(entries)-1].key() >= key {
			for entries[c.at].key() < key {
				c.at++
			}
			return
		}
		c.chunks, c.at = c.chunks[1:], 0
	}
}

// values appends the values of the entries with the key.
func (c *cursor) values(s *signatures, key uint32, list []uint32) []uint32 {
	c.seek(s, key)
	if len(c.chunks) == 0 {
		return list
	}
	entries := s.chunks.get(c.chunks[0])
	for i := c.at; i < len(entries) && entries[i].key() == key; i++ {
		list = append(list, entries[i].value())
	}
	return list
}
