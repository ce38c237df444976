package rules

// ReadTOML decodes a file in the format of rule files without asking what its keys mean: its values, and the lines of keys,
// tables and elements of lists, by their paths in lower case: "rules.2.regex", "rules.2.keywords.0". What is wrong in the
// syntax is returned as [Errors]. It is for programs that rewrite such files.
func ReadTOML(name string, data []byte) (values map[string]any, lines map[string]int, err error) {
	var errs Errors
	f := &file{name: name, errs: &errs}
	root := f.decode(data)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	return root.values, f.index, nil
}
