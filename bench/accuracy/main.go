// Command accuracy makes rows of the scores that accuracy.sh collects, and a table and a chart of the rows:
//
//	accuracy row NAME LEFT-OUT score.json
//	accuracy report accuracy.tsv accuracy.md accuracy.svg
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log"
	"os"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("accuracy: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "row":
		return writeRow(args[1], args[2], args[3])
	case len(args) == 4 && args[0] == "report":
		return writeReport(args[1], args[2], args[3])
	}
	return errors.New("usage: accuracy row NAME LEFT-OUT FILE, or accuracy report TSV MARKDOWN SVG")
}

// writeRow prints the row of a score.
func writeRow(name, left, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	row, err := rowOf(name, left, data)
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	_, err = os.Stdout.WriteString(row)
	return err
}

// rowOf makes one line: name, what was left out, precision, recall, F1, strict F1, macro recall.
func rowOf(name, left string, data []byte) (string, error) {
	var score struct {
		Total struct {
			Precision   float64 `json:"precision"`
			Recall      float64 `json:"recall"`
			F1          float64 `json:"f1"`
			StrictF1    float64 `json:"strict_f1"`
			MacroRecall float64 `json:"macro_recall"`
		} `json:"total"`
	}
	if err := json.Unmarshal(data, &score); err != nil {
		return "", err
	}
	t := score.Total
	return fmt.Sprintf("%s\t%s\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\n", name, left, t.Precision, t.Recall, t.F1, t.StrictF1, t.MacroRecall), nil
}

// row is a line of the table.
type row struct {
	name, left string
	values     []string // precision, recall, F1, strict F1, macro recall
}

func parse(data []byte) ([]row, error) {
	var rows []row
	for line := range strings.Lines(string(data)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 7 {
			return nil, fmt.Errorf("expected 7 fields, got %d: %q", len(fields), line)
		}
		rows = append(rows, row{fields[0], fields[1], fields[2:]})
	}
	return rows, nil
}

func writeReport(tsv, markdown, svg string) error {
	data, err := os.ReadFile(tsv)
	if err != nil {
		return err
	}
	rows, err := parse(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", tsv, err)
	}
	if err := os.WriteFile(markdown, table(rows), 0o666); err != nil {
		return err
	}
	return os.WriteFile(svg, chart(rows), 0o666)
}

// table writes one table of all labels and one without identifiers.
func table(rows []row) []byte {
	var b bytes.Buffer
	for _, left := range []string{"nothing", "identifiers"} {
		title := "All labels"
		if left == "identifiers" {
			title = "Without identifiers"
		}
		fmt.Fprintf(&b, "%s:\n\n| scanner | precision | recall | F1 | strict F1 | mean recall of repositories |\n|---|--:|--:|--:|--:|--:|\n", title)
		for _, r := range rows {
			if r.left == left {
				fmt.Fprintf(&b, "| %s | %s |\n", r.name, strings.Join(r.values, " | "))
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Geometry of the chart, in pixels.
const (
	nameWidth = 320
	barWidth  = 360
	lineStep  = 24
)

// chart draws the F1 of each scanner, all labels.
func chart(rows []row) []byte {
	var b bytes.Buffer
	var shown []row
	for _, r := range rows {
		if r.left == "nothing" {
			shown = append(shown, r)
		}
	}
	height := lineStep*len(shown) + 40
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", nameWidth+barWidth+60, height)
	b.WriteString("<style>text{fill:#333}.own{fill:#2a7f62}.other{fill:#999}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>\n")
	b.WriteString(`<text x="8" y="18" font-weight="bold">F1 on labelled repositories</text>` + "\n")
	for i, r := range shown {
		y := 32 + i*lineStep
		class := "other"
		if strings.HasPrefix(r.name, "straykey") {
			class = "own"
		}
		f1, _ := strconv.ParseFloat(r.values[2], 64) // what cannot be measured has no bar
		fmt.Fprintf(&b, `<text x="8" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%.0f" height="14"/><text x="%.0f" y="%d">%.2f</text>`+"\n",
			y+11, html.EscapeString(r.name), class, nameWidth, y, f1*barWidth, nameWidth+f1*barWidth+6, y+11, f1)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
