package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var mongoFinder = finder{schemes: map[string]string{"mongodb": "27017", "mongodb+srv": "27017"}}

// mongo signs in to MongoDB. The whole driver would add 0.8 ms to the start of the program, and watches the servers of
// a cluster in goroutines of its own; its BSON, the handshake and SCRAM are all that is needed.
type mongo struct {
	lookup func(ctx context.Context, name string) ([]*net.SRV, error)
}

func (m mongo) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	if a.user == "" {
		return notCheckable(errNoUser)
	}
	if mechanism := a.option("authMechanism"); mechanism != "" && !strings.HasPrefix(mechanism, "scram-") {
		return notCheckable(errors.New("the account signs in in a way that is not supported"))
	}
	secure := slices.Contains([]string{a.option("tls"), a.option("ssl")}, "true")
	if a.scheme == "mongodb+srv" {
		var err error
		if host, err = m.srv(ctx, host); errors.Is(err, errNoSRV) || errors.Is(err, errNoHost) {
			return notCheckable(err)
		} else if err != nil {
			return trouble(err)
		}
		secure = a.option("tls", "ssl") != "false"
	}
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	if secure {
		if err := c.startTLS(ctx); err != nil {
			return trouble(err)
		}
	}
	// SCRAM does not send the password, so that TLS will do whose certificate nobody vouches for.
	if out, ok := c.may(); !ok && !c.encrypted {
		return out
	}
	out := (&mongoConn{Conn: c}).signIn(a)
	out.Host = host
	return c.note(out)
}

var errNoSRV = errors.New("its host is found by a DNS record that is not asked for")

// srv returns the first host of a mongodb+srv address. It has to lie in the same domain
// (https://github.com/mongodb/specifications/blob/master/source/initial-dns-seedlist-discovery/initial-dns-seedlist-discovery.md).
func (m mongo) srv(ctx context.Context, host string) (string, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil || m.lookup == nil {
		return "", errNoSRV
	}
	records, err := m.lookup(ctx, "_mongodb._tcp."+name)
	if err != nil {
		return "", err
	}
	_, domain, _ := strings.Cut(name, ".")
	for _, r := range records[:min(len(records), maxHosts)] {
		target := strings.TrimSuffix(strings.ToLower(r.Target), ".")
		if strings.Contains(domain, ".") && strings.HasSuffix(target, "."+domain) {
			return hostPort(target, port) // the one that Targets named; records say no other
		}
	}
	return "", errNoHost
}

// mongoConn sends commands and reads their answers, one after the other.
type mongoConn struct {
	net.Conn
	id uint32
}

// mongoError is a command that failed.
type mongoError struct{ code int64 }

func (e *mongoError) Error() string { return "the command failed" }

// maxMongoAnswer bounds an answer in bytes.
const maxMongoAnswer = 4 << 20

var errNoMongo = errors.New("what was answered is not MongoDB's protocol")

func (m *mongoConn) signIn(a *account) verify.Answer {
	source := a.option("authSource")
	for k, v := range a.options {
		if strings.EqualFold(k, "authSource") && v[0] != "" {
			source = v[0] // with its capitals
		}
	}
	if source == "" {
		source = a.database
	}
	if source == "" || a.scheme == "mongodb+srv" && a.option("authSource") == "" {
		source = "admin"
	}
	b := bsoncore.NewDocumentBuilder().AppendInt32("hello", 1).AppendString("saslSupportedMechs", source+"."+a.user)
	hello, err := m.run("admin", b)
	if err != nil {
		return mongoRefused(err)
	}
	scram, mechanism, err := newSCRAM(mongoMechanism(hello), a.user, a.password)
	if err != nil {
		return notCheckable(err)
	}
	if err := m.scram(source, mechanism, scram); err != nil {
		return mongoRefused(err)
	}
	out := answer(verdict.Active, "")
	out.Principal, out.Account = a.user+"@"+source, a.database
	status, err := m.run("admin", bsoncore.NewDocumentBuilder().AppendInt32("connectionStatus", 1))
	if err == nil {
		mongoRoles(&out.Identity, status)
	}
	return out
}

// mongoMechanism picks from those that hello names for the user; a server that does not know the user names none.
func mongoMechanism(hello bsoncore.Document) string {
	list, _ := hello.Lookup("saslSupportedMechs").ArrayOK()
	values, _ := list.Values()
	for _, v := range values {
		if s, ok := v.StringValueOK(); ok && s == "SCRAM-SHA-256" {
			return s
		}
	}
	if len(values) == 0 {
		return "SCRAM-SHA-256"
	}
	return "SCRAM-SHA-1"
}

