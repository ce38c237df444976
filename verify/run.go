package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/straykey/straykey/verify/guard"
	"github.com/straykey/straykey/verify/verdict"
)

// How often one question is asked.
const (
	maxTries   = 3               // if the host is in trouble
	maxLimited = 8               // if it asks for fewer requests
	retryBase  = time.Second     // doubled with each try; the wait is a random part of it
	retryMost  = 8 * time.Second // the longest wait between two tries
)

// run is one call of Verify. Each host has workers of its own, so that a slow one keeps no other waiting.
type run struct {
	verifier *Verifier
	workers  sync.WaitGroup

	mu      sync.Mutex
	queues  map[*lane]*queue
	results map[string]verdict.Result
}

// queue is what waits for one host.
type queue struct {
	jobs    []*job
	workers int
}

// job is a candidate whose issuers are asked.
type job struct {
	candidate *Candidate
	asks      []*ask
	next      int // in asks
	results   []verdict.Result
}

// submit queues a job for the host of its next ask.
func (r *run) submit(ctx context.Context, j *job) {
	l := r.verifier.lane(j.asks[j.next])
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.queues[l]
	if q == nil {
		q = &queue{}
		r.queues[l] = q
	}
	q.jobs = append(q.jobs, j)
	if q.workers < r.verifier.o.PerHost {
		q.workers++
		r.workers.Go(func() { r.work(ctx, l, q) })
	}
}

// work asks one host until nothing waits for it.
func (r *run) work(ctx context.Context, l *lane, q *queue) {
	for {
		r.mu.Lock()
		if len(q.jobs) == 0 {
			q.workers--
			r.mu.Unlock()
			return
		}
		j := q.jobs[0]
		q.jobs = q.jobs[1:]
		r.mu.Unlock()

		result := r.verifier.ask(ctx, l, j.asks[j.next])
		if elsewhere := j.asks[j.next].elsewhere; elsewhere != "" && result.Verdict == verdict.Inactive {
			result.Verdict, result.Reason = verdict.Unknown, elsewhere
		}
		j.results = append(j.results, result)
		lives := result.Verdict == verdict.Active || result.Verdict == verdict.Forbidden
		if !lives && j.next+1 < len(j.asks) {
			j.next++
			r.submit(ctx, j)
			continue
		}
		r.mu.Lock()
		r.results[j.candidate.Fingerprint] = j.verdict()
		r.mu.Unlock()
	}
}

// verdict puts the results of all attempts together. That nothing lives is certain only if what was asked belongs
// together.
func (j *job) verdict() verdict.Result {
	last := j.results[len(j.results)-1]
	if last.Verdict == verdict.Active || last.Verdict == verdict.Forbidden {
		return last
	}
	for _, r := range j.results {
		if r.Verdict != verdict.Inactive {
			return r
		}
	}
	if first := j.asks[0]; first.Near && !(j.candidate.More && j.allNear()) {
		return j.results[0]
	}
	last.Reason = fmt.Sprintf("none of the %d combinations found near it fits", len(j.asks))
	if len(j.asks) == 1 {
		last.Reason = "what was found elsewhere for it does not fit"
	}
	last.Verdict = verdict.Unknown
	return last
}

// allNear reports whether every attempt was of what stands near the secret: if there were more, they may have been too.
func (j *job) allNear() bool {
	return !slices.ContainsFunc(j.asks, func(a *ask) bool { return !a.Near })
}

// question identifies what an issuer is asked: the check as the rule declares it, the credential with its parts, and who is
// asked.
type question [sha256.Size]byte

func questionOf(a *ask) question {
	h := sha256.New()
	add := func(s string) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	add(a.Rule.ID)
	add(fmt.Sprintf("%+v", *a.Rule.Verify.WithoutSamples()))
	add(a.Secret)
	if a.Rule.Verify.Check != "" {
		add(a.Match)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Parts)) {
		add(name)
		add(a.Parts[name])
	}
	for _, t := range a.targets {
		add(t.Host)
	}
	return question(h.Sum(nil))
}

// flight is a question that is being asked, or was.
type flight struct {
	done   chan struct{} // closed when result is there
	result verdict.Result
	final  bool // else whoever asked gave up before there was an answer
}

// ask answers a question: from what is known, from what is just being asked, or by asking.
func (v *Verifier) ask(ctx context.Context, l *lane, a *ask) verdict.Result {
	for {
		v.mu.Lock()
		f, ok := v.flights[a.question]
		if !ok {
			f = &flight{done: make(chan struct{})}
			v.flights[a.question] = f
		}
		v.mu.Unlock()
		if !ok {
			return v.settle(ctx, l, a, f)
		}
		select {
		case <-f.done:
			if f.final {
				return f.result
			}
		case <-ctx.Done():
			return undone(ctx)
		}
	}
}

