package revs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/straykey/straykey/source/pack"
	"github.com/straykey/straykey/source/repo"
)

// A commit-graph file (gitformat-commit-graph(5)) holds for each commit its generation: one more than the
// largest of its parents'. Unlike dates generations are never wrong, and tell that a commit cannot be
// an ancestor of another. The file has a header, a table of chunks with their offsets, and the chunks, of which these
// are read: the number of ids up to each first byte, the ids in order, and the data in the order of ids. A
// chain of files has later commits in later files.
//
// Nothing but generations is taken from it, and a range that relies on wrong ones comes out too large,
// never too small. So a file that is damaged, or of a kind not known here, counts as none.

// unknownGeneration is that of commits that the graph has not. They may be descendants of any commit, and the
// graph has all ancestors of those that it has.
const unknownGeneration = math.MaxUint32

const (
	graphHeader   = 8  // "CGPH", version, hash, number of chunks, number of files below in the chain
	graphEntry    = 12 // of the table of chunks: name and offset
	graphFanout   = 256 * 4
	graphData     = 16        // after the id of the tree: parents, and 30 bits of generation before the date
	maxGeneration = 1<<30 - 1 // generations do not go beyond
	maxChainFile  = 64 << 10  // bytes of the list of files
	graphFile     = "commit-graph"
	chainFile     = "commit-graphs/commit-graph-chain"
)

// generations looks generations up in the files of a commit-graph. None: it knows none.
type generations struct {
	layers []graphLayer
	files  []*os.File
}

// graphLayer is one file of a commit-graph.
type graphLayer struct {
	file    io.ReaderAt
	hashLen int
	fanout  [256]uint32
	ids     int64 // offset of the ids
	data    int64 // offset of the data
}

// openGenerations opens the commit-graph of a repository's objects, which there need not be.
func openGenerations(objects string, hashLen int) *generations {
	info := filepath.Join(objects, "info")
	g := &generations{}
	if g.open(filepath.Join(info, graphFile), hashLen) == nil {
		return g
	}
	chain, err := repo.ReadFile(filepath.Join(info, chainFile), maxChainFile)
	if err != nil {
		return g
	}
	for line := range strings.Lines(string(chain)) {
		id, err := pack.ParseID(strings.TrimSpace(line))
		if err == nil {
			err = g.open(filepath.Join(info, "commit-graphs", "graph-"+id.String()+".graph"), hashLen)
		}
		if err != nil { // without a file of the chain, the graph has commits but not their ancestors
			g.close()
			return &generations{}
		}
	}
	return g
}

func (g *generations) open(path string, hashLen int) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	layer, err := newGraphLayer(f, info.Size(), hashLen)
	if err != nil {
		f.Close()
		return err
	}
	g.files, g.layers = append(g.files, f), append(g.layers, layer)
	return nil
}

func (g *generations) close() {
	for _, f := range g.files {
		f.Close()
	}
}

// of returns the generation of a commit.
func (g *generations) of(id pack.ID) uint32 {
	for i := range g.layers {
		if n := g.layers[i].generation(id); n != unknownGeneration {
			return n
		}
	}
	return unknownGeneration
}

var errGraph = errors.New("not a commit-graph that this program reads")

// newGraphLayer reads where in a file of the given size things are.
func newGraphLayer(file io.ReaderAt, size int64, hashLen int) (graphLayer, error) {
	l := graphLayer{file: file, hashLen: hashLen}
	header := make([]byte, graphHeader)
	if _, err := file.ReadAt(header, 0); err != nil {
		return l, err
	}
	hash := byte(1)
	if hashLen == 32 {
		hash = 2
	}
	if !bytes.Equal(header[:6], []byte{'C', 'G', 'P', 'H', 1, hash}) {
		return l, errGraph
	}
	table := make([]byte, graphEntry*(int(header[6])+1))
	if _, err := file.ReadAt(table, graphHeader); err != nil {
		return l, err
	}
	fanout := make([]byte, graphFanout)
	at, err := graphChunk(table, "OIDF", graphFanout, size)
	if err == nil {
		_, err = file.ReadAt(fanout, at)
	}
	if err != nil {
		return l, err
	}
	for i := range l.fanout {
		l.fanout[i] = binary.BigEndian.Uint32(fanout[4*i:])
	}
	if !slices.IsSorted(l.fanout[:]) {
		return l, errGraph
	}
	count := int64(l.fanout[255])
	if l.ids, err = graphChunk(table, "OIDL", count*int64(hashLen), size); err != nil {
		return l, err
	}
	l.data, err = graphChunk(table, "CDAT", count*int64(hashLen+graphData), size)
	return l, err
}

// graphChunk returns the offset of a chunk that has at least length bytes. The next entry of the table
// says where it ends.
func graphChunk(table []byte, name string, length, size int64) (int64, error) {
	for ; len(table) >= 2*graphEntry; table = table[graphEntry:] {
		if string(table[:4]) != name {
			continue
		}
		start, end := binary.BigEndian.Uint64(table[4:]), binary.BigEndian.Uint64(table[graphEntry+4:])
		if start > end || end > uint64(size) || end-start < uint64(length) {
			return 0, errGraph
		}
		return int64(start), nil
	}
	return 0, errGraph
}

func (l *graphLayer) generation(id pack.ID) uint32 {
	if len(id) != l.hashLen {
		return unknownGeneration
	}
	lo, hi := uint32(0), l.fanout[id[0]]
	if id[0] > 0 {
		lo = l.fanout[id[0]-1]
	}
	var buf [32]byte
	for lo < hi {
		mid := lo + (hi-lo)/2
		have := buf[:l.hashLen]
		if _, err := l.file.ReadAt(have, l.ids+int64(mid)*int64(l.hashLen)); err != nil {
			return unknownGeneration
		}
		switch strings.Compare(string(have), string(id)) {
		case 0:
			return l.generationAt(mid)
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return unknownGeneration
}

func (l *graphLayer) generationAt(i uint32) uint32 {
	var buf [4]byte
	at := l.data + int64(i)*int64(l.hashLen+graphData) + int64(l.hashLen) + 8
	if _, err := l.file.ReadAt(buf[:], at); err != nil {
		return unknownGeneration
	}
	n := binary.BigEndian.Uint32(buf[:]) >> 2
	if n == 0 || n == maxGeneration { // old versions of git wrote none; and what is larger is not told apart
		return unknownGeneration
	}
	return n
}
