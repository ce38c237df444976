package hook

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/straykey/straykey/source/pack"
)

// Names of the hooks that straykey can be.
const (
	PreCommit  = "pre-commit"
	PrePush    = "pre-push"
	PreReceive = "pre-receive"
)

// Names returns all hooks that straykey can be.
func Names() []string { return []string{PreCommit, PrePush, PreReceive} }

// Update is a ref that a push changes.
type Update struct {
	Ref      string  // on the other side; in pre-receive on this one
	Old, New pack.ID // empty: the ref is not there before, or goes
}

// ReadPrePush reads what git tells a pre-push hook, a line for each ref:
// "<local ref> <local id> <remote ref> <remote id>". A local ref is what the user typed and may hold blanks.
func ReadPrePush(r io.Reader) ([]Update, error) {
	return readUpdates(r, func(line string) (u Update, err error) {
		var fields [3]string
		rest := line
		for i := range fields {
			at := strings.LastIndexByte(rest, ' ')
			if at < 0 {
				return u, errUpdate("<local ref> <local id> <remote ref> <remote id>", line)
			}
			rest, fields[2-i] = rest[:at], rest[at+1:]
		}
		return newUpdate(fields[1], fields[2], fields[0])
	})
}

// ReadPreReceive reads what git tells a pre-receive hook, a line for each ref: "<old id> <new id> <ref>".
func ReadPreReceive(r io.Reader) ([]Update, error) {
	return readUpdates(r, func(line string) (Update, error) {
		before, rest, _ := strings.Cut(line, " ")
		after, ref, ok := strings.Cut(rest, " ")
		if !ok {
			return Update{}, errUpdate("<old id> <new id> <ref>", line)
		}
		return newUpdate(ref, before, after)
	})
}

func errUpdate(want, line string) error {
	return fmt.Errorf("line %q on standard input: want %s, as git gives it to the hook", line, want)
}

func readUpdates(r io.Reader, parse func(string) (Update, error)) ([]Update, error) {
	var list []Update
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		if line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"); line != "" {
			u, err := parse(line)
			if err != nil {
				return nil, err
			}
			list = append(list, u)
		}
		if err == io.EOF {
			return list, nil
		}
	}
}

func newUpdate(ref, before, after string) (Update, error) {
	u := Update{Ref: ref}
	for _, side := range []struct {
		hex string
		id  *pack.ID
	}{{before, &u.Old}, {after, &u.New}} {
		id, err := pack.ParseID(side.hex)
		if err != nil {
			return Update{}, fmt.Errorf("%s on standard input: %q is no object id, as git gives it to the hook", ref, side.hex)
		}
		if strings.Trim(side.hex, "0") != "" {
			*side.id = id
		}
	}
	return u, nil
}

// Forwarded is a push of which the pre-commit framework, which reads standard input itself, tells by variables. It tells
// of the first ref of a push only.
type Forwarded struct {
	Remote   string // name, or URL
	From, To string // revisions; From is empty if all behind To is new
}

// FromPreCommit reads these variables; false: there are none.
func FromPreCommit(getenv func(string) string) (Forwarded, bool) {
	f := Forwarded{
		Remote: getenv("PRE_COMMIT_REMOTE_NAME"),
		From:   getenv("PRE_COMMIT_FROM_REF"), To: getenv("PRE_COMMIT_TO_REF"),
	}
	if f.To == "" { // all is pushed
		f.To = getenv("PRE_COMMIT_LOCAL_BRANCH")
	}
	return f, f.To != ""
}
