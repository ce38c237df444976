package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/straykey/straykey/verify"
	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

var amqpFinder = finder{schemes: map[string]string{"amqp": "5672", "amqps": "5671"}}

// amqp signs in to RabbitMQ and other brokers of AMQP 0-9-1. The client library of RabbitMQ does not announce that it
// understands a broker that says why it refuses, so to it a wrong password looks like a broken connection; the opening of a
// connection (https://www.rabbitmq.com/amqp-0-9-1-reference) is therefore spoken here.
type amqp struct{}

func (amqp) ask(ctx context.Context, n *guard.Network, host string, a *account) verify.Answer {
	if a.user == "" {
		return notCheckable(errNoUser)
	}
	c, err := dial(ctx, n, host)
	if err != nil {
		return trouble(err)
	}
	defer c.Close()
	if a.scheme == "amqps" {
		if err := c.startTLS(ctx); err != nil {
			return trouble(err)
		}
	}
	if out, ok := c.may(); !ok {
		return out
	}
	vhost := a.database
	if vhost == "" {
		vhost = "/"
	}
	return c.note(amqpAsk(c, a, vhost))
}

// The methods of the class "connection".
const (
	amqpStart   = 10
	amqpStartOK = 11
	amqpTune    = 30
	amqpTuneOK  = 31
	amqpOpen    = 40
	amqpOpenOK  = 41
	amqpClose   = 50
	amqpCloseOK = 51
)

var errNoAMQP = errors.New("what was answered is not AMQP 0-9-1")

// amqpError is how a broker closes a connection.
type amqpError struct {
	code uint16
	text string
}

func (e *amqpError) Error() string { return "the broker closed the connection" }

func amqpAsk(rw io.ReadWriter, a *account, vhost string) verify.Answer {
	if _, err := io.WriteString(rw, "AMQP\x00\x00\x09\x01"); err != nil {
		return trouble(err)
	}
	start, err := readAMQP(rw, amqpStart)
	if err != nil {
		return amqpRefused(err)
	}
	if !strings.Contains(" "+amqpMechanisms(start)+" ", " PLAIN ") {
		return verify.Undecided("the server offers no way to sign in with a password here")
	}
	if err := writeAMQP(rw, amqpStartOK, amqpLogin(a)); err != nil {
		return trouble(err)
	}
	tune, err := readAMQP(rw, amqpTune)
	if err != nil {
		return amqpRefused(err)
	}
	if len(tune) < 8 {
		return verify.Undecided(errNoAMQP.Error())
	}
	out := answer(verdict.Active, "")
	out.Principal, out.Account = a.user, vhost
	// Accept the limits, without heartbeats.
	if err := writeAMQP(rw, amqpTuneOK, append(tune[:6:6], 0, 0)); err != nil {
		return out
	}
	open := append(shortString(nil, vhost), 0, 0)
	if err := writeAMQP(rw, amqpOpen, open); err != nil {
		return out
	}
	if _, err := readAMQP(rw, amqpOpenOK); err != nil {
		var ae *amqpError
		if errors.As(err, &ae) {
			out.Verdict, out.Reason = verdict.Forbidden, "the user may not use the virtual host"
		}
		return out // signed in, whatever happened then
	}
	// Reply code, text, class and method. Whether the goodbye arrives changes nothing.
	_ = writeAMQP(rw, amqpClose, append(shortString([]byte{0, 200}, ""), 0, 0, 0, 0))
	return out
}

// amqpLogin is the body of start-ok: what the client can do, the mechanism, and user and password.
func amqpLogin(a *account) []byte {
	capability := append(shortString(nil, "authentication_failure_close"), 't', 1)
	properties := append(shortString(nil, "product"), 'S')
	properties = longString(properties, "straykey")
	properties = append(shortString(properties, "capabilities"), 'F')
	properties = longString(properties, string(capability))
	body := longString(nil, string(properties))
	body = shortString(body, "PLAIN")
	body = longString(body, "\x00"+a.user+"\x00"+a.password)
	return shortString(body, "en_US")
}

// amqpMechanisms reads them out of start: two bytes of version, a table, a string.
func amqpMechanisms(start []byte) string {
	rest := start[min(2, len(start)):]
	_, rest, ok := cutLong(rest)
	if !ok {
		return ""
	}
	text, _, _ := cutLong(rest)
	return string(text)
}

func cutLong(b []byte) (text, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if uint64(n) > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

func shortString(b []byte, s string) []byte {
	s = s[:min(len(s), 255)]
	return append(append(b, byte(len(s))), s...)
}

func longString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// writeAMQP sends a method of the class "connection" in a frame on channel 0.
func writeAMQP(w io.Writer, method byte, arguments []byte) error {
	frame := []byte{1, 0, 0}
	frame = binary.BigEndian.AppendUint32(frame, uint32(4+len(arguments)))
	frame = append(frame, 0, 10, 0, method)
	frame = append(frame, arguments...)
	_, err := w.Write(append(frame, 0xCE))
	return err
}

// maxAMQPFrame bounds a frame before its size has been agreed on.
const maxAMQPFrame = 128 << 10

// readAMQP reads the arguments of the method that is expected.
func readAMQP(r io.Reader, method byte) ([]byte, error) {
	for range 8 { // heartbeats may come between
		var head [7]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		size := binary.BigEndian.Uint32(head[3:])
		if size > maxAMQPFrame || string(head[:4]) == "AMQP" {
			return nil, errNoAMQP
		}
		body := make([]byte, size+1)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, err
		}
		if body[size] != 0xCE {
			return nil, errNoAMQP
		}
		if head[0] != 1 {
			continue
		}
		if size < 4 || body[0] != 0 || body[1] != 10 || body[2] != 0 {
			return nil, errNoAMQP
		}
		arguments := body[4:size]
		switch body[3] {
		case method:
			return arguments, nil
		case amqpClose:
			return nil, closedAMQP(arguments)
		}
		return nil, errNoAMQP
	}
	return nil, errNoAMQP
}

func closedAMQP(arguments []byte) error {
	if len(arguments) < 3 || len(arguments) < 3+int(arguments[2]) {
		return errNoAMQP
	}
	return &amqpError{binary.BigEndian.Uint16(arguments), string(arguments[3 : 3+int(arguments[2])])}
}

// amqpRefused tells what a refusal means (https://www.rabbitmq.com/docs/auth-notification, /docs/access-control).
func amqpRefused(err error) verify.Answer {
	var ae *amqpError
	switch {
	case errors.Is(err, errNoAMQP):
		return verify.Undecided(err.Error())
	case !errors.As(err, &ae):
		return trouble(err)
	case ae.code == 403 && strings.Contains(ae.text, "via localhost"):
		return answer(verdict.Forbidden, "the user may sign in on the server itself only")
	case ae.code == 403:
		return answer(verdict.Inactive, "")
	case ae.code == 320: // CONNECTION_FORCED
		return temporary("the server takes no more connections now")
	}
	return verify.Undecided("the server refused for another reason than the password")
}
