// Package delta names what a text has in common with an earlier one. The object
// walk (source/pack) learns it from git's own deltas; the detector (detect)
// uses it to look at new text only.
package delta

// Run says that target[Target:Target+Len] equals base[Base:Base+Len]. Runs come
// sorted by Target, do not overlap in the target, and are maximal: two runs
// that are contiguous in base and in target are one.
type Run struct {
	Base, Target, Len int
}
