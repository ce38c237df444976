package repo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// option is one "section.sub.key = value" of a configuration file; section and key are in lower case.
type option struct {
	section, sub, key, value string
	bare                     bool // a key without "="
}

// parseConfig reads a configuration file by the syntax of git-config(1), "CONFIGURATION FILE". It is our own
// because the file is hostile: the parser of gcfg, which go-git uses, loops forever on some input and
// refuses a key on the line of its section, which git accepts.
func parseConfig(data []byte) ([]option, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	p := configParser{data: bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))}
	var opts []option
	var section, sub string
	for {
		var err error
		switch c := p.next(); {
		case c == '\n' && p.end:
			return opts, nil
		case isConfigSpace(c):
		case c == '#' || c == ';':
			p.skipLine()
		case c == '[':
			section, sub, err = p.section()
		case isLetter(c):
			o := option{section: section, sub: sub}
			if section == "" {
				err = errConfig
			} else if err = p.option(&o, c); err == nil {
				opts = append(opts, o)
			}
		default:
			err = errConfig
		}
		if err != nil {
			// What stands there is not told: it may be anything.
			line := 1 + bytes.Count(p.data[:max(p.pos-1, 0)], []byte("\n"))
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

var errConfig = errors.New("not what git's configuration syntax allows")

type configParser struct {
	data []byte
	pos  int
	end  bool // next has been called at the end
}

// next returns the next byte; the end of the file looks like an end of line.
func (p *configParser) next() byte {
	if p.pos == len(p.data) {
		p.end = true
		return '\n'
	}
	p.pos++
	return p.data[p.pos-1]
}

func (p *configParser) skipLine() {
	for p.next() != '\n' {
	}
}

// section reads what follows '[': a name, optionally a quoted sub-section, or in old files one after a dot.
func (p *configParser) section() (name, sub string, err error) {
	var b strings.Builder
	for {
		c := p.next()
		switch {
		case c == ']' && b.Len() > 0:
			name, sub, _ := strings.Cut(strings.ToLower(b.String()), ".")
			return name, sub, nil
		case c == ' ' || c == '\t':
			sub, err := p.subsection()
			return strings.ToLower(b.String()), sub, err
		case !isKeyByte(c) && c != '.':
			return "", "", errConfig
		}
		b.WriteByte(c)
	}
}

func (p *configParser) subsection() (string, error) {
	c := p.next()
	for c == ' ' || c == '\t' {
		c = p.next()
	}
	if c != '"' {
		return "", errConfig
	}
	var b strings.Builder
	for c = p.next(); c != '"'; c = p.next() {
		if c == '\\' {
			c = p.next()
		}
		if c == '\n' {
			return "", errConfig
		}
		b.WriteByte(c)
	}
	if p.next() != ']' {
		return "", errConfig
	}
	return b.String(), nil
}

// option reads a key whose first byte is c, and its value.
func (p *configParser) option(o *option, c byte) (err error) {
	var b strings.Builder
	for ; isKeyByte(c); c = p.next() {
		b.WriteByte(c)
	}
	o.key = strings.ToLower(b.String())
	for c == ' ' || c == '\t' {
		c = p.next()
	}
	switch c {
	case '\n':
		o.bare = true
		return nil
	case '=':
		o.value, err = p.value()
		return err
	}
	return errConfig
}

// value reads up to the end of the line, without comments and without white space at either end, both of
// which quotes protect.
func (p *configParser) value() (string, error) {
	var b []byte
	quoted, keep := false, 0 // keep: the length without white space at the end
	for {
		c := p.next()
		switch {
		case c == '\n':
			if quoted {
				return "", errConfig
			}
			return string(b[:keep]), nil
		case !quoted && isConfigSpace(c):
			if len(b) > 0 {
				b = append(b, c)
			}
			continue
		case !quoted && (c == '#' || c == ';'):
			p.skipLine()
			return string(b[:keep]), nil
		case c == '"':
			quoted = !quoted
			keep = len(b)
			continue
		case c == '\\':
			c = p.next()
			if c == '\n' {
				keep = len(b)
				continue
			}
			i := strings.IndexByte(`tbn\"`, c)
			if i < 0 {
				return "", errConfig
			}
			c = "\t\b\n\\\""[i]
		}
		b = append(b, c)
		keep = len(b)
	}
}

func isConfigSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isKeyByte(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' || c == '-' }
