# make run                  build, scan a demo repository and then this one (or REPO=path)
# make test                 all tests, then in short with the race detector where there is a C compiler
# make bench                Go benchmarks; with REPO=path, the comparison with other tools
# make lint                 formatting, vet, staticcheck, golangci-lint, actionlint, govulncheck
# make fuzz FUZZTIME=20s    every fuzz target for that long
# make train LABELS=DIR CLEAN=DIR  the weights of detect/generic, from LABELS/tree, its labels in LABELS/meta, and clean code
# make build                bin/straykey, static
# make release-check        builds a release of the work tree, twice, publishes nothing; for this machine, or with ALL=1 for all six systems

GO ?= go
REPO ?= .
FUZZTIME ?= 20s
PKG ?= ./...

# The linters' versions are pinned in a module of their own, which adds nothing to ours.
TOOL := $(GO) tool -modfile=tools/go.mod

# Empty without a tag; then the version is the one the go command records.
VERSION := $(shell git describe --tags --dirty --match 'v*' 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.stampedVersion=$(VERSION))

# The race detector needs cgo, which go switches off where there is no C compiler.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.PHONY: run test bench lint fuzz train build release-check

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/straykey ./cmd/straykey

# Findings are what the demo is for, so exit code 1 is a success; this repository may be a shallow
# clone, so an incomplete scan of it (2) is none of make's business either.
run: build
	@rm -rf .cache/demo
	@echo 'A repository with a fake credential in each of these places:'
	@$(GO) run ./internal/demo .cache/demo
	@echo
	bin/straykey scan --no-cache .cache/demo || test $$? -eq 1
	@echo
	bin/straykey scan $(REPO) || test $$? -le 2

# The schema of SARIF is test data of a linter that tools/go.mod requires anyway. Without it
# the one test that needs it is skipped. Servers for the tests of live checks are installed where that is
# possible, and tools that hooks and reports are compared with; in continuous integration, where it was, a test without its
# server or tool fails.
test:
	@case '$(PKG)' in ./...|*verify*) \
		if internal/servers/install.sh && test -n "$$CI"; then export STRAYKEY_REQUIRE_SERVERS=1; fi;; \
	esac; \
	case '$(PKG)' in ./...|*hooktest*) \
		if internal/hooktest/install.sh && test -n "$$CI"; then export STRAYKEY_REQUIRE_HOOK_TOOLS=1; fi;; \
	esac; \
	case '$(PKG)' in ./...|*gitleakstest*) \
		if internal/gitleakstest/install.sh && test -n "$$CI"; then export STRAYKEY_REQUIRE_GITLEAKS=1; fi;; \
	esac; \
	schema=$$(cd tools && $(GO) mod download -json github.com/securego/gosec/v2 2>/dev/null | \
		sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/report/sarif/testdata/sarif-schema-2.1.0.json; \
	if test -f "$$schema"; then export STRAYKEY_SARIF_SCHEMA="$$schema"; \
	else echo 'make test: the schema of SARIF could not be downloaded; its test is skipped'; fi; \
	set -x; $(GO) test -count=1 -timeout=15m $(PKG)$(if $(RACE), && $(GO) test $(RACE) -short -count=1 -timeout=15m $(PKG))

ifeq ($(REPO),.)
bench:
	$(GO) test -run '^$$' -bench . -benchmem $(PKG)
else
bench: build
	bench/history.sh $(REPO)
endif

lint:
	@unformatted=$$($(TOOL) gofumpt -l .); \
	test -z "$$unformatted" || { echo "not formatted (gofumpt -w repairs it):"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) golangci-lint run ./...
	$(GO) tool -modfile=tools/workflows/go.mod actionlint
	@out=$$($(TOOL) govulncheck ./... 2>&1); code=$$?; echo "$$out"; \
	case "$$code $$out" in \
	0*) ;; \
	*vuln.go.dev*) echo 'make lint: govulncheck skipped, its database cannot be reached from here';; \
	*) exit $$code;; \
	esac

fuzz:
	@for pkg in $$($(GO) list $(PKG)); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

train:
	@test -n '$(LABELS)' -a -n '$(CLEAN)' || { echo 'make train: name the labelled files and the directory of bench/clean.sh, for example LABELS=/data/labelled CLEAN=/data/clean'; exit 1; }
	$(GO) run ./internal/train -tree $(LABELS)/tree -meta $(LABELS)/meta -clean $(CLEAN) -write

# Not a part of make test: on a new machine it downloads goreleaser's hundreds of modules and compiles for minutes.
release-check:
	cd tools/release && $(if $(ALL),STRAYKEY_RELEASE_ALL=1) $(GO) test -count=1 -timeout=60m -v .
