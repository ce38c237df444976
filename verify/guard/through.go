package guard

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// Through returns a network that connects by dial and looks at no address, for tests with servers of their own.
func Through(dial func(ctx context.Context, network, address string) (net.Conn, error), t *tls.Config) *Network {
	return &Network{dial: dial, client: &http.Client{
		Transport:     &http.Transport{DialContext: dial, TLSClientConfig: t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}
