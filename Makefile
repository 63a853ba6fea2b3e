# hoptrail: `make demo` shows it, `make test` proves it. Needs make and Python 3.11 or later.

VENV := .venv
BIN := $(VENV)/bin
# Set PYTHON to choose one; the first of these that is 3.11 or later otherwise.
PYTHON ?=

.DEFAULT_GOAL := help
.PHONY: help install web demo test test-matrix bench lint format

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/make \1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '  %-18s %s\n' "$$name" "$$what"; done

install: $(VENV)/.development ## everything for use and development, into .venv of this checkout

# Each is made again when what is to be installed changes; the demo needs only the first.
$(VENV)/.runtime: pyproject.toml constraints.txt scripts/install.sh hatch_build.py
	@PYTHON='$(PYTHON)' sh scripts/install.sh $(VENV) .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	@PYTHON='$(PYTHON)' sh scripts/install.sh $(VENV) '.[dev]'
	@touch $@

web: $(VENV)/.runtime ## the web UI, built again if its sources changed
	@$(BIN)/python scripts/web.py is-built 2>/dev/null || \
		PYTHON='$(PYTHON)' sh scripts/install.sh $(VENV) .

demo: web ## find or start a RabbitMQ, watch an example system, open the result
	@$(BIN)/hoptrail demo

lint: $(VENV)/.development web ## style, types, import contracts
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/lint.sh

test: lint ## lint, then all tests, also against a real RabbitMQ and Elasticsearch started for them
	@$(BIN)/python scripts/web.py test
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

test-matrix: ## all tests on every Python that is here, and with Elasticsearch 9 and RabbitMQ 4
	@sh scripts/matrix.sh

bench: $(VENV)/.development ## the benchmarks; figures as JSON, and the table in docs/benchmarks.md
	@$(BIN)/python -m bench

format: $(VENV)/.development ## format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
