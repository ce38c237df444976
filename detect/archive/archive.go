// Package archive reads the members of archives that are in memory: zip and its family (jar, apk, whl, docx,
// nupkg), 7z, tar, gzip, bzip2, xz, zstd and rar, one in another. It is a pure library: bytes in, texts out, nothing
// is written to disk.
//
// Archives are hostile. All that is unpacked counts against one budget ([Limits]), whatever the archive says of
// itself. Members are unpacked as streams, and long ones are given in pieces ([Piece]); what must be in memory as a
// whole, such as a zip within a zip, has a limit for all levels together. The limits are amounts of work and no times,
// so that a text gives the same members on every machine. What a limit cuts off is told, and so is what is encrypted
// or broken.
package archive

import (
	"bytes"
	"errors"
	"strconv"
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
	SevenZip
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
		if bytes.HasPrefix(head, []byte(sevenSignature)) {
			return SevenZip
		}
	case 'R':
		if bytes.HasPrefix(head, []byte("Rar!\x1A\x07")) {
			return Rar
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" || isOldTar(head) {
		return Tar
	}
	return None
}

// isOldTar reports whether head is the header of a tar as it was before POSIX: it has no mark, but its checksum is right.
func isOldTar(head []byte) bool {
	if len(head) < sniffLen || head[0] == 0 || head[156] != 0 && (head[156] < '0' || head[156] > '2') {
		return false
	}
	for _, end := range [...]int{107, 115, 123} { // of the numbers before the size
		if head[end] != 0 && head[end] != ' ' {
			return false
		}
	}
	want, err := strconv.ParseUint(string(bytes.Trim(head[148:156], " \x00")), 8, 32)
	if err != nil {
		return false
	}
	sum := uint64(8 * ' ') // the checksum counts as spaces
	for i, c := range head[:sniffLen] {
		if i < 148 || i >= 156 {
			sum += uint64(c)
		}
	}
	return sum == want
}

// SniffWhole is Sniff for all of a file, and sees a zip archive behind a program that opens it, too: a zipapp of Python
// or an executable jar.
func SniffWhole(data []byte) Format {
	format := Sniff(data)
	if format == None && isProgram(data) && len(data) > zipEndLen && string(data[len(data)-zipEndLen:][:4]) == zipEnd {
		if dir, base, err := zipDirectory(data); err == nil {
			if m, _, ok := parseZipEntry(dir); ok {
				if _, ok := m.data(data, base); ok {
					return Zip
				}
			}
		}
	}
	return format
}

func isProgram(head []byte) bool {
	return bytes.HasPrefix(head, []byte("#!")) || bytes.HasPrefix(head, []byte("MZ")) || bytes.HasPrefix(head, []byte("\x7FELF"))
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
	// Growth is by how many bytes the limit on Bytes rises for each byte of the archive, and by how many in each kilobyte
	// that on Members: what is large itself is more work to read, and none of it was made up.
	Growth int64
	Memory int64 // bytes kept at one time of what can only be read as a whole, and dictionaries
	Ratio  int64 // how often larger than packed a stream may become, from a megabyte on
}

// DefaultLimits are those for a file. A bomb costs about two seconds, or a tenth of a second for each megabyte that it is long
// itself. Deflate reaches a ratio of 1032, and there are honest files that come near; what goes beyond is made to.
func DefaultLimits() Limits {
	return Limits{Depth: 4, Members: 20_000, Bytes: 512 << 20, Growth: 32, Memory: 64 << 20, Ratio: 1100}
}

// Visitor is told what is in an archive. Names are those within it, one in another: b.zip!c.
type Visitor interface {
	// Member is called for each member, whatever becomes of it, before anything else is told of it.
	Member(name string)
	// Text is called for each member that is no archive, and for a long one several times, in order. The data is valid
	// until it returns.
	Text(name string, piece Piece)
	// Skipped is called for what is not read, or for the rest of a member of which only the beginning is. An empty
	// name is the archive itself.
	Skipped(name string, why Why, detail string)
}

// Piece is a member, or a part of one that is too long to be in memory.
type Piece struct {
	// Data is the text of the piece, Data[Lo:Hi], and some of what stands before and behind it, which is that of the
	// neighbours. So what begins in a piece and is no longer than [Margin] can be seen whole, with as much before it.
	Data   []byte
	Lo, Hi int
	// At is where Data begins in the member.
	At int64
}

// Whole reports whether the piece is the whole member.
func (p *Piece) Whole() bool { return p.At == 0 && p.Lo == 0 && p.Hi == len(p.Data) }

// Next returns where in Data that of the next piece begins: at whole characters, also in UTF-16 and UTF-32.
func (p *Piece) Next() int { return (p.Hi - Margin) &^ 3 }

// The size of pieces, and how much of a neighbour each of them shows.
const (
	maxPiece = 32 << 20
	Margin   = 2 << 20
)

// Separator stands between the name of an archive and that of its member.
const Separator = "!"

// Unnamed is a member of which is not said what it is called, as that of most compressed files.
const Unnamed = "-"

// maxName bounds the names of members.
const maxName = 1 << 10

func join(outer, name string) string {
	name = strings.TrimPrefix(name, "./")
	if name == "" {
		name = Unnamed
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
	errMemory = errors.New("it needs more memory to be read than is given")
)
