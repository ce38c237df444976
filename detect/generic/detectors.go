package generic

import (
	"maps"
	"slices"
)

// Detector finds candidates of one sort.
type Detector struct {
	// Quick reports whether the anchor b[lo:hi] may lead to a candidate. It is asked first, and must
	// answer within nanoseconds; nil: always.
	Quick func(b []byte, lo, hi int) bool
	// Follows returns the bytes, letters in lower case, that may follow a keyword of three bytes, as a
	// set of bits; nil: any. It keeps short keywords from being found in the middle of words.
	Follows func() [4]uint64
	// Scan, if not nil, takes the place of keywords: it calls yield for each place in b[lo:hi] where Find is
	// to be tried.
	Scan func(b []byte, lo, hi int, yield func(lo, hi int))
	// Reach, if not 0, is how many bytes on either side of an anchor Find may look at, over lines.
	Reach int
	// Find appends the candidates that the anchor text.B[lo:hi] leads to.
	Find func(out []Candidate, text *Text, lo, hi int) []Candidate
}

// detectors are all detectors by the names that rules know them by.
var detectors = map[string]*Detector{
	"password": {Quick: assignedQuick, Find: assigned(Password)},
	"secret":   {Quick: assignedQuick, Find: assigned(Secret)},
	"token":    {Quick: assignedQuick, Find: assigned(Token)},
	"key":      {Quick: assignedQuick, Follows: noLetter, Find: assigned(Key)},
	"auth":     {Quick: assignedQuick, Find: assigned(Auth)},
	"uuid":     {Scan: scanUUIDs, Find: findUUID},
	"salt":     {Quick: assignedQuick, Find: assigned(Salt)},
	"url":      {Quick: urlQuick, Find: urls},
	"go-dsn":   {Find: goDSN},
	"oracle":   {Find: oracle},
	"header":   {Quick: headerQuick, Find: headers},
	"cookie":   {Quick: cookieQuick, Find: cookies},
	"sql":      {Find: queries},
	"option":   {Quick: commandQuick, Find: options},
	"call":     {Quick: callQuick, Find: arguments},
	"netrc":    {Find: netrc},
	"entry":    {Quick: entryQuick, Find: entries},
	"below":    {Reach: belowReach, Find: below},
	"variable": {Reach: variableReach, Find: variables},
	"manifest": {Quick: manifestQuick, Reach: manifestReach, Find: manifests},
}

// ByName returns a detector, or nil if there is none of that name.
func ByName(name string) *Detector { return detectors[name] }

// Names returns the names of all detectors, sorted.
func Names() []string { return slices.Sorted(maps.Keys(detectors)) }
