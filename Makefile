# Everything here works in a clone at any path, twice in a row. The first call creates .venv.
#   PYTHON=python3.12   the interpreter to create it with
#   VENV=/some/folder   where it lies
#   ARGS='-k story'     more arguments for pytest or the benchmarks
#   ON=kubernetes       where the demo trains: on the cluster that KUBECONFIG names, or on a lab
#   IMAGE=...           what it trains in there: with torch, numpy, scikit-learn and safetensors

export VENV ?= .venv
export PYTHON
export IMAGE
# Scripts in a virtual environment begin with its path, which may be moved or hold spaces; the
# interpreter itself does not care, so tools are always called as modules.
PY := "$(VENV)/bin/python"
SPHINX := $(PY) -m sphinx -q -W --keep-going -n -b html docs docs/_build/html

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit test-examples test-cluster lint docs bench bench-cluster clean ready \
    screenshots

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: ## Train the digits example on 2 nodes x 2 ranks (ON=kubernetes: of a cluster) to 95 % accuracy
	@./scripts/environment.sh $(if $(filter kubernetes,$(ON)),client,demo)
	@./scripts/demo.sh $(ON)

test: ready lint docs ## Check style, types, layers and docs, then run the tests
	@printf '\n==> tests\n'
ifeq ($(ARGS),)
	@# Those that think, side by side; those that start processes and wait for them, a few more at
	@# once; frameworks, which take every core that they find, one by one.
	@$(PY) -m pytest tests/unit tests/simulation -n auto
	@$(PY) -m pytest tests/local tests/contract tests/project --ignore tests/local/frameworks -n 3
	@$(PY) -m pytest tests/local/frameworks
else
	@$(PY) -m pytest $(ARGS)
endif

test-unit: ready ## Run only the fast tests
	@$(PY) -m pytest tests/unit $(ARGS)

test-examples: ready ## Run every worked example to its end: bare, and under rankzero
	@$(PY) -m pytest tests/examples $(ARGS)

test-cluster: ready ## Run the tests that need a Kubernetes, on one that is made for them
	@$(PY) -m tests.cluster.lab test $(ARGS)

lint: ready ## Check style, types and layers
	@printf '\n==> style\n'
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@printf '\n==> types\n'
	@$(PY) -m mypy
	@printf '\n==> layers\n'
	@$(PY) -c 'from importlinter.cli import lint_imports_command as main; main()'

docs: ready ## Build the documentation, warnings as errors, into docs/_build/html
	@printf '\n==> documentation\n'
	@$(SPHINX)
	@printf 'docs/_build/html/index.html\n'

bench: ready ## Measure rankzero against its peers (minutes; on an idle machine)
	@$(PY) -m benchmarks $(ARGS)

bench-cluster: ready ## Measure it on a Kubernetes (half an hour; on an idle machine)
	@$(PY) -m benchmarks.cluster $(ARGS)

screenshots: ready ## Take the pictures of the model server's page in the docs anew
	@$(PY) scripts/screenshots.py $(ARGS)

clean: ## Remove what was built here, the virtual environment included
	[ ! -f "$(VENV)/pyvenv.cfg" ] || rm -rf "$(VENV)"
	rm -rf docs/_build dist build .mypy_cache .pytest_cache .ruff_cache \
	    .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ready:
	@./scripts/environment.sh test
