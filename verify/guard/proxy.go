package guard

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// dialProxy connects to host:port through the proxy (CONNECT, RFC 9110 section 9.3.6).
func (d *dialer) dialProxy(ctx context.Context, address string) (net.Conn, error) {
	conn, err := d.connectProxy(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the proxy: %w", err)
	}
	if err := d.tunnel(ctx, conn, address); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// connectProxy connects to the proxy itself, whose address the user vouches for.
func (d *dialer) connectProxy(ctx context.Context) (net.Conn, error) {
	host := d.proxy.Hostname()
	port, err := strconv.ParseUint(cmp.Or(d.proxy.Port(), map[string]string{"http": "80", "https": "443"}[d.proxy.Scheme]), 10, 16)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{a}
	} else if addresses, err = d.resolve(ctx, host); err != nil {
		return nil, err
	}
	conn, err := d.connectAny(ctx, addresses, uint16(port))
	if err != nil || d.proxy.Scheme == "http" {
		return conn, err
	}
	config := d.tls.Clone()
	config.ServerName = host
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}

// tunnel asks the proxy at the other end to pass on what follows.
func (d *dialer) tunnel(ctx context.Context, conn net.Conn, address string) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address,
		Header: http.Header{"User-Agent": {d.agent}},
	}
	if user := d.proxy.User; user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("ask the proxy: %w", err)
	}
	r := bufio.NewReader(&limitedReader{conn, maxHeader})
	response, err := http.ReadResponse(r, request)
	if err != nil {
		return fmt.Errorf("read the answer of the proxy: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("read the answer of the proxy: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %d to CONNECT %s", response.StatusCode, address)
	}
	if r.Buffered() > 0 { // the other side speaks only when it is spoken to, or after the tunnel stands
		return errors.New("the proxy sent more than an answer to CONNECT")
	}
	if !stop() {
		return ctx.Err()
	}
	return nil
}
