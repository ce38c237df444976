package proof

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// provePrivateKey reads the first private key of the secret in any armor:
// PKCS#1, PKCS#8, SEC 1, DSA, OpenSSH, OpenPGP and PuTTY files, plain or
// encrypted. A certificate in the context that has the same public key is named.
func provePrivateKey(in input) Result {
	text := in.text()
	if strings.Contains(text, puttyMark) {
		return provePuTTY(in)
	}
	list := blocks(text)
	at := slices.IndexFunc(list, isPrivateKey)
	if at < 0 {
		if _, err := derLength([]byte(text)); err == nil { // DER or its base64
			return in.keyResult(parseDERKey([]byte(text)))
		}
		return unknown("no private key in it")
	}
	b := list[at]
	if b.label == pgpLabel {
		return provePGP(in)
	}
	if r, bad := b.placeholder(); bad {
		return r
	}
	data, err := b.data()
	if err != nil {
		return b.unreadable("body is no base64")
	}
	if b.procType != "" {
		return b.proveLegacy(data)
	}
	k, err := keyInfo{}, errNotKey
	if b.label == "OPENSSH PRIVATE KEY" {
		k, err = parseOpenSSH(data)
	} else {
		k, err = parseDERKey(data)
	}
	if err != nil {
		return b.misfit(data)
	}
	return in.keyResult(k, nil)
}

func isPrivateKey(b block) bool { return strings.Contains(b.label, "PRIVATE KEY") }

// keyResult reports a key that was read.
func (in input) keyResult(k keyInfo, err error) Result {
	if err != nil {
		return unknown("not a key of a known form")
	}
	f := k.facts()
	if k.spki != nil {
		f.add("certificate", in.fittingCertificate(k.spki))
	}
	switch {
	case k.encrypted:
		return valid("a private key, encrypted with a passphrase", f...)
	case k.consistent:
		return valid("a private key, not encrypted", f...)
	default:
		return unknown("a private key whose numbers could not be checked", f...)
	}
}

// minBody is less than the base64 characters that the smallest private key takes.
const minBody = 48

// placeholder reports bodies that cannot be a key: none, too short, or of hardly any
// different characters.
func (b *block) placeholder() (Result, bool) {
	switch {
	case b.body == "":
		return invalid("header without a body"), true
	case len(b.body) < minBody && (b.complete || b.marked):
		return invalid("body is too short for a key"), true
	case distinct(b.body) < 12 && len(b.body) >= minBody:
		return invalid("body is a placeholder"), true
	}
	return Result{}, false
}

func distinct(s string) int {
	var seen [256]bool
	n := 0
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			n++
		}
	}
	return n
}

// unreadable is the result for a body that does not parse: invalid only if
// a person visibly abridged it.
func (b *block) unreadable(detail string) Result {
	if b.marked {
		return invalid("body is abridged or invented")
	}
	return unknown(detail)
}

// misfit judges a body that is base64 of no key. DER says how long it is,
// so that a text cut short can be told from one invented.
func (b *block) misfit(data []byte) Result {
	if b.label == "OPENSSH PRIVATE KEY" {
		if strings.HasPrefix(string(data), openSSHMagic) {
			return b.unreadable("a key file, cut short or damaged")
		}
		return invalid("body is no key file")
	}
	want, err := derLength(data)
	switch {
	case err != nil && knownDERLabel(b.label):
		return invalid("body is no key file")
	case err == nil && len(data) < want/2 && b.complete:
		return invalid("body is abridged")
	case err == nil && len(data) < want:
		return b.unreadable("a key file, cut short")
	}
	return b.unreadable("not a key of a known form")
}

func knownDERLabel(label string) bool {
	switch label {
	case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return true
	}
	return false
}

// proveLegacy judges a key encrypted by the headers of RFC 1421 as OpenSSL
// writes them: the cipher's name, its initialization vector, and whole cipher blocks.
func (b *block) proveLegacy(data []byte) Result {
	name, ivText, _ := strings.Cut(b.dekInfo, ",")
	iv, err := hex.DecodeString(ivText)
	if !strings.HasPrefix(b.procType, "4,ENCRYPTED") || err != nil || len(iv) == 0 {
		return b.unreadable("encryption headers are damaged")
	}
	var f facts
	kind, _, _ := strings.Cut(b.label, " ")
	if kind != "PRIVATE" {
		f.add("key", kind)
	}
	f.add("encrypted", "yes")
	f.add("cipher", name)
	block := 16
	if strings.HasPrefix(name, "DES") {
		block = 8
	}
	if len(data)%block != 0 || len(iv) < 8 {
		return unknown("an encrypted private key, cut short or damaged", f...)
	}
	return valid("a private key, encrypted with a passphrase", f...)
}

