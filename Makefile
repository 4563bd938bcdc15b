# Sluice 数闸: every way to set up, run and check it. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-run demo serve test check format bench bench-spill stress lock clean

PYTHON ?= python3
UV ?= uv
DEMO_SERVE ?= 1
JOBS ?= auto
BENCH_SF ?= 1
BENCH_ROUNDS ?= 5
BENCH_SPILL_SF ?= 10

VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.sluice-run
DEV_STAMP := $(VENV)/.sluice-dev

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_INPUT := 1
export DEMO_SERVE BENCH_SF BENCH_ROUNDS BENCH_SPILL_SF

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV_STAMP) ## create .venv with all that running, testing and checking needs
	@echo "ready: $(BIN)/sluice"

demo: $(RUN_STAMP) ## play the two stories on sample data, then serve the console (DEMO_SERVE=0: do not)
	@$(BIN)/python -m sample_data.demo

serve: $(RUN_STAMP) ## start the server
	@$(BIN)/sluice serve

test: $(DEV_STAMP) ## run all tests (JOBS=n: on n processes; ARGS="-k word": only some)
	@$(BIN)/pytest -n $(JOBS) --maxprocesses=8 --dist=worksteal -q $(ARGS)

check: $(DEV_STAMP) ## format, lint, types, imports, dependencies
	@failed=""
	step() { local name=$$1; shift; if "$$@"; then echo "✓ $$name"; else failed+=" $$name"; echo "✗ $$name"; fi; }
	step format $(BIN)/ruff format --check --quiet .
	step lint $(BIN)/ruff check --quiet .
	step types $(BIN)/mypy --no-error-summary
	step imports $(BIN)/lint-imports --no-logo
	step dependencies $(BIN)/deptry --no-ansi .
	if [[ -n "$$failed" ]]; then echo "make check: failed:$$failed" >&2; exit 1; fi

format: $(DEV_STAMP) ## format the code and repair what can be repaired safely
	@$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) ## what safety costs, on TPC-H (BENCH_SF=1 BENCH_ROUNDS=5; ARGS="job scans": only some of: governed job scans clients)
	@$(BIN)/python -m tests.bench $(ARGS)

bench-spill: $(DEV_STAMP) ## more data than memory: half an hour, 20 GB of disk (BENCH_SPILL_SF=10)
	@$(BIN)/python -m tests.bench spill

stress: $(DEV_STAMP) ## the tests with heavy load or many runs
	@$(BIN)/pytest -m stress -q $(ARGS)

lock: ## pin the dependencies of pyproject.toml with their hashes (needs uv; LOCK="--upgrade": to the newest)
	@lock() { $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url $(LOCK) "$$@"; }
	lock --extra build --output-file requirements.txt
	lock --extra build --extra dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## remove .venv and all that can be made again; demo and home folders stay
	@rm -rf $(VENV) .bench .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find app sandbox tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- how .venv is made: once per change of what it is made from

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Sluice needs Python 3.11 or newer; say which with PYTHON=…: $$($(PYTHON) --version 2>&1)" >&2; exit 1; }
	if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then
		if [[ $$(id -u) = 0 ]] && command -v apt-get >/dev/null; then
			echo "python3-venv is missing: installing it"
			apt-get install -y -qq python3-venv >/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; }
		else
			echo "This Python cannot make virtual environments. Install them (Debian: apt install python3-venv) and try again." >&2
			exit 1
		fi
	fi
	$(PYTHON) -m venv $(VENV)

# Without build isolation and index: every byte that is installed is covered by a hash in requirements*.txt.
define install
	@echo "installing $(1) into $(VENV)"
	$(BIN)/python -m pip install -qq --require-hashes --requirement $(1)
	$(BIN)/python -m pip install -qq --no-index --no-deps --no-build-isolation --editable .
	touch $@
endef

$(RUN_STAMP): $(BIN)/python requirements.txt pyproject.toml
	$(call install,requirements.txt)

$(DEV_STAMP): $(BIN)/python requirements-dev.txt pyproject.toml
	$(call install,requirements-dev.txt)
	touch $(RUN_STAMP)
