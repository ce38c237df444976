// Package servers starts the servers that tests of live checks log in to: those of Debian's packages, each in a directory of
// its own, on a free port of 127.0.0.1, and without root. install.sh installs them.
//
// A test whose server is not installed is skipped; with STRAYKEY_REQUIRE_SERVERS in the environment it fails.
package servers
