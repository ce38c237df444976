// Package hooktest tries hooks with the tools that run them: the pre-commit framework, husky and lefthook as their makers
// give them out. install.sh gets them; without them the tests are skipped, and say so, unless STRAYKEY_REQUIRE_HOOK_TOOLS is
// set.
package hooktest
