PYTHON ?= python3
BIN := .venv/bin
PARALLEL := --numprocesses logical --maxprocesses 4 --dist loadfile
# Workers that each use every core cost each other much more than they use.

.PHONY: demo test test-all bench docs clean

demo: .venv/installed
	$(BIN)/imleak demo -o demo-out

test: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL)

test-all: .venv/installed
	HYPOTHESIS="new examples" $(BIN)/pytest -m "slow or not slow"

bench: .venv/installed
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: .venv/installed
	PYTHONPATH=docs $(BIN)/zensical build --clean --strict

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv demo-out site .cache
