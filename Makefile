# Python 3.11, Java 17 and make are all that a machine must have.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TESTS ?= tests
# Processes that run the tests side by side, each with a Spark session: 5 GB of memory and a core each. 0 is none but pytest's.
WORKERS ?= 2
# What the long tests leave out, as pytest says it: CI sets `and not nightly`.
EXCEPT ?=

# Compiled modules are kept: the tests and jobs start Python a hundred times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo install wheel docs fast test test-kills test-jobs test-exactness test-long lint types bench bench-scale bench-quality clean

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="	" read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.demo data/flights.csv fast ## Install, fetch what Spark needs, and run the main job on 336,776 flights
	@$(BIN)/spark-jobs run conf/flights.yml

install: $(VENV)/.dev ## Make the environment with everything that developing needs

wheel: | $(VENV)/.python ## Build the package as dist/*.whl, from the files as they are
	@rm -rf build dist *.egg-info
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@rm -rf build *.egg-info
	@ls dist/*.whl

docs: $(VENV)/.docs ## Build the documentation site in build/site, strictly
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "build/site/index.html"

fast: | $(VENV)/.demo ## Fetch Delta's jars and record what makes Spark start faster (once)
	@make/need java
	@$(BIN)/python -m spark_jobs.runtime.jars
	@$(BIN)/python -m spark_jobs.runtime.class_archive

test: install fast ## Run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not long" $(TESTS)

test-kills: install fast ## Run the tests that kill jobs at each of their steps
	@SPARK_JOBS_KILL_ROUNDS=3 $(BIN)/python -m pytest -m "(batch_kills or stream_kills) $(EXCEPT)" $(TESTS)

test-jobs: install fast ## Run the long end-to-end jobs, one after the other
	@$(BIN)/python -m pytest -m "end_to_end $(EXCEPT)" $(TESTS)

test-exactness: install fast ## Run 20 random tables of each format from the source to the predictions (minutes)
	@$(BIN)/python -m pytest tests/jobs/test_exactness.py

test-long: install fast data/flights.csv ## Run all tests, those that take long too
	@$(BIN)/python -m pytest $(TESTS)

lint: install ## Check the style
	@$(BIN)/ruff check

types: install ## Check the types
	@$(BIN)/mypy

bench: $(VENV)/.bench data/flights.csv fast ## Measure spark-jobs and the baselines, in turns
	@$(BIN)/python -m benchmarks

bench-scale: $(VENV)/.dev data/flights.csv fast ## Measure the flights job and the tutorial job at ten times the rows
	@$(BIN)/python -m benchmarks scale --rounds 1

bench-quality: $(VENV)/.bench fast ## Compare models with bounds and published scores on ten data sets (hours)
	@$(BIN)/python -m benchmarks quality defaults published

clean: ## Remove what was made here (the jars' cache in your home stays)
	@rm -rf $(VENV) build dist data spark-jobs-data *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.python:
	@python=$$(make/need python) && echo "Making the environment in $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.demo: setup.cfg constraints.txt | $(VENV)/.python
	@echo "Installing spark-jobs (the first time takes some minutes)"
	@$(PIP) --editable '.[demo,boost]'
	@touch $@

$(VENV)/.dev: setup.cfg constraints.txt | $(VENV)/.python
	@echo "Installing spark-jobs with its development tools (the first time takes some minutes)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: setup.cfg constraints.txt | $(VENV)/.python
	@echo "Installing spark-jobs with what its documentation is built with (the first time takes some minutes)"
	@$(PIP) --editable '.[docs]'
	@touch $@

$(VENV)/.bench: setup.cfg constraints.txt | $(VENV)/.python
	@echo "Installing spark-jobs with what its benchmarks compare it with (the first time takes some minutes)"
	@$(PIP) --editable '.[dev,bench]'
	@touch $@ $(VENV)/.dev $(VENV)/.demo

data/flights.csv: | $(VENV)/.demo
	@$(BIN)/python make/flights.py $@
