//go:build unix

package servers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Slapd is an OpenLDAP server.
type Slapd struct {
	Addr, TLSAddr string
}

// StartSlapd starts a server of dc=acme with the entries of an LDIF. With options, further lines of its database's
// configuration; with a certificate it speaks TLS.
func StartSlapd(t testing.TB, pair Pair, ldif string, options ...string) (s *Slapd, stop func()) {
	t.Helper()
	slapd, h := Need(t, "slapd"), NewHome(t)
	slapadd := Need(t, "slapadd")
	var port, tlsPort string
	s = &Slapd{}
	s.Addr, port = FreeAddress(t)
	s.TLSAddr, tlsPort = FreeAddress(t)
	conf := []string{
		"modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload ppolicy",
		"include /etc/ldap/schema/core.schema", "include /etc/ldap/schema/cosine.schema",
		"pidfile " + filepath.Join(h.Path, "pid"),
	}
	urls := "ldap://127.0.0.1:" + port + "/"
	if pair.Cert != "" {
		conf = append(conf, "TLSCertificateFile "+h.File("cert", pair.Cert), "TLSCertificateKeyFile "+h.File("key", pair.Key))
		urls += " ldaps://127.0.0.1:" + tlsPort + "/"
	}
	conf = append(conf, "database mdb", "suffix dc=acme", "rootdn cn=root,dc=acme", "directory "+h.Dir("data"))
	conf = append(conf, options...)
	file := h.File("slapd.conf", strings.Join(conf, "\n")+"\n")
	h.Run(ldif, slapadd, "-f", file)
	return s, h.Start(s.Addr, slapd, "-d", "0", "-f", file, "-h", urls)
}

// SSHD starts an OpenSSH server at which the keys of an authorized_keys file sign in as h.User.
func SSHD(t testing.TB, h *Home, hostKey, authorized string) (address string, stop func()) {
	t.Helper()
	sshd := Need(t, "sshd")
	address, port := FreeAddress(t)
	// Without PAM sshd takes an account for locked whose line in /etc/shadow it may not read.
	conf := strings.Join([]string{
		"Port " + port, "ListenAddress 127.0.0.1", "HostKey " + h.File("host_key", hostKey), "PidFile none", "StrictModes no",
		"AuthorizedKeysFile " + h.File("authorized_keys", authorized), "UsePAM yes", "PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
	}, "\n")
	return address, h.Start(address, sshd, "-D", "-e", "-f", h.File("sshd_config", conf+"\n"))
}

// Exim starts a mail server at which user and password sign in. The user "busy" gets a temporary failure. With a
// certificate it offers STARTTLS, and signing in only after it.
func Exim(t testing.TB, pair Pair, user, password string) (address string, stop func()) {
	t.Helper()
	exim, h := Need(t, "exim4"), NewHome(t)
	address, port := FreeAddress(t)
	conf := []string{
		"primary_hostname = localhost", "spool_directory = " + h.Dir("spool"), "log_file_path = " + h.Path + "/%slog",
		"local_interfaces = 127.0.0.1", "daemon_smtp_ports = " + port, "pid_file_path = " + h.Path + "/pid",
		"host_lookup =", "rfc1413_query_timeout = 0s", "acl_smtp_rcpt = deny", "keep_environment =",
		"exim_user = " + h.User, "exim_group = " + h.gid, "timezone = UTC",
	}
	advertise := ""
	if pair.Cert != "" {
		conf = append(conf, "tls_advertise_hosts = *", "tls_certificate = "+h.File("cert", pair.Cert), "tls_privatekey = "+h.File("key", pair.Key))
		advertise = "\n  server_advertise_condition = ${if def:tls_in_cipher}"
	} else {
		conf = append(conf, "tls_advertise_hosts =")
	}
	authenticator := func(name, public, prompts string, n int) string {
		return fmt.Sprintf("%s:\n  driver = plaintext\n  public_name = %s\n  server_prompts = %s\n"+
			"  server_condition = ${if eq{$auth%d}{busy}{${readfile{/nonexistent/file}}}{${if and{{eq{$auth%d}{%s}}{eq{$auth%d}{%s}}}}}}\n  server_set_id = $auth%d%s\n",
			name, public, prompts, n, n, user, n+1, password, n, advertise)
	}
	text := strings.Join(conf, "\n") + "\nbegin authenticators\n" +
		authenticator("plain", "PLAIN", ":", 2) + authenticator("login", "LOGIN", "User Name : Password", 1)
	return address, h.Start(address, exim, "-bdf", "-C", h.File("exim.conf", text))
}

// Nginx starts a web server with TLS, and the directives of its server block, which hold {home}.
func Nginx(t testing.TB, pair Pair, directives ...string) (address string, stop func()) {
	t.Helper()
	nginx, h := Need(t, "nginx"), NewHome(t)
	address, port := FreeAddress(t)
	h.File("cert", pair.Cert)
	h.File("key", pair.Key)
	temp := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp += fmt.Sprintf("%s_temp_path {home}/%s;\n", kind, kind)
	}
	text := "daemon off; master_process off; pid {home}/pid; error_log stderr;\nevents {}\nhttp {\naccess_log off;\n" + temp +
		"server {\nlisten 127.0.0.1:" + port + " ssl;\nssl_certificate {home}/cert;\nssl_certificate_key {home}/key;\n" +
		strings.Join(directives, "\n") + "\n}\n}\n"
	conf := h.File("nginx.conf", strings.ReplaceAll(text, "{home}", h.Path))
	return address, h.Start(address, nginx, "-p", h.Path, "-c", conf, "-e", "stderr")
}
