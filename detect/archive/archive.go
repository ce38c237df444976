// Package archive reads the members of archives that are in memory: zip and its family (jar, apk, whl, docx,
// nupkg), tar, gzip, bzip2, xz, zstd and rar, one in another. It is a pure library: bytes in, texts out, nothing
// is written to disk.
//
// Archives are hostile. All that is unpacked counts against one budget ([Limits]), whatever the archive says of
// itself, and memory is bounded by the largest member that is kept whole, for each level. The limits are
// amounts of work and no times, so that a text gives the same members on every machine. What a limit cuts off is
// told, and so is what is encrypted or broken. 7z is told and not read.
package archive

import (
	"bytes"
	"errors"
	"strings"
)

// A Format is a kind of archive.
type Format uint8

// The formats. Those from Gzip to Zstd hold one stream, which is not a level by itself if it is a tar.
const (
	None Format = iota
	Zip
	Tar
	Rar
	Gzip
	Bzip2
	Xz
	Zstd
	SevenZip // known, so that it can be told, and not read
)

// String returns the name that reports use.
func (f Format) String() string {
	return [...]string{"", "zip", "tar", "rar", "gzip", "bzip2", "xz", "zstd", "7z"}[f]
}

// sniffLen is how many bytes tell the format: a tar's header.
const sniffLen = 512

// Sniff returns the format of what begins with head, going by what stands in it and not by a name.
func Sniff(head []byte) Format {
	if len(head) < 4 {
		return None
	}
	switch head[0] {
	case 'P':
		if string(head[:4]) == "PK\x03\x04" || string(head[:4]) == "PK\x05\x06" {
			return Zip
		}
	case 0x1F:
		if head[1] == 0x8B && head[2] == 8 {
			return Gzip
		}
	case 'B':
		if len(head) > 10 && string(head[:3]) == "BZh" && string(head[4:10]) == "1AY&SY" {
			return Bzip2
		}
	case 0xFD:
		if bytes.HasPrefix(head, []byte("\xFD7zXZ\x00")) {
			return Xz
		}
	case 0x28:
		if string(head[:4]) == "\x28\xB5\x2F\xFD" {
			return Zstd
		}
	case '7':
		if bytes.HasPrefix(head, []byte("7z\xBC\xAF\x27\x1C")) {
			return SevenZip
		}
	case 'R':
		if bytes.HasPrefix(head, []byte("Rar!\x1A\x07")) {
			return Rar
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return Tar
	}
	return None
}

// Why says why something was not read.
type Why uint8

// The reasons.
const (
	Limit       Why = iota // a limit was reached
	Encrypted              // nobody can read it without the password
	Broken                 // it cannot be unpacked: cut off, or damaged
	Unsupported            // there is no reader for it
)

// Limits bound the work on one archive, all that is in it included.
type Limits struct {
	Depth   int   // archives within archives; 1: only the archive itself
	Members int   // at most so many are looked at
	Bytes   int64 // unpacked, of all members together. What is slow to unpack counts several times
	Member  int64 // bytes of one member: what is beyond is cut off
	Ratio   int64 // how often larger than packed a stream may become, from a megabyte on
}

// DefaultLimits are those for a file. A bomb costs about a second. Deflate reaches a ratio of 1032, and there are
// honest files that come near; what goes beyond is made to.
func DefaultLimits() Limits {
	return Limits{Depth: 4, Members: 20_000, Bytes: 256 << 20, Member: 32 << 20, Ratio: 1100}
}

// Visitor is told what is in an archive. Names are those within it, one in another: b.zip!c.
type Visitor interface {
	// Text is called for each member that is no archive. The data is valid until it returns.
	Text(name string, data []byte)
	// Skipped is called for what is not read, or for the rest of a member of which only the beginning is. An empty
	// name is the archive itself.
	Skipped(name string, why Why, detail string)
}

// Separator stands between the name of an archive and that of its member.
const Separator = "!"

// unnamed is a member of which is not said what it is called, as that of most compressed files.
const unnamed = "-"

// maxName bounds the names of members.
const maxName = 1 << 10

func join(outer, name string) string {
	name = strings.TrimPrefix(name, "./")
	if name == "" {
		name = unnamed
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	if outer == "" {
		return name
	}
	return outer + Separator + name
}

// The errors that end reading.
var (
	errBudget = errors.New("the budget for unpacking is used up")
	errRatio  = errors.New("it unpacks to far more than it is long")
)
