//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// addressSpace returns how many bytes of addresses the process may use, if that is limited.
func addressSpace() (limit uint64, limited bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &l); err != nil || l.Cur == unix.RLIM_INFINITY {
		return 0, false
	}
	return l.Cur, true
}
