//go:build unix

package servers

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTimeout is how long a server may take to listen; initialising MariaDB on a busy machine takes the longest.
const startTimeout = 60 * time.Second

// Home is the directory of a server, and the user it runs as.
type Home struct {
	t    testing.TB
	Path string
	User string
	gid  string
	// credential is nil unless the tests run as root.
	credential *syscall.Credential
	signal     syscall.Signal // that stops a server quickly
}

// NewHome makes a directory. If the tests run as root, the server runs as nobody, and the directory is nobody's.
func NewHome(t testing.TB) *Home {
	t.Helper()
	dir, err := os.MkdirTemp("", "straykey") //nolint:usetesting // short: the path of a socket may have 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the directory of a server: %v", err)
		}
	})
	h := &Home{t: t, Path: dir, signal: syscall.SIGTERM}
	name := "nobody"
	if os.Geteuid() != 0 {
		name = strconv.Itoa(os.Geteuid())
	}
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		t.Skipf("the user to run servers as is not known here: %v", err)
	}
	h.User, h.gid = u.Username, u.Gid
	if os.Geteuid() == 0 {
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			t.Fatal(err)
		}
		h.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		h.own(dir)
	}
	return h
}

func (h *Home) own(path string) {
	h.t.Helper()
	if h.credential == nil {
		return
	}
	if err := os.Chown(path, int(h.credential.Uid), int(h.credential.Gid)); err != nil {
		h.t.Fatal(err)
	}
}

// File writes a file that only the server's user may read, and returns its path.
func (h *Home) File(name, content string) string {
	h.t.Helper()
	path := filepath.Join(h.Path, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
	h.own(path)
	return path
}

// Dir makes a directory and returns its path.
func (h *Home) Dir(name string) string {
	h.t.Helper()
	path := filepath.Join(h.Path, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		h.t.Fatal(err)
	}
	h.own(path)
	return path
}

// Need returns the path of a program. Without it the test is skipped, or fails where servers are required. With -short,
// as the race detector runs, it is skipped as well: starting servers takes long, and shows nothing about goroutines.
func Need(t testing.TB, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("servers are not started with -short")
	}
	dirs := append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin")
	if versions, err := filepath.Glob("/usr/lib/postgresql/*/bin"); err == nil {
		dirs = append(dirs, versions...)
	}
	for _, d := range dirs {
		path := filepath.Join(d, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	if os.Getenv("STRAYKEY_REQUIRE_SERVERS") != "" {
		t.Fatalf("%s is not installed, and STRAYKEY_REQUIRE_SERVERS is set", name)
	}
	t.Skipf("%s is not installed; internal/servers/install.sh installs it", name)
	return ""
}

// command is a program with its arguments, run as the user of the home.
func (h *Home) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = h.Path
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.Path, "TMPDIR=" + h.Path, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.credential, Setpgid: true}
	return cmd
}

// Run runs a program to its end.
func (h *Home) Run(stdin, name string, args ...string) {
	h.t.Helper()
	cmd := h.command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%s: %v\n%s", filepath.Base(name), err, tail(out))
	}
}

func tail(b []byte) []byte { return b[max(0, len(b)-4000):] }

// Start starts a server, waits until it listens at address, and returns a function that stops it, which the end of the
// test does as well.
func (h *Home) Start(address, name string, args ...string) (stop func()) {
	h.t.Helper()
	cmd := h.command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = syscall.Kill(-cmd.Process.Pid, h.signal)
		select {
		case <-ended: //nolint:errcheck // how a server ends that is told to does not matter
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended //nolint:errcheck // as above
		}
	}
	h.t.Cleanup(stop)
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			ended <- err
			h.t.Fatalf("%s ended: %v\n%s", filepath.Base(name), err, tail(out.Bytes()))
		default:
		}
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			return stop
		}
	}
	stop()
	h.t.Fatalf("%s does not listen at %s\n%s", filepath.Base(name), address, tail(out.Bytes()))
	return stop
}

// FreeAddress returns 127.0.0.1 with a port that nobody listens at.
func FreeAddress(t testing.TB) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), port
}
