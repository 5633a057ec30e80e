# The two commands that matter are `make run` (a node of your own) and `make test` (everything is checked).
#
#   make run    [ARGS="--tor off …"] [ZBNNTP_HOME=DIR]   start the node
#   make demo   [ARGS="--listen 127.0.0.1:1119"]         a small community to look around in
#   make test   [ARGS="tests/nntp -x"]                   lint, types and every test, real newsreaders and a private Tor included
#   make check                                           the same without what is slow: for the inner loop
#   make fuzz   [MINUTES=5] [RUNS=10000000] [ARGS=nntp]  random octets at everything that reads octets, or at what is
#                                                        named: so long each, again until so many were tried; figures
#   make threats [ARGS="peer"]                           takes each defence out; its test has to fail (docs/security.md)
#   make kills  [TIMES=1000]                             kill -9 of all that a node does, and a table of what came of it
#   make hostile [ROUNDS=20]                             peers that break every rule, and what newsreaders notice of them
#   make soak   [ARGS="--days 30"] [HOURS=1]             a simulated month of 2,000 people, then real nodes for so long
#   make mutants [ARGS="zbnntp.model.nick*"]             changes the program a little, everywhere; tests have to fail
#   make screenshots                                     the pictures in docs/pictures, of real newsreaders
#   make pins                                            newest versions of all libraries, into requirements/
#   make docs                                            these pages as a site, into build/site
#   make clean                                           remove what the others made; never touches a node's data
#
# Each target first sets up what it needs: .venv with the project installed in place. Needs python3 (3.11 or newer)
# with its venv module, and make. Another python: make run PYTHON=/path/to/python3.12

MAKEFLAGS += --no-print-directory
VENV := .venv
BIN := $(VENV)/bin
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do $$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && break; done)
MINUTES ?= 5
HOURS ?= 1
TIMES ?= 1000
# where chance begins in `make test`, so that the same tree has the same result; empty: new inputs every time
CHANCE ?= 1
# files of tests at once; their paths are short because those of sockets have to be
AT_ONCE ?= 3
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# Extras are named, too: else pip looks at the newest version of one first, and stops, for it has no hash of it.
COMPILE = $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
    --no-strip-extras --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: run demo test check lint fuzz kills hostile threats pins soak mutants docs screenshots clean
.DEFAULT_GOAL := run

run: $(VENV)/installed-run
	@exec $(BIN)/zbnntp run $(ARGS)

demo: $(VENV)/installed-run
	@exec $(BIN)/zbnntp demo $(ARGS)

check: $(VENV)/installed-dev lint
	@$(BIN)/python -m pytest -q -m "not slow and not tor and not client"

test: $(VENV)/installed-dev
	@tests/programs.sh
	@$(MAKE) lint
	@place=$$(mktemp -d /tmp/zb.XXXXXX) && trap 'rm -rf "$$place"' EXIT && CHANCE=$(CHANCE) $(BIN)/python -m pytest \
	    -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder --basetemp "$$place/t" $(ARGS)

fuzz: $(VENV)/installed-dev
	@$(BIN)/python -m tests.fuzz.campaign build/fuzz $(ARGS) --seconds $$(( $(MINUTES) * 60 )) $(if $(RUNS),--runs $(RUNS))

threats: $(VENV)/installed-dev
	@$(BIN)/python -m tests.threats $(ARGS)

kills: $(VENV)/installed-dev
	@$(BIN)/python -m tests.kills $(TIMES)

mutants: $(VENV)/installed-dev
	@$(PIP) install 'mutmut>=3.8'
	@$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results

hostile: $(VENV)/installed-dev
	@$(BIN)/python -m tests.hostile.together $(ROUNDS)

soak: $(VENV)/installed-dev
	@$(BIN)/python -m tests.soak $(ARGS)
	@$(BIN)/python -m tests.soak.hours $(HOURS)

screenshots: $(VENV)/installed-dev
	@tests/programs.sh
	@$(BIN)/python -m tests.clients.screenshots docs/pictures

docs: $(VENV)/installed-dev
	@$(BIN)/sphinx-build -q -W --keep-going -d build/doctrees docs build/site && echo "build/site/index.html"

lint: $(VENV)/installed-dev
	@echo "ruff and mypy …"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
	    echo "zbnntp needs Python 3.11 or newer with its venv module, and found none of: $(CANDIDATES)." >&2; \
	    echo "Debian, Ubuntu: apt install python3 python3-venv. Or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Installing for development covers running, so that `make run` after `make test` has nothing to do.
$(VENV)/installed-run: pyproject.toml | $(VENV)/bin/python
	@if [ ! $(VENV)/installed-dev -nt pyproject.toml ]; then \
	    echo "Installing zbnntp and its libraries into $(VENV) (once; seconds to a minute) …"; $(PIP) install -e .; \
	fi
	@touch $@

# What is tested is what was tested before: versions and hashes stand in requirements/.
$(VENV)/installed-dev: pyproject.toml requirements/build.txt requirements/tests.txt | $(VENV)/bin/python
	@echo "Installing zbnntp with what its tests need into $(VENV) (once; up to two minutes) …"
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements/tests.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

pins: $(VENV)/bin/python
	@$(PIP) install uv
	@printf '%s\n' hatchling editables setuptools | $(COMPILE) - -o requirements/build.txt
	@$(COMPILE) pyproject.toml --extra dev -o requirements/tests.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
