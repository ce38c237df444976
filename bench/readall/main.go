// Command readall reads all files below a directory, one after the other, and does nothing with them: what no scanner of files
// can be faster than on one core.
//
//	readall DIRECTORY
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/files"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: readall DIRECTORY")
		os.Exit(3)
	}
	var coverage source.Coverage
	err := files.Walk(context.Background(), os.Args[1], files.Options{}, &coverage, func(int, files.Text) {})
	if err != nil {
		fmt.Fprintln(os.Stderr, "readall:", err)
		os.Exit(1)
	}
}
