package history

// paths numbers the paths that come up. Path 0 is the root.
type paths struct {
	names  []string // by number of name
	parent []uint32
	name   []uint32
	text   []string // "" until asked for
	number map[uint64]uint32
}

func newPaths(names []string) *paths {
	return &paths{names: names, parent: []uint32{0}, name: []uint32{0}, text: []string{""}, number: map[uint64]uint32{}}
}

// child returns the path of a name in a directory.
func (p *paths) child(dir, name uint32) uint32 {
	k := uint64(dir)<<32 | uint64(name)
	n, ok := p.number[k]
	if !ok {
		n = uint32(len(p.parent))
		p.number[k] = n
		p.parent, p.name, p.text = append(p.parent, dir), append(p.name, name), append(p.text, "")
	}
	return n
}

func (p *paths) string(path uint32) string {
	if p.text[path] == "" && path != 0 {
		size := -1
		for at := path; at != 0; at = p.parent[at] {
			size += 1 + len(p.names[p.name[at]])
		}
		b := make([]byte, size)
		for at := path; at != 0; at = p.parent[at] {
			size -= copy(b[size-len(p.names[p.name[at]]):], p.names[p.name[at]])
			if size > 0 {
				size--
				b[size] = '/'
			}
		}
		p.text[path] = string(b)
	}
	return p.text[path]
}

// split appends the names of a path to a list, the topmost first.
func (p *paths) split(path uint32, list []uint32) []uint32 {
	if path == 0 {
		return list
	}
	return append(p.split(p.parent[path], list), p.name[path])
}
