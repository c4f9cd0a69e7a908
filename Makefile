.DEFAULT_GOAL := help
PYTHON ?= python

.PHONY: help install test doctest check format fuzz notebooks demo pages docs site axe minimum dist pythons ci clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 12

install:  ## install the package, editable, with everything needed to work on it
	$(PYTHON) -m pip install -e ".[dev]"

test:  ## run the tests
	$(PYTHON) -m pytest

doctest:  ## run the examples in the docstrings
	$(PYTHON) -m pytest --doctest-modules leukofeat

check:  ## format, lint, types and docstring examples, without changing anything
	ruff format --check .
	ruff check .
	lint-imports --no-logo --no-cache
	mypy
	$(PYTHON) -m pytest --doctest-modules leukofeat

format:  ## format and mend what can be mended
	ruff format .
	ruff check --fix .

fuzz:  ## 20,000 mutated files, and odd arrays for every stage
	$(PYTHON) -m tests.fuzzing.run --files 20000 --seconds 1200
	FUZZING_EXAMPLES=200 $(PYTHON) -m pytest -q tests/fuzzing/test_stages.py

notebooks:  ## run the notebooks in examples/
	$(PYTHON) examples/run_notebooks.py

demo:  ## the main job on synthetic smears
	leukofeat demo

pages:  ## build the documentation in build/docs, warnings being errors, and check its links
	$(PYTHON) -m sphinx -q -W --keep-going -b html docs build/docs
	$(PYTHON) docs/check_site.py build/docs

docs: pages  ## the same, and open it
	$(PYTHON) -m webbrowser -t "file://$(CURDIR)/build/docs/index.html"

site:  ## the documentation of every version beside one another, in site/
	$(PYTHON) docs/versions.py
	$(PYTHON) docs/check_site.py site

# needs Chromium (CHROMIUM=its path), and `npm install axe-core puppeteer-core`
axe: pages  ## look at some pages with axe in headless Chromium
	node docs/axe.mjs $(addprefix build/docs/,index.html features.html traps.html baselines.html systems.html gallery/index.html api/index.html api/leukofeat.features.html api/leukofeat.features.FeatureSet.html) $(wildcard build/docs/gallery/first_steps.html leukofeat-demo/report.html)

minimum:  ## the tests on the lowest versions that are admitted, in a virtual environment of their own
	$(PYTHON) -m venv .minimum-venv
	.minimum-venv/bin/python -m pip install --quiet -r tests/minimum.txt ".[test]"
	.minimum-venv/bin/python -m pytest

dist:  ## build sdist and wheel, look into them, and try the wheel alone in an empty environment
	PYTHON=$(PYTHON) .ci/wheel

pythons:  ## what `make dist` built, on every Python at hand that is new enough
	.ci/pythons

ci:  ## everything, from an empty virtual environment
	bash .ci/run

clean:  ## remove what can be made again
	rm -rf .ci-venv .minimum-venv build site docs/api docs/gallery docs/systems.rst dist leukofeat-demo fuzzing-found .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
