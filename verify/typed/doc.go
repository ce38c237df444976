// Package typed has the checks in Go: of credentials that an HTTP request which a rule declares cannot ask about, because
// the issuer speaks another protocol or wants a signature.
//
// A check of a login (PostgreSQL, MySQL, MongoDB, Redis, AMQP, SMTP, LDAP) signs in once and asks nothing but who it is
// and what its role may do. How the way there is kept safe is the same for all of them:
//
//   - TLS is used wherever the server offers it, and the server's certificate is checked.
//   - Without TLS, or with a certificate that nobody vouches for, a password is sent to private addresses only, and the
//     reason of the verdict says so. Mechanisms that do not send the password (SCRAM) may go on under a certificate that
//     cannot be checked; nothing goes to a public address without TLS.
//   - A server that lets everybody in (no password set, "trust") says nothing about a password: unknown, not active.
//   - What a server wrote never gets into a reason: drivers and servers like to quote what they were sent.
//
// A verdict follows what the server documents: only its words for "this password is wrong" are inactive. A locked or
// expired account whose password it has checked is forbidden-but-valid; one that it refuses before looking is unknown.
//
// Other checks prove what can be proved without asking (the dates of a certificate, the expiry of a token), and ask
// only those hosts and issuers that [Config] names.
package typed
