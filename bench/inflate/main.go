//go:build unix

// Command inflate inflates every blob entry of a repository's packs once, with one worker a core, and does
// nothing else:
//
//	inflate [-zlib] GITDIR
//
// That is what any scanner must do that reads the whole history, deltas left as they are, so it is the limit to
// measure against. Which entries are blobs is asked from git first, and the packs are read to memory; neither
// counts. It uses straykey's own decoder or, with -zlib, the standard library's. It writes one line: seconds, user and system seconds of processor time, entries, and bytes inflated,
// separated by tabs.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/straykey/straykey/source/pack/inflate"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "inflate:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	newDecoder := newOwn
	if len(args) > 0 && args[0] == "-zlib" {
		newDecoder, args = newZlib, args[1:]
	}
	if len(args) != 1 {
		return errors.New("give a git directory, for example: inflate .git")
	}
	entries, err := blobEntries(args[0])
	if err != nil {
		return err
	}
	// What was read with the packs is garbage of a size that could set off a collection.
	runtime.GC()
	user, sys := processor()
	start := time.Now()
	total, err := inflateAll(entries, newDecoder)
	wall := time.Since(start)
	if err != nil {
		return err
	}
	userNow, sysNow := processor()
	_, err = fmt.Fprintf(w, "%.4f\t%.4f\t%.4f\t%d\t%d\n",
		wall.Seconds(), (userNow - user).Seconds(), (sysNow - sys).Seconds(), len(entries), total)
	return err
}

// processor returns the processor time used so far.
func processor() (user, sys time.Duration) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}

// entry is a zlib stream in a pack.
type entry struct {
	packed []byte // from the stream's start on
	size   int    // of what it holds
}

// decoder fills dst with what a zlib stream holds.
type decoder func(dst, packed []byte) error

func newOwn() decoder {
	z := inflate.Decoder{SkipChecksum: true} // as the walk does, which checks the pack's own checksums
	return func(dst, packed []byte) error {
		_, err := z.Zlib(dst, packed)
		return err
	}
}

func newZlib() decoder {
	var in bytes.Reader
	var z io.ReadCloser
	return func(dst, packed []byte) error {
		in.Reset(packed)
		var err error
		if z == nil {
			z, err = zlib.NewReader(&in)
		} else {
			err = z.(zlib.Resetter).Reset(&in, nil)
		}
		if err == nil {
			_, err = io.ReadFull(z, dst)
		}
		return err
	}
}

// inflateAll returns how many bytes the entries hold. Workers take runs of neighbours, which lie next to each other
// in the pack.
func inflateAll(entries []entry, newDecoder func() decoder) (int64, error) {
	const run = 1 << 10
	var next, total atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for worker := range errs {
		wg.Go(func() {
			inflate := newDecoder()
			var buf []byte
			bytes := 0
			defer func() { total.Add(int64(bytes)) }()
			for {
				to := int(next.Add(run))
				if to-run >= len(entries) {
					return
				}
				for _, e := range entries[to-run : min(to, len(entries))] {
					if cap(buf) < e.size {
						buf = make([]byte, e.size)
					}
					if err := inflate(buf[:e.size], e.packed); err != nil {
						errs[worker] = err
						return
					}
					bytes += e.size
				}
			}
		})
	}
	wg.Wait()
	return total.Load(), errors.Join(errs...)
}

// blobEntries returns the entries of all packs that are blobs or deltas of blobs, in the order of the packs.
func blobEntries(gitDir string) ([]entry, error) {
	blobs, err := blobIDs(gitDir)
	if err != nil {
		return nil, err
	}
	packs, err := filepath.Glob(filepath.Join(gitDir, "objects", "pack", "*.pack"))
	if err != nil {
		return nil, err
	}
	if len(packs) == 0 {
		return nil, fmt.Errorf("%s: no packs: run git gc there, or give a clone", gitDir)
	}
	var all []entry
	for _, name := range packs {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		offsets, err := blobOffsets(gitDir, name, blobs)
		if err != nil {
			return nil, err
		}
		for _, off := range offsets {
			e, err := parse(data, off.at, off.idLen)
			if err != nil {
				return nil, fmt.Errorf("%s: entry at %d: %w", name, off.at, err)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// blobIDs returns the ids of all blobs, in hexadecimal.
func blobIDs(gitDir string) (map[string]bool, error) {
	out, err := git(gitDir, nil, "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)")
	if err != nil {
		return nil, err
	}
	blobs := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "blob "); ok {
			blobs[id] = true
		}
	}
	return blobs, nil
}

type offset struct {
	at    uint64
	idLen int // bytes in an object id
}

// blobOffsets returns where in a pack its blobs are, in order. The lines of git show-index are offset, id and checksum.
func blobOffsets(gitDir, name string, blobs map[string]bool) ([]offset, error) {
	idx, err := os.ReadFile(strings.TrimSuffix(name, ".pack") + ".idx")
	if err != nil {
		return nil, err
	}
	out, err := git(gitDir, idx, "show-index")
	if err != nil {
		return nil, err
	}
	var all []offset
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 2 {
			return nil, fmt.Errorf("git show-index: unexpected line %q", s.Text())
		}
		if !blobs[f[1]] {
			continue
		}
		at, err := strconv.ParseUint(f[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git show-index: %w", err)
		}
		all = append(all, offset{at, len(f[1]) / 2})
	}
	slices.SortFunc(all, func(a, b offset) int { return cmp.Compare(a.at, b.at) })
	return all, nil
}

// parse reads the header of an entry (git's gitformat-pack): kind and size, then where the base of a delta is.
func parse(data []byte, at uint64, idLen int) (entry, error) {
	truncated := errors.New("the pack ends in its header")
	if at >= uint64(len(data)) {
		return entry{}, truncated
	}
	b := data[at:]
	kind, size := b[0]>>4&7, uint64(b[0]&15)
	n := 1
	for shift := 4; b[n-1]&0x80 != 0; shift += 7 {
		if n == len(b) || shift > 56 {
			return entry{}, truncated
		}
		size |= uint64(b[n]&0x7f) << shift
		n++
	}
	switch kind {
	case 6: // a distance, 7 bits a byte
		for more := true; more; n++ {
			if n == len(b) {
				return entry{}, truncated
			}
			more = b[n]&0x80 != 0
		}
	case 7: // an id
		n += idLen
	}
	if n > len(b) || size > 1<<40 {
		return entry{}, truncated
	}
	return entry{b[n:], int(size)}, nil
}

func git(dir string, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_DIR="+dir)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}
