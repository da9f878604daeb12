# `make help` lists the targets. Nothing has to be installed beside Go, git and make: the tools are in go.mod.
GO ?= go
BIN := bin/pintle

.PHONY: help demo test test-long lint bench bench-large fmt update build

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## see pintle do its main job, on a charts repo made for the occasion
	@PATH="$(CURDIR)/bin:$$PATH" sh testdata/demo.sh

test: ## run all tests
	$(GO) test ./...

test-long: ## what takes minutes: crowds of writers, kill -9, broken networks, damaged caches
	PINTLE_LONG=1 $(GO) test ./cmd/pintle ./compiler/repo -run '^Test(Prove|DamagedCache|TwoOnOneCache)' -count=1 -timeout 20m

lint: ## vet, staticcheck, gofumpt, and cue's own fmt and vet of the reference configuration
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@out="$$($(GO) tool gofumpt -l .)"; if [ -n "$$out" ]; then echo "gofumpt would change (make fmt):"; echo "$$out"; exit 1; fi
	$(GO) tool cue fmt --check --diff ./schema ./environments ./apps/...
	$(GO) tool cue vet -c ./schema ./environments ./apps/...

bench: build ## time and memory beside upstream's cue, and beside a script of git commands, as tables
	$(GO) test ./cmd/pintle -run '^$$' -bench '^Benchmark(Table|Writing)$$' -benchtime 1x -timeout 60m -v

bench-large: build ## the same with 10,000 apps in 5 environments
	PINTLE_BENCH_LARGE=1 $(GO) test ./cmd/pintle -run '^$$' -bench '^BenchmarkTable$$' -benchtime 1x -timeout 120m -v

fmt: ## format Go and CUE
	$(GO) tool gofumpt -w .
	$(GO) tool cue fmt ./schema ./environments ./apps/...

update: ## rewrite what is generated: the expected output in testdata/script
	$(GO) test ./cmd/pintle -run '^TestScripts$$' -update

build: ## build bin/pintle
	@$(GO) build -o $(BIN) ./cmd/pintle
