# Environment, demo and tests. Everything is installed into .venv, once.
#
#   make demo                                  the whole pipeline on example data
#   make demo PYTHON=python3.12                with another Python (3.11 or newer)
#   make demo PIP_ARGS='--extra-index-url URL' with other package indexes, as for a CPU-only torch
#   make bench-accuracy BENCH_ARGS='--data_dir FOLDER'  with logs from another folder than data/raw
#   make bench-speed BENCH_ARGS='--events 200000'        on a smaller log; --help tells the rest

PYTHON ?= python3
PIP_ARGS ?=
BENCH_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help demo test check-slow soak month notebooks bench-accuracy bench-speed audit clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s%s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## run the whole pipeline on example data
	$(BIN)/seqchurn demo --config configs/demo.yaml

test: $(INSTALLED) ## style, types and the fast tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -m 'not slow and not soak' -n auto --durations=10

check-slow: $(INSTALLED) ## the slow tests
	$(BIN)/pytest -m slow -rs --durations=10

soak: $(INSTALLED) ## 20,000 damaged files, 2,000 ways to grow, prepare, score and deliver killed
	$(BIN)/pytest -m soak -n auto --durations=10

month: $(INSTALLED) ## a month of nights on Complete Journey, with mishaps; prints a journal
	$(BIN)/python -m tests.endurance.month

notebooks: $(INSTALLED) ## every notebook in full, from start to end
	$(BIN)/python -m tests.notebooks.running

bench-accuracy: $(INSTALLED) ## the network against every baseline on five logs
	$(BIN)/python -m tests.benchmarks.accuracy $(BENCH_ARGS)

bench-speed: $(INSTALLED) ## every stage against the least that it could cost, in time and memory
	$(BIN)/python -m tests.benchmarks.speed $(BENCH_ARGS)

audit: $(INSTALLED) ## known vulnerabilities of what is installed; asks PyPI
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --quiet $(PIP_ARGS) pip-audit
	$(VENV)-audit/bin/pip-audit --strict --skip-editable \
		--path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

clean: ## remove the environment and caches; data stays
	rm -rf $(VENV) $(VENV)-audit .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find seqchurn tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +

# pip 25.1 was the first that knows --group; lifetimes gives the data of golden tests only, and
# its own requirements would clash
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1); expected Python 3.11 or newer." \
			"Write make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "Installing into $(VENV): some minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) \
		-e '.[examples,baselines,lake,notebooks,sinks,sql,tune]' --group dev
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --no-deps lifetimes==0.11.3
	@touch $@
