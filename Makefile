# A bare machine with python3 (3.11 or newer) and make is enough; everything else is installed into .venv from the locks.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Hundreds of processes are started by the tests: each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help install demo run test check test-all hardening soak cluster chart attack sim dead lint pictures bench sentences lock base-image sbom audit wheel clean
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: .venv/run.stamp  ## what Tocsin needs, into .venv

demo: .venv/run.stamp  ## an outage and its restoration within a minute, with nothing to set up
	@$(BIN)/tocsin demo $(ARGS)

run: .venv/run.stamp  ## the daemon, with ./config.yaml
	@$(BIN)/tocsin run

# Types are checked beside the tests; five processes keep two cores at work, as many tests wait for something. In a fresh
# clone all tests are compiled once before, and not by each of the five. Those that take long are left out, unless there are ARGS.
TESTS = $(if $(ARGS),,-m "not long")
test: .venv/dev.stamp  ## style, types, unused code, import rules and the tests, but for those that take long
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@mkdir -p .mypy_cache; { $(BIN)/vulture && $(BIN)/mypy; } >.mypy_cache/said 2>&1 & types=$$!; \
	[ -d tests/__pycache__ ] || $(BIN)/python -m pytest -q --collect-only >/dev/null; \
	$(BIN)/python -m pytest -n 5 --dist worksteal $(TESTS) $(ARGS); tests=$$?; \
	wait $$types; types=$$?; cat .mypy_cache/said; [ $$types -eq 0 ] && exit $$tests

check: .venv/dev.stamp  ## all that must pass before a change lands: the same with every test
	@$(MAKE) --no-print-directory test TESTS= CLUSTER_SEEDS=1-3

test-all: .venv/dev.stamp  ## every test with four times the examples of each property, three times the seeds, and the soak
	@$(MAKE) --no-print-directory test TESTS= EXAMPLES=many SEEDS=1-300 SOAK="cut*20 kill*2 freeze restart"

hardening: .venv/dev.stamp  ## run the tests of faults that once got through, and write docs/hardening.md
	@$(BIN)/python -m pytest -n 2 -m hardened --hardening=docs/hardening.md $(ARGS)

soak: .venv/dev.stamp  ## on each database: 112 kills, freezes, restarts, lost answers: nothing may be lost
	@SOAK="cut*100 kill*12 freeze*4 restart*4 lose*3" SEED=$${SEED:-$$(date +%s)} $(BIN)/python -m pytest -n 2 -rP tests/soak $(ARGS)

cluster: .venv/dev.stamp  ## three nodes and PostgreSQL under Patroni, killed, frozen, cut off, for MINUTES (20); ARGS=unfenced
	@$(BIN)/python -m tests.cluster $${MINUTES:-20} $${SEED:-$$(date +%s)} $(ARGS)

chart: .venv/dev.stamp  ## the Helm chart, linted and rendered by helm
	@$(BIN)/python tools/helm.py $(BIN) >/dev/null && $(BIN)/python -m pytest -q tests/test_chart.py $(ARGS)

attack: .venv/dev.stamp  ## hostile pages, clients, people, configs and a locked database at once, for MINUTES (15)
	@$(BIN)/python -m tests.soak.attack $${MINUTES:-15} $${SEED:-1}

sim: .venv/dev.stamp  ## thousands of seeded outages, faults and kills on virtual time; SEEDS=4711-4711 replays one
	@SEEDS=$${SEEDS:-1-5000} CLUSTER_SEEDS=$${CLUSTER_SEEDS:-1-500} $(BIN)/python -m pytest -n 2 -k promise \
	    tests/sim/test_sim.py tests/sim/test_cluster.py $(ARGS)

dead: .venv/dev.stamp  ## Slack dead for ten real minutes, in four ways: who was told when (takes 14 minutes)
	@$(BIN)/python -m tests.flow.dead $(ARGS)

lint: .venv/dev.stamp  ## mend what ruff can mend, then say what is left
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/mypy

sentences: .venv/run.stamp  ## every sentence that people can read, in every language; ARGS="en fr" for some
	@$(BIN)/python tools/sentences.py $(ARGS)

pictures: .venv/dev.stamp  ## the page in all its states, as Chromium shows it; ARGS="FOLDER [state ...]"
	@$(BIN)/python tools/pictures.py $(ARGS)

bench: .venv/dev.stamp  ## what performance is promised, measured
	@$(BIN)/python -m benchmarks $(ARGS)

lock: .venv/dev.stamp  ## new versions into the locks (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --upgrade --all-extras pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --upgrade --group build -c requirements.lock -o requirements-build.lock
	uv pip compile -q --universal --generate-hashes --no-header --upgrade --all-extras --group dev --group build -c requirements.lock -c requirements-build.lock pyproject.toml -o requirements-dev.lock

base-image:  ## the newest digest of the base image into the Dockerfile (needs docker and a network)
	@tag=$$(sed -n 's/^ARG BASE=\([^@]*\)@.*/\1/p' Dockerfile); docker pull --quiet $$tag >/dev/null && \
	found=$$(docker image inspect --format '{{index .RepoDigests 0}}' $$tag | sed 's/.*@//') && \
	sed -i "s|^ARG BASE=.*|ARG BASE=$$tag@$$found|" Dockerfile && grep '^ARG BASE=' Dockerfile

sbom: .venv/dev.stamp  ## what Tocsin is made of, as CycloneDX: dist/tocsin.cdx.json
	@mkdir -p dist
	@$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --short-PURLs --output-reproducible --validate --of JSON -o dist/tocsin.cdx.json requirements.lock
	@echo dist/tocsin.cdx.json

audit: .venv/dev.stamp  ## are there known vulnerabilities in what the locks name? (needs a network)
	@$(BIN)/python tools/audit.py requirements.lock requirements-build.lock

wheel: .venv/run.stamp  ## dist/tocsin-*.whl, built with what the lock names
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:  ## forget .venv and caches
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tocsin needs Python 3.11 or newer")'
	@echo "Making .venv (once)"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Tocsin needs (once, about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --require-hashes -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@echo "Installing what the tests need (once, about a minute)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
