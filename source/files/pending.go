package files

import "sync"

// pending is what is still to be done. Files go first, and of directories those found last, so that little waits: the
// files of as many directories as there are workers, and the directories beside and above these.
type pending struct {
	workers int

	mu      sync.Mutex
	more    sync.Cond // L is &mu
	files   []file
	dirs    []*directory
	busy    int  // workers that may still add something
	stopped bool // a worker has given up
}

// begin must be called before the workers start.
func (p *pending) begin(workers int) {
	p.workers, p.busy, p.more.L = workers, workers, &p.mu
}

// next returns a directory to be listed or some files to be read, or neither if nothing is left. It waits while other workers may
// still find something. Each worker is taken to be done with what it was given before.
func (p *pending) next() (dir *directory, files []file) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	for len(p.files) == 0 && len(p.dirs) == 0 && p.busy > 0 && !p.stopped {
		p.more.Wait()
	}
	switch n := len(p.files); {
	case p.stopped:
		return nil, nil
	case n > 0:
		n -= p.share(n)
		p.files, files = p.files[:n:n], p.files[n:]
	case len(p.dirs) > 0:
		last := len(p.dirs) - 1
		p.dirs, dir = p.dirs[:last], p.dirs[last]
	default:
		p.more.Broadcast()
		return nil, nil
	}
	p.busy++
	return dir, files
}

// share is how many of n files a worker takes at once: fewer towards the end, for large ones may be among them.
func (p *pending) share(n int) int { return min(32, 1+n/(2*p.workers)) }

// add adds what was found.
func (p *pending) add(dirs []*directory, files []file) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.files) == 0 {
		p.files = files
	} else {
		p.files = append(p.files, files...)
	}
	p.dirs = append(p.dirs, dirs...)
	p.more.Broadcast()
}

// stop says that a worker returns, and that the others shall: there is nothing left to do, or it gave up.
func (p *pending) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.more.Broadcast()
}
