# Paths are relative, so that a checkout with spaces in its path works; tools run as `python -m`, so that a moved one does.
PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/ready
JOBS ?= 3
TEST := $(PY) -m pytest -n $(JOBS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo story test check migrations soak lock

help:
	@echo "Throughline"
	@echo "  make demo     play both sides of an engagement in your browser (FRESH=1 begins anew)"
	@echo "  make test     run all tests (JOBS=4 on a bigger machine)"
	@echo "  make story    play the whole story without a browser, and check every fact"
	@echo "  make check    format, lint, types, import walls, migrations, tests: what CI asks for"
	@echo "  make soak     the long forms of the tests that kill and simulate"
	@echo "  make setup    make .venv and nothing more (the others do it by themselves)"
	@echo "  make lock     compile requirements.txt again, after a change of pyproject.toml"

setup: $(READY)
	@:

demo: $(READY)
	@$(PY) -m bot demo $(if $(FRESH),--fresh)

story: $(READY)
	@$(PY) -m bot demo --story

test: $(READY)
	@$(TEST)

check: $(READY)
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(PY) -m mypy --no-error-summary
	$(PY) -c "from importlinter.cli import lint_imports_command as walls; walls()"
	@$(MAKE) --no-print-directory migrations
	$(TEST)

migrations: $(READY)
	$(PY) -m bot.postgres lend sh -c "$(PY) -m alembic upgrade head && $(PY) -m alembic check"

soak: $(READY)
	@$(PY) -m pytest -m soak

define PYTHON_WANTED
import sys
if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed, this is %d.%d.%d: make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)" % sys.version_info[:3])
try:
    import ensurepip, venv
except ImportError:
    sys.exit("Python's venv is missing. On Debian and Ubuntu: apt install python3-venv (or python%d.%d-venv)" % sys.version_info[:2])
endef
export PYTHON_WANTED

$(READY): requirements.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is needed, and there is no $(PYTHON): make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)"; exit 1; }
	@"$(PYTHON)" -c "$$PYTHON_WANTED"
	@echo "Making .venv: about half a minute, the first time only."
	@$(PY) -c "import pip, sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || "$(PYTHON)" -m venv --clear .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all: -r requirements.txt
	@touch $@

lock: $(READY)
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && $(PY) -m venv "$$folder" \
	&& "$$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: uv \
	&& "$$folder/bin/python" -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --group dev pyproject.toml -o requirements.txt
