# A fresh Debian with Python 3.11 or newer, pip and make is enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
AXE := $(VENV)/browser/node_modules/axe-core/axe.min.js
BROWSER := chromium chromedriver npm

# What Python has compiled is kept, or each process of the tests compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test thorough test-spark test-browser lint format baseline bench fuzz clean

demo: $(VENV)/.run
	$(BIN)/immunotrack plot monneret-2020 -o timeline.png

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal

# Ten times the examples of each property, other ones each time.
thorough: $(VENV)/.dev
	IMMUNOTRACK_EXAMPLES=10 $(BIN)/python -m pytest -n 2 --dist worksteal

# Frames of PySpark and --engine spark, on the Java that is there.
test-spark: $(VENV)/.spark
	IMMUNOTRACK_SPARK=1 $(BIN)/python -m pytest tests/test_engines.py tests/cluster

# The report in Debian's Chromium, and what axe-core says of it.
test-browser: $(VENV)/.browser
	IMMUNOTRACK_BROWSER=1 IMMUNOTRACK_AXE=$(AXE) $(BIN)/python -m pytest tests/browser

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Draw the image baselines again; look at them before they are committed.
baseline: $(VENV)/.dev
	IMMUNOTRACK_NEW_BASELINE=1 $(BIN)/python -m pytest tests/plot/test_baseline.py

# Against what one would write by hand; ROWS=1000000 RUNS=1 ONLY=flagging is a quick look; also
# start, drawing, cohort, reading, bad.
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py

# Random damage for every reader; RUNS=100000 tries harder, TARGETS=sas one alone.
fuzz: $(VENV)/.fuzz
	$(BIN)/python fuzz/run.py $(TARGETS)

# Debian's python3 comes without ensurepip, so the environment borrows the system's pip.
$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.spark: $(VENV)/.dev
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[spark]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[bench]'
	@touch $@

$(VENV)/.browser: $(VENV)/.dev
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[dev,browser]'
	for tool in $(BROWSER); do command -v $$tool >/dev/null || missing=1; done; \
	test -z "$$missing" || apt-get -o DPkg::Lock::Timeout=900 update --quiet; \
	test -z "$$missing" || apt-get -o DPkg::Lock::Timeout=900 install --quiet --yes \
	  chromium chromium-driver npm
	npm install --prefix $(VENV)/browser --no-audit --no-fund --silent axe-core@4
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[dev,fuzz]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis fuzz/crashes
