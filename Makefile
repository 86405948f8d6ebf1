# `make` lists the targets. The first target that needs .venv creates it, with the versions in constraints.txt.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-apart test-needs fuzz mutants bounds audit lint format bench docs clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.installed  ## run the embedded network on the default design; results in demo/
	@$(BIN)/bitline run --out demo

test: .venv/.installed  ## run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not apart"

test-apart: .venv/.installed  ## run the slow tests: the site, all examples of the documents, clusters, workers that are killed
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m apart

test-needs: .venv/.installed  ## install what tests/optional.py lists, so that no test is skipped
	@$(BIN)/python tests/optional.py

MINUTES ?= 10

fuzz: .venv/.installed  ## run the property tests on new random examples for MINUTES=10
	@$(BIN)/python scripts/fuzz.py $(MINUTES)

mutants: .venv/.installed  ## change the code in small ways and see whether the tests notice (hours)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	@nice -n 10 $(BIN)/python scripts/mutants.py

bounds: .venv/.installed  ## run some tests with the lowest and with the newest versions that pyproject.toml allows
	@nice -n 10 $(BIN)/python scripts/check_bounds.py

audit: .venv/.installed  ## look for known vulnerabilities in the versions of constraints.txt, where the network allows it
	@$(BIN)/python scripts/audit.py

lint: .venv/.installed  ## check style, formatting and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/.installed  ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: .venv/.installed  ## run the benchmarks
	@$(BIN)/python -m pytest benchmarks --benchmark-only

docs: .venv/.docs  ## build the documentation in site/
	@rm -rf site
	@$(BIN)/python -m sphinx -q -W --keep-going -E -d build/docs docs site
	@echo "open site/index.html in a browser"

clean:  ## remove .venv, caches and builds
	@rm -rf .venv build dist demo site .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "bitline needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there):" \
	        "name a newer one, as in 'make PYTHON=python3.12 ...'" >&2; exit 1; }
	@echo "Installing bitline and what it needs into .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.venv/.docs: .venv/.installed
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@
