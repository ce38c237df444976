// Package rules holds the kinds of credentials straykey knows and reads rule
// files.
//
// A [Rule] is data: how a credential of its kind looks, which offline proof
// applies to it, and what a reader of a finding needs to know. A [Set] is what a
// scan works with. [Builtin] returns the catalogue that is part of the program,
// [Load] and [Parse] read a file. The format is a superset of the gitleaks
// configuration, version 8.30, and is described in docs/rules.md.
//
// The loader is strict. Whatever it does not understand is an error that names
// the file, the line, the key and what was expected ([Error]); all errors of a
// file are reported together ([Errors]). No error repeats a value longer than a
// word, because allowlists hold real secrets.
//
// # Samples
//
// A rule carries texts it must find (positives) and texts it must leave alone
// (negatives). They are templates, so that a rule file never contains anything
// that looks like a leak. Package rules/sample expands them, package
// rules/ruletest runs them.
//
// Nothing here imports the detector: package detect compiles what this package
// describes.
package rules
