# make demo       fit the example cohort, embed and assign a query; ends with the paths of the results
# make test       linters, types, layers and the fast tests
# make test-pages the code of the pages and the workflow, run as written; the report in a browser
# make test-slow  all tests left out of it
# make fuzz       damaged files through every reader (docs/reliability.md): make fuzz COUNT=2000 SEED=7
# make docs       the pages and pictures that are made from the program; the map of the README needs
#                 a folder with the 1000 Genomes genotypes: make docs DATA=../data
# make kgp hapmap3   build the reference models again from public genotypes: make kgp DATA=../data
#                 (references/README.md)
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
pip := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
ddvi := $(VENV)/bin/ddvi-ancestry

.PHONY: demo test test-pages test-slow fuzz docs kgp hapmap3 clean

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
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n auto -m slow tests/docs tests/pipelines tests/report

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

kgp hapmap3: $(runtime)
	$(VENV)/bin/python references/build.py $@ --data $(DATA)

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(runtime): $(requirements) | $(VENV)/bin/python
	$(pip) -e .
	@touch $@

$(development): $(requirements) | $(VENV)/bin/python
	$(pip) -e '.[dev,plink2,vcz,bgen]'
	@touch $@ $(runtime)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, such as by PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
