# EchoPilot: `make run` and `make test` are the two commands a newcomer needs; `make help` lists the rest.
SHELL := /bin/sh
PYTHON := .venv/bin/python
INSTALL := sh requirements/install.sh
PYTEST := $(PYTHON) -m pytest
TESTS ?=
# Images often tell Python to keep no bytecode; every process of ours would compile three thousand modules anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help builder messages install install-dev run down test test-fast smoke bench faults hostile proof lint format requirements clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

run: install ## Install what is missing and start everything on this machine; Ctrl-C stops it
	@exec $(PYTHON) -m apps.core.embedded.up $(ARGS)

down: ## Stop what a `make run` left behind, servers included
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m apps.core.embedded.down; fi

test: install-dev ## The whole suite
	$(PYTEST) -n auto $(TESTS)

test-fast: install-dev ## The fast tests: seconds, no kills, no browsers
	$(PYTEST) -n auto -m "not slow and not faults and not journey" $(TESTS)

smoke: install ## The loop over a few sandbox Notion rows: one line per row, fails when one is not answered
	@$(PYTHON) -m apps.portal.smoke

bench: install-dev ## Measure the engine against its goals; figures go to docs/measurements/ (ONLY="engine ai")
	$(PYTHON) -m tests.bench $(ONLY)

faults: install-dev ## Kill workers, stop PostgreSQL, flush the broker: nothing lost, nothing doubled (LONG=1: the long form)
	$(PYTHON) -m tests.faults $(if $(LONG),--long) $(ONLY)

hostile: install-dev ## Hostile addresses, expressions, models and texts: nothing inside is touched, nothing forbidden happens or runs (SHORT=1: a part)
	$(PYTHON) -m tests.hostile $(if $(SHORT),--short) $(ONLY)

proof: faults hostile bench ## Every goal that has a script: faults and hostile input first, then figures

lint: install-dev ## Style, types, layers, templates
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy
	.venv/bin/djlint --lint templates apps

format: install-dev ## Put code and templates into the house's format
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .

install: ## Create .venv and install the product with its embedded servers and model
	@$(INSTALL) run

install-dev: ## The same, and what tests and linters need
	@$(INSTALL) test

builder: ## Build the workflow canvas from apps/workflows/frontend (needs Node); the built files are committed
	cd apps/workflows/frontend && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs

messages: install-dev ## Collect texts, bring locale/ up to date, compile it, say what is untranslated (needs gettext)
	$(PYTHON) manage.py messages $(ARGS)

requirements: install-dev ## Compile requirements/*.in to pinned, hashed *.txt (UPGRADE=1: newest versions)
	@for set in base local model image dev tools; do \
		(cd requirements && ../.venv/bin/uv pip compile --quiet --no-emit-index-url --no-emit-find-links \
			--python-version 3.11 --generate-hashes --custom-compile-command "make requirements" \
			$(if $(UPGRADE),--upgrade) $$( [ $$set = model ] && echo --no-deps ) $$set.in -o $$set.txt) || exit 1; \
	done

clean: ## Stop everything and remove its data, caches and the installed packages
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m apps.core.embedded.down --remove; fi
	rm -rf var .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
