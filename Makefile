# Two commands do everything on a fresh machine with python3 (3.11 or newer, with venv), make and git:
#   make demo   set up, then run the main job once
#   make test   set up, then run all tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
READY := $(VENV)/.ready

.PHONY: demo run test check bench lock clean

demo: $(READY)
	@$(BIN)/aiqc demo

run: $(READY)
	@$(BIN)/aiqc up

test: $(READY)
	$(BIN)/python -m tests.halves

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/squawk services/*/migrations/*.sql

bench: $(READY)
	$(BIN)/python -m pytest tests/bench -s

$(READY): requirements-build.lock requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("AI QC needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV) (about two minutes the first time) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements-build.lock
	@$(PIP) install --require-hashes --no-build-isolation -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Needs uv; the lock files record hashes and no addresses. Extras stay in the lock: without them
# pip may meet `google-auth[requests]` before its pin, take a newer release, and refuse it.
lock:
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes --no-strip-extras --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	printf 'hatchling\neditables\nsetuptools\nwheel\n' | uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements.lock - -o requirements-build.lock

clean:
	rm -rf $(VENV) .aiqc .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
