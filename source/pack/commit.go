package pack

import (
	"bytes"
	"errors"
	"strconv"
)

// CommitHeader is the part of a commit that links it to others.
type CommitHeader struct {
	Tree    ID
	Parents []ID
	Time    int64 // committer's clock, in seconds since 1970; 0 when it cannot be read
}

// errCommit says that a commit's bytes do not start as a commit must.
var errCommit = errors.New("malformed commit")

// ParseCommit reads the header of a commit object: a line "tree <hex>", a line "parent <hex>" for each
// parent, then "author", then "committer". A date that makes no sense is no error: git, too, takes
// it for 1970.
func ParseCommit(data []byte) (CommitHeader, error) {
	var c CommitHeader
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	id, ok := headerID(line, "tree ")
	if !ok {
		return c, errCommit
	}
	c.Tree = id
	for {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if !bytes.HasPrefix(line, []byte("parent ")) {
			break
		}
		id, ok := headerID(line, "parent ")
		if !ok {
			return c, errCommit
		}
		c.Parents = append(c.Parents, id)
	}
	for len(line) > 0 {
		if bytes.HasPrefix(line, []byte("committer ")) {
			c.Time = signatureTime(line)
			break
		}
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	return c, nil
}

func headerID(line []byte, key string) (ID, bool) {
	hex, ok := bytes.CutPrefix(line, []byte(key))
	if !ok {
		return "", false
	}
	id, err := ParseID(string(hex))
	return id, err == nil
}

// signatureTime reads the seconds of "… <mail> 1700000000 +0100". Names may hold anything, so the
// search is for the last '>'.
func signatureTime(line []byte) int64 {
	i := bytes.LastIndexByte(line, '>')
	if i < 0 {
		return 0
	}
	fields := bytes.Fields(line[i+1:])
	if len(fields) == 0 {
		return 0
	}
	t, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil || t < 0 {
		return 0
	}
	return t
}
