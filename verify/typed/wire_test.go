package typed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/straykey/straykey/verify/verdict"
)

// serve listens on this machine and gives every connection to f.
func serve(t *testing.T, f func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return l.Addr().String()
}

// broker plays RabbitMQ: it answers start-ok and open as told.
func broker(t *testing.T, refuse error, vhost string) string {
	t.Helper()
	return serve(t, func(c net.Conn) {
		var protocol [8]byte
		if _, err := io.ReadFull(c, protocol[:]); err != nil {
			return // nothing was sent
		}
		if string(protocol[:]) != "AMQP\x00\x00\x09\x01" {
			t.Errorf("the protocol is announced as %q", protocol)
			return
		}
		start := longString(append([]byte{0, 9}, longString(nil, "")...), "AMQPLAIN PLAIN")
		_ = writeAMQP(c, amqpStart, longString(start, "en_US"))
		login, err := readAMQP(c, amqpStartOK)
		if err != nil {
			return
		}
		if !bytes.Contains(login, []byte("authentication_failure_close")) {
			t.Error("the client does not say that it understands a refusal")
		}
		var closed *amqpError
		switch {
		case errors.As(refuse, &closed):
			_ = writeAMQP(c, amqpClose, append(shortString(binary.BigEndian.AppendUint16(nil, closed.code), closed.text), 0, 10, 0, 11))
			return
		case refuse != nil:
			return // without a word
		}
		_ = writeAMQP(c, amqpTune, []byte{7, 0xff, 0, 2, 0, 0, 0, 60})
		if _, err := readAMQP(c, amqpTuneOK); err != nil {
			return
		}
		open, err := readAMQP(c, amqpOpen)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(open, shortString(nil, vhost)) {
			_ = writeAMQP(c, amqpClose, append(shortString([]byte{530 >> 8, 530 & 0xff}, "NOT_ALLOWED - vhost not found"), 0, 10, 0, 40))
			return
		}
		_ = writeAMQP(c, amqpOpenOK, []byte{0})
		_, _ = readAMQP(c, amqpClose)
	})
}

func TestAMQP(t *testing.T) {
	amqp := check(t, "amqp", Config{})
	p := strings.Repeat("Nq8L", 3)
	refused := func(text string) error { return &amqpError{403, "ACCESS_REFUSED - " + text} }
	for _, c := range []struct {
		name, vhost string
		refuse      error
		verdict     verdict.Verdict
		reason      string
	}{
		{"right", "shop", nil, verdict.Active, "without TLS"},
		{"wrong", "shop", refused("Login was refused using authentication mechanism PLAIN."), verdict.Inactive, "without TLS"},
		{"guest", "shop", refused("user 'guest' can only connect via localhost"), verdict.Forbidden, "server itself only"},
		{"other virtual host", "prod", nil, verdict.Forbidden, "virtual host"},
		{"connection ended", "shop", io.EOF, verdict.Unknown, "the connection broke"},
		{"shutting down", "shop", &amqpError{320, "CONNECTION_FORCED"}, verdict.Unknown, "no more connections"},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := broker(t, c.refuse, c.vhost)
			a := ask(t, amqp, here(t, nil), credential("amqp://ci:"+p+"@"+addr+"/shop", p))
			want(t, a, c.verdict, c.reason)
			if a.Verdict == verdict.Active && (a.Principal != "ci" || a.Account != "shop") {
				t.Errorf("%+v", a.Identity)
			}
		})
	}
	t.Run("public address", func(t *testing.T) {
		addr := broker(t, nil, "/")
		want(t, ask(t, amqp, publicly(t, addr, nil), credential("amqp://ci:"+p+"@mq.acme.io", p)), verdict.Unknown, "was not sent")
	})
	t.Run("no AMQP", func(t *testing.T) {
		addr := serve(t, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") })
		want(t, ask(t, amqp, here(t, nil), credential("amqp://ci:"+p+"@"+addr, p)), verdict.Unknown, "not AMQP")
	})
}