// openSSHMagic begins the file format of OpenSSH's PROTOCOL.key.
const openSSHMagic = "openssh-key-v1\x00"

// wire reads the data types of RFC 4251 section 5. After an error all
// further reads return nothing.
type wire struct {
	rest []byte
	bad  bool
}

func (w *wire) uint32() uint32 {
	if len(w.rest) < 4 {
		w.bad, w.rest = true, nil
		return 0
	}
	n := uint32(w.rest[0])<<24 | uint32(w.rest[1])<<16 | uint32(w.rest[2])<<8 | uint32(w.rest[3])
	w.rest = w.rest[4:]
	return n
}

func (w *wire) string() []byte {
	n := w.uint32()
	if uint64(n) > uint64(len(w.rest)) {
		w.bad, w.rest = true, nil
		return nil
	}
	s := w.rest[:n]
	w.rest = w.rest[n:]
	return s
}

// parseOpenSSH reads an OpenSSH key file (PROTOCOL.key): cipher, key derivation, public key,
// and a private part that says nothing if encrypted.
func parseOpenSSH(data []byte) (keyInfo, error) {
	body, ok := strings.CutPrefix(string(data), openSSHMagic)
	if !ok {
		return keyInfo{}, errNotKey
	}
	w := wire{rest: []byte(body)}
	cipherName, kdf := string(w.string()), string(w.string())
	w.string() // options of the key derivation
	keys := w.uint32()
	public := w.string()
	private := w.string()
	if w.bad || keys == 0 {
		return keyInfo{}, errNotKey
	}
	k, err := sshPublic(public)
	if err != nil {
		return keyInfo{}, err
	}
	if cipherName != "none" {
		k.encrypted, k.consistent, k.cipher = true, true, cipherName+", "+kdf
		return k, nil
	}
	k.readPrivate(private, public)
	return k, nil
}

// readPrivate reads the private part of a file that is not encrypted: two equal
// numbers, the key, the comment, and padding 1, 2, 3 …
func (k *keyInfo) readPrivate(private, public []byte) {
	w := wire{rest: private}
	if first, second := w.uint32(), w.uint32(); first != second {
		return
	}
	kind := string(w.string())
	for range sshPrivateFields(kind) {
		w.string()
	}
	if strings.HasPrefix(kind, "sk-") { // a flags byte stands between application and handle
		return
	}
	comment := w.string()
	if w.bad || len(w.rest) > 255 {
		return
	}
	for i, c := range w.rest {
		if int(c) != i+1 {
			return
		}
	}
	k.comment = string(comment)
	p := wire{rest: public}
	k.consistent = string(p.string()) == kind
}

// sshPrivateFields is the number of strings between the name of a private key's type and
// the comment.
func sshPrivateFields(kind string) int {
	switch {
	case kind == "ssh-rsa":
		return 6 // n, e, d, iqmp, p, q
	case kind == "ssh-dss":
		return 5 // p, q, g, y, x
	case kind == "ssh-ed25519":
		return 2 // public, private
	case strings.HasPrefix(kind, "ecdsa-sha2-"):
		return 3 // curve, public, private
	}
	return 0
}

// sshPublic names a public key in SSH wire format.
func sshPublic(blob []byte) (keyInfo, error) {
	w := wire{rest: blob}
	kind := string(w.string())
	k := keyInfo{}
	switch {
	case kind == "ssh-rsa":
		e, n := w.string(), w.string()
		k = rsaInfo(bigInt(n), bigInt(e), one, one)
	case kind == "ssh-dss":
		k.kind = "DSA " + strconv.Itoa(bigInt(w.string()).BitLen())
	case kind == "ssh-ed25519":
		k = ed25519Info(w.string())
	case strings.HasPrefix(kind, "ecdsa-sha2-nistp"):
		w.string()
		k = ecPublicInfo(kind, w.string())
	case strings.HasPrefix(kind, "sk-ssh-ed25519"):
		k.kind = "Ed25519 on a security key"
	case strings.HasPrefix(kind, "sk-ecdsa-sha2"):
		k.kind = "ECDSA P-256 on a security key"
	default:
		return keyInfo{}, errNotKey
	}
	if w.bad {
		return keyInfo{}, errNotKey
	}
	k.ssh, k.consistent = blob, false
	return k, nil
}

// puttyMark begins PuTTY's key files (PuTTY manual, appendix C), followed by the
// version.
const puttyMark = "PuTTY-User-Key-File-"

// puttyFile is a PuTTY key file taken apart.
type puttyFile struct {
	version, kind                  string
	encryption, comment, mac       string
	public, private                string // base64
	publicComplete, privateClosing bool
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

// String keeps a puttyFile's private part out of messages.
func (p puttyFile) String() string {
	return fmt.Sprintf("PuTTY key file version %s, %s", p.version, p.kind)
}
