//go:build !unix

package files

import "os"

// openRegular opens a file that was a regular one when its directory was listed.
func openRegular(path string) (*os.File, error) { return os.Open(path) }
