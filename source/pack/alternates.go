package pack

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/straykey/straykey/source"
)

const (
	maxAlternateDepth = 5       // as git has it
	maxAlternates     = 1000    // directories in all
	maxAlternatesFile = 1 << 20 // bytes of one info/alternates
)

// alternates returns dir and all objects directories that it borrows from, each once, nearest first: those given,
// then those it names. Those that are missing are told as problems.
func (s *Store) alternates(dir string, given []string) []string {
	dirs := []string{dir}
	seen := map[string]bool{realPath(dir): true}
	level := dirs
	for depth := 0; len(level) > 0; depth++ {
		var next []string
		for i, from := range level {
			named := s.readAlternates(from)
			if depth == 0 && i == 0 {
				named = append(slices.Clone(given), named...)
			}
			for _, to := range named {
				if seen[realPath(to)] {
					continue
				}
				if depth == maxAlternateDepth || len(dirs) == maxAlternates {
					s.problem(source.Unreadable, to, fmt.Errorf("alternate object directories are nested more than %d deep, or are more than %d", maxAlternateDepth, maxAlternates))
					return dirs
				}
				seen[realPath(to)] = true
				if info, err := os.Stat(to); err != nil || !info.IsDir() {
					s.problem(source.Absent, to, fmt.Errorf("alternate object directory, named for %s, is not there", from))
					continue
				}
				next = append(next, to)
				dirs = append(dirs, to)
			}
		}
		level = next
	}
	return dirs
}

// realPath resolves symbolic links, to recognise a directory that is reached by two ways.
func realPath(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}

// readAlternates reads info/alternates: one directory a line, relative to the objects directory that the file
// belongs to. As in git, lines starting with # are comments and names in double quotes are unquoted.
func (s *Store) readAlternates(dir string) []string {
	path := filepath.Join(dir, "info", "alternates")
	f, size, err := openRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.fileProblem(path, err)
		return nil
	}
	defer f.Close()
	if size > maxAlternatesFile {
		s.problem(source.TooLarge, path, fmt.Errorf("%d bytes are too many for a list of directories", size))
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(f, maxAlternatesFile))
	if err != nil {
		s.fileProblem(path, err)
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if unquoted, err := strconv.Unquote(line); err == nil && line[0] == '"' {
			line = unquoted
		}
		if !filepath.IsAbs(line) {
			line = filepath.Join(dir, line)
		}
		dirs = append(dirs, line)
	}
	return dirs
}
