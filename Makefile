# From a bare machine with Python 3.11 to 3.13 and make: `make run` opens the demo shop, `make shop` an empty one.
# PORT=9000 moves the web server; PYTHON=/path/to/python3.12 picks the interpreter that .venv is made of.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes

.PHONY: help run shop models test soak faults bench robust openset links e2e lint translations lock

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: $(VENV)/.installed ## the demo shop: 60 days of made-up trade and a made-up camera
	@WATERSHOP_DEMO=1 exec $(PY) manage.py run --demo --port $(PORT)

shop: $(VENV)/.installed ## your own shop: an empty database and a set-up page
	@exec $(PY) manage.py run --port $(PORT)

models: $(VENV)/.installed ## download YuNet: finds faces faster, and smaller ones
	@$(PY) manage.py fetch_models

test: $(VENV)/.installed-dev ## all tests but the browser's, on a real embedded PostgreSQL
	$(PY) -m pytest tests --ignore=tests/e2e -n auto --dist loadfile

soak: $(VENV)/.installed-dev ## deeds in every order, for an hour: do the books still agree?
	HYPOTHESIS_PROFILE=soak $(PY) -m pytest tests/sales/test_books_machine.py

faults: $(VENV)/.installed-dev ## kill what watches a recording, 20 times: are its rows the same as ever?
	$(PY) -m tests.faults

soaklive: $(VENV)/.installed-dev ## an hour of made-up film as if from a camera: does the memory grow, who is named how soon?
	$(PY) -m tests.vision.soak_live

bench: $(VENV)/.installed-dev ## what deeds and films cost, beside their targets; ROOM=sales|analytics|vision|counter|forecast for one, LONG=1 for long films
	$(PY) -m tests.bench $(ROOM) $(if $(LONG),--long)

robust: $(VENV)/.installed-dev ## how right the eye is: clips of other people, light, sizes and crowds (needs ../shared)
	$(PY) -m tests.eye robust

openset: $(VENV)/.installed-dev ## how many known people are found, and strangers taken for them (needs ../shared)
	$(PY) -m tests.eye openset --plot docs/open_set.svg
	$(PY) -m tests.eye debtors

links: $(VENV)/.installed-dev ## sales joined to visits on made-up days, beside the nearest in time; DAYS=3 for fewer
	$(PY) -m tests.vision.links_table $(if $(DAYS),--days $(DAYS))

e2e: $(VENV)/.installed-dev ## the browser tests; skipped with a reason where no Chromium is found
	$(PY) -m pytest tests/e2e

# Whatever would connect to a database after all finds a closed door, and no embedded server is started.
lint: export DATABASE_URL := postgres://nobody@127.0.0.1:1/none
lint: $(VENV)/.installed-dev ## style, types, layers, migrations, deployment check, schema, translations; needs no database
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(PY) -W 'ignore:Got an error checking a consistent migration history' manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null
	@$(MAKE) --no-print-directory translations

# What `check --deploy` must be content with: the settings of a shop behind HTTPS.
PRODUCTION = env WATERSHOP_HTTPS=1 WATERSHOP_DEBUG=0 WATERSHOP_HOSTS=shop.example \
	WATERSHOP_SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')

translations: ## the compiled catalogues say what the .po files say
	@if ! command -v msgfmt >/dev/null; then \
		if [ -n "$${CI:-}" ]; then echo "msgfmt is missing: install gettext." >&2; exit 1; fi; \
		echo "Translations not checked: msgfmt is missing (install gettext)."; exit 0; fi; \
	for po in $$(find . -path ./$(VENV) -prune -o -name '*.po' -print); do \
		diff -q <(msgfmt --check --output-file=- $$po | msgunfmt -) <(msgunfmt $${po%.po}.mo) >/dev/null || \
		{ echo "$${po%.po}.mo is out of date: run manage.py compilemessages." >&2; exit 1; }; done

lock: $(VENV)/.installed-dev ## resolve the requirements again; dlib is dropped because dlib-bin is the same thing, built
	$(call resolve,requirements)
	$(call resolve,requirements-dev,-c requirements.txt)

define resolve
	@{ printf '# %s\n' 'Install:  python -m pip install --no-deps --require-hashes -r $(1).txt' \
		'The full lock of $(1).in for Python 3.11 to 3.13, made by `make lock`. Do not edit.'; \
	echo 'dlib ; python_version < "0"' | $(VENV)/bin/uv pip compile --quiet --upgrade --universal --generate-hashes \
		--python-version 3.11 --no-header --override /dev/stdin $(2) $(1).in; } > $(1).lock
	@mv $(1).lock $(1).txt
endef

# The stamps. The first Python that is new enough makes .venv; pip compiles nothing, for Python does that on first use.
$(PY):
	@python=; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
		then python=$$candidate; break; fi; done; \
	test -n "$$python" || { echo "WaterShop needs Python 3.11, 3.12 or 3.13; name one: make run PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "$$python has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }; \
	"$$python" -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(PY)
	@echo "Installing what the shop runs on (about half a minute) ..."
	@$(PIP_INSTALL) -r requirements.txt || { echo "The lock could not be installed; the line above names the package. This needs the package index, or its cache." >&2; exit 1; }
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt | $(PY)
	@echo "Installing what the tests and checks need ..."
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@ $(VENV)/.installed