// mongod plays MongoDB with one user, and SCRAM as a server does it: the client's messages are recomputed with the same
// code, which RFC 7677's own vector tests (TestSCRAM).
func mongod(t *testing.T, password, mechanism string) string {
	t.Helper()
	return serve(t, func(c net.Conn) {
		var s *scram
		for {
			request, err := readMongoRequest(c)
			if err != nil {
				return
			}
			first, _ := request.Index(0).KeyErr()
			b := bsoncore.NewDocumentBuilder()
			payload := func() string {
				_, p, _ := request.Lookup("payload").BinaryOK()
				return string(p)
			}
			switch first {
			case "hello":
				list := bsoncore.NewArrayBuilder().AppendString(mechanism).Build()
				b.AppendArray("saslSupportedMechs", list)
			case "saslStart":
				nonce := strings.TrimPrefix(payload(), "n,,n=ci,r=")
				s, _, _ = newSCRAM(mechanism, "ci", password)
				s.nonce = nonce
				b.AppendInt32("conversationId", 1).AppendBoolean("done", false).
					AppendBinary("payload", 0, []byte("r="+nonce+"server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
			case "saslContinue":
				if payload() == "" {
					b.AppendBoolean("done", true).AppendBinary("payload", 0, nil)
					break
				}
				proof, err := s.final("r=" + s.nonce + "server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
				if err != nil || payload() != proof {
					_, _ = c.Write(mongoMessage(bsoncore.NewDocumentBuilder().AppendInt32("ok", 0).AppendInt32("code", 18).
						AppendString("errmsg", "Authentication failed.").Build()))
					return
				}
				b.AppendBoolean("done", false).AppendBinary("payload", 0, fmt.Appendf(nil, "v=%s", b64std(s.signature)))
			case "connectionStatus":
				role := bsoncore.NewDocumentBuilder().AppendString("role", "readWrite").AppendString("db", "shop").Build()
				b.AppendDocument("authInfo", bsoncore.NewDocumentBuilder().
					AppendArray("authenticatedUserRoles", bsoncore.NewArrayBuilder().AppendDocument(role).Build()).Build())
			}
			_, _ = c.Write(mongoMessage(b.AppendDouble("ok", 1).Build()))
		}
	})
}

func mongoMessage(doc []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(21+len(doc)))
	out = append(out, make([]byte, 8)...)
	out = binary.LittleEndian.AppendUint32(out, 2013)
	return append(append(out, 0, 0, 0, 0, 0), doc...)
}

func readMongoRequest(r io.Reader) (bsoncore.Document, error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.LittleEndian.Uint32(head[:])-16)
	_, err := io.ReadFull(r, body)
	return bsoncore.Document(body[5:]), err
}

func TestMongoDB(t *testing.T) {
	p := strings.Repeat("Nq8L", 3)
	check := check(t, "mongodb", Config{})
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-1"} {
		addr := mongod(t, p, mechanism)
		uri := "mongodb://ci:" + p + "@" + addr + "/shop?authSource=admin"
		a := ask(t, check, here(t, nil), credential(uri, p))
		want(t, a, verdict.Active, "without TLS")
		if a.Principal != "ci@admin" || a.Account != "shop" || a.Privilege != "write" || fmt.Sprint(a.Scopes) != "[readWrite@shop]" {
			t.Errorf("%+v", a.Identity)
		}
		wrong := strings.Replace(uri, p, "Xq8LmR2vYp4c", 1)
		want(t, ask(t, check, here(t, nil), credential(wrong, "Xq8LmR2vYp4c")), verdict.Inactive, "without TLS")
		want(t, ask(t, check, publicly(t, addr, nil), credential("mongodb://ci:"+p+"@db.acme.io/shop", p)), verdict.Unknown, "was not sent")
	}
	ended := serve(t, func(net.Conn) {})
	want(t, ask(t, check, here(t, nil), credential("mongodb://ci:"+p+"@"+ended, p)), verdict.Unknown, "the connection broke")
	other := serve(t, func(c net.Conn) { _, _ = io.WriteString(c, strings.Repeat("HTTP/1.1 400 Bad Request\r\n", 4)) })
	want(t, ask(t, check, here(t, nil), credential("mongodb://ci:"+p+"@"+other, p)), verdict.Unknown, "not MongoDB's protocol")
	srv := credential("mongodb+srv://ci:"+p+"@cluster0.ab1cd.mongodb.net/shop", p)
	want(t, ask(t, check, here(t, nil), srv), verdict.NotCheckable, "DNS record")
	top := credential("mongodb+srv://ci:"+p+"@acme.io/shop", p)
	if targets, err := check.Targets(top); err == nil {
		t.Errorf("a whole top-level domain: %v", targets)
	}
	if targets, err := check.Targets(srv); err != nil || targets[0].Host != "*.ab1cd.mongodb.net:27017" {
		t.Errorf("%v, %v", targets, err)
	}
}

