// Package generic finds secrets of no known provider: passwords, tokens and keys that only the place
// they stand in makes secrets. It is pure: a function of the bytes around a key word.
//
// # From a text to a score
//
// A rule with detector = "…" names a [Detector] of this package; its keywords are the anchors. Where one
// stands in a text the detector's Find looks for candidates: values with what names them, how they
// are assigned and how they are quoted. [Score] describes a candidate by features, each of which
// either holds or does not, and sums their weights (weights_table.go, learnt by internal/train). The
// sum is the logarithm of the odds that the candidate is a secret. Features of the path are added
// later, by [Verdict.At], because the same text can stand at many paths.
//
// # How to add a detector
//
// Write a Find function in a file of its own and enter it in the table detectors (detectors.go); then add
// a rule to a file of rules/catalog with detector = "name" and keywords, positives and negatives. Find
// is called for every place where a keyword stands, so it must give up within nanoseconds where there is
// nothing. It obeys one contract: what it finds may depend only on bytes between the candidate's
// start - Context and its end + Context, on the candidate's own line and the line before (a Detector with a Reach: on the lines
// that Text gives it); and two
// anchors that lead to the same value must give the same candidate. Text.Lo and Text.Hi limit what it
// may look at.
//
// A detector chooses the group of a candidate: groups have weights of their own where the data has
// enough of them. After adding one, train again (make train LABELS=… CLEAN=…) so that its candidates have weights.
package generic
