PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test lint format bench clean

help: ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: .venv/installed ## run the embedded network on the default design; results in demo/
	$(BIN)/bitline run --out demo

test: .venv/installed ## run the tests
	$(BIN)/python -m pytest

lint: .venv/installed ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed ## measure speed as ratios to plain PyTorch
	$(BIN)/bitline bench

clean: ## remove what these targets made
	rm -rf .venv demo .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "bitline needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "setting up .venv (a minute or two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
