package migrate

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/straykey/straykey/policy"
)

// Dir is a directory on disk as [Files]. Symbolic links are not followed.
type Dir string

// ReadFile implements [policy.Source].
func (d Dir) ReadFile(name string) ([]byte, error) { return policy.Dir(d).ReadFile(name) }

// ReadDir implements [Files].
func (d Dir) ReadDir(name string) []string {
	list, err := os.ReadDir(filepath.Join(string(d), filepath.FromSlash(name)))
	if err != nil {
		return nil // a directory that is not there has no files
	}
	var out []string
	for _, e := range list {
		switch {
		case e.IsDir():
			out = append(out, e.Name()+"/")
		case e.Type().IsRegular():
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return out
}