// settle finds the answer to a question for all who wait for it.
func (v *Verifier) settle(ctx context.Context, l *lane, a *ask, f *flight) verdict.Result {
	defer close(f.done)
	known := false
	if v.o.Cache != nil {
		f.result, known = v.o.Cache.Get(a.question[:])
	}
	if !known {
		f.result = v.tries(ctx, l, a)
	}
	asked := !f.result.At.IsZero()
	f.final = known || asked && (ctx.Err() == nil || f.result.Verdict != verdict.Unknown)
	if !f.final {
		v.mu.Lock()
		delete(v.flights, a.question)
		v.mu.Unlock()
	} else if v.o.Cache != nil && !known {
		v.o.Cache.Put(a.question[:], f.result)
	}
	return f.result
}

// tries asks until there is an answer, as long as that makes sense. Nobody is signed in twice.
func (v *Verifier) tries(ctx context.Context, l *lane, a *ask) verdict.Result {
	troubled, limited := 0, 0
	if a.signsIn {
		troubled, limited = maxTries-1, maxLimited-1
	}
	for {
		if reason := l.wait(ctx); reason != "" {
			return unknown(reason)
		}
		answer, err := v.once(ctx, l, a)
		switch {
		case errors.Is(err, errInterrupted):
			return undone(ctx)
		case errors.Is(err, errAudit):
			return unknown("the audit log could not be written")
		case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
			return unknown("the host is failing")
		case answer.limited():
			l.refuse(answer.RetryAfter)
			if limited++; limited == maxLimited {
				return answer.Result
			}
		case answer.Verdict == verdict.Unknown && answer.Temporary:
			l.accept()
			if troubled++; troubled == maxTries || !sleep(ctx, jitter(troubled)) {
				return answer.Result
			}
		default:
			l.accept()
			return answer.Result
		}
	}
}

var (
	errInterrupted = errors.New("interrupted")
	errAudit       = errors.New("no audit log")
	// For the breaker, which counts errors.
	errSilent  = errors.New("the host is in trouble")
	errLimited = errors.New("the host asks for fewer requests")
)

// once sends one request, if the host and its breaker let it.
func (v *Verifier) once(ctx context.Context, l *lane, a *ask) (Answer, error) {
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-ctx.Done():
		return Answer{}, errInterrupted
	}
	if v.audit.failed() != nil {
		return Answer{}, errAudit
	}
	answer, err := l.breaker.Execute(func() (Answer, error) {
		answer := v.request(ctx, a)
		switch {
		case answer.Verdict == verdict.Unknown && ctx.Err() != nil:
			return answer, errInterrupted
		case answer.limited():
			return answer, errLimited
		case answer.silent():
			return answer, errSilent
		}
		return answer, nil
	})
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return Answer{}, err
	case errors.Is(err, errInterrupted):
		v.audit.write(v.o.Now(), a, unknown("interrupted"))
		return Answer{}, err
	}
	v.audit.write(v.o.Now(), a, answer.Result)
	return answer, nil
}

// request has the check ask, within the time for one request and at the hosts it announced.
func (v *Verifier) request(ctx context.Context, a *ask) (answer Answer) {
	ctx, cancel := context.WithTimeout(ctx, v.o.Timeout)
	defer cancel()
	defer func() {
		if recover() != nil { // a driver may panic on what a hostile server sends
			answer = Undecided("the check failed")
		}
		answer.Host, answer.At = shown(a.targets[0].Host), v.o.Now()
	}()
	hosts := make([]string, len(a.targets))
	for i, t := range a.targets {
		hosts[i] = t.Host
	}
	answer = a.check.Ask(guard.Scope(ctx, hosts...), v.o.Network, &a.Credential)
	if !slices.Contains([]verdict.Verdict{verdict.Active, verdict.Forbidden, verdict.Inactive, verdict.Unknown, verdict.ProvedOffline, verdict.NotCheckable}, answer.Verdict) {
		answer = Undecided("the check failed")
	}
	return answer
}

// shown is a host without the port that everybody expects.
func shown(address string) string { return strings.TrimSuffix(address, ":443") }

func unknown(reason string) verdict.Result {
	return verdict.Result{Verdict: verdict.Unknown, Reason: reason}
}

// undone is the result when ctx ended.
func undone(ctx context.Context) verdict.Result {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return unknown(noTime)
	}
	return unknown("interrupted")
}

const noTime = "no time was left to ask"

// jitter returns how long to wait after a number of failed tries.
func jitter(tries int) time.Duration {
	most := min(retryBase<<min(tries-1, 10), retryMost)
	return time.Duration(rand.Int64N(int64(most)))
}

// sleep waits, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lane returns the lane of an ask's first host. Of several rules for one host, the most careful sets its rate.
func (v *Verifier) lane(a *ask) *lane {
	rate := cmp.Or(a.Rule.Verify.Rate*margin, v.o.Rate)
	host := a.targets[0].Host
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.lanes[host]
	if l == nil {
		l = newLane(host, rate)
		v.lanes[host] = l
	}
	l.atMost(rate)
	return l
}
