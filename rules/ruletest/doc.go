// Package ruletest tests rules against their own samples and against each
// other's, and looks for what is wrong with a rule that nevertheless works.
//
// [Run] is `straykey rules test`, [Lint] is `straykey rules lint`; both are also
// run on the built-in catalogue by this package's tests. They work with the real
// engine, because a rule is only right together with what the engine makes of it.
package ruletest
