package history

import "github.com/straykey/straykey/source/pack"

// InScope returns a function that reports whether a filter lets a commit count, or the commit that a
// tag leads to. Filter.Since is not looked at: it is about introductions.
func (g *Graph) InScope(f Filter) func(pack.Num) bool {
	scope := g.inScope(f)
	return func(n pack.Num) bool {
		pos, ok := g.position(g.peel(n, func(pack.Num) {}))
		return ok && scope.has(pos)
	}
}
