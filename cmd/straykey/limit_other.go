//go:build !linux && !darwin

package main

// addressSpace returns how many bytes of addresses the process may use, if that is limited.
func addressSpace() (limit uint64, limited bool) { return 0, false }
