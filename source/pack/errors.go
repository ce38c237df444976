package pack

import "github.com/straykey/straykey/source"

// ObjectError says that an object cannot be read, and why.
type ObjectError struct {
	Problem source.Problem // What is the object's id, Where the file
}

// Error returns the problem in words.
func (e *ObjectError) Error() string {
	p := e.Problem
	s := "object " + p.What + " is " + string(p.Reason)
	if p.Where != "" {
		s += " in " + p.Where
	}
	if p.Detail != "" {
		s += ": " + p.Detail
	}
	return s
}
