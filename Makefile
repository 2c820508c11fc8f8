# make all: from a checkout to the leaderboard.  make test: everything that must hold.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
CORES ?= all
NAME ?= alanine_dipeptide
VENV := .venv
STAMP := $(VENV)/.installed
# A killed run leaves half-made outputs behind, which are to be made again.
SNAKEMAKE := snakemake --cores $(CORES) --show-failed-logs --rerun-incomplete

# The tools of the environment, whether or not it is activated.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help env all test check lint format simulate reference partial report bench clean leak

help:  ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

env: $(STAMP)  ## create or update the environment in .venv

# Made again when what it is made from changes.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; (3, 11, 4) <= v < (3, 14) or sys.exit("error: cgbench needs Python 3.11.4 or later, 3.12 or 3.13; $(PYTHON) is %d.%d.%d. Choose another: make PYTHON=python3.12 env" % v)'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[dev,tracking]'
	touch $@

all: env  ## run the default benchmark: data, training, leaderboard, figures
	$(SNAKEMAKE) all

simulate: env  ## make trajectories anew: alanine dipeptide, or NAME=<entry of `simulations`>
	$(SNAKEMAKE) results/simulations/$(NAME)/card.json

leak: env  ## measure what the published, shuffled split is worth
	$(SNAKEMAKE) leak

# What the README shows and a reader can compare a run of their own with.
reference: env  ## run every resolution and method (hours) and export tables and figures to results/reference
	$(SNAKEMAKE) all --configfile config/full.yaml
	cgbench export --config results/full/config.json --output results/reference

partial: env  ## tables and figures of what is finished so far, in results/partial
	cgbench partial --config results/config.json

report: env  ## pack results, figures and their provenance into report.html
	snakemake --report report.html

bench: env  ## run every benchmark in benchmarks/ and print its tables
	for file in benchmarks/*.py; do echo "== $$file"; OMP_NUM_THREADS=1 python $$file || exit 1; done

test: env lint  ## lint and the whole test suite
	pytest -n auto --dist loadfile

check: env  ## the quick loop: lint and the tests that take seconds
	ruff check
	ruff format --check
	pytest -n auto --dist loadfile -m 'not slow' -q

lint: env  ## style, types and workflow
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint

format: env  ## let the tools put style right
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

clean:  ## remove what the workflow made; the environment and reference results stay
	find results -mindepth 1 -maxdepth 1 ! -name reference ! -name README.md -exec rm -rf {} +
	rm -rf .snakemake report.html report.zip
