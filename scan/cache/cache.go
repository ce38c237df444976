// Package cache keeps, from one scan of a repository's history to the next, what need not be found out again. Packs
// never change, and an object's id says what is in it.
//
// # What is kept
//
// [Objects]: which blobs have been scanned, how large they are, and in which of them a rule matched. Whatever
// becomes of the repository (new commits, gc, other refs), a blob that was scanned and has no match needs no
// second look.
//
// [Places]: the outcome of a whole scan: where matches stand, which commits introduced, last held and removed
// them, and the coverage. It holds for one state of the repository only: the same files with objects, the
// same refs.
//
// What is not kept is any secret, or anything made from one. A match is known by the object it stands in, its
// number among the matches there and the position of its first byte; to say more, the scan reads the object again, near the
// positions where matches stand.
//
// # When it holds
//
// Both are found by a [Key], a digest of everything that the verdict on a text depends on: the program, the rules,
// the options, and the repository's own place, so that no repository can say anything about objects of another. Places also
// carry a digest of the state they are about, which must be that of the repository. Whatever is not exactly as
// expected counts as not there. So a cache is never wrong about a text that it was right about once; deleting
// it, or any file of it, costs time only.
//
// # Files
//
// A cache is a directory with one file for each thing kept: the first 32 hexadecimal digits of its key, then
// ".objects" or ".places". A file is
//
//	magic    8 bytes  "straycac"
//	version  1 byte   3
//	kind     1 byte   'o' or 'p'
//	key     32 bytes
//	state   32 bytes  of a file of kind 'p'; zeros otherwise
//	payload
//	sum     32 bytes  SHA-256 of all before
//
// where the payload is as [Objects] and [Places] say. Numbers are unsigned varints, except where a width is given; those are
// big endian. Texts are a number of bytes, then these. Files are written under another name and renamed, so that
// readers and other writers never meet half a file. The directory is for its owner only: what others can write
// is not believed, as it could make a scan pass over what they want hidden.
//
// Files that have not been used for [MaxAge] are removed, and the oldest ones when all are larger than [MaxBytes].
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// MaxBytes is how large all files of a cache may be together.
	MaxBytes = 1 << 30
	// MaxAge is how long a file is kept that is not used.
	MaxAge = 90 * 24 * time.Hour

	maxFile  = MaxBytes / 4
	tempName = "unfinished-"
	tempAge  = time.Hour
)

// Key names a thing kept.
type Key [sha256.Size]byte

// State is a digest of what Places are about.
type State [sha256.Size]byte

// Dir is a cache. Any number of processes may use one at the same time.
type Dir struct{ path string }

// Open returns the cache in a directory. It is created when something is stored.
func Open(path string) *Dir { return &Dir{path} }

// Objects returns what was stored for a key, if it is there and sound, and of ids of so many bytes.
func (d *Dir) Objects(k Key, hashLen int) (*Objects, bool) {
	payload, ok := d.load(kindObjects, k, State{})
	if !ok {
		return nil, false
	}
	o, err := parseObjects(payload, hashLen)
	return o, err == nil
}

// Places returns what was stored for a key and the same state, if it is there and sound.
func (d *Dir) Places(k Key, s State) (*Places, bool) {
	payload, ok := d.load(kindPlaces, k, s)
	if !ok {
		return nil, false
	}
	p, err := parsePlaces(payload)
	return p, err == nil
}

// StoreObjects keeps o in place of what was stored for the key before.
func (d *Dir) StoreObjects(k Key, o *Objects) error {
	return d.store(kindObjects, k, State{}, o.append(nil))
}

// StorePlaces keeps p in place of what was stored for the key before, whatever the state was.
func (d *Dir) StorePlaces(k Key, s State, p *Places) error {
	return d.store(kindPlaces, k, s, p.append(nil))
}

const (
	kindObjects = 'o'
	kindPlaces  = 'p'

	magic     = "straycac\x03"
	headerLen = len(magic) + 1 + 2*sha256.Size
)

func header(kind byte, k Key, s State) []byte {
	h := append(make([]byte, 0, headerLen), magic...)
	h = append(h, kind)
	h = append(h, k[:]...)
	return append(h, s[:]...)
}

func (d *Dir) file(kind byte, k Key) string {
	extension := ".objects"
	if kind == kindPlaces {
		extension = ".places"
	}
	return filepath.Join(d.path, hex.EncodeToString(k[:16])+extension)
}

// load returns the payload of a file.
func (d *Dir) load(kind byte, k Key, s State) ([]byte, bool) {
	name := d.file(kind, k)
	if trusted(d.path, fs.ModeDir) != nil || trusted(name, 0) != nil {
		return nil, false
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, false
	}
	payload, ok := open(data, kind, k, s)
	if ok {
		touch(name)
	}
	return payload, ok
}

// Touch has the Objects of a key count as used, though they were not needed.
func (d *Dir) Touch(k Key) { touch(d.file(kindObjects, k)) }

// touch has a file pruned later than those that are not used. On a read-only file system nothing is pruned.
func touch(name string) {
	now := time.Now()
	_ = os.Chtimes(name, now, now)
}

// open checks a file and returns its payload.
func open(data []byte, kind byte, k Key, s State) ([]byte, bool) {
	if len(data) < headerLen+sha256.Size || string(data[:headerLen]) != string(header(kind, k, s)) {
		return nil, false
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if want := sha256.Sum256(body); string(sum) != string(want[:]) {
		return nil, false
	}
	return body[headerLen:], true
}

// trusted returns an error unless a file or directory is there, of a size that is read, and nobody but its owner, who is the
// user or root, can write to it.
func trusted(name string, typ fs.FileMode) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case info.Mode().Type() != typ:
		return fmt.Errorf("%s is not what it should be: %s", name, info.Mode())
	case typ == 0 && info.Size() > maxFile:
		return fmt.Errorf("%s is too large", name)
	case !ownedByUser(info):
		return fmt.Errorf("%s can be written to by others; choose another directory or make it yours alone (chmod 700)", name)
	}
	return nil
}

func (d *Dir) store(kind byte, k Key, s State, payload []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write to the cache: %w", err)
		}
	}()
	if len(payload) > maxFile-headerLen-sha256.Size {
		return fmt.Errorf("%d bytes are too many", len(payload))
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	if err := trusted(d.path, fs.ModeDir); err != nil {
		return err
	}
	temp, err := os.CreateTemp(d.path, tempName) // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	data := append(header(kind, k, s), payload...)
	sum := sha256.Sum256(data)
	_, err = temp.Write(append(data, sum[:]...))
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err = os.Rename(temp.Name(), d.file(kind, k)); err != nil {
		return err
	}
	d.prune(time.Now())
	return nil
}

// prune removes what is too old or too much. What cannot be removed stays.
func (d *Dir) prune(now time.Time) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		age := now.Sub(info.ModTime())
		switch {
		case strings.HasPrefix(e.Name(), tempName):
			if age > tempAge {
				_ = os.Remove(filepath.Join(d.path, e.Name()))
			}
		case isOurs(e.Name()):
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	total := int64(0)
	for _, info := range files {
		total += info.Size()
		if total > MaxBytes || now.Sub(info.ModTime()) > MaxAge {
			_ = os.Remove(filepath.Join(d.path, info.Name()))
		}
	}
}

// isOurs tells files of a cache from others, which somebody may have in the directory that a user names.
func isOurs(name string) bool {
	base, extension, _ := strings.Cut(name, ".")
	_, err := hex.DecodeString(base)
	return err == nil && len(base) == 32 && (extension == "objects" || extension == "places")
}
