// Package repotest tests the repository as a whole: that imports point one way, that
// every package says what it is, that nothing happens before main, that files are
// formatted. It has no code of its own.
package repotest
