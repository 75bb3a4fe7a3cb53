# `make` or `make help` lists the targets. Those that make something build .venv first if needed; `status` and
# `resume-check` do not. PYTHON and TORCH_INDEX reach envs/ as environment variables; PYTHONHOME would be that of another
# Python.
unexport PYTHONHOME
OUTSIDE := @sh envs/python.sh
CONFIG ?= config/config.yaml
# The folder behind the link, so that a running command keeps its environment when another is built.
BIN = $(or $(shell readlink .venv),.venv)/bin
# Snakemake ends with a traceback if it cannot write to its cache, as in a read-only home folder.
CACHE := "$${XDG_CACHE_HOME:-$$HOME/.cache}"/snakemake
ifneq ($(shell [ "$$XDG_CACHE_HOME$$HOME" ] && mkdir -p $(CACHE) 2>/dev/null && [ -w $(CACHE) ] && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif
PYTHON310 ?= $(firstword $(shell python3.10 -c "import sys; print(sys.executable)" 2>/dev/null) \
	$(wildcard $(HOME)/.pyenv/versions/3.10.*/bin/python3.10))
export CONFIG

# Of samplers of other libraries: they take long, as the libraries do.
LIBRARY_TESTS := $(patsubst %,tests/samplers/peers/test_%.py,dehb smac tpe)

.DEFAULT_GOAL := help
.PHONY: help env built demo miniature paper calibrate test test-workflow test-slurm test-peers test-deepcave peers deepcave lint format archive bench bench-search bench-train bench-gpu bench-slurm status resume-check lock schemas

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

env: ## build .venv from the lock file, or do nothing if it is up to date (PYTHON=python3.12, TORCH_INDEX=URL for others)
	$(OUTSIDE) envs/build.py

built:
	$(OUTSIDE) envs/build.py --check

demo: env ## run a whole search on scikit-learn's digits images, in minutes on two cores
	@$(BIN)/snakemake --configfile config/demo.yaml
	@$(BIN)/python scripts/status.py config/demo.yaml

MINIATURE := $(patsubst %,config/%.yaml,miniature miniature-arms miniature-systems)

miniature: env ## run the scale model of the study, after saying what it costs: a day on two cores (docs/studies.md)
	@for config in $(MINIATURE); do $(BIN)/snakemake plan --configfile $$config || exit; done
	@for config in $(MINIATURE); do $(BIN)/snakemake --configfile $$config || exit; done

paper: CONFIG = config/demo.yaml
paper: env ## make figures, tables and the paper from the trainings so far (default: the demo, from the records here)
	@$(BIN)/python scripts/outcomes.py "$$CONFIG"

status: built ## report the progress of a search (CONFIG=config/demo.yaml)
	@$(BIN)/python scripts/status.py "$$CONFIG"

resume-check: built ## list the trainings still running, and how to resume or stop them (CONFIG=...)
	@$(BIN)/python scripts/resume_check.py "$$CONFIG"

test: env ## run the tests that take minutes, with one small run of the workflow
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal --ignore tests/end_to_end --ignore tests/slurm \
		$(addprefix --ignore ,$(LIBRARY_TESTS))

test-workflow: env ## run the tests of whole runs of the workflow, their audits, and built environments
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal tests/end_to_end

test-slurm: demo ## run searches on a real Slurm cluster, set up here for the tests (root on Debian 12)
	@set -e; trap '$(BIN)/python tests/slurm/cluster.py stop' EXIT; \
	$(BIN)/python tests/slurm/cluster.py start --accounting; \
	$(BIN)/python -m pytest --numprocesses 2 tests/slurm/accounting; \
	$(BIN)/python tests/slurm/cluster.py start; \
	$(BIN)/python -m pytest tests/slurm/controller; \
	$(BIN)/python -m pytest --numprocesses 5 tests/slurm --ignore tests/slurm/accounting --ignore tests/slurm/controller

peers: ## build .venv-peers, with the libraries of other optimisers, or bring it up to date (needs a C compiler)
	$(OUTSIDE) envs/build.py peers

test-peers: peers ## compare BOHB with HpBandSter's own, test the samplers of other libraries, validate a Run Crate
	PYTHONPATH=src .venv-peers/bin/python -m pytest --numprocesses 2 --dist worksteal tests/hpbandster \
		$(LIBRARY_TESTS) tests/bench/test_search_hpbandster.py tests/audit/test_profile.py

deepcave: ## build .venv-deepcave, with DeepCAVE, or bring it up to date (needs Python 3.10, else it is skipped, and a C compiler)
ifeq ($(PYTHON310),)
	@echo "DeepCAVE is skipped, as it needs Python 3.10, which is not here (PYTHON310=PATH names one)"
else
	$(OUTSIDE) envs/build.py deepcave --python "$(PYTHON310)"
endif

test-deepcave: env deepcave ## check that DeepCAVE reads our exports as we do
ifneq ($(PYTHON310),)
	rm -rf .venv-deepcave/exports
	PYTHONPATH=src:tests $(BIN)/python tests/deepcave/exports.py .venv-deepcave/exports
	.venv-deepcave/bin/python -m pytest tests/deepcave
endif

lint: env ## check style, types and the workflow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/snakemake --lint
	$(BIN)/python scripts/schemas.py --check
	$(BIN)/python -m pytest --quiet tests/core/test_imports.py

format: env ## format the source files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

archive: env ## pack the results of an experiment into one file that can be audited anywhere (CONFIG=config/demo.yaml)
	@$(BIN)/python scripts/archive.py "$$CONFIG"

calibrate: env ## measure the coefficients of budgets in nominal seconds on this machine (CONFIG=...)
	@$(BIN)/python scripts/calibrate.py "$$CONFIG"

bench: env ## measure the cost of the workflow, of samplers and of an audit
	$(BIN)/python bench/bench_workflow.py
	$(BIN)/python bench/bench_sampler.py
	$(BIN)/python bench/bench_audit.py

bench-search: peers ## compare samplers in simulated searches, hours long but resumable (BENCH_FLAGS=--help)
	@PYTHONPATH=src .venv-peers/bin/python bench/bench_search.py $(BENCH_FLAGS)

bench-train: env ## compare the speed of the training engine with a textbook's loop (BENCH_FLAGS=--help)
	$(BIN)/python bench/bench_train.py $(BENCH_FLAGS)

bench-gpu: env ## run and measure on a GPU what only a GPU can show, in ten minutes (BENCH_FLAGS=--help)
	@$(BIN)/python bench/bench_gpu.py $(BENCH_FLAGS)

bench-slurm: env ## measure how busy GPUs are on a Slurm cluster set up here (root on Debian 12; BENCH_FLAGS=--help)
	$(BIN)/python bench/bench_slurm.py $(BENCH_FLAGS)

schemas: env ## write workflow/schemas, and the keys in config/README.md, from the typed classes
	$(BIN)/python scripts/schemas.py

lock: ## resolve envs/*.in into lock files with hashes (LOCK_FLAGS=--upgrade for newer versions)
	$(OUTSIDE) envs/lock.py $(LOCK_FLAGS)
