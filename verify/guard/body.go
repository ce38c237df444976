package guard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// ErrTooLarge is what reading a body of more than MaxBody ends with.
var ErrTooLarge = errors.New("the response is too large")

// limitedBody is a body that ends with ErrTooLarge after left bytes.
type limitedBody struct {
	io.ReadCloser
	left int
	over bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.over {
		return 0, ErrTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		b.over = true
		return b.left, ErrTooLarge
	}
	b.left -= n
	return n, err
}

// limitedReader reads at most left bytes.
type limitedReader struct {
	r    io.Reader
	left int
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, ErrTooLarge
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// Reason says in a few words why a request failed, without a name, an address or a secret. Temporary says that trying
// again may help.
func Reason(err error) (reason string, temporary bool) {
	if _, ok := errors.AsType[*RefusedError](err); ok {
		return "the network guard refused the host", false
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsNotFound {
			return "no such host", false
		}
		return "the name could not be resolved", true
	}
	if isCertificateError(err) {
		return "the certificate of the host is not trusted", false
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "the host does not speak TLS", false
	}
	switch {
	case errors.Is(err, ErrTooLarge):
		return "the response is too large", false
	case errors.Is(err, context.Canceled):
		return "interrupted", false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "timed out", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", true
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection broke", true
	}
	return "network error", true
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func isCertificateError(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return unknown || name || invalid
}
