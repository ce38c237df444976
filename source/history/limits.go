package history

import (
	"errors"

	"github.com/straykey/straykey/source"
	"github.com/straykey/straykey/source/pack"
)

// What a tree may hold, see the package comment.
const (
	maxWeight = 8 << 20 // bytes of paths
	maxLevels = 2048    // of trees

	// maxNesting bounds recursion, which otherwise only the number of trees in a repository does.
	maxNesting = 100_000
)

var (
	errNotTree   = errors.New("not a tree")
	errMalformed = errors.New("malformed tree entry")
	errSlash     = errors.New("its name in a tree has a slash")
	errTooMany   = errors.New("the paths below unfold beyond the limit; some are left out")
)

// treeProblem is a problem that a tree is or has.
func treeProblem(id pack.ID, err error) source.Problem {
	p := source.Problem{Reason: source.Corrupt, What: id.String(), Detail: err.Error()}
	if errors.Is(err, errTooMany) {
		p.Reason = source.TooLarge
	}
	return p
}