// scram signs in (https://github.com/mongodb/specifications/blob/master/source/auth/auth.md).
func (m *mongoConn) scram(source, mechanism string, s *scram) error {
	answer, err := m.run(source, bsoncore.NewDocumentBuilder().AppendInt32("saslStart", 1).
		AppendString("mechanism", mechanism).AppendBinary("payload", 0, []byte(s.first())))
	if err != nil {
		return err
	}
	id, _ := answer.Lookup("conversationId").AsInt64OK()
	_, payload, ok := answer.Lookup("payload").BinaryOK()
	if !ok {
		return errNoMongo
	}
	final, err := s.final(string(payload))
	if err != nil {
		return err
	}
	for range 3 { // the proof, then empty messages until the server is done
		answer, err = m.run(source, bsoncore.NewDocumentBuilder().AppendInt32("saslContinue", 1).
			AppendInt64("conversationId", id).AppendBinary("payload", 0, []byte(final)))
		if err != nil {
			return err
		}
		if final != "" {
			if _, payload, _ = answer.Lookup("payload").BinaryOK(); !s.proves(string(payload)) {
				return errNoProof
			}
		}
		if done, _ := answer.Lookup("done").BooleanOK(); done {
			return nil
		}
		final = ""
	}
	return errNoMongo
}

// run sends a command as OP_MSG and returns the answer's document.
func (m *mongoConn) run(db string, b *bsoncore.DocumentBuilder) (bsoncore.Document, error) {
	doc := b.AppendString("$db", db).Build()
	m.id++
	message := binary.LittleEndian.AppendUint32(nil, uint32(16+4+1+len(doc)))
	message = binary.LittleEndian.AppendUint32(message, m.id)
	message = binary.LittleEndian.AppendUint32(message, 0)
	message = binary.LittleEndian.AppendUint32(message, 2013) // OP_MSG
	message = append(message, 0, 0, 0, 0, 0)                  // no flags; a section of one document
	if _, err := m.Write(append(message, doc...)); err != nil {
		return nil, err
	}
	return readMongo(m)
}

// readMongo reads one OP_MSG with one document.
func readMongo(r io.Reader) (bsoncore.Document, error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size < 16+5+5 || size > maxMongoAnswer || binary.LittleEndian.Uint32(head[12:]) != 2013 {
		return nil, errNoMongo
	}
	body := make([]byte, size-16)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	doc := bsoncore.Document(body[5:])
	if n, _, ok := bsoncore.ReadLength(doc); !ok || int(n) > len(doc) || n < 5 {
		return nil, errNoMongo
	} else {
		doc = doc[:n]
	}
	if body[4] != 0 || doc.Validate() != nil {
		return nil, errNoMongo
	}
	if ok, _ := doc.Lookup("ok").AsInt64OK(); ok != 1 {
		code, _ := doc.Lookup("code").AsInt64OK()
		return nil, &mongoError{code}
	}
	return doc, nil
}

// mongoRefused tells what a refusal means (https://www.mongodb.com/docs/manual/reference/error-codes/; 8000 is of Atlas).
func mongoRefused(err error) verify.Answer {
	var me *mongoError
	switch {
	case errors.Is(err, errNoProof):
		return verify.Undecided(errNoProof.Error())
	case errors.Is(err, errNoMongo), errors.Is(err, errNoSCRAM):
		return verify.Undecided(err.Error())
	case !errors.As(err, &me):
		return trouble(err)
	}
	switch me.code {
	case 11, 18, 8000: // UserNotFound, AuthenticationFailed, AtlasError
		return answer(verdict.Inactive, "")
	case 13: // Unauthorized
		return answer(verdict.Forbidden, "the user may not sign in here")
	case 2, 334: // BadValue, MechanismUnavailable
		return verify.Undecided("the account signs in in a way that is not supported")
	case 91, 11600, 189, 10107: // shutting down, interrupted, stepped down, not primary
		return temporary("the server is busy")
	}
	return verify.Undecided("the server refused for another reason than the password")
}

// mongoRoles reads connectionStatus.
func mongoRoles(id *verdict.Identity, status bsoncore.Document) {
	list, ok := status.Lookup("authInfo", "authenticatedUserRoles").ArrayOK()
	if !ok {
		return
	}
	values, _ := list.Values()
	var roles []string
	for _, v := range values {
		doc, ok := v.DocumentOK()
		if !ok {
			continue
		}
		role, _ := doc.Lookup("role").StringValueOK()
		db, _ := doc.Lookup("db").StringValueOK()
		roles = append(roles, role)
		id.Scopes = append(id.Scopes, role+"@"+db)
	}
	id.Scopes = capped(id.Scopes)
	if len(roles) > 0 {
		id.Privilege = highest(roles, []string{"ROOT", "ADMIN", "OWNER", "__SYSTEM"}, []string{"WRITE", "RESTORE"})
	}
}
