//go:build unix

package files

import (
	"os"
	"syscall"
)

// openRegular opens a file that was a regular one when its directory was listed. Should it
// have become a link since, opening fails; should it have become a pipe, it does not wait.
func openRegular(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
