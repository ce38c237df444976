// Package history tells which commits introduced, hold and removed what was found in blobs.
//
// # Words
//
// A credential is a number of the caller's. A label is a number, not 0, that the caller gives to a
// blob with findings; it stands for a set of credentials, which may depend on the path at which the
// blob stands ([Query.Resolve]). Symbolic links are blobs too; submodules (gitlinks) are not.
//
// A commit holds a credential at a path if its tree has a blob at that path whose label stands for the
// credential there. It introduces it if it holds it and none of its parents does. It removes it if it
// does not hold it and one of its parents does.
//
// The order of commits is topological: parents before children, and among commits whose parents have
// all been, the one with the older committer time first, then the one with the smaller id. Reachable
// commits, those that some ref reaches, come before all others, which are ordered in the same way.
//
// The parents of a commit at the boundary of a shallow clone are left out, as git does: it counts
// as a root. So does a commit whose parents are absent although they should not be, which is a
// problem.
//
// # Places
//
// There is one [Place] for each credential and path. Its commits are reachable ones if a reachable
// commit holds it, and else unreachable ones: amended commits, dropped stashes, deleted branches.
//
// A ref need not lead to a commit. What the tree or blob that a ref leads to holds, and no reachable
// commit does, has a Place without commits, with that ref among its Refs and a path relative to that
// tree. And blobs that are in no commit's tree and that no ref leads to have a Place without commits and
// without Refs: their paths start below the topmost trees that hold them, or are empty if there is
// no such tree.
//
// # Two ways
//
// [Attribute] is what is used: it costs one walk over the trees' deltas and some arithmetic in memory. A
// credential's commits are found by comparing each commit's tree with those of its parents; findings
// that stay as they are cost nothing, however many. [Naive] is its twin, as simple as can be and
// slow, for comparison: both give the same result for any repository whose objects have the ids they
// claim to have.
//
// # Hostile trees
//
// Trees need not be sorted and may name things twice; a path then has several blobs, and holds what
// any of them holds. From the first malformed entry on, a tree is not read; an entry with a slash in
// its name is left out. Trees can be tiny and yet
// unfold into a myriad of paths: entries that would take the paths of findings below a tree
// beyond 8 MiB, or the levels beyond 2048 (git's core.maxTreeDepth), are left out. All of
// this is told as a [source.Problem], and so are absent trees and blobs; if a reachable commit should
// have them, or, in a partial clone, whether or not.
package history
