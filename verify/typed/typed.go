package typed

import (
	"context"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/straykey/straykey/verify"
)

// Config says where credentials may be tried that name no host themselves, and whom to trust on the way. The zero value
// tries them nowhere and trusts the authorities of the system.
type Config struct {
	// SSHHosts are the accounts a private key is tried at, as user@host or user@host:port.
	SSHHosts []string
	// SSHHostKey checks the keys of these hosts; nil: any key will do, and the reason says so.
	SSHHostKey ssh.HostKeyCallback
	// TLSHosts are servers, host or host:port, that may serve the certificate of a private key.
	TLSHosts []string
	// Issuers are those whose keys JSON Web Tokens are checked with, as the token's iss names them, with the address of
	// the key set, https://…; an empty one is asked of the issuer, and has to be on its host.
	Issuers map[string]string
	// Kubernetes are API servers, https://host:port, for tokens that stand beside no address.
	Kubernetes []string
	// LookupSRV finds the hosts of mongodb+srv addresses, as [net.Resolver.LookupSRV] does for a full name; nil: they
	// are not checked.
	LookupSRV func(ctx context.Context, name string) ([]*net.SRV, error)
	// Now is the time that expiries are compared with; nil: time.Now.
	Now func() time.Time
}

// Checks returns all checks by the names that rules call them by: check = "postgres".
func Checks(c Config) map[string]verify.Check {
	if c.Now == nil {
		c.Now = time.Now
	}
	pg, my, rd := login{postgresFinder, postgres{}}, login{mysqlFinder, mysql{}}, login{redisFinder, redis{}}
	return map[string]verify.Check{
		"amqp":                login{amqpFinder, amqp{}},
		"aws":                 aws{c.Now},
		"azure-sas":           azureSAS{c.Now},
		"azure-storage-key":   azureStorageKey{c.Now},
		"database":            firstOf{pg, my, rd},
		"docker-registry":     registry{},
		"entra-client-secret": entraSecret{},
		"gcp-service-account": gcpServiceAccount{c.Now},
		"jwt":                 jsonWebToken{c},
		"kubernetes":          kubernetes{c},
		"ldap":                login{ldapFinder, directory{}},
		"mongodb":             login{mongoFinder, mongo{c.LookupSRV}},
		"mongodb-atlas":       atlasKey{},
		"mysql":               my,
		"postgres":            pg,
		"private-key":         privateKey{servesTLS{c}, openSSH{c}},
		"redis":               rd,
		"smtp":                login{smtpFinder, smtp{}},
		"ssh":                 openSSH{c},
		"tls":                 servesTLS{c},
	}
}
