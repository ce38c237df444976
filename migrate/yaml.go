package migrate

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/straykey/straykey/rules"
)

// node is a value of a YAML file with its place. Aliases are not followed.
type node struct {
	file string
	n    *yaml.Node
}

// maxYAML bounds the YAML files that are read, in bytes.
const maxYAML = 1 << 20

// errYAML stands for what the parser says, which may quote the text.
var errYAML = errors.New("no YAML")

// readYAML reads the first document of a file.
func readYAML(name string, data []byte) (node, error) {
	if len(data) > maxYAML {
		return node{}, fmt.Errorf("larger than %d MiB", maxYAML>>20)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return node{}, errYAML
	}
	if len(doc.Content) == 0 {
		return node{name, &yaml.Node{}}, nil
	}
	return node{name, doc.Content[0]}, nil
}

func (n node) at() rules.Position { return rules.Position{File: n.file, Line: n.n.Line} }

// text returns a text, number or the like as it is written.
func (n node) text() string { return n.n.Value }

// pair is a key of a map with its value.
type pair struct {
	key   string
	at    rules.Position
	value node
}

// pairs returns the keys and values of a map.
func (n node) pairs() []pair {
	if n.n.Kind != yaml.MappingNode {
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.n.Content); i += 2 {
		k := node{n.file, n.n.Content[i]}
		out = append(out, pair{k.text(), k.at(), node{n.file, n.n.Content[i+1]}})
	}
	return out
}

// elements returns the elements of a list.
func (n node) elements() []node {
	if n.n.Kind != yaml.SequenceNode {
		return nil
	}
	var out []node
	for _, e := range n.n.Content {
		out = append(out, node{n.file, e})
	}
	return out
}

// texts returns a list of texts.
func (n node) texts() []item {
	var out []item
	for _, e := range n.elements() {
		if e.n.Kind == yaml.ScalarNode && e.text() != "" {
			out = append(out, item{text: e.text(), at: e.at()})
		}
	}
	return out
}
