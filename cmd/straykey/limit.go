package main

// minAddressSpace is how many bytes of addresses a scan needs without the packs, of which the Go runtime reserves most. Below it
// the runtime ends the process, at its start or whenever it wants more, with a message that tells nobody what to do.
const minAddressSpace = 1280 << 20

// checkAddressSpace refuses to begin where the address space is too small to end.
func (p *scanPlan) checkAddressSpace() error {
	limit, limited := addressSpace()
	if !limited {
		return nil
	}
	return enoughAddresses(limit)
}

func enoughAddresses(limit uint64) error {
	if limit >= minAddressSpace {
		return nil
	}
	return usageError("the address space is limited to %d KiB; a scan takes %d and the size of the packs, however little memory it uses; raise the limit, for example: ulimit -v %d",
		limit>>10, minAddressSpace>>10, 4*minAddressSpace>>10)
}
