// Package policy decides what counts: which findings are suppressed, by what, and whose word is taken for it.
//
// A policy is the configuration (.straykey.toml), the ignore file (.straykeyignore), the baseline (.straykey-baseline)
// and the allow comments in the scanned texts. A suppressed finding is reported apart and does not count; the report says
// by what it was suppressed, why, and where the entry stands.
//
// Entries of the ignore file and of the baseline are lines of one grammar:
//
//	[GLOB] [KEY=VALUE]... [# comment]
//
// GLOB is a pattern as in .gitignore, from the root of the repository; a fingerprint (sk1:…) may stand in its place. Keys
// are rule, fingerprint, reason, owner, until (2027-01-31, the last day on which the entry counts, in UTC), repo, and the
// hints path and since, which decide nothing. A value with blanks stands in double quotes, in which a backslash goes before
// a quote or a backslash. An entry suppresses what all of its GLOB, rule and fingerprint fit; it has one of them at
// least, and in a baseline a fingerprint. What a line of another form means is an error and not a guess.
//
// The files are read from the disk, or as they are in a trusted revision: [Source]. Nothing here knows git.
package policy
