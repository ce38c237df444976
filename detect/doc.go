// Package detect finds credentials in texts. It is a library: a pure function
// of a text and a rule set, which knows nothing of git, files, networks or
// terminals.
//
// # How a text is read
//
// One pass looks for the anchors of all rules at once. An anchor is a literal
// that must stand in the text before a rule is worth trying; most text ends
// there. Around an anchor the rule is tried: as a direct byte matcher where the
// rule is a sequence of literals and classes (most are), else as a regular
// expression on the line. What matches must pass the rule's entropy, the
// allowlists and the offline proof.
//
// # Reach, and why it is bounded
//
// A verdict depends on nothing outside the reach of a rule. A line rule sees
// lineReach bytes of its own line on both sides of its anchor, and the line
// before for an allow comment. A wide rule (a PEM block, say) sees Rule.Reach
// bytes on both sides of its anchor, across lines. So when a text is known to
// share runs of bytes with an earlier one, as git's deltas tell, only the text
// near the seams has to be read again: [Scanner.Update] gives exactly what
// [Scanner.Scan] would.
//
// A text in UTF-16 has no local reach; it is decoded and read whole.
package detect
