package pack

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sort"
)

// looseList is the ids of all loose objects and the directory each is in. It is sorted by id before use.
type looseList struct {
	hashLen int
	ids     []byte
	dirs    []uint16
}

func (l *looseList) Len() int        { return len(l.dirs) }
func (l *looseList) id(i int) []byte { return l.ids[i*l.hashLen:][:l.hashLen:l.hashLen] }
func (l *looseList) Less(i, j int) bool {
	c := bytes.Compare(l.id(i), l.id(j))
	return c < 0 || c == 0 && l.dirs[i] < l.dirs[j]
}

func (l *looseList) Swap(i, j int) {
	var tmp [32]byte
	copy(tmp[:], l.id(i))
	copy(l.id(i), l.id(j))
	copy(l.id(j), tmp[:l.hashLen])
	l.dirs[i], l.dirs[j] = l.dirs[j], l.dirs[i]
}

// listLoose adds the loose objects of the number'th objects directory. Files that are not named like an object are
// not objects (git leaves temporary ones).
func (s *Store) listLoose(number int, dir string) {
	there := looseDirs(dir)
	for first := range 256 {
		if !there[first] {
			continue
		}
		sub := filepath.Join(dir, hex.EncodeToString([]byte{byte(first)}))
		f, err := os.Open(sub)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var names []string
		if err == nil {
			names, err = f.Readdirnames(-1)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			s.fileProblem(sub, err)
			continue
		}
		for _, name := range names {
			rest, err := hex.DecodeString(name)
			if err != nil || len(rest) != s.hashLen-1 {
				continue
			}
			s.loose.ids = append(append(s.loose.ids, byte(first)), rest...)
			s.loose.dirs = append(s.loose.dirs, uint16(number))
		}
	}
	if number == len(s.dirs)-1 {
		sort.Sort(&s.loose)
	}
}

// looseDirs tells which of the 256 directories for loose objects may be there: after a repack few are, and opening one that is
// not takes as long as a look at all of them.
func looseDirs(dir string) (there [256]bool) {
	f, err := os.Open(dir)
	var names []string
	if err == nil {
		names, err = f.Readdirnames(-1)
		err = errors.Join(err, f.Close())
	}
	for _, name := range names {
		if b, err := hex.DecodeString(name); err == nil && len(b) == 1 {
			there[b[0]] = true
		}
	}
	for i := range there { // a directory that may not be listed may have some that can be opened
		there[i] = there[i] || err != nil
	}
	return there
}

// loosePath returns the file of the i-th loose object.
func (s *Store) loosePath(i int) string {
	name := hex.EncodeToString(s.loose.id(i))
	return filepath.Join(s.dirs[s.loose.dirs[i]], name[:2], name[2:])
}
