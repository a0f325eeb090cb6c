# The environment, the two commands of the README, the checks, and the documentation.
PYTHON ?= python3.11
UV_VERSION := 0.13.8
BIN := .venv/bin

.PHONY: setup train test test-fast test-oldest test-extras lint format docs
setup: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps -e .
	touch $@

train: setup
	$(BIN)/python train.py $(ARGS)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --fast $(ARGS)

# The suite with the lower bounds of pyproject.toml, in an environment of its own.
test-oldest: .venv-oldest/installed
	.venv-oldest/bin/python -m pytest -n 2 --dist loadfile $(ARGS)

.venv-oldest/installed: pyproject.toml | setup
	test -x .venv-oldest/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-oldest
	$(BIN)/uv pip install --quiet --python .venv-oldest/bin/python --resolution lowest-direct -e ".[dev]"
	touch $@

# The tests that need optional packages, fast and slow, in an environment of its own with all extras.
test-extras: .venv-extras/installed
	.venv-extras/bin/python -m pytest -n 2 --dist loadfile -rs -m "not gpu and not browser" \
	    tests/runs/settings/test_ranges.py tests/runs/sweeps tests/analysis/figures \
	    tests/data/prepare/test_runs.py $(ARGS)

.venv-extras/installed: pyproject.toml | setup
	test -x .venv-extras/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-extras
	$(BIN)/uv pip install --quiet --python .venv-extras/bin/python \
	    -e ".[dev,sweep,export,geo,demo,figures]" pycocotools
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_sizes.py tests/conf/test_house.py

format: setup
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

docs: setup
	$(BIN)/python scripts/write_reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "site: build/site/index.html"
