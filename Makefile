# Two commands do everything on a fresh machine with Python 3.11:
#   make demo   convert, validate, publish and query the shipped real document
#   make test   linters, type checker, tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NAME := 430105-306001-2023
DOCUMENT := datapackages/$(NAME)/source/kaifu-chengguan-2023.txt

.PHONY: demo test coverage example bench clean

demo: $(BIN)/.installed
	$(BIN)/opendata convert $(DOCUMENT) -o build/$(NAME)
	$(BIN)/opendata validate build/$(NAME)
	$(BIN)/opendata publish build/$(NAME) --to folder:build/site
	$(BIN)/opendata query projects build/$(NAME)
	@echo
	@echo "data package: build/$(NAME)/datapackage.json    graph: build/$(NAME)/budget.ttl"
	@echo "open the pages: build/site/index.html"

test: $(BIN)/.tested
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -q

# Which lines and branches the tests reach; half as long again as the tests alone.
coverage: $(BIN)/.tested
	$(BIN)/pytest -q --cov=opendata --cov-branch --cov-report=term:skip-covered

# The published example is the golden test: make it anew after a change that is meant.
example: $(BIN)/.tested
	$(BIN)/opendata convert $(DOCUMENT) -o datapackages/$(NAME)

bench: $(BIN)/.tested
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/graph.py

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(BIN)/.tested: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev,completion]'
	touch $@

clean:
	rm -rf build $(VENV)
