// Package repo opens git repositories for reading: it finds them as git does, reads the few
// configuration values that say how objects and refs are stored, lists refs, and resolves revisions.
//
// The repository is taken to be hostile. Nothing in it is executed: no hook, filter, pager, fsmonitor,
// attribute or credential helper, and no object is fetched. Configuration outside the repository
// is not read and includes are not followed. Where a storage format is too rare for a reader of our
// own (reftable, split and sparse index) the git binary is run through [Repo.Git], cut off from
// configuration, hooks and network, and [Repo.Notes] says so.
//
// Formats are those of git's gitrepository-layout, git-config, gitrevisions, git-pack-refs and
// git-check-ref-format documents.
package repo
