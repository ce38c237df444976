package proof

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // version 2 of the format uses it
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// puttyMark begins PuTTY's key files (PuTTY manual, appendix C), followed by the
// version.
const puttyMark = "PuTTY-User-Key-File-"

// puttyFile is a PuTTY key file taken apart.
type puttyFile struct {
	version, kind            string
	encryption, comment, mac string
	public, private          string // base64
}

// provePuTTY reads a PuTTY key file. If it is not encrypted its MAC, which then has a
// public key, is checked.
func provePuTTY(in input) Result {
	p := parsePuTTY(in.puttyText())
	if p.kind == "" || p.private == "" {
		return invalid("header without a body")
	}
	public, err1 := decode64(p.public)
	private, err2 := decode64(p.private)
	if err1 != nil || err2 != nil {
		return unknown("body is no base64")
	}
	k, err := sshPublic(public)
	if err != nil {
		return unknown("public key of an unknown kind")
	}
	k.comment = p.comment
	if p.encryption != "none" {
		k.encrypted, k.cipher = true, p.encryption
		return in.keyResult(k, nil)
	}
	k.consistent = p.macHolds(public, private)
	return in.keyResult(k, nil)
}

// puttyText is the secret, continued by the context if it lacks the MAC.
func (in input) puttyText() string {
	s := unwrap(in.secret)
	if strings.Contains(s, "Private-MAC:") {
		return s
	}
	if at := strings.Index(string(in.context), s); at >= 0 {
		return string(in.context[at:])
	}
	return s
}

func parsePuTTY(text string) puttyFile {
	var p puttyFile
	into, left := (*string)(nil), 0
	for line := range strings.Lines(unescape(text)) {
		line = strings.Trim(quoted(strings.TrimSpace(line)), " \t")
		if left > 0 && into != nil {
			*into += line
			left--
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if at := strings.Index(name, puttyMark); at >= 0 {
			p.version, p.kind = name[at+len(puttyMark):], value
			continue
		}
		switch name {
		case "Encryption":
			p.encryption = value
		case "Comment":
			p.comment = value
		case "Private-MAC":
			p.mac = value
		case "Public-Lines":
			into, left = &p.public, lines(value)
		case "Private-Lines":
			into, left = &p.private, lines(value)
		}
	}
	return p
}

// lines is a line count in a file, bounded: no key has a thousand lines.
func lines(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return min(n, 1000)
}

// macHolds checks the MAC of a file that is not encrypted: over type, encryption,
// comment and both keys, with a key that anyone can compute.
func (p *puttyFile) macHolds(public, private []byte) bool {
	want, err := hex.DecodeString(p.mac)
	if err != nil {
		return false
	}
	var data []byte
	for _, s := range [][]byte{[]byte(p.kind), []byte(p.encryption), []byte(p.comment), public, private} {
		data = sshString(data, s)
	}
	switch p.version {
	case "2":
		key := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		return hmac.Equal(want, hmacSum(sha1.New, key[:], data))
	case "3":
		return hmac.Equal(want, hmacSum(sha256.New, nil, data))
	}
	return false
}
