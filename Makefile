# make help lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

export PREFIX ?= /usr/local
export DESTDIR ?=
# The lowest module graph is checked by the build itself: a target that imports what it does not declare is an error.
# Colours are a flag of the compiler, and other flags build everything anew: a terminal and a pipe get the same.
SWIFT_FLAGS := --explicit-target-dependency-import-check error --no-color-diagnostics
# One binary with Swift's runtime in it, and the C++ library that this needs. Packed relocations save 0.8 MiB of resident memory,
# and the C++ library's own 0.9 MiB. What Swift's driver would export is exported to nobody.
STATIC_LIBRARIES := $(CURDIR)/.build/static
# What ArgumentParser brings, to be linked without what makes each start dear: see scripts/static-libraries.sh.
LEAN_LIBRARIES := FoundationEssentials _FoundationCollections swift_RegexParser
# The functions of a tick, which the linker puts side by side: see Benchmarks/order.py.
TICK_ORDER := $(CURDIR)/Benchmarks/tick.order
# Debug symbols name files as they lie in the repository, wherever it was built.
RELEASE_FLAGS := $(SWIFT_FLAGS) --configuration release --static-swift-stdlib \
	-Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=. -Xcc -ffile-prefix-map=$(CURDIR)=. \
	-Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -L$(STATIC_LIBRARIES) \
	$(foreach name,$(LEAN_LIBRARIES),-Xlinker '--remap-inputs=*/lib$(name).a=$(STATIC_LIBRARIES)/lib$(name).a') \
	-Xlinker --no-export-dynamic \
	-Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker -z -Xlinker separate-code \
	-Xlinker --symbol-ordering-file=$(TICK_ORDER) -Xlinker --no-warn-symbol-ordering
ASAN_FLAGS := --sanitize=address --scratch-path .build-asan
# The commit, with a plus sign if the working tree differs from it.
export PYJOULES_REVISION := $(shell git describe --always --abbrev=12 --dirty=+ --exclude='*' 2>/dev/null || echo unknown)
BINARY := .build/release/pyjoules-exporter
PYTHON := .venv/bin/python
# The end-to-end tests mostly wait: more processes than processors, and more than the four that wait a minute or two for Prometheus.
# Tests that share costly work stay together on one.
E2E := -m pytest Tests/EndToEnd --numprocesses 5 --dist loadgroup --no-loadscope-reorder

.PHONY: help deps build run test unit unit-asan e2e consumers consumers-long test-browser screenshots test-systemd test-kernel test-gpu siege siege-quick siege-long mutations lint format bench bench-smoke bench-report bench-fleet bench-programs order dashboards reference page fuzz install uninstall deb release container clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps: ## Install every Debian and Python package that building, testing and benchmarking need
	@scripts/deps.sh all
	@$(MAKE) --no-print-directory .venv/ready

build: ## Build .build/release/pyjoules-exporter
	@scripts/deps.sh build
	@scripts/static-libraries.sh $(STATIC_LIBRARIES) $(LEAN_LIBRARIES)
	swift build $(RELEASE_FLAGS) --product pyjoules-exporter

run: build ## Build, then run on this machine's counters, or simulated where there are none (ARGS="--help")
	@scripts/run.sh $(BINARY) $(ARGS)

test: unit e2e ## Run every test that needs no special privileges

unit:
	@scripts/deps.sh test
	swift build $(SWIFT_FLAGS) --build-tests
	@scripts/unit-tests.sh

# Left out are the tests that limit the address space, of which AddressSanitizer takes terabytes, those of the sandbox, whose
# list does not have the system calls that it makes, and the thousands of random histories: arithmetic, with no memory of its own.
unit-asan: ## Run the unit tests with a build whose AddressSanitizer ends them at a wrong access to memory or a leak
	@scripts/deps.sh test
	swift build $(ASAN_FLAGS) $(SWIFT_FLAGS) --build-tests
	swift test $(ASAN_FLAGS) --skip-build --no-parallel --disable-xctest \
		--skip 'no thread can be had' --skip '^SandboxTests\.' --skip 'SamplingTests.HistoryTests' \
		--skip 'SamplingTests.GlitchHistoryTests' --skip 'ExporterTests.AttributionPagesTests'

# What the sandbox does not know fails with EPERM in the product, which a test may not notice. So the tests run a copy whose one
# other byte says that it ends the process: see Sources/CBuildFacts.
FATAL := .build/fatal/pyjoules-exporter

e2e: build .venv/ready
	@scripts/fatal-sandbox.sh $(BINARY) $(FATAL)
	PYJOULES_EXPORTER=$(CURDIR)/$(FATAL) PYJOULES_SANDBOX_FATAL=1 $(PYTHON) $(E2E)

# The tests' Python packages, in an environment of their own.
.venv/ready: Tests/EndToEnd/requirements.txt
	@scripts/deps.sh test
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --requirement $<
	@touch $@

consumers: build ## Run what collects the numbers by the configurations of docs/integrations.md: InfluxDB, PCP, Datadog, collectd
consumers-long: build ## The same and Home Assistant, whose installation takes three minutes
consumers-long: CONSUMERS = long
consumers consumers-long:
	@scripts/deps.sh test
	@scripts/consumers.sh $(CONSUMERS)
	.build/consumers/bin/python -m pytest Tests/Consumers -rs

