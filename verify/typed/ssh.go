package typed

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// openSSH tries a private key at the accounts that the user configured.
type openSSH struct{ Config }

var (
	errNoSSHHost = errors.New("no host is configured that SSH keys are tried at")
	errEncrypted = errors.New("the private key is encrypted")
	errNoKey     = errors.New("the private key cannot be read")
)

// Targets implements [verify.Check].
func (s openSSH) Targets(c *verify.Credential) ([]verify.Target, error) {
	if len(s.SSHHosts) == 0 {
		return nil, errNoSSHHost
	}
	if _, err := signer(c); err != nil {
		return nil, err
	}
	var out []verify.Target
	for _, h := range s.SSHHosts {
		_, host, err := userAt(h)
		if err != nil {
			return nil, err
		}
		out = append(out, verify.Target{Host: host, Named: true})
	}
	return out, nil
}

// Principal implements [verify.Principaler]. The account is the same for all keys, and none is locked for a key that it
// does not know; it is the key that is tried once.
func (s openSSH) Principal(c *verify.Credential) string {
	key, err := signer(c)
	if err != nil {
		return ""
	}
	return ssh.FingerprintSHA256(key.PublicKey())
}

// Ask implements [verify.Check]. The first account that lets the key in decides.
func (s openSSH) Ask(ctx context.Context, n *guard.Network, c *verify.Credential) verify.Answer {
	key, err := signer(c)
	if err != nil {
		return notCheckable(err)
	}
	if len(s.SSHHosts) == 0 {
		return notCheckable(errNoSSHHost)
	}
	last := verify.Answer{}
	for _, h := range s.SSHHosts {
		user, host, err := userAt(h)
		if err != nil {
			return notCheckable(err)
		}
		last = s.ask(ctx, n, user, host, key)
		last.Host = host
		if last.Verdict == verdict.Active || ctx.Err() != nil {
			break
		}
	}
	return last
}

func (s openSSH) ask(ctx context.Context, n *guard.Network, user, host string, key ssh.Signer) verify.Answer {
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	hostKey, note := s.SSHHostKey, ""
	if hostKey == nil {
		hostKey, note = ssh.InsecureIgnoreHostKey(), "the key of the host was not checked"
	}
	offered := false
	config := &ssh.ClientConfig{
		User: user,
		Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) {
			offered = true
			return []ssh.Signer{key}, nil
		})},
		HostKeyCallback: func(name string, remote net.Addr, k ssh.PublicKey) error {
			if hostKey(name, remote, k) != nil {
				return errHostKey
			}
			return nil
		},
		ClientVersion: "SSH-2.0-straykey",
	}
	conn, chans, reqs, err := ssh.NewClientConn(c, host, config)
	if err != nil {
		switch {
		case errors.Is(err, errHostKey):
			return verify.Undecided(errHostKey.Error())
		case offered && strings.Contains(err.Error(), "unable to authenticate"):
			return verify.Undecided("no configured host lets the key in")
		}
		return trouble(err)
	}
	go ssh.DiscardRequests(reqs)
	go func() {
		for ch := range chans {
			_ = ch.Reject(ssh.Prohibited, "") // the server may ask for nothing here
		}
	}()
	_ = conn.Close() // whether the goodbye arrives changes nothing
	out := answer(verdict.Active, "%s", note)
	out.Principal = user
	return out
}

var errHostKey = errors.New("the key of the host is not the one that is known")

// userAt reads user@host:port.
func userAt(s string) (user, host string, err error) {
	user, host, ok := strings.Cut(s, "@")
	if !ok || user == "" {
		return "", "", errors.New("a configured SSH host has to be written user@host or user@host:port")
	}
	host, err = hostPort(host, "22")
	return user, host, err
}

// signer returns the private key of the credential.
func signer(c *verify.Credential) (ssh.Signer, error) {
	block := pemBlock(c.Secret, "PRIVATE KEY")
	if block == nil {
		block = pemBlock(c.Match, "PRIVATE KEY")
	}
	if block == nil {
		return nil, errNoKey
	}
	key, err := ssh.ParsePrivateKey(pem.EncodeToMemory(block))
	var missing *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &missing), block.Type == "ENCRYPTED PRIVATE KEY":
		return nil, errEncrypted
	case err != nil:
		return nil, errNoKey
	}
	return key, nil
}

var (
	pemArmor = lazy(`-----BEGIN ([A-Z0-9 ]{1,40})-----((?:[^-]|-[^-])*?)-----END ([A-Z0-9 ]{1,40})-----`)
	// base64Run is the text of a line, without the quotes, signs of comments and operators that code puts around it.
	base64Run = lazy(`[A-Za-z0-9+/]+={0,2}`)
)

// pemBlock finds the first block whose label ends in the one given, as it stands in a file, a string or a comment.
func pemBlock(text, label string) *pem.Block {
	for _, m := range pemArmor().FindAllStringSubmatch(text, 16) {
		if m[1] != m[3] || !strings.HasSuffix(m[1], label) {
			continue
		}
		if b, _ := pem.Decode([]byte(m[0])); b != nil {
			return b
		}
		var body strings.Builder
		for line := range strings.SplitSeq(strings.NewReplacer(`\r`, "", `\n`, "\n", `\t`, "").Replace(m[2]), "\n") {
			if !strings.Contains(line, ": ") { // Proc-Type and the like
				line = slices.MaxFunc(append(base64Run().FindAllString(line, -1), ""), func(a, b string) int { return len(a) - len(b) })
			}
			if line != "" {
				body.WriteString(strings.TrimSpace(line) + "\n")
			}
		}
		if b, _ := pem.Decode([]byte("-----BEGIN " + m[1] + "-----\n" + body.String() + "-----END " + m[1] + "-----\n")); b != nil {
			return b
		}
	}
	return nil
}
