# Each target sets up what it needs: only Python 3.11 or later, git and make must be there.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

# Tried in this order until one is recent enough; `make PYTHON=...` names another.
PYTHON ?= python3 python python3.14 python3.13 python3.12 python3.11
BIN := .venv/bin
# A file stays in one worker: what its tests share is booted once.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help demo test check format clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

demo: .venv/demonstrating ## make the sample application fast, step by step, in about five minutes
	@$(BIN)/auditor demo --fix

test: .venv/developing ## run the tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: .venv/developing ## lint, formatting, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/developing ## bring the code into form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove what the targets made
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "$$python -m venv .venv" && exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo "auditor needs Python 3.11 or later with its venv module; tried: $(PYTHON)" >&2; exit 1

.venv/installed: .venv/bin/python pyproject.toml hatch_build.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/demonstrating: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

# pip reads dependency groups since 25.1; what a venv brings along may be older.
.venv/developing: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@
