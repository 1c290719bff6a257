# glasswright: the first target typed on a bare machine (Python 3.11 or newer, g++, make) creates .venv and installs the project.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow browser check sanitize bench bench-jax docs walk clean

BIN := .venv/bin
INSTALLED := .venv/.installed
DOCS_INSTALLED := .venv/.installed-docs
BENCH_INSTALLED := .venv/.installed-bench
NATIVE := $(wildcard CMakeLists.txt src/glasswright/native/*.cpp src/glasswright/native/*.hpp src/glasswright/native/*.h)
# Where the programs to compare with cannot be installed together.
ONE_BY_ONE = $(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['bench'], sep='\n')" | while read -r peer; do \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$peer" || echo "$$peer could not be installed and will be left out." >&2; done
CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "make bench-NAME one benchmark: $(patsubst benchmarks/%.py,%,$(wildcard benchmarks/*.py))"

# A Python that starts and is new enough, not merely one that is on the PATH; then a compiler; then the project itself.
.venv/bin/python:
	@for candidate in $(CANDIDATES); do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then echo "Python 3.11 or newer with venv is needed and was not found. Install it (Debian, Ubuntu: apt install python3 python3-venv), or type: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	"$$python" -m venv .venv || { rm -rf .venv; exit 1; }

# The editable install knows the modules that were there when it was made: a file added or removed calls for a new one.
.venv/.modules: FORCE | .venv/bin/python
	@find src -name '*.py' | LC_ALL=C sort > $@.new
	@if cmp --silent $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

$(INSTALLED): pyproject.toml $(NATIVE) .venv/.modules | .venv/bin/python
	@command -v "$${CXX:-g++}" >/dev/null || { echo "A C++20 compiler is needed and $${CXX:-g++} was not found. Install g++ (Debian, Ubuntu: apt install g++), or set CXX." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

$(BENCH_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]' || $(ONE_BY_ONE)
	@touch $@

demo: $(INSTALLED)  ## Two small glasses with their reports, in less than ten minutes on two cores
	$(BIN)/glasswright quench SiO2 --atoms 600 --forcefield bks --coulomb dsf --rate "500 K/ps" --out demo/silica --overwrite
	$(BIN)/glasswright quench 30Na2O-70SiO2 --atoms 450 --forcefield teter --rate "500 K/ps" --out demo/sodium-silicate --overwrite
	@echo; echo "Open demo/silica/report.html and demo/sodium-silicate/report.html in a browser."

test: $(INSTALLED)  ## Every test but the slow ones; those in a browser where Chromium is there
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(INSTALLED)  ## The slow tests
	$(BIN)/python -m pytest -m slow --timeout 7200

browser: $(INSTALLED)  ## Open reports in headless Chromium; installs it where that is possible
	@if ! { command -v chromium && command -v chromedriver; } >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq; apt-get install -y -qq chromium chromium-driver; \
		else echo "Chromium and its driver are needed. Install them (Debian, Ubuntu: apt install chromium chromium-driver)." >&2; exit 1; fi; \
	fi
	$(BIN)/python -m pytest -m browser

check: $(INSTALLED)  ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

sanitize: $(INSTALLED)  ## The compiled core under sanitizers (minutes)
	tests/sanitize.sh

bench: $(patsubst benchmarks/%.py,bench-%,$(wildcard benchmarks/*.py))  ## Every benchmark

bench-%: $(BENCH_INSTALLED)
	$(BIN)/python benchmarks/$*.py

# A file jax.py would hide the package of that name from the other benchmarks.
bench-jax: bench-differentiable

walk: $(INSTALLED)  ## Run the walks of the documentation
	$(BIN)/python docs/examples/make_walk.py
	$(BIN)/python docs/examples/compare_walk.py
	$(BIN)/python docs/examples/refine_walk.py
	$(BIN)/python docs/examples/difftre_walk.py

docs: $(DOCS_INSTALLED)  ## The documentation, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html in a browser."

clean:  ## Remove what was built; keep .venv and runs
	rm -rf build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
