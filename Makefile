# Everything starts here; `make help` lists the targets.
#
# Each target makes what it needs: one virtual environment, .venv, from plain `python3`, holding
# exactly what requirements/dev.txt names, by hash. Remove it with `make clean`.

PYTHON ?= python3
# Parallel test processes: `make test WORKERS=2`. Tests of one file stay in one process, because
# files share a running gateway, and go in their order: by number of tests, as is usual, the few
# long ones would come last and leave the other processes with nothing to do.
WORKERS ?= auto
# Arguments for pytest: `make test ARGS="-k lineage -x"`.
ARGS ?=
SEED ?= 1

BIN := .venv/bin
READY := .venv/.ready
COMPILED := .cache/compiled
PEERS := .cache/peers
INSTALL := -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index
UNRUN := tests/system tests/soak
SYSTEM := $(BIN)/python -m pytest tests/system
# What ARGS choose may all be in one half.
NONE_CHOSEN := [ $$? -eq 5 ]

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test test-system check check-format check-lint check-types check-rings \
  check-tidy format wheel compiled bench simulate fuzz soak mutation lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## play the June 2026 episode through a running gateway
	@$(BIN)/licet demo

test: $(READY) ## all suites except those named below; at most five minutes on two cores
	@echo "not run here: tests/system (make test-system), tests/soak (make soak)," \
	  "long simulation (make simulate), fuzzing (make fuzz), mutation (make mutation)"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  $(addprefix --ignore=,$(UNRUN)) tests $(ARGS)

test-system: $(READY) ## kill -9, full disks, system-call traces; installs what it needs
	@.ci/system-packages
	@.ci/apart clients > /dev/null && .ci/apart engine > /dev/null
	@$(SYSTEM) -n $(WORKERS) --dist loadfile -m "not alone" $(ARGS) || $(NONE_CHOSEN)
	@$(SYSTEM) -m alone $(ARGS) || $(NONE_CHOSEN)

check: check-format check-lint check-types check-rings check-tidy ## format, lint, strict types, rings, tidiness

check-format: $(READY)
	@echo "== format" && $(BIN)/ruff format --check .

check-lint: $(READY)
	@echo "== lint" && $(BIN)/ruff check --quiet .

check-types: $(READY)
	@echo "== types" && $(BIN)/mypy

check-rings: $(READY)
	@echo "== rings" && $(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

check-tidy: $(READY)
	@echo "== tidy" && $(BIN)/python -m pytest -q tests/tidy

format: $(READY) ## rewrite the sources as `make check` wants them
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

wheel: $(READY) ## build dist/licet-*.whl, the request path compiled
	@rm -rf build
	@LICET_COMPILE=1 $(BIN)/python -m pip wheel $(INSTALL) --wheel-dir dist .

compiled: $(COMPILED)/.ready ## install the wheel into .cache/compiled, for bench and tests

$(COMPILED)/.ready: $(READY) setup.py pyproject.toml $(shell find src -name '*.py')
	@echo "compiling the request path (a minute)"
	@rm -rf $(COMPILED) build
	@LICET_COMPILE=1 $(BIN)/python -m pip install $(INSTALL) --target $(COMPILED) .
	@touch $@

bench: $(COMPILED)/.ready $(PEERS)/.ready ## this gateway and its log beside others, on one core
	@.ci/system-packages bench
	@PYTHONPATH=$(COMPILED) $(BIN)/python -m bench $(ARGS)

$(PEERS)/.ready: requirements/peers.txt
	@rm -rf $(PEERS) && $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/peers.txt
	@touch $@

simulate: $(READY) ## replay one simulated world: make simulate SEED=7
	@$(BIN)/python -m tests.simulation.run --seed $(SEED)

fuzz: $(READY) ## the property tests with a hundred times the examples
	@$(BIN)/python -m pytest -n $(WORKERS) --hypothesis-profile=fuzz tests/property $(ARGS)

soak: $(READY) ## an hour of traffic and one of crashes, or SOAK_MINUTES=n of each
	@.ci/system-packages bench
	@.ci/system-packages
	@$(BIN)/python -m pytest tests/soak -o faulthandler_timeout=0 $(ARGS)

mutation: $(READY) ## does a test fail when the deciding code is wrong?
	@$(BIN)/python -m tests.mutation.score --write
	@$(BIN)/python -m tests.mutation.sentences --write
	@$(BIN)/python -m tests.mutation.run $(ARGS)

# No version younger than a week: a package that was taken over on its registry has usually been
# withdrawn by then. The lock files hold names, versions and hashes; where packages come from is
# the business of the machine that installs them.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade \
  --exclude-newer '7 days'

lock: $(READY) ## write requirements/*.txt anew from pyproject.toml
	@$(BIN)/$(LOCK) pyproject.toml --group dev --all-extras --output-file requirements/dev.txt
	@$(BIN)/$(LOCK) pyproject.toml --constraint requirements/dev.txt \
	  --output-file requirements/run.txt
	@for extra in bedrock google report tables; do $(BIN)/$(LOCK) pyproject.toml --extra $$extra \
	  --constraint requirements/dev.txt --output-file requirements/$$extra.txt || exit 1; done
	@$(BIN)/$(LOCK) --group peers --output-file requirements/peers.txt
	@$(BIN)/$(LOCK) --group clients --output-file requirements/clients.txt
	@$(BIN)/$(LOCK) --group engine --output-file requirements/engine.txt

clean: ## remove everything that was made here, the virtual environment included
	@rm -rf .venv .cache .hypothesis .ruff_cache build dist src/*.egg-info
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements/dev.txt pyproject.toml
	@PYTHON="$(PYTHON)" .ci/environment
	@touch $@
