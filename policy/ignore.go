package policy

// IgnoreFile is the usual name of the ignore file, at the root of the repository.
const IgnoreFile = ".straykeyignore"

// Ignore is what an ignore file says.
type Ignore struct {
	Name    string
	Entries []Entry
}

// ParseIgnore reads an ignore file; the name stands for it in errors and positions. What is wrong in it is returned as
// [rules.Errors].
func ParseIgnore(name string, data []byte) (*Ignore, error) {
	entries, _, err := parseEntries(name, data, func(*Entry) *problem { return nil })
	if err != nil {
		return nil, err
	}
	return &Ignore{Name: name, Entries: entries}, nil
}
