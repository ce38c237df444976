// Package cache keeps verdicts between runs, so that an issuer is not asked again about what it said an hour ago.
//
// The file holds no secret: an entry is found by an HMAC of what was asked, under a random key that stands in a file
// beside it, readable by its owner only. Who has both files can tell whether a secret that he knows was asked about.
// Verdicts grow old: those of living credentials within an hour, that one is dead within a day. What is unknown is not
// kept.
package cache

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/straykey/straykey/verify/verdict"
)

const (
	format  = 2
	keySize = 32
	maxFile = 256 << 20 // bytes
)

// lifetime returns for how long a verdict counts; 0: it is not kept.
func lifetime(v verdict.Verdict) time.Duration {
	switch v {
	case verdict.Active, verdict.Forbidden:
		return time.Hour
	case verdict.Inactive:
		return 24 * time.Hour
	}
	return 0
}

// Options say how a cache is kept.
type Options struct {
	// Key takes the place of the key file, e.g. to share a cache between machines; nil: the file.
	Key []byte
	// Version is that of the program and of how it is configured to ask: verdicts of another one do not count.
	Version string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Cache keeps verdicts. It may be used concurrently.
type Cache struct {
	path, version string
	key           []byte
	now           func() time.Time

	mu      sync.Mutex
	entries map[string]verdict.Result // by HMAC in hex
	changed bool
}

type document struct {
	Format  int
	Entries map[string]verdict.Result
}

// Open reads the cache in a file, or begins one. A note says what was wrong with the file, if it could not be used; then
// the cache begins empty. An error says that none can be kept there.
func Open(path string, o Options) (c *Cache, note string, err error) {
	c = &Cache{path: path, version: o.Version, key: o.Key, now: o.Now, entries: map[string]verdict.Result{}}
	if c.now == nil {
		c.now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, "", fmt.Errorf("keep verdicts: %w", err)
	}
	if c.key == nil {
		if c.key, err = readKey(path + ".key"); err != nil {
			return nil, "", fmt.Errorf("keep verdicts: %w", err)
		}
	}
	if err := c.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.entries = map[string]verdict.Result{}
		return c, fmt.Sprintf("the verdicts kept in %s are not used: %v", path, err), nil
	}
	return c, "", nil
}

// readKey reads the key, or makes one. Of two programs that make one at a time, both take the key of the first.
func readKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		key, err = os.ReadFile(path)
		if err == nil && len(key) != keySize {
			err = fmt.Errorf("%s holds no key; remove it, and the file of verdicts beside it", path)
		}
		return key, err
	}
	if err != nil {
		return nil, err
	}
	_, err = f.Write(key)
	return key, errors.Join(err, f.Close())
}

func (c *Cache) load() error {
	f, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxFile {
		return errors.Join(err, errors.New("it is too large"))
	}
	var d document
	if err := json.NewDecoder(f).Decode(&d); err != nil {
		return errors.New("it is damaged")
	}
	if d.Format != format {
		return nil // of another version: nothing is wrong with that
	}
	for id, r := range d.Entries {
		if c.fresh(&r) {
			c.entries[id] = r
		}
	}
	return nil
}

// fresh reports whether a verdict still counts.
func (c *Cache) fresh(r *verdict.Result) bool {
	now := c.now()
	age := now.Sub(r.At)
	over := !r.Expires.IsZero() && !now.Before(r.Expires) && r.Verdict != verdict.Inactive
	return age >= 0 && age < lifetime(r.Verdict) && !over
}

// Get returns what is known of a question, if anything is.
func (c *Cache) Get(question []byte) (verdict.Result, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.entries[c.id(question)]
	if !ok || !c.fresh(&r) {
		return verdict.Result{}, false
	}
	r.Cached = true
	return r, true
}

// Put remembers what an issuer said, if that is worth it, and forgets what it said before.
func (c *Cache) Put(question []byte, r verdict.Result) {
	r.Cached = false
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.id(question)
	_, known := c.entries[id]
	keep := lifetime(r.Verdict) > 0 && !r.At.IsZero()
	if keep {
		c.entries[id] = r
	} else {
		delete(c.entries, id)
	}
	c.changed = c.changed || keep || known
}

func (c *Cache) id(question []byte) string {
	h := hmac.New(sha256.New, c.key)
	fmt.Fprintf(h, "%d %s", len(c.version), c.version)
	h.Write(question)
	return hex.EncodeToString(h.Sum(nil))
}

// Save writes the cache, all at once.
func (c *Cache) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changed {
		return nil
	}
	text, err := json.Marshal(document{format, c.entries})
	if err != nil {
		return fmt.Errorf("keep verdicts: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), filepath.Base(c.path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("keep verdicts: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path)
	}
	if err != nil {
		return fmt.Errorf("keep verdicts: %w", errors.Join(err, os.Remove(f.Name())))
	}
	c.changed = false
	return nil
}
