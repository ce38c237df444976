// Package hook puts straykey between a developer and a commit or push, and tells whether it stands there.
//
// A hook is a program that git runs before a commit (pre-commit), before a push leaves (pre-push), or on a server
// before a push is accepted (pre-receive). Who calls straykey is one of
//
//	git         a script of our own in the directory where git looks for hooks
//	pre-commit  an entry in .pre-commit-config.yaml, for the framework of that name
//	husky       a line in .husky/pre-commit
//	lefthook    an entry in lefthook.yml
//
// Our script runs the hook that was there before it first, and fails when straykey is not there to be run: a hook that
// cannot look says so and lets nothing pass. All of them end in the command "straykey hook run", which scans.
//
// What git says about a repository (where hooks are, and which configuration put them there) is asked of git itself,
// with the user's whole configuration: unlike a scan, to install a hook is something one does to a repository of one's own.
package hook
