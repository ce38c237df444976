package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/straykey/straykey/verify/verdict"
)

// AuditLine is a line of the audit log, as JSON.
type AuditLine struct {
	Time        time.Time       `json:"time"` // UTC
	Fingerprint string          `json:"fingerprint"`
	Rule        string          `json:"rule"`
	Host        string          `json:"host"` // host:port
	Verdict     verdict.Verdict `json:"verdict"`
	Reason      string          `json:"reason,omitempty"`
}

// auditLog writes lines. It keeps its first error.
type auditLog struct {
	mu  sync.Mutex
	w   io.Writer // nil: nowhere
	err error
}

func (l *auditLog) write(at time.Time, a *ask, r verdict.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil || l.err != nil {
		return
	}
	line, err := json.Marshal(AuditLine{at.UTC(), a.Fingerprint, a.Rule.ID, a.targets[0].Host, r.Verdict, r.Reason})
	if err == nil {
		_, err = l.w.Write(append(line, '\n'))
	}
	if err != nil {
		l.err = fmt.Errorf("write the audit log: %w", err)
	}
}

func (l *auditLog) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
