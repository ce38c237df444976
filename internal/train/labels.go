package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// row is a labelled value.
type row struct {
	path       string
	start, end int // lines, from 1
	truth      byte
	categories []string
	lo, hi     int // of the value in its line, in characters; -1: not known
}

// unit is a labelled line, or a range of lines: what counts once.
type unit struct {
	path       string
	start, end int
	positive   bool
	rows       []row
}

// repo is the repository a unit belongs to.
func repoOf(path string) string {
	repo, _, _ := strings.Cut(path, "/")
	return repo
}

// identifiers are the categories of values that identify and open nothing.
var identifiers = []string{"UUID", "Nonce", "Salt", "AWS S3 Bucket", "Firebase Domain", "Tencent WeChat API App ID"}

// identifier reports whether a unit is labelled with nothing but categories of identifiers.
func (u *unit) identifier() bool {
	for _, r := range u.rows {
		if (r.truth == 'T') != u.positive {
			continue
		}
		for _, c := range r.categories {
			if !slices.Contains(identifiers, c) {
				return false
			}
		}
	}
	return true
}

// readLabels reads the tables of a directory: one file a repository.
func readLabels(dir string) (map[string][]*unit, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no tables (*.csv) in %s", dir)
	}
	units := map[string][]*unit{}
	for _, file := range files {
		rows, err := readRows(file)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			u := unitOf(units[r.path], r)
			if u == nil {
				u = &unit{path: r.path, start: r.start, end: r.end}
				units[r.path] = append(units[r.path], u)
			}
			u.rows = append(u.rows, r)
			u.positive = u.positive || r.truth == 'T'
		}
	}
	for _, list := range units {
		slices.SortFunc(list, func(a, b *unit) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) })
	}
	return units, nil
}

func unitOf(list []*unit, r row) *unit {
	for _, u := range list {
		if u.start == r.start && u.end == r.end {
			return u
		}
	}
	return nil
}

func readRows(file string) ([]row, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	number := func(rec []string, name string) int {
		s := rec[column[name]]
		if s == "" {
			return -1
		}
		n, convErr := strconv.Atoi(s)
		if convErr != nil && err == nil {
			err = fmt.Errorf("%s: %s is %q", file, name, s)
		}
		return n
	}
	var rows []row
	for _, rec := range records[1:] {
		rows = append(rows, row{
			path:  strings.TrimPrefix(rec[column["FilePath"]], "data/"),
			start: number(rec, "LineStart"), end: number(rec, "LineEnd"),
			truth: rec[column["GroundTruth"]][0], categories: strings.Split(rec[column["Category"]], ":"),
			lo: number(rec, "ValueStart"), hi: number(rec, "ValueEnd"),
		})
	}
	return rows, err
}
