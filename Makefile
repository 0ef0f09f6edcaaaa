# Préau. Bare make lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := list

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1-dev)
# Packages at a time, and the longest one package may take: two cores, and the
# race detector costs five to ten times.
P ?= $(shell nproc)
TIMEOUT ?= 25m
# The race detector needs a C compiler; without one the tests run all the same.
RACE = $(if $(shell command -v "$$(go env CC)"),-race)

.PHONY: list
list: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.PHONY: test
test: tools build/axe.min.js ## vet, and every test with the race detector
	go vet ./...
	@[ -n "$(RACE)" ] || echo "no C compiler is here: the tests run without the race detector"
	CGO_ENABLED=$(if $(RACE),1,0) go test $(RACE) -p $(P) -timeout $(TIMEOUT) ./...
	PREAU_SEEDS=2000 go test -run '^TestSimulation$$' ./sync # nine times as fast without the race detector

.PHONY: lint
lint: ## format, vet, staticcheck, generated files that are stale, methods looked up by name
	@bad="$$(go tool gofumpt -l $$(git ls-files '*.go' | grep -v '_templ\.go$$'))"; [ -z "$$bad" ] || { echo "gofumpt would change:"; echo "$$bad"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	@scripts/stale
	@scripts/methods

.PHONY: generate
generate: ## pages from *.templ, and the list of modules
	scripts/templ .
	go generate ./...

.PHONY: dictionary
dictionary: build ## the exchange's next dictionary, from the demonstration: make dictionary ID=2
	scripts/dictionary $(ID)

.PHONY: fonts
fonts: ## the letters of bulletins, from DejaVu: only when some are lacking
	@scripts/tools pyftsubset:fonttools
	@scripts/fonts

.PHONY: build
build: ## build/preau, static and stripped
	@mkdir -p build
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X preau/cli.Version=$(VERSION)' -o build/preau .
	@ls -l build/preau | awk '{printf "build/preau: %.1f MB\n", $$5/1e6}'

.PHONY: demo
demo: ## an office and a school on this machine, with invented people
	go run . demo

.PHONY: bench-store bench-pages bench-signin bench-people bench-marks bench-sync bench-crowd
bench-store: ## durable commits against a raw append and fdatasync loop
	@scripts/bench store ./store/...
bench-pages: tools-bench build ## pages per second against nginx serving the same bytes
	@scripts/bench pages .
bench-signin: build ## sixty of the staff, then sixty pupils, pressing Enter in the same second
	@scripts/bench signin .
bench-people: build ## finding among 20,000 people, and a class of 120
	@scripts/bench people .
bench-marks: ## averages, the mark sheet, bulletins of a class and of a school, against their goals
	@scripts/bench marks ./modules/marks
bench-sync: tools-sync build/npm ## a school's day through Préau and five others, unlimited and at 64 kbit/s
	@scripts/bench sync ./sync
bench-crowd: build ## 10,000 boxes calling one office within a minute; PREAU_CROWD_BOXES, PREAU_CROWD_CHANGES
	@scripts/bench crowd ./sync

.PHONY: night
night: tools ## the long totals: crash states, kills, power cuts, seeds, fuzzing
	@scripts/night

.PHONY: tools tools-bench tools-sync
tools: ## what the tests need beside Go: installed when root, named when not
	@scripts/tools gcc:gcc,libc6-dev chromium:chromium pdftotext:poppler-utils zstd:zstd strace:strace avahi-browse:avahi-utils avahi-daemon:avahi-daemon dbus-daemon:dbus mkfs.ext4:e2fsprogs certutil:libnss3-tools
tools-sync:
	@scripts/tools rsync:rsync git:git casync:casync syncthing:syncthing zstd:zstd node:nodejs npm:npm
# PouchDB and its server, only to be compared with; without npm they are left out.
build/npm:
	@mkdir -p build
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix build/npm pouchdb@9 express-pouchdb@4.2.0 express@4 >/dev/null 2>&1 || rm -rf build/npm; fi
tools-bench:
	@scripts/tools nginx:nginx-light wrk:wrk

# The accessibility checker is fetched, never kept here.
AXE := 4.14.1
build/axe.min.js:
	@mkdir -p build
	@if command -v npm >/dev/null; then \
		cd build && npm pack --silent axe-core@$(AXE) >/dev/null && tar -xzf axe-core-$(AXE).tgz --strip-components=1 package/axe.min.js && rm axe-core-$(AXE).tgz && touch axe.min.js \
			|| echo "axe-core could not be fetched: the accessibility tests will be skipped and say so"; \
	else echo "npm is not here: the accessibility tests will be skipped and say so"; fi

.PHONY: clean
clean: ## remove what was built
	rm -rf build
