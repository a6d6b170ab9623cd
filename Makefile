# Comptroller: `make` lists what there is. Everything runs from an environment made from uv.lock.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
WORKSPACE ?= demo-workspace
LINES ?= 200000
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin
# Many tests start the command anew: compiled modules are kept, whatever the machine is set to.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*## "} {printf "  %-12s %s\n", $$1, $$2}'

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

.venv/.ready: pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --frozen
	@touch $@

.PHONY: setup
setup: .venv/.ready ## Make the environment from the lock file

.PHONY: demo
demo: setup ## Build a fictional health economy and run the whole month's job on it
	$(RUN)/comptroller demo $(WORKSPACE) --lines $(LINES)

.PHONY: test
test: setup ## Lint, types, import rules and the whole test suite
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test-fast
test-fast: setup ## The tests that take little time
	$(RUN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

.PHONY: format
format: setup ## Put the code into the house's form
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: docs
docs: setup ## Write the generated pages of docs/ anew
	$(RUN)/python -m comptroller.vocabulary.reference_pages
	$(RUN)/python -m comptroller.reference.reference_pages
	$(RUN)/comptroller rulebook pages docs/reference/checks
	$(RUN)/python docs/commands_page.py
	$(RUN)/python docs/layouts_page.py

.PHONY: bench
bench: setup ## Measure the engine, intake and linking; prints tables for docs/performance.md
	$(RUN)/python -m bench.engine
	$(RUN)/python -m bench.intake
	$(RUN)/python -m bench.linking

.PHONY: soak
soak: setup ## Kill load and check at random moments; load ten thousand hostile files
	$(RUN)/python -m bench.soak
	$(RUN)/python -m bench.fuzz

.PHONY: mutate
mutate: setup ## Spoil the predicates of every check, and count what examples and demonstration notice
	$(RUN)/python -m bench.mutation

.PHONY: build
build: setup ## Build the wheel
	$(UV) build --wheel

.PHONY: clean
clean: ## Remove the environment, caches and the demonstration workspace
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist $(WORKSPACE)
