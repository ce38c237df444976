package main

import (
	"strings"
	"testing"
)

func TestEnoughAddresses(t *testing.T) {
	if err := enoughAddresses(minAddressSpace); err != nil {
		t.Errorf("%v", err)
	}
	var out strings.Builder
	code := exitCode(enoughAddresses(1_100_000<<10), &out)
	const want = "straykey: the address space is limited to 1100000 KiB; a scan takes 1310720 and the size of the packs, however little memory it uses; raise the limit, for example: ulimit -v 5242880\n"
	if code != exitUsage || out.String() != want {
		t.Errorf("code %d: %s\nwant %d: %s", code, out.String(), exitUsage, want)
	}
}
