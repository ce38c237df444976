package generic

// The features, family by family: each family is a row of features that begins at its constant. The names
// are in families, in the same order.
const (
	fBias      feature = 0
	fOp                = fBias + 1
	fOpBare            = fOp + feature(nOps)
	fQuote             = fOpBare + feature(nOps)
	fName              = fQuote + feature(nQuotes)
	fKeyword           = fName + nName
	fNameStyle         = fKeyword + feature(nKeywordKinds)
	fNameWords         = fNameStyle + nStyles
	fWord              = fNameWords + 4
	fLastWord          = fWord + feature(nWordKinds)
	fLength            = fLastWord + feature(nWordKinds)
	fCharset           = fLength + nLengths
	fEntropy           = fCharset + nCharsets
	fLetters           = fEntropy + nEntropies
	fCovered           = fLetters + nLetterSteps
	fDigits            = fCovered + 5
	fShape             = fDigits + 6
	fLine              = fShape + nShapes
	fAfter             = fLine + nLines
	fBefore            = fAfter + nAfters
	fMade              = fBefore + nBefores
	fPath              = fMade + nMade
	fPathBare          = fPath + nPaths
	nFeatures          = fPathBare + nPaths
)

// families are the features by name. The values of a row of steps are their upper bounds.
var families = [...]struct {
	first  feature
	name   string
	values []string
}{
	{fBias, "bias", nil},
	{fOp, "op", opNames[:]},
	{fOpBare, "bare-op", opNames[:]},
	{fQuote, "quote", quoteNames[:]},
	{fName, "name", nameNames[:]},
	{fKeyword, "keyword", keywordKindNames[:]},
	{fNameStyle, "name-style", styleNames[:]},
	{fNameWords, "name-words", []string{"1", "2", "3", "more"}},
	{fWord, "word", wordKindNames[:]},
	{fLastWord, "last-word", wordKindNames[:]},
	{fLength, "length", lengthNames[:]},
	{fCharset, "charset", charsetNames[:]},
	{fEntropy, "entropy", entropyNames[:]},
	{fLetters, "letters", letterNames[:]},
	{fCovered, "known-words", []string{"0", "30%", "60%", "90%", "all"}},
	{fDigits, "digits", []string{"0", "10%", "25%", "50%", "more", "all"}},
	{fShape, "shape", shapeNames[:]},
	{fLine, "line", lineNames[:]},
	{fAfter, "after", afterNames[:]},
	{fBefore, "before", beforeNames[:]},
	{fMade, "made-of", madeNames[:]},
	{fPath, "path", pathNames[:]},
	{fPathBare, "bare-path", pathNames[:]},
}

// featureName returns the name of a feature, "family.value".
func featureName(f feature) string {
	for i := len(families) - 1; i >= 0; i-- {
		fam := &families[i]
		if f < fam.first {
			continue
		}
		if fam.values == nil {
			return fam.name
		}
		return fam.name + "." + fam.values[f-fam.first]
	}
	return ""
}
