# Everything runs in .venv, made on first use: nothing but Python >= 3.10, make and git is needed.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO_DB ?= demo.db
# Every worker of the tests starts servers and a browser of its own: more than four gain nothing. WORKERS= runs them in one process.
WORKERS ?= --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: demo test test-fast test-install lint docs screenshots bench-retrieval bench-lsa bench-images bench-features bench-gan bench-training clean

.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv, once"
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/test: .venv/installed
	$(PIP) --editable '.[test]'
	@touch $@

# The other Datasette: this environment holds it alone, and reuses all the rest of .venv through a .pth file.
.venv-next/installed: .venv/test
	$(PYTHON) -m venv .venv-next
	$(PYTHON) tests/install/reuse.py .venv-next .venv
	.venv-next/bin/python -m pip install --quiet --disable-pip-version-check --pre --constraint constraints.txt 'datasette>=1.0a40'
	@touch $@

# Linters live apart: none of what they pull in may reach a Datasette process.
.venv-lint/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-lint
	.venv-lint/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt ruff mypy import-linter --editable .
	@touch $@

.venv/torch: .venv/installed
	@echo "Installing torch, once, for a net that learns pictures. It is large, on Linux gigabytes; TORCH=0 goes without"
	$(PIP) --editable '.[torch]' && touch $@ || echo "torch could not be installed: the demo goes without it"

demo: .venv/$(if $(filter 0,$(TORCH)),installed,torch)  ## build demo.db from the Python documentation on this machine; SERVE=1 opens the page, TORCH=0 goes without torch
	$(BIN)/semsearch demo $(DEMO_DB) $(if $(SERVE),--serve)

# On the small matrices of tests a second thread of BLAS or torch only waits for the first.
test test-fast test-install: export OMP_NUM_THREADS := 1
test: .venv/test .venv-next/installed  ## the whole suite, and the pages once more on the other Datasette
	$(BIN)/python -m pytest $(WORKERS)
	.venv-next/bin/python -m pytest $(WORKERS) tests/datasette tests/browser

test-fast: .venv/test  ## all tests but those that open a browser or train a net
	$(BIN)/python -m pytest $(WORKERS) -m "not browser and not training"

test-install: .venv/test  ## build the wheel; ingest, build, search and one page from it in an empty environment
	$(BIN)/python tests/install/try_wheel.py

lint: .venv-lint/installed  ## style, types, layers, generated docs
	.venv-lint/bin/ruff check .
	.venv-lint/bin/ruff format --check .
	.venv-lint/bin/mypy
	.venv-lint/bin/lint-imports

docs: .venv/test  ## write docs/cli.md and docs/builders.md again
	$(BIN)/python docs/generate.py

screenshots: .venv/test demo  ## take the pictures of README.md and docs/tour.md again; needs Chromium
	$(PIP) pillow
	$(BIN)/python -m docs.screenshots $(DEMO_DB)

bench-retrieval: .venv/installed  ## DATA=folder: LSA, BM25 and their fusion on public test collections
	$(PIP) '.[bench]'
	$(BIN)/python benchmarks/retrieval.py --data $(DATA)

bench-lsa: .venv/installed  ## DATA=folder: every stage of a build beside scikit-learn and gensim
	$(PIP) '.[bench]'
	$(BIN)/python benchmarks/lsa.py --data $(DATA)

bench-images: .venv/installed  ## DATA=folder KEEP=folder: faces, factoring and reading beside peers, then what autoencoders reach (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/images.py --data $(DATA)
	$(BIN)/python benchmarks/autoencoder.py --data $(DATA) --keep $(KEEP)

bench-gan: .venv/installed  ## DATA=folder KEEP=folder: GANs beside a DCGAN of equal time, over seeds, and the page of samples (75 minutes)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/gan.py --data $(DATA) --keep $(KEEP) --json

bench-features: .venv/installed  ## DATA=folder: features that nobody labelled, each family for eight minutes (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/selfsupervised.py --data $(DATA)

bench-training: .venv/installed  ## DATA=folder: GloVe and skip-gram beside gensim, the training loop beside a plain one (long)
	$(PIP) --editable '.[bench,torch]'
	$(BIN)/python benchmarks/training.py --data $(DATA)

clean:
	rm -rf .venv .venv-next .venv-lint build dist *.egg-info
