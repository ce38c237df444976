package declared

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// maxDepth bounds how deep documents nest.
const maxDepth = 64

// parseJSON reads one JSON document: map[string]any, []any, string, json.Number, bool or nil. A document in which a
// name stands twice has two meanings, and is none.
func parseJSON(data []byte) (doc any, ok bool) {
	if !json.Valid(data) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	doc, ok = value(d, maxDepth)
	if !ok {
		return nil, false
	}
	_, err := d.Token()
	return doc, err == io.EOF
}

func value(d *json.Decoder, depth int) (any, bool) {
	token, err := d.Token()
	if err != nil || depth == 0 {
		return nil, false
	}
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return token, true
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, ok := value(d, depth-1)
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err == nil
	}
	object := map[string]any{}
	for d.More() {
		name, err := d.Token()
		key, isText := name.(string)
		if _, twice := object[key]; err != nil || !isText || twice {
			return nil, false
		}
		v, ok := value(d, depth-1)
		if !ok {
			return nil, false
		}
		object[key] = v
	}
	_, err = d.Token()
	return object, err == nil
}

// at returns what stands at a path of names and numbers, "data.0.id"; * stands for all elements of a list or an
// object. What is null is not there.
func at(doc any, path string) []any {
	found := []any{doc}
	for step := range strings.SplitSeq(path, ".") {
		var next []any
		for _, v := range found {
			next = append(next, under(v, step)...)
		}
		found = next
	}
	var out []any
	for _, v := range found {
		if v != nil {
			out = append(out, v)
		}
	}
	return out
}

func under(v any, step string) []any {
	switch v := v.(type) {
	case map[string]any:
		if w, ok := v[step]; ok {
			return []any{w}
		}
		if step == "*" {
			var out []any
			for _, w := range v {
				out = append(out, w)
			}
			return out
		}
	case []any:
		if step == "*" {
			return v
		}
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(v) {
			return []any{v[i]}
		}
	}
	return nil
}

// texts writes values as conditions name them: texts as they are, numbers and flags as JSON. A list or an object is
// there, but equals no text.
func texts(values []any) []string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case json.Number:
			out = append(out, v.String())
		case bool:
			out = append(out, strconv.FormatBool(v))
		default:
			out = append(out, "\x00") // no text of a rule has it
		}
	}
	return out
}
