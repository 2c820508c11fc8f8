# make all runs the default benchmark, make test all checks; make help lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
CORES ?= all
NAME ?= alanine_dipeptide
DATASETS ?= alanine_dipeptide chignolin
VENV := .venv
STAMP := $(VENV)/.installed
# Two for each core, because many tests wait for programs that they start.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')
# Outputs that a killed run left incomplete are made again.
SNAKEMAKE := snakemake --cores $(CORES) --show-failed-logs --rerun-incomplete

# Use the tools of the environment, activated or not.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Hundreds of processes import the same modules, which are compiled once.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env all test check lint format simulate reference partial report site docs bench clean leakage

help:  ## show this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

env: $(STAMP)  ## create or update the environment in .venv

# Updated when the requirements change.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:3]; (3, 11, 4) <= v < (3, 14) or sys.exit("error: cgbench needs Python 3.11.4 or later, 3.12 or 3.13; $(PYTHON) is %d.%d.%d. Choose another: make PYTHON=python3.12 env" % v)'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -c constraints.txt -e '.[dev,tracking]'
	touch $@

all: env  ## run the default benchmark: data, training, leaderboard, figures
	$(SNAKEMAKE) all

simulate: env  ## simulate alanine dipeptide, or NAME=<entry of `simulations`>
	$(SNAKEMAKE) results/simulations/$(NAME)/card.json

leakage: env  ## measure the effect of the published, shuffled split
	$(SNAKEMAKE) leakage

# A part for each dataset, because the whole takes many hours: DATASETS=chignolin makes one.
reference: env  ## run every resolution and method (hours), export tables and figures to results/reference/full
	for dataset in $(DATASETS); do \
		$(SNAKEMAKE) all --configfile config/full.yaml \
			--config results=results/full/$$dataset "run={datasets: [$$dataset]}" && \
		cgbench export --config results/full/$$dataset/config.json --output results/reference/full/$$dataset \
			|| exit 1; \
	done

partial: env  ## make tables and figures of the finished runs in results/partial
	cgbench partial --config results/config.json

report: env  ## write results, figures and their provenance to report.html
	snakemake --report report.html

site: env  ## write the results that are there as a site in results/site, and open it in a browser
	cgbench site --config results/config.json --docs ../docs/index.html
	$(MAKE) docs
	python -m webbrowser -t "file://$(CURDIR)/results/site/index.html"

# Each site links to the other where both are.
docs: env  ## build the documentation as a site in results/docs; warnings are errors
	python -m sphinx -W --keep-going -q -c docs $(if $(wildcard results/site/index.html),-A results=../site/index.html) . results/docs

bench: env  ## run every benchmark in benchmarks/ and print its tables
	for file in benchmarks/*.py; do echo "== $$file"; OMP_NUM_THREADS=1 python $$file || exit 1; done

test: env  ## lint, build the documentation and run all tests
	$(MAKE) --jobs 2 lint docs
	OMP_NUM_THREADS=1 pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: env  ## lint and run the fast tests
	ruff check
	ruff format --check
	OMP_NUM_THREADS=1 pytest -n auto --dist loadfile -m 'not slow' -q

lint: env  ## check style, types and workflow
	ruff check
	ruff format --check
	snakefmt --check Snakefile workflow
	mypy
	lint-imports
	snakemake --lint

format: env  ## format the code
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

clean:  ## remove all results except the reference; keep the environment
	find results -mindepth 1 -maxdepth 1 ! -name reference -exec rm -rf {} +
	rm -rf .snakemake report.html report.zip
