package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A schemaNode is what the schema of the JSON report says of a value, its fields in the schema's order.
type schemaNode struct {
	Description string       `json:"description"`
	Type        string       `json:"type"`
	Format      string       `json:"format"`
	Ref         string       `json:"$ref"`
	Const       string       `json:"const"`
	Enum        []string     `json:"enum"`
	Required    []string     `json:"required"`
	Items       *schemaNode  `json:"items"`
	Properties  schemaFields `json:"properties"`
}

type schemaFields []schemaField

type schemaField struct {
	name string
	node schemaNode
}

// UnmarshalJSON keeps the order, which a map would lose.
func (f *schemaFields) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		field := schemaField{name: name.(string)}
		if err := d.Decode(&field.node); err != nil {
			return err
		}
		*f = append(*f, field)
	}
	return nil
}

// kind names the type of a value for a table.
func (n schemaNode) kind() string {
	switch {
	case n.Ref != "":
		name := strings.TrimPrefix(n.Ref, "#/$defs/")
		return fmt.Sprintf("[%s](#%[1]s)", name)
	case n.Const != "":
		return "`" + n.Const + "`"
	case n.Enum != nil:
		var words []string
		for _, w := range n.Enum {
			if w == "" {
				w = `""`
			}
			words = append(words, "`"+w+"`")
		}
		return strings.Join(words, " ")
	case n.Type == "array":
		return "list of " + n.Items.kind()
	case n.Format != "":
		return n.Format
	}
	return n.Type
}

// figures are an object of numbers whose names say all.
func (n schemaNode) figures() bool {
	if n.Type != "object" {
		return false
	}
	return !slices.ContainsFunc(n.Properties, func(f schemaField) bool { return f.node.Type != "integer" || f.node.Description != "" })
}

// rows writes a line of the table for each field of an object, and for those of the objects in it.
func (n schemaNode) rows(t *testing.T, b *strings.Builder, prefix string) {
	t.Helper()
	for _, f := range n.Properties {
		name, node := prefix+f.name, f.node
		if node.Description == "" && node.Ref == "" {
			t.Errorf("the schema does not describe %s", name)
		}
		always := ""
		if slices.Contains(n.Required, f.name) {
			always = "yes"
		}
		kind := node.kind()
		if node.figures() {
			var names []string
			for _, p := range node.Properties {
				names = append(names, "`"+p.name+"`")
			}
			kind = "integers " + strings.Join(names, " ")
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, kind, always, node.Description)
		switch {
		case node.figures():
		case node.Type == "object":
			node.rows(t, b, name+".")
		case node.Type == "array" && node.Items.Type == "object":
			node.Items.rows(t, b, name+"[].")
		}
	}
}

// TestJSONDocument compares the tables of docs/json.md with the schema; -update writes them.
func TestJSONDocument(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs schemaFields `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var tables strings.Builder
	for _, def := range schema.Defs {
		if def.name == "record" {
			continue // one of several, which the document has in words
		}
		fmt.Fprintf(&tables, "\n### %s\n\n", def.name)
		if def.node.Description != "" {
			fmt.Fprintf(&tables, "%s\n\n", def.node.Description)
		}
		tables.WriteString("| field | value | always | meaning |\n|---|---|---|---|\n")
		def.node.rows(t, &tables, "")
	}

	const file, open, end = "../docs/json.md", "<!-- fields: go test ./report -run JSONDocument -update -->\n", "\n<!-- /fields -->\n"
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(document), open)
	if !ok {
		t.Fatalf("%s has no %q", file, open)
	}
	written, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s has no %q", file, end)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+open+tables.String()+end+after), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(tables.String(), written); diff != "" {
		t.Errorf("%s is not what the schema says; -update repairs it (-want +got):\n%s", file, diff)
	}
}
