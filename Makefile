# Everything runs in .venv, which is created on first use. Only Python >= 3.10, make and git are needed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO_DB ?= demo.db
# Each worker starts its own servers and browser, so more than four do not help. WORKERS= runs the tests in one process.
WORKERS ?= --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: demo test test-fast test-install test-lowest torture audit dist lint docs screenshots bench-retrieval bench-lsa bench-images bench-features bench-gan bench-training clean

.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv, once"
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip uninstall --quiet --yes semsearch 2>&1 | grep -v "not installed" || true  # its name in older checkouts
	$(PIP) --editable .
	$(BIN)/python tests/install/checkout.py
	@touch $@

.venv/test: .venv/installed
	$(PIP) --editable '.[test]'
	@touch $@

# This environment holds only the other Datasette and reuses everything else from .venv through a .pth file.
.venv-next/installed: .venv/test
	$(PYTHON) -m venv .venv-next
	$(PYTHON) tests/install/reuse.py .venv-next .venv
	.venv-next/bin/python -m pip install --quiet --disable-pip-version-check --pre --constraint constraints.txt 'datasette>=1.0a40'
	@touch $@

# Linters have an environment of their own, so that none of their dependencies reaches a Datasette process.
.venv-lint/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-lint
	.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt ruff mypy import-linter --editable .
	@touch $@

.venv/torch: .venv/installed
	@echo "Installing torch once, for the image models. On Linux it takes gigabytes; TORCH=0 skips it"
	$(PIP) --editable '.[torch]' && touch $@ || echo "torch could not be installed: the demo skips the image models that need it"

demo: .venv/$(if $(filter 0,$(TORCH)),installed,torch)  ## build demo.db from the Python documentation on this machine; SERVE=1 opens the page, TORCH=0 skips torch
	$(BIN)/semsearch demo $(DEMO_DB) $(if $(SERVE),--serve)

# The matrices in tests are small: a second thread of BLAS or torch would only wait.
test test-fast test-install test-lowest torture: export OMP_NUM_THREADS := 1
test: .venv/test .venv-next/installed  ## all tests; those of pages and browser also on the other Datasette
	$(BIN)/python -m pytest $(WORKERS)
	.venv-next/bin/python -m pytest $(WORKERS) tests/datasette tests/browser

test-fast: .venv/test  ## all tests except browser tests and trainings
	$(BIN)/python -m pytest $(WORKERS) -m "not browser and not training"

test-install: .venv/test  ## build the wheel; ingest, build, search and one page from it in an empty environment
	$(BIN)/python tests/install/try_wheel.py

dist: .venv-lint/installed  ## build sdist and wheel into dist/ and check what PyPI would show
	rm -rf dist
	.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt build twine
	.venv-lint/bin/python -m build --outdir dist .
	.venv-lint/bin/twine check --strict dist/*

# The lowest versions that pyproject.toml allows, of direct dependencies only. Everything else comes from .venv.
.venv-lowest/installed: .venv/test tests/install/lowest.py
	$(PYTHON) -m venv .venv-lowest
	$(BIN)/python tests/install/lowest.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --constraint .venv-lowest/constraints.txt .
	.venv-lowest/bin/python -m pip uninstall --quiet --yes datasette-semsearch
	$(PYTHON) tests/install/reuse.py .venv-lowest .venv
	@touch $@

test-lowest: .venv-lowest/installed  ## the fast tests with the lowest versions of direct dependencies
	.venv-lowest/bin/python -m pytest $(WORKERS) -m "not browser and not training"

# pip-audit brings rich, so it is installed among the linters and looks at .venv from there.
.venv-lint/audit: .venv-lint/installed
	.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@touch $@

audit: .venv-lint/audit .venv/test  ## look up known vulnerabilities of the packages in .venv
	.venv-lint/bin/pip-audit --skip-editable --path $$(echo .venv/lib/python*/site-packages)

MINUTES ?= 10
torture: .venv/test  ## crashes, kills, full disks, damaged files, random requests, for MINUTES= minutes
	$(BIN)/python -m tests.torture --minutes $(MINUTES)

lint: .venv-lint/installed  ## style, types, layers, generated docs
	.venv-lint/bin/ruff check .
	.venv-lint/bin/ruff format --check .
	.venv-lint/bin/mypy
	.venv-lint/bin/lint-imports

docs: .venv/test  ## regenerate the docs that are made from the code
	$(BIN)/python docs/generate.py

screenshots: .venv/test demo  ## retake the screenshots of README.md and docs/tour.md; needs Chromium
	$(PIP) pillow --editable '.[map]'
	$(BIN)/python -m docs.screenshots $(DEMO_DB)

bench-retrieval: .venv/installed  ## DATA=folder: LSA, BM25 and their fusion on public test collections
	$(PIP) '.[bench]'
	$(BIN)/python benchmarks/retrieval.py --data $(DATA)

bench-lsa: .venv/installed  ## DATA=folder: every stage of a build compared with scikit-learn and gensim
	$(PIP) '.[bench]'
	$(BIN)/python benchmarks/lsa.py --data $(DATA)

bench-images: .venv/installed  ## DATA=folder KEEP=folder: faces, factorisation and reading compared with peers, then autoencoders (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/images.py --data $(DATA)
	$(BIN)/python benchmarks/autoencoder.py --data $(DATA) --keep $(KEEP)

bench-gan: .venv/installed  ## DATA=folder KEEP=folder: GANs compared with a DCGAN at equal time, over seeds, and the samples page (75 minutes)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/gan.py --data $(DATA) --keep $(KEEP) --json

bench-features: .venv/installed  ## DATA=folder: self-supervised features, eight minutes for each builder (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/selfsupervised.py --data $(DATA)

bench-training: .venv/installed  ## DATA=folder: GloVe and skip-gram compared with gensim, the training loop with a plain one (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/training.py --data $(DATA)

clean:
	rm -rf .venv .venv-next .venv-lint .venv-lowest build dist *.egg-info
