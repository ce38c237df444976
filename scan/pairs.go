package scan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/straykey/straykey/detect"
	"github.com/straykey/straykey/source/pack"
)

// labelAt is a label at a path, with those of its matches that may belong together.
type labelAt struct {
	label  uint32
	path   string
	halves []detect.Match
}

// maxPairReads bounds the blobs that are read for pairs alone.
const maxPairReads = 1000

// pairText is a blob at a path, and the halves in it.
type pairText struct {
	blob   pack.Num
	path   string
	halves []detect.Match
}

// pairTexts returns, in order, a text for each label and path in whose texts credentials may belong together.
func (h *historyScan) pairTexts() []pairText {
	blob := map[uint32]pack.Num{}
	for _, x := range h.hits { // in order
		if _, ok := blob[x.label]; !ok && x.typ == pack.Blob {
			blob[x.label] = x.num
		}
	}
	var list []pairText
	for _, p := range h.paired {
		if n, ok := blob[p.label]; ok {
			list = append(list, pairText{n, p.path, p.halves})
		}
	}
	slices.SortFunc(list, func(a, b pairText) int {
		return cmp.Or(cmp.Compare(a.blob, b.blob), strings.Compare(a.path, b.path))
	})
	return list
}

// pairOthers looks for pairs in texts that were not read because nothing was new in them: two halves
// may have come to stand in one file when one of them came back. One blob of each label is read.
func (h *historyScan) pairOthers(texts []pairText) {
	reader, scanner := h.store.NewReader(), h.Engine.NewScanner()
	reads := 0
	for _, p := range texts {
		if !h.builder.Lonely(p.halves) {
			continue
		}
		if reads++; reads > maxPairReads {
			break
		}
		_, data, err := reader.Read(p.blob)
		if err != nil {
			continue // it was read before, and told if it could not be
		}
		text := h.newTexts(scanner, data)
		halves := h.Engine.Halves(text.facts.Matches(), p.path, "")
		h.builder.AddPairs(text.pairs(halves), h.store.ID(p.blob).String(), h.at(p.path))
	}
}
