# `make app` opens the app, `make test` checks everything. Both set up .venv first where it is missing or out of date.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: app smollm2 test fuzz conformance bench load soak samples wheel-check lint format screenshots notebooks model card setup setup-test browser

# The real chat model is fetched once; offline the app opens without it
app: setup
	@$(BIN)/sftviz model add smollm2 || echo "without SmolLM2: the app opens with the embedded models"
	$(BIN)/sftviz app

setup: .venv/ready
setup-test: .venv/ready-test browser

.venv/ready: requirements.txt pyproject.toml
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/ready-test: .venv/ready requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	touch $@

# Debian's Chromium and the fonts the screenshots need
browser:
	@[ -x /usr/bin/chromium ] || { command -v apt-get >/dev/null && \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq chromium fonts-noto-cjk fonts-noto-color-emoji; } || \
	  { echo "the browser tests need Chromium at /usr/bin/chromium"; exit 1; }

# 93 MB once, then a look at its files; tried twice, since a test that has no model fails
smollm2: .venv/ready-test
	$(BIN)/sftviz model add smollm2 || $(BIN)/sftviz model add smollm2

test: setup-test smollm2 lint
	$(BIN)/python -m pytest

# Ten minutes of mutated pastes: nothing but our own errors may come out
fuzz: setup-test
	$(BIN)/python tools/fuzz.py

# What training frameworks make of the chats, anew: each in an environment of its own; FRAMEWORKS chooses some
conformance: setup-test
	$(BIN)/python tests/conformance/rebuild/build.py $(FRAMEWORKS)
	$(BIN)/python -m tests.conformance.table
	$(BIN)/python -m pytest tests/conformance/test_frameworks.py

# The wheel in empty environments; PYTHONS and EXTRAS choose, all extras on 3.11 if left out
wheel-check: setup-test
	$(BIN)/python tools/wheel_check.py $(PYTHONS:%=--python %) $(EXTRAS:%=--extra %)

# Masks beside the bare tokenizer, the linear loss beside its bare products, what is said of a prediction beside its cost
# alone: ratios of one run, machine and versions named
bench: setup-test
	$(BIN)/python -m benchmarks.masks
	$(BIN)/python -m benchmarks.pricing
	$(BIN)/python -m benchmarks.linear_cross_entropy

# Pages beside a hello-world: processor time of a rerun and of every figure, then 50 people at once (PEOPLE, SECONDS)
load: setup-test
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.load --people $(or $(PEOPLE),50) --seconds $(or $(SECONDS),60)

# Memory of the server while people come and go for MINUTES, 30 if left out; fails where it keeps growing
soak: setup-test
	$(BIN)/python -m benchmarks.load --soak $(or $(MINUTES),30)

# The samples' prices, which a first page shows without a model
samples: setup smollm2
	$(BIN)/python -m tools.store_samples

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: setup-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: setup-test
	$(BIN)/python tools/screenshots.py

notebooks: setup-test
	$(BIN)/python -m sftviz.course

model: setup
	$(BIN)/python tools/build_tiny.py all

# The held-out figures alone, and what spread.json holds of other seeds
card: setup
	$(BIN)/python tools/build_tiny.py card
