// Package gitleakstest holds the commands in the place of gitleaks against gitleaks itself: the same repository, the same
// flags, and then reports field by field and exit codes. install.sh gets it; without it the tests are skipped, and say so,
// unless STRAYKEY_REQUIRE_GITLEAKS is set.
package gitleakstest
