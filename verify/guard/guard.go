// Package guard is the one way from straykey to the network. It sends a packet to an address only after it has looked
// at that address.
package guard

import (
	"context"
	"net"
	"net/http"
)

// Network makes connections and sends requests. It may be used concurrently.
type Network struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	client *http.Client
}

// Dial connects to host:port by TCP, for clients other than HTTP.
func (n *Network) Dial(ctx context.Context, address string) (net.Conn, error) {
	return n.dial(ctx, "tcp", address)
}

// Do sends a request and returns the response, which the caller closes. Redirects are returned and not followed.
func (n *Network) Do(r *http.Request) (*http.Response, error) { return n.client.Do(r) }