// TestMongoSRV checks that hosts found by DNS lie in the domain of the address.
func TestMongoSRV(t *testing.T) {
	answers := map[string]string{
		"_mongodb._tcp.cluster0.ab1cd.mongodb.net": "ac-1-shard-00-00.ab1cd.mongodb.net.",
		"_mongodb._tcp.cluster0.evil.example":      "db.acme.io.",
		"_mongodb._tcp.example.com":                "a.com.",
	}
	m := mongo{func(_ context.Context, name string) ([]*net.SRV, error) {
		return []*net.SRV{{Target: answers[name], Port: 27017}}, nil
	}}
	if host, err := m.srv(t.Context(), "cluster0.ab1cd.mongodb.net:27017"); err != nil || host != "ac-1-shard-00-00.ab1cd.mongodb.net:27017" {
		t.Errorf("%q, %v", host, err)
	}
	for _, name := range []string{"cluster0.evil.example:27017", "example.com:27017"} {
		if host, err := m.srv(t.Context(), name); err == nil {
			t.Errorf("%s leads to %s", name, host)
		}
	}
}

// TestSCRAM is the example of RFC 7677.
func TestSCRAM(t *testing.T) {
	s, _, err := newSCRAM("SCRAM-SHA-256", "user", "pen"+"cil")
	if err != nil {
		t.Fatal(err)
	}
	s.nonce = "rOprNGfwEbeRWgbNEkqO"
	final, err := s.final("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
	if err != nil || final != "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=" {
		t.Errorf("got %q, %v", final, err)
	}
	if !s.proves("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") {
		t.Error("the server's proof is refused")
	}
	for _, v := range []string{"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "", "v=", "e=other-error"} {
		if s.proves(v) {
			t.Errorf("%q is taken for a proof", v)
		}
	}
	for _, c := range []string{"", "r=other,s=AAAA,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=1", "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=4096"} {
		if _, err := s.final(c); err == nil {
			t.Errorf("%q is answered", c)
		}
	}
}

func TestSMTPCodes(t *testing.T) {
	for _, c := range []struct {
		code    int
		text    string
		verdict verdict.Verdict
		again   bool
	}{
		{535, "5.7.8 Authentication credentials invalid", verdict.Inactive, false},
		{535, "Incorrect authentication data", verdict.Inactive, false},
		{535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", verdict.Unknown, false},
		{534, "5.7.9 Application-specific password required.", verdict.Unknown, false},
		{530, "5.7.0 Must issue a STARTTLS command first", verdict.Unknown, false},
		{538, "5.7.11 Encryption required", verdict.Unknown, false},
		{525, "5.7.13 User account disabled", verdict.Forbidden, false},
		{432, "4.7.12 A password transition is needed", verdict.Forbidden, false},
		{454, "4.7.0 Temporary authentication failure", verdict.Unknown, true},
		{421, "4.3.2 closing", verdict.Unknown, true},
		{500, "what", verdict.Unknown, false},
	} {
		a := smtpRefused(&textproto.Error{Code: c.code, Msg: c.text})
		if a.Verdict != c.verdict || a.Temporary != c.again {
			t.Errorf("%d %s: got %s, temporary %t; want %s, %t", c.code, c.text, a.Verdict, a.Temporary, c.verdict, c.again)
		}
	}
}

// TestActiveDirectory has the errors of a server that cannot be installed here.
func TestActiveDirectory(t *testing.T) {
	for data, v := range map[string]verdict.Verdict{
		"52e": verdict.Inactive, "525": verdict.Inactive, "530": verdict.Forbidden, "531": verdict.Forbidden, "532": verdict.Forbidden,
		"533": verdict.Forbidden, "701": verdict.Forbidden, "773": verdict.Forbidden, "775": verdict.Unknown, "999": verdict.Unknown,
	} {
		err := goldap.NewError(goldap.LDAPResultInvalidCredentials,
			errors.New("80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data "+data+", v3839"))
		if a := ldapRefused(err, nil); a.Verdict != v {
			t.Errorf("data %s: got %s, want %s", data, a.Verdict, v)
		}
	}
	if a := ldapRefused(goldap.NewError(goldap.LDAPResultBusy, errors.New("busy")), nil); !a.Temporary {
		t.Errorf("busy: %+v", a)
	}
}

// TestRESP has answers of servers that are no Redis, or no honest one.
func TestRESP(t *testing.T) {
	for _, answer := range []string{
		"", "\r\n", "HTTP/1.1 400 Bad Request\r\n", "$99999999\r\n", "*99999999\r\n", strings.Repeat("*1\r\n", 100), "+" + strings.Repeat("x", 1<<20),
		"*2\r\n$3\r\nabc\r\n",
	} {
		c := &resp{io.Discard, bufio.NewReader(strings.NewReader(answer))}
		a := redisAsk(c, &account{password: "x"})
		if a.Verdict != verdict.Unknown {
			t.Errorf("%.20q: got %s, %q", answer, a.Verdict, a.Reason)
		}
	}
}

func b64std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
