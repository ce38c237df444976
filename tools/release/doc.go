// Package release holds what releases are made with: goreleaser and ko, pinned in a module of their own so that they add
// nothing to ours, the scripts they call, and the tests of their configuration. The tests build a release of the
// work tree, publish nothing, and reach no network but for modules; `make release-check` runs them.
package release
