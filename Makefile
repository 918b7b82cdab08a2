# Everything a developer or a build machine runs. `make` alone lists it.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
# Most tests but the units wait for servers and processes: one more at a time keeps two cores busy.
WAITING_WORKERS ?= 3

PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
PYTEST := $(PY) -m pytest --dist worksteal -m "not soak"

.DEFAULT_GOAL := help
.PHONY: help venv server postgres prometheus chromium stores production-server demo test check format bench soak client reference record-release clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(INSTALLED) ## make the environment .venv with everything a developer needs

# The stamp is made last, so that an interrupted installation is done again.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is too old; run: make PYTHON=<a Python of 3.11 or later>" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make environments; installing python3-venv"; apt-get update && apt-get install -y python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --editable '.[dev]'
	@touch $@

server: $(INSTALLED) ## see that a Temporal server can be started; builds one if there is none (minutes, once)
	$(PY) -m folkmoot._local

demo: server ## run a group chat of agents on an embedded Temporal server
	$(VENV)/bin/folkmoot demo

postgres: ## see that a PostgreSQL server can be started; installs one if there is none
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
		|| { echo "there is no PostgreSQL server; installing postgresql"; apt-get update && apt-get install -y postgresql; }

prometheus: ## see that Prometheus and promtool can be run; installs them if they are not there
	@command -v prometheus >/dev/null && command -v promtool >/dev/null \
		|| { echo "there is no Prometheus; installing prometheus"; apt-get update && apt-get install -y --no-install-recommends prometheus; }

stores: postgres $(INSTALLED) ## see that the servers stores are tested on can be started; builds the S3 one (a minute, once)
	$(PY) -m tests._support.s3_server

chromium: ## see that Chromium can be run, for the dashboard's tests; installs it if it is not there
	@test -n "$$FOLKMOOT_CHROMIUM" || command -v chromium >/dev/null \
		|| { echo "there is no Chromium; installing chromium"; apt-get update && apt-get install -y --no-install-recommends chromium; }

production-server: postgres $(INSTALLED) ## see that Temporal's production server can be started; builds it (some 8 minutes, once)
	$(PY) -m tests._support.temporal_server

test: server stores prometheus chromium production-server ## run all tests but the long ones
	$(PYTEST) -n $(WORKERS) tests/unit
	$(PYTEST) -n $(WAITING_WORKERS) tests --ignore tests/unit

check: $(INSTALLED) ## check format, lint, types and layers
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m pyright --pythonpath $(PY)
	$(VENV)/bin/lint-imports

format: $(INSTALLED) ## format the code and mend what lint can mend
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

bench: server ## measure, and write the figures to benchmarks/
	$(PY) -m benchmarks

soak: server ## run the long measurements; run again to go on where they were stopped
	$(PY) -m benchmarks.soak

client: $(INSTALLED) ## write the OpenAPI document and the Python client that is generated from it anew
	$(PY) -m tests._support.client_generator

reference: $(INSTALLED) ## write the reference in docs/reference/ anew, from the code and the OpenAPI document
	$(PY) -m tests._support.reference

record-release: $(INSTALLED) ## keep the current histories as those of this release; every later version must replay them
	$(PY) -m tests.replay.release

clean: ## remove the environment and all that was built
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
