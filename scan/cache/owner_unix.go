//go:build unix

package cache

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUser reports whether nobody but the user, or root, can write to a file.
func ownedByUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(stat.Uid) == os.Getuid() || stat.Uid == 0) && info.Mode().Perm()&0o022 == 0
}
