// Package pack reads git's object store natively: packfiles with their indexes, loose objects and
// alternates. It runs no git, follows no configuration and writes nothing.
//
// A [Store] is the set of all objects under one objects directory and its alternates. Every object
// has a [Num], its dense rank in id order; tables indexed by Num replace maps keyed by id.
//
// There are two ways to get at contents. A [Reader] fetches single objects; it is simple and checks each
// object's id, and with [Store.NewPlainReader] uses nothing but compress/zlib: the obviously right path. [Walk] visits all objects of
// some types once, at a cost proportional to the size of the pack rather than to the size of the
// history: it follows git's own deltas, base before derived, and tells the visitor which bytes of
// an object are copied from its base.
//
// Formats are those of git's Documentation/gitformat-pack.txt, gitrepository-layout.txt and
// hash-function-transition.txt. What cannot be read becomes a [source.Problem]; the rest is still
// read.
package pack
