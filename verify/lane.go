package verify

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"
)

const (
	// margin is what part of a provider's limit is used: requests that are sent evenly do not arrive so.
	margin = 0.9
	// slowest is the least rate to which a host may slow its lane down, requests a second.
	slowest = 0.2
	// longestPause is how long a host may ask to be left alone. If it asks for more, it is not asked again.
	longestPause = 2 * time.Minute
	// mostRefused is after how many refusals in a row a host is not asked again.
	mostRefused = 24
	// failing is the number of failures in a row after which a host is not asked, for as long as resting.
	failing = 5
	resting = 30 * time.Second
)

// lane is the traffic to one host: so many requests a second, none while the host wants to be left alone, none while
// it fails.
type lane struct {
	breaker *gobreaker.CircuitBreaker[Answer]
	limiter *rate.Limiter

	mu      sync.Mutex
	until   time.Time // no request before
	refused int       // requests in a row
	closed  bool      // no request at all any more
}

func newLane(host string, perSecond float64) *lane {
	return &lane{
		limiter: rate.NewLimiter(rate.Limit(perSecond), 1),
		breaker: gobreaker.NewCircuitBreaker[Answer](gobreaker.Settings{
			Name: host, Timeout: resting,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failing },
			IsExcluded:  func(err error) bool { return errors.Is(err, errLimited) || errors.Is(err, errInterrupted) },
		}),
	}
}

// atMost slows the lane down to a rate.
func (l *lane) atMost(perSecond float64) {
	if rate.Limit(perSecond) < l.limiter.Limit() {
		l.limiter.SetLimit(rate.Limit(perSecond))
	}
}

// wait waits for the next request's turn. The reason says why there is none.
func (l *lane) wait(ctx context.Context) (reason string) {
	for {
		pause, closed := l.paused()
		if deadline, ok := ctx.Deadline(); closed || ok && pause > 0 && time.Until(deadline) < pause {
			return RateLimited
		}
		if pause > 0 {
			if !sleep(ctx, pause) {
				return undone(ctx).Reason
			}
			continue
		}
		if l.limiter.Wait(ctx) != nil {
			if ctx.Err() == nil { // its turn would come after the deadline
				return noTime
			}
			return undone(ctx).Reason
		}
		if pause, _ := l.paused(); pause == 0 {
			return ""
		}
	}
}

// paused returns for how long the host wants to be left alone, and whether for ever.
func (l *lane) paused() (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.until)), l.closed
}

// refuse leaves the host alone for as long as it said, or else for longer each time that it refuses a request, and asks
// half as often after that. Requests that were under way together slow it down once.
func (l *lane) refuse(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !now.Before(l.until) {
		l.limiter.SetLimit(max(l.limiter.Limit()/2, slowest))
	}
	if l.refused++; d == 0 {
		d = retryBase + jitter(l.refused)
	}
	l.closed = l.closed || d > longestPause || l.refused >= mostRefused
	if until := now.Add(d); until.After(l.until) {
		l.until = until
	}
}

// accept says that the host took a request.
func (l *lane) accept() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = 0
}
