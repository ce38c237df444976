package files

import (
	"context"
	"sync"
)

// job is a file or symbolic link to be read.
type job struct {
	path string // for the operating system
	rel  string // for people

	link  bool // a symbolic link, to be read and not followed
	named bool // by the user, who may mean a link or a pipe
}

// queue hands jobs from the walk to the readers. Names are found much faster than texts are scanned, so the walk mostly waits: it is
// woken for a batch, not for each file.
type queue struct {
	batches chan []job

	mu      sync.Mutex
	pending []job
}

const batchLen = 32

func newQueue() *queue { return &queue{batches: make(chan []job, 16)} }

// send puts a job into the queue. A reader that has nothing to do gets it at once; others when there is a batch.
func (q *queue) send(ctx context.Context, j job) error {
	q.mu.Lock()
	q.pending = append(q.pending, j)
	if len(q.pending) < batchLen && len(q.batches) > 0 {
		q.mu.Unlock()
		return nil
	}
	batch := q.pending
	q.pending = nil
	q.mu.Unlock()
	return q.put(ctx, batch)
}

// flush sends what is pending; no send may be under way.
func (q *queue) flush(ctx context.Context) error {
	if len(q.pending) == 0 {
		return nil
	}
	return q.put(ctx, q.pending)
}

func (q *queue) put(ctx context.Context, batch []job) error {
	select {
	case q.batches <- batch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
