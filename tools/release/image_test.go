package release

import (
	"archive/tar"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestImage builds the image and pushes it to a registry on this machine. The base is an empty image, as that of
// .ko.yaml cannot be had without a network.
func TestImage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("runs the program of the image")
	}
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	platform := v1.Platform{OS: "linux", Architecture: runtime.GOARCH}
	pushBase(t, host+"/base:latest", platform)

	dir := tagged(t)
	env := []string{
		"KO_DEFAULTBASEIMAGE=" + host + "/base:latest", "KO_DEFAULTPLATFORMS=" + platform.String(),
		"DOCKER_CONFIG=" + t.TempDir(), // nobody's passwords
	}
	printed := run(t, dir, env, filepath.Join(dir, "tools", "release", "image.sh"), host+"/straykey", version)
	if !strings.HasPrefix(printed, host+"/straykey") || strings.Count(printed, "@sha256:") != 1 || strings.Count(printed, "\n") != 1 {
		t.Errorf("printed %q", printed)
	}
	for _, tag := range []string{version, "latest"} {
		image := pull(t, host+"/straykey:"+tag, platform)
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		want := v1.Config{
			User: "65532:65532", Entrypoint: []string{"/ko-app/straykey"},
			Labels: map[string]string{
				"org.opencontainers.image.title":       "straykey",
				"org.opencontainers.image.description": "Finds the credentials of machines that strayed into git",
				"org.opencontainers.image.source":      "https://github.com/straykey/straykey",
				"org.opencontainers.image.licenses":    "Apache-2.0",
				"org.opencontainers.image.version":     version,
				"org.opencontainers.image.revision":    strings.TrimSpace(run(t, dir, nil, "git", "rev-parse", "HEAD")),
			},
		}
		got := config.Config
		got.Env = nil // ko's PATH
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tag, diff)
		}
		program := extract(t, image, "ko-app/straykey")
		if got := run(t, dir, nil, program, "version"); !strings.HasPrefix(got, "straykey "+version+"\n") {
			t.Errorf("version: %q", got)
		}
		blocks(t, program)
	}

	run(t, dir, env, filepath.Join(dir, "tools", "release", "image.sh"), host+"/early", "2.0.0-rc.1")
	if ref, err := name.ParseReference(host + "/early:latest"); err != nil {
		t.Fatal(err)
	} else if _, err := remote.Head(ref); err == nil {
		t.Error("a pre-release became latest")
	}
}

func pushBase(t *testing.T, to string, platform v1.Platform) {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: platform.OS, Architecture: platform.Architecture})
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	ref, err := name.ParseReference(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
}

func pull(t *testing.T, from string, platform v1.Platform) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(from)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref, remote.WithPlatform(platform))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// extract writes a program of an image to a file and returns its name.
func extract(t *testing.T, image v1.Image, member string) string {
	t.Helper()
	files := mutate.Extract(image)
	defer files.Close()
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", member, err)
		}
		if strings.TrimPrefix(h.Name, "/") != member {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "straykey")
		if err := os.WriteFile(file, text, h.FileInfo().Mode().Perm()); err != nil {
			t.Fatal(err)
		}
		return file
	}
}

// blocks has the program of the image look at a commit as the hook straykey-docker does: by the arguments that
// .pre-commit-hooks.yaml has after the image's name, and without git, which the image lacks.
func blocks(t *testing.T, program string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, entry, ok := strings.Cut(string(text), "entry: ghcr.io/straykey/straykey ")
	if !ok {
		t.Fatal("no hook runs the image")
	}
	entry, _, _ = strings.Cut(entry, "\n")
	dir := t.TempDir()
	run(t, dir, nil, "git", "init", "-q")
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for name, content := range map[string][]byte{"clean.txt": []byte("hello\n"), "key.pem": secret} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
		run(t, dir, nil, "git", "add", name)
		cmd := exec.CommandContext(t.Context(), program, strings.Fields(entry)...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		switch {
		case name == "clean.txt" && err != nil:
			t.Errorf("%s: %v\n%s", name, err, out)
		case name == "key.pem" && (!errors.As(err, &exit) || exit.ExitCode() != 1):
			t.Errorf("%s: %v, want exit code 1\n%s", name, err, out)
		}
		run(t, dir, nil, "git", "rm", "-q", "--cached", name)
	}
}