# Of the package with axe only axe is wanted: what it needs itself is another driver of browsers.
.venv/browser: Tests/Browser/requirements.txt .venv/ready
	@scripts/deps.sh browser
	$(PYTHON) -m pip install --quiet --requirement $<
	$(PYTHON) -m pip install --quiet --no-deps axe-playwright-python==0.1.8
	@touch $@

test-browser: build .venv/browser ## Test the page at / in Chromium: numbers, policy, accessibility, restarts, many pages
	$(PYTHON) -m pytest Tests/Browser

screenshots: build .venv/browser ## Take the pictures of the page in docs/pictures anew; five minutes
	$(PYTHON) Tests/Browser/screenshots.py

test-systemd: deb .venv/ready ## Test the Debian package in a Debian with a real systemd; needs root, otherwise says SKIP
	@scripts/test-systemd.sh $(PYTHON) .build/deb/pyjoules-exporter_*.deb

test-kernel: deb .venv/ready ## Test the Debian package under Debian's kernel with counters of its own, in QEMU; needs root, otherwise says SKIP
	@scripts/test-kernel.sh $(PYTHON) .build/deb/pyjoules-exporter_*.deb

test-gpu: build ## Test the reader of NVIDIA's GPUs on a real one, in a minute; where there is none it says SKIP
	python3 Tests/Hardware/nvidia.py

# Needs root, for namespaces and a cgroup of its own; otherwise it says SKIP. What it found is in .build/siege.md too.
siege: SIEGE = full
siege: ## Attack the exporter in every way while a witness scrapes, and make each of its system calls fail; five minutes
siege-quick: SIEGE = quick
siege-quick: ## What stands for each kind of attack and fault, in a minute and a half
siege-long: SIEGE = long
siege-long: ## The siege at length, and ten minutes of all attacks at once
siege siege-quick siege-long: build .venv/ready
	PYTHONPATH=Tests/EndToEnd $(PYTHON) Tests/Siege/siege.py $(SIEGE)

mutations: ## Put known mistakes into attribution, and see that a test notices each; some minutes
	@scripts/deps.sh test
	python3 scripts/mutations.py $(MISTAKES)

lint: ## Check format, doors between modules and folders, banned words, Python and linkage
	@scripts/lint.sh

format: ## Format the Swift sources
	swift format --in-place --recursive Package.swift Sources Tests

bench: bench-programs ## Compare with nginx, bare C, node_exporter and a Python exporter; needs a quiet machine and some minutes
	@scripts/rivals.sh
	python3 Benchmarks/bench.py

bench-report: ## Draw docs/performance.md and its pictures from what 'make bench' measured last
	python3 Benchmarks/report.py

bench-smoke: bench-programs ## Check allocations, system calls, instructions and memory against Benchmarks/thresholds.json
	python3 Benchmarks/bench.py --smoke

bench-fleet: build ## Measure what a thousand exporters cost the Prometheus that scrapes them; six minutes
	@scripts/deps.sh test
	python3 Benchmarks/fleet.py

bench-programs: build
	@scripts/deps.sh all
	swift build $(RELEASE_FLAGS) --product TableProbe

order: build ## List anew the functions of a tick and a scrape, which the next build puts side by side
	python3 Benchmarks/order.py
	@rm -f $(BINARY) # SwiftPM does not know that it is linked by this list

dashboards: ## Make deploy/grafana/*.json from the description in deploy/grafana/dashboards.toml
	python3 scripts/dashboards.py

reference: build ## Make docs/metrics.md from what the program says of its series and the words in packaging/metrics.md.in
	python3 scripts/reference.py $(BINARY) packaging/metrics.md.in docs/metrics.md

page: ## Make Sources/CPage/before.html, after.html and policy.h from Sources/CPage/page
	python3 scripts/page.py

fuzz: ## Fuzz what reads bytes from outside, each target for FUZZ_SECONDS (60); FUZZ_TARGETS="request" picks some
	@scripts/deps.sh build
	scripts/fuzz.sh $(FUZZ_TARGETS)

install: $(BINARY) ## Install program, units, udev rule, catalog, manual page and completions under DESTDIR and PREFIX (/usr/local)
	@scripts/install.sh install $(BINARY)

uninstall: ## Remove what install installed
	@scripts/install.sh uninstall

$(BINARY):
	@$(MAKE) --no-print-directory build

deb: build ## Build the Debian package .build/deb/pyjoules-exporter_VERSION_ARCHITECTURE.deb and check it with lintian
	@scripts/deps.sh deb
	@scripts/deb.sh $(BINARY)

# RELEASE_KEY names a secret key of gpg's keyring; RELEASE_DIRECTORY is what a web server gives out.
release: RELEASE_DIRECTORY ?= .build/release-repository
release: deb ## Put the package and its debug symbols into a signed apt repository that any static web server can serve (RELEASE_KEY=... RELEASE_DIRECTORY=...)
	@scripts/deps.sh systemd
	@scripts/release.sh $(RELEASE_DIRECTORY) .build/deb/pyjoules-exporter_*.deb .build/deb/pyjoules-exporter-dbgsym_*.deb

container: build ## Build the image with buildah and try it with podman; needs root, and no engine or registry
	@scripts/deps.sh container
	@scripts/container.sh build $(BINARY)
	@scripts/container.sh check

clean: ## Remove everything that was built
	rm -rf .build .build-asan .build-systemd .venv
