# The habits of this project. Only recipes: what has logic is a Python file. Plain enough for GNU make 3.81 and BSD make.

PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 8010
VAR ?= var
PYTEST_ARGS ?=
BIN = .venv/bin

.PHONY: help install run test test-browser check fix bench migration messages docs screenshots lock coverage prepared

help: ## say what there is to say to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## install what the service needs into .venv, every file checked against its hash

run: .venv/.installed ## start the demo: service, sandbox, worker (PORT, SANDBOX_PORT, VAR)
	@PORT='$(PORT)' SANDBOX_PORT='$(SANDBOX_PORT)' VAR='$(VAR)' exec $(BIN)/patronage demo

test: prepared ## run every test, on SQLite and PostgreSQL, browser included
	$(BIN)/pytest $(PYTEST_ARGS)

test-browser: prepared ## run the tests that drive Chromium, alone
	$(BIN)/pytest -m browser $(PYTEST_ARGS)

check: .venv/.tools ## lint, types, directions of imports, templates, dead code, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates patronage --lint --quiet
	$(BIN)/vulture
	$(BIN)/deptry patronage
	$(BIN)/uv lock --check

fix: .venv/.tools ## mend what can be mended by itself
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

coverage: prepared ## run every test and say which lines and branches none of them reached
	$(BIN)/pytest --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

bench: prepared ## measure speed as ratios to the bare limits; writes docs/performance.md
	$(BIN)/python -m bench
	$(BIN)/python -m bench.reconciling

migration: .venv/.tools ## write the next migration from the models (NAME="add tiers")
	@test -n '$(NAME)' || { echo 'Say what it does: make migration NAME="add tiers"'; exit 2; }
	$(BIN)/python -m migrations.writing '$(NAME)'

messages: .venv/.tools ## gather what is said into patronage/locale, and compile what is translated
	@mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml --ignore-dirs '.* var build' --sort-by-file --add-location=file -w 110 -o build/messages.pot .
	$(BIN)/pybabel -q update --previous --ignore-obsolete --ignore-pot-creation-date -w 110 -i build/messages.pot -d patronage/locale
	$(BIN)/pybabel -q compile -d patronage/locale --statistics

docs: prepared ## test that the documents and the code say the same
	$(BIN)/pytest tests/house/test_documents.py tests/house/test_settings.py $(PYTEST_ARGS)

screenshots: prepared ## take the pictures of the README from a running demo
	$(BIN)/python -m docs.screenshots

lock: .venv/.tools ## resolve the dependencies anew: uv.lock and both requirements files
	$(BIN)/uv lock --upgrade
	$(BIN)/uv export -q --no-dev --group build --extra pdf --no-emit-project --no-header -o requirements.txt
	$(BIN)/uv export -q --extra pdf --no-emit-project --no-header -o requirements-dev.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Python 3.11 or newer is needed; name one, for example: make install PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python has no venv. On Debian or Ubuntu: sudo apt-get install python3-venv'; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python requirements.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.tools: .venv/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Every time, not once: whoever removes a browser is told, instead of reading a hundred errors.
prepared: .venv/.tools
	@$(BIN)/python -m tests.prepare
