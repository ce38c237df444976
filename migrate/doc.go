// Package migrate makes straykey's policy files of what users of gitleaks, betterleaks, trufflehog and detect-secrets have:
// configurations, ignore files, baselines, comments in the scanned texts. It says of each part where it stands and whether it is
// carried over, carried over with a difference, or not, why, and what to do then.
//
// It works in two steps, because those tools name places (a commit, a file, a line) where straykey names secrets:
//
//	files ──► Read ──► Migration: configuration, places ──► Resolve ──► ignore file, baseline, report
//	                        │                                  ▲
//	                        └── a scan with that configuration ┘  by the caller: this package scans nothing
//
// A place becomes the fingerprint of what is found there, in the text that the place means: of its commit, or of the work
// tree. A secret that the other tool knew by heart or by its hash is found by that. A place where nothing is any more is stale.
//
// Nothing that this package returns for people holds a secret: the report names keys, files and lines, not values. The
// configuration does hold the expressions of the one it was made of.
package migrate
