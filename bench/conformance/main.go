// Command conformance compares what gitleaks and straykey found in the same repository under the same configuration, and
// writes a row of a table for it, and a line for each finding of gitleaks that straykey has not: conformance.sh runs it.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
)

// finding is what both reports say of a finding, with its secret.
type finding struct {
	RuleID, File, Secret, Commit string
	StartLine                    int
}

// The classes of findings of one report by what the other has, the closest first.
const (
	exact = iota
	otherCommit
	otherLine
	otherRule
	otherFile
	missing
	classes
)

// heads are the headings of the classes.
var heads = [classes]string{"exact", "another commit", "another line", "another rule", "another file", "missing"}

// index knows the findings of a report by all that may be alike.
type index map[[5]string]bool

func newIndex(list []finding) index {
	ix := index{}
	for _, f := range list {
		for class := range missing {
			ix[f.key(class)] = true
		}
	}
	return ix
}

// key is what two findings of a class have in common.
func (f *finding) key(class int) [5]string {
	line := fmt.Sprint(f.StartLine)
	switch class {
	case exact:
		return [5]string{f.Commit, f.File, f.RuleID, line}
	case otherCommit: // gitleaks has a finding for each commit that touches the line
		return [5]string{"commit", f.File, f.RuleID, line}
	case otherLine: // and for each line that the secret moved to
		return [5]string{"line", f.File, f.RuleID, f.Secret}
	case otherRule: // of several rules that claim the same bytes straykey reports one
		return [5]string{"rule", f.File, line}
	}
	return [5]string{"file", f.Secret}
}

// class returns how near the nearest finding of the other report is.
func (ix index) class(f *finding) int {
	for class := range missing {
		if ix[f.key(class)] {
			return class
		}
	}
	return missing
}

// tally counts the findings of a list by their class, and returns those that do not stand on the same line.
func tally(list, other []finding) (n [classes]int, rest []finding) {
	ix := newIndex(other)
	for i := range list {
		class := ix.class(&list[i])
		n[class]++
		if class >= otherLine {
			rest = append(rest, list[i])
		}
	}
	return n, rest
}

// more counts the findings of a list that the other has not in the same file, by the same rule and on the same line: those in
// the message of a commit or tag, those of secrets that the other has elsewhere, and the others.
func more(list, other []finding) (messages, places, secrets int) {
	ix, known := newIndex(other), map[string]bool{}
	for _, f := range other {
		known[f.Secret] = true
	}
	for i := range list {
		switch f := &list[i]; {
		case ix.class(f) <= otherCommit:
		case f.File == "":
			messages++
		case known[f.Secret]:
			places++
		default:
			secrets++
		}
	}
	return messages, places, secrets
}

func read(name string) ([]finding, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []finding
	if err := json.NewDecoder(f).Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: no JSON report", name)
	}
	return list, nil
}

func main() {
	log.SetFlags(0)
	name := flag.String("name", "", "what was scanned, with which configuration")
	rest := flag.String("rest", "", "append findings that straykey has not to this file")
	header := flag.Bool("header", false, "write the head of the table and end")
	flag.Parse()
	if *header {
		fmt.Println("| repository, configuration | gitleaks | straykey | matched | " + strings.Join(heads[:], " | ") + " | more: messages | more: another place | more: another secret |")
		fmt.Println("|---|--:|--:|--:|" + strings.Repeat("--:|", classes+3))
		return
	}
	if flag.NArg() != 2 {
		log.Fatal("usage: conformance -name NAME GITLEAKS.json STRAYKEY.json")
	}
	if err := run(os.Stdout, *name, *rest, flag.Arg(0), flag.Arg(1)); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, name, rest, theirs, ours string) error {
	g, err := read(theirs)
	if err != nil {
		return err
	}
	s, err := read(ours)
	if err != nil {
		return err
	}
	n, unlike := tally(g, s)
	messages, places, secrets := more(s, g)
	fmt.Fprintf(w, "| %s | %d | %d | %s |", name, len(g), len(s), percent(n[exact]+n[otherCommit], len(g)))
	for _, k := range n {
		fmt.Fprintf(w, " %d |", k)
	}
	fmt.Fprintf(w, " %d | %d | %d |\n", messages, places, secrets)
	if rest == "" {
		return nil
	}
	return appendRest(rest, name, unlike)
}

// percent is how many of all there are; of none there are all.
func percent(n, all int) string {
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(all))
}

// appendRest adds findings to a file, without their secrets.
func appendRest(file, name string, list []finding) error {
	slices.SortFunc(list, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.RuleID, b.RuleID), cmp.Compare(a.File, b.File), a.StartLine-b.StartLine)
	})
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, x := range list {
		fmt.Fprintf(f, "%s\t%s\t%.10s\t%s:%d\n", name, x.RuleID, x.Commit, x.File, x.StartLine)
	}
	return f.Close()
}
