# make demo       fit the example cohort, embed and assign a query; ends with the paths of the results
# make test       linters, types, layers and the fast tests
# make test-pages the code of the pages and the workflow, run as written; the report in a browser
# make test-slow  all tests left out of it
# make fuzz       damaged files through every reader (docs/reliability.md): make fuzz COUNT=2000 SEED=7
# make docs       the pages and pictures that are made from the program; the map of the README needs
#                 a folder with the 1000 Genomes genotypes: make docs DATA=../data
# make site       the documentation site in build/site, with warnings as errors and links checked;
#                 make site-links also asks for every page elsewhere that it links to
# make kgp hapmap3   build the reference models again from public genotypes: make kgp DATA=../data
#                 (references/README.md)
# make wheel      the sdist and the wheel in dist/, with man pages, checked
# make test-wheel the command line from the wheel alone, in an empty environment:
#                 make test-wheel PYTHON=python3.14
# make test-packages  the tests that need the tools of the extra packages: linters of the recipe, the
#                 container, the workflows and the pipelines
# make man        man pages in man/man1/
# make sbom       what the wheel installs, as a CycloneDX bill of materials: dist/sbom.cdx.json
# make clean      remove what these made
#
# Each sets up $(VENV) by itself, and again when the requirements change.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV ?= .venv
DATA ?= ../shared/data
COUNT ?= 10000
SEED ?= 1

requirements := pyproject.toml setup.py constraints.txt
runtime := $(VENV)/runtime.stamp
development := $(VENV)/development.stamp
packages := .venv-packages
tools := $(packages)/tools.stamp
install := -m pip install --quiet --disable-pip-version-check -c constraints.txt
pip := $(VENV)/bin/python $(install)
website := $(VENV)/website.stamp
ddvi := $(VENV)/bin/ddvi-ancestry
sphinx := $(VENV)/bin/sphinx-build -c docs -E -d build/doctrees -q -W --keep-going

.PHONY: demo test test-pages test-slow fuzz docs site site-links kgp hapmap3 wheel test-wheel \
  test-packages man sbom clean

demo: $(runtime)
	$(ddvi) fit example_data/cohort.vcf.gz --labels example_data/labels.tsv --out demo/cohort
	$(ddvi) embed demo/cohort.ddvi example_data/query.vcf.gz \
	  --labels example_data/query_labels.tsv --out demo/query
	$(ddvi) assign demo/cohort.ddvi demo/query.coords.tsv --out demo/query
	@echo
	@echo "Coordinates: demo/cohort.coords.tsv  demo/query.coords.tsv"
	@echo "Groups:      demo/query.ancestry.tsv"
	@echo "Pictures:    demo/cohort.png         demo/query.png         (and .svg)"
	@echo "Model:       demo/cohort.ddvi"

test: $(development)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --dist loadfile

test-pages: $(development)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --dist loadfile -m slow tests/docs tests/pipelines tests/report

test-slow: $(development)
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto --dist loadfile -m slow

fuzz: $(development)
	$(VENV)/bin/python tests/fuzz/fuzz.py --count $(COUNT) --seed $(SEED)

docs: $(development) demo
	$(VENV)/bin/python docs/make_cli.py
	$(VENV)/bin/python docs/make_formats.py
	$(VENV)/bin/python docs/make_filters.py
	$(VENV)/bin/python docs/make_example.py
	$(VENV)/bin/python docs/make_performance.py
	$(VENV)/bin/python docs/make_pictures.py $(DATA)

site: $(website)
	rm -rf build/site
	$(sphinx) . build/site
	$(VENV)/bin/python docs/check_site.py build/site
	@echo "The site: build/site/index.html"

site-links: $(website)
	$(sphinx) -b linkcheck . build/site-links

kgp hapmap3: $(runtime)
	$(VENV)/bin/python references/build.py $@ --data $(DATA)

man: $(runtime)
	rm -rf man
	$(VENV)/bin/python packaging/make_man.py man/man1

wheel: man $(tools)
	rm -rf dist
	$(packages)/bin/python -m build --quiet
	$(packages)/bin/twine check --strict dist/*
	$(packages)/bin/check-wheel-contents dist

test-wheel: wheel
	packaging/try_wheel.sh dist/*.whl $(PYTHON)

test-packages: $(tools)
	PATH=$(abspath $(packages))/bin:$$PATH OMP_NUM_THREADS=1 \
	  $(packages)/bin/python -m pytest -m packages

sbom: wheel
	rm -rf build/sbom
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/python $(install) dist/*.whl
	$(packages)/bin/cyclonedx-py environment build/sbom --output-reproducible \
	  --output-format JSON --output-file dist/sbom.cdx.json

clean:
	rm -rf $(VENV) $(packages) demo build dist man *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(runtime): $(requirements) | $(VENV)/bin/python
	$(pip) -e .
	@touch $@

$(development): $(requirements) | $(VENV)/bin/python
	$(pip) -e '.[dev,plink2,vcz,bgen]'
	@touch $@ $(runtime)

$(tools): $(requirements)
	$(PYTHON) -m venv $(packages)
	$(packages)/bin/python $(install) -e '.[dev,plink2,packages]'
	@touch $@

$(website): $(requirements) | $(VENV)/bin/python
	$(pip) -e '.[site]'
	@touch $@ $(runtime)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, such as by PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
