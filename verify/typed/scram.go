package typed

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
)

// scram proves to a server that the password is known, without sending it (RFC 5802, RFC 7677), as MongoDB wants it.
type scram struct {
	user, password string
	hash           func() hash.Hash
	nonce          string
	signature      []byte // that the server has to answer with
}

var (
	errNoSCRAM = errors.New("what was answered is not SCRAM")
	errNoProof = errors.New("the server does not know the password it claims to check")
	errNoASCII = errors.New("a password with other than ASCII characters is not supported here")
)

// newSCRAM begins a conversation. For SHA-1 MongoDB takes a digest in place of the password.
func newSCRAM(mechanism, user, password string) (*scram, string, error) {
	s := &scram{user: user, password: password, hash: sha256.New, nonce: rand.Text()}
	if mechanism == "SCRAM-SHA-1" {
		sum := md5.Sum([]byte(user + ":mongo:" + password))
		s.hash, s.password = sha1.New, hex.EncodeToString(sum[:])
		return s, mechanism, nil
	}
	// SASLprep leaves what is printable ASCII as it is.
	if strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, "", errNoASCII
	}
	return s, mechanism, nil
}

func (s *scram) bare() string {
	return "n=" + strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.user) + ",r=" + s.nonce
}

func (s *scram) first() string { return "n,," + s.bare() }

// The iterations a server may ask for. Fewer would give an impostor a proof that is quickly guessed at, more keep the
// processor busy.
const minIterations, maxIterations = 4096, 1_000_000

// final answers the server's first message with the proof.
func (s *scram) final(challenge string) (string, error) {
	fields := map[byte]string{}
	for f := range strings.SplitSeq(challenge, ",") {
		if len(f) > 1 && f[1] == '=' {
			fields[f[0]] = f[2:]
		}
	}
	salt, err := base64.StdEncoding.DecodeString(fields['s'])
	iterations, nErr := strconv.Atoi(fields['i'])
	if err != nil || nErr != nil || len(salt) == 0 || iterations < minIterations || iterations > maxIterations ||
		!strings.HasPrefix(fields['r'], s.nonce) || len(fields['r']) == len(s.nonce) {
		return "", errNoSCRAM
	}
	salted, err := pbkdf2.Key(s.hash, s.password, salt, iterations, s.hash().Size())
	if err != nil {
		return "", errNoSCRAM
	}
	final := "c=biws,r=" + fields['r']
	message := s.bare() + "," + challenge + "," + final
	client := s.mac(salted, "Client Key")
	h := s.hash()
	h.Write(client)
	proof := s.mac(h.Sum(nil), message)
	subtle.XORBytes(proof, proof, client)
	s.signature = s.mac(s.mac(salted, "Server Key"), message)
	return final + ",p=" + base64.StdEncoding.EncodeToString(proof), nil
}

// proves reports whether the server's last message shows that it knows the password as well. One that does not would
// let in anybody.
func (s *scram) proves(last string) bool {
	text, ok := strings.CutPrefix(last, "v=")
	text, _, _ = strings.Cut(text, ",")
	sum, err := base64.StdEncoding.DecodeString(text)
	return ok && err == nil && hmac.Equal(sum, s.signature)
}

func (s *scram) mac(key []byte, message string) []byte {
	m := hmac.New(s.hash, key)
	m.Write([]byte(message))
	return m.Sum(nil)
}
