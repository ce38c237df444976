//go:build !unix

package cache

import "io/fs"

// ownedByUser is always true: the mode of a file says nothing about its owner here. The user's cache directory is
// the user's alone by its access list.
func ownedByUser(fs.FileInfo) bool { return true }
