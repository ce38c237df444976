package typed

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var redisFinder = finder{
	schemes: map[string]string{"redis": "6379", "rediss": "6379", "valkey": "6379", "valkeys": "6379"},
	others:  []func(*verify.Credential) (*account, error){azureRedis},
}

// redis signs in to Redis and what speaks its protocol. go-redis would send HELLO and CLIENT SETINFO, keep a pool and
// try again; three commands are all that is asked here.
type redis struct{}

func (redis) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	raw, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer raw.Close()
	if a.scheme == "rediss" || a.scheme == "valkeys" || a.option("ssl", "tls") == "true" {
		if err := raw.startTLS(ctx); err != nil {
			return trouble(err)
		}
	}
	if out, ok := raw.may(); !ok {
		return out
	}
	return raw.note(redisAsk(&resp{raw, bufio.NewReader(raw)}, a))
}

func redisAsk(c *resp, a *account) verify.Answer {
	auth := []string{"AUTH", a.password}
	// The user "default" without a password lets any password in when it is named, and says so when it is not.
	if a.user != "" && a.user != "default" {
		auth = []string{"AUTH", a.user, a.password}
	}
	if _, err := c.call(auth...); err != nil {
		return redisRefused(err)
	}
	out := answer(verdict.Active, "")
	out.Principal = a.user
	who, err := c.call("ACL", "WHOAMI")
	if err == nil && len(who) == 1 {
		out.Principal = who[0]
	}
	if out.Principal == "" {
		out.Principal = "default"
	}
	rights, err := c.call("ACL", "GETUSER", out.Principal)
	if err != nil {
		return out // not every role may ask, and old servers have no such command
	}
	if !redisRole(&out.Identity, rights) {
		return verify.Undecided("the user is let in whatever the password")
	}
	return out
}

// redisRole reads ACL GETUSER, names and values in turn. It reports whether the user has a password at all.
func redisRole(id *verdict.Identity, rights []string) bool {
	password := true
	for i := 0; i+1 < len(rights); i++ {
		if rights[i] == "nopass" {
			password = false
		}
		if rights[i] != "commands" {
			continue
		}
		id.Scopes = capped(strings.Fields(rights[i+1]))
		words := strings.Fields(rights[i+1])
		has := func(list ...string) bool {
			return slices.ContainsFunc(list, func(w string) bool { return slices.Contains(words, w) })
		}
		switch {
		case has("+@all") && !has("-@admin", "-@dangerous"), has("+@admin", "+@dangerous", "+acl", "+acl|setuser", "+config", "+config|set"):
			id.Privilege = "admin"
		case has("+@all") && !has("-@write"), has("+@write", "+set", "+del"):
			id.Privilege = "write"
		default:
			id.Privilege = "read"
		}
	}
	return password
}

// redisError is an error that the server answered with, its first word (https://redis.io/docs/latest/develop/reference/protocol-spec/).
type redisError struct{ code, text string }

func (e *redisError) Error() string { return "the server answered " + e.code }

func redisRefused(err error) verify.Answer {
	var re *redisError
	if !errors.As(err, &re) {
		return trouble(err)
	}
	switch re.code {
	case "WRONGPASS":
		return answer(verdict.Inactive, "")
	case "NOPERM":
		return answer(verdict.Forbidden, "the user may not sign in this way")
	case "LOADING", "MASTERDOWN", "BUSY", "TRYAGAIN":
		return temporary("the server is busy")
	case "DENIED":
		return verify.Undecided("the server lets nobody in from this address")
	}
	switch text := strings.ToLower(re.text); {
	case strings.Contains(text, "invalid password"): // before Redis 6
		return answer(verdict.Inactive, "")
	case strings.Contains(text, "without any password configured"), strings.Contains(text, "no password is set"):
		return verify.Undecided("the server does not ask for a password")
	case strings.Contains(text, "max number of clients"):
		return temporary("the server takes no more connections now")
	}
	return verify.Undecided("the server refused for another reason than the password")
}

// resp speaks Redis' protocol, version 2.
type resp struct {
	w io.Writer
	r *bufio.Reader
}

// The bounds of an answer.
const (
	maxRespLine = 4 << 10
	maxRespText = 64 << 10
	maxRespList = 256
	maxRespDeep = 4
)

var errNoResp = errors.New("what was answered is not Redis' protocol")

// call sends a command and returns its answer as a list of texts, nested lists laid flat.
func (c *resp) call(words ...string) ([]string, error) {
	var b strings.Builder
	b.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, w := range words {
		b.WriteString("$" + strconv.Itoa(len(w)) + "\r\n" + w + "\r\n")
	}
	if _, err := io.WriteString(c.w, b.String()); err != nil {
		return nil, err
	}
	return c.read(0)
}

func (c *resp) read(depth int) ([]string, error) {
	line, err := c.line()
	if err != nil {
		return nil, err
	}
	if line == "" {
		return nil, errNoResp
	}
	rest := line[1:]
	switch line[0] {
	case '+', ':':
		return []string{rest}, nil
	case '-':
		code, text, _ := strings.Cut(rest, " ")
		return nil, &redisError{code, text}
	case '$', '*':
		n, err := strconv.Atoi(rest)
		if err != nil || n > maxRespText || line[0] == '*' && (n > maxRespList || depth == maxRespDeep) {
			return nil, errNoResp
		}
		if n < 0 {
			return []string{""}, nil
		}
		if line[0] == '$' {
			text := make([]byte, n+2)
			if _, err := io.ReadFull(c.r, text); err != nil {
				return nil, err
			}
			return []string{string(text[:n])}, nil
		}
		return c.list(n, depth+1)
	}
	return nil, errNoResp
}

func (c *resp) list(n, depth int) ([]string, error) {
	var out []string
	for range n {
		one, err := c.read(depth)
		if err != nil {
			return nil, err
		}
		if out = append(out, one...); len(out) > 4*maxRespList {
			return nil, errNoResp
		}
	}
	return out, nil
}

func (c *resp) line() (string, error) {
	var b []byte
	for len(b) < maxRespLine {
		ch, err := c.r.ReadByte()
		if err != nil {
			return "", err
		}
		if ch == '\n' {
			return strings.TrimSuffix(string(b), "\r"), nil
		}
		b = append(b, ch)
	}
	return "", errNoResp
}

var azureCache = lazy(`(?i)\b([a-z0-9-]{1,63}\.redis\.cache\.windows\.net)(?::([0-9]{1,5}))?`)

// azureRedis reads the connection string of an Azure cache: host:port,password=…,ssl=True. There is no way in without TLS
// worth trying.
func azureRedis(c *verify.Credential) (*account, error) {
	m := around(c, azureCache())
	if m == nil {
		return nil, errNoAddress
	}
	a := &account{scheme: "rediss", password: c.Secret}
	port := m[1]
	if port == "" || port == "6379" {
		port = "6380"
	}
	return a, a.addHosts(m[0], port)
}
