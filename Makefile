# make demo   set-up, then all four variants on a local cloud of their own: up, verify, destroy; the truth table
# make test   set-up, then every check and every test
# make lint   set-up, then the static checks alone
# make setup  .venv with the pinned packages, the Pulumi command line, nftables
# make clean  removes what these made in this folder; the cache (~/.cache/vpclab) stays

PYTEST_ARGUMENTS ?=
bin := .venv/bin
several := $(if $(findstring no:xdist,$(PYTEST_ARGUMENTS)),,-n auto)

.PHONY: setup demo test lint clean

setup:
	@scripts/bootstrap.sh
	@$(bin)/vpclab setup

demo: setup
	@$(bin)/vpclab demo

lint: setup
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

test: lint
	$(bin)/pytest $(several) $(PYTEST_ARGUMENTS)

clean:
	@if [ -x $(bin)/vpclab ]; then $(bin)/vpclab cloud stop; fi
	rm -rf .venv .vpclab out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
