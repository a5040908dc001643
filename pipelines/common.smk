"""The config with its short forms written out, and what follows from it for the rules."""

import json
import math
import os
import re
from dataclasses import dataclass

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

try:
    validate(config, "config.schema.yaml")
except WorkflowError as error:
    # The cause in one sentence; Snakemake shows the schema and the config with it.
    cause = error.__context__
    parts = ["config", cause.json_path[2:], cause.message]
    raise WorkflowError(": ".join(filter(None, parts))) from None

OUT = config["out"]

# CPU threads of a fit, which its plan counts on too.
FIT_THREADS = 4

# Levels of the models that come with the package.
SHIPPED = {name: ["population", "superpopulation"] for name in ("hapmap3", "kgp")}

# Options that would write files which no rule has as an output.
ELSEWHERE = {
    "--out": "the workflow names the results",
    "--report": "there is a report of every query and of every model",
    "--project-on": "give the files of the cohort as a query too",
}


def described(section, key):
    """A section of the config by name; an entry that is no mapping is short for one with this key."""
    entries = config[section]
    if isinstance(entries, list):
        entries = dict.fromkeys(entries)
    return {
        name: entry if isinstance(entry, dict) else {key: entry} for name, entry in entries.items()
    }


COHORTS = described("cohorts", "files")
GIVEN = described("models", "file")
QUERIES = described("queries", "files")


def problems():
    """What is wrong with the config beyond its schema, one sentence each."""
    for name in {*COHORTS} & {*GIVEN}:
        yield f"{name} is both a cohort and a model; rename the cohort"
    if "auto" in GIVEN:
        yield "models: auto stands for a choice; name a model (ddvi-ancestry references)"
    known = [*COHORTS, *GIVEN]
    if QUERIES and not known:
        yield "there is nothing to embed the queries in; give cohorts, or models: [kgp]"
    for name, query in QUERIES.items():
        for model in {*query.get("models", [])} - {*known}:
            yield (
                f"queries: {name}: {model} is neither a cohort nor a model (there are "
                f"{', '.join(known)}); add it under models"
            )
        if "--draws-out" in query.get("extra", ""):
            yield f"queries: {name}: give --draws-out under extra: embed, for all queries"
    for place, options in all_options():
        for option, remedy in ELSEWHERE.items():
            if option in re.split("[ =]", options):
                yield f"{place}: {option} cannot be given here; {remedy}"


def all_options():
    """All options in the config, each with its place."""
    for section, entries in (("cohorts", COHORTS), ("queries", QUERIES)):
        for name, entry in entries.items():
            yield f"{section}: {name}: extra", entry.get("extra", "")
    for command, options in config["extra"].items():
        yield f"extra: {command}", options


for problem in problems():
    raise WorkflowError(f"config: {problem}.")


def listed(files):
    """One file or several as a list."""
    return [files] if isinstance(files, str) else files


def stores(cohort):
    """What is fitted of a cohort: PLINK 1 files as they are, and a store for each other file.

    The number in the name of a store is that of its file.
    """
    return [
        path if path.endswith(".bed") else f"{OUT}/stores/{cohort}/{number}.bed"
        for number, path in enumerate(listed(COHORTS[cohort]["files"]), 1)
    ]


def beside(paths):
    """The .bim and .fam files of PLINK 1 filesets among some files."""
    filesets = [path.removesuffix(".bed") for path in paths if path.endswith(".bed")]
    return [f"{fileset}{end}" for fileset in filesets for end in (".bim", ".fam")]


def joined(cohort):
    """The store that fit makes of several, which it does not need after the fit."""
    prefix = f"{OUT}/cohorts/{cohort}.genotypes"
    parts = [f"{prefix}{end}" for end in (".bed", ".bim", ".fam", ".json")]
    return parts * (len(stores(cohort)) > 1)


def options_of(command, entry):
    """Options of a command: those for all cohorts or queries, and then those of one."""
    return f"{config['extra'][command]} {entry.get('extra', '')}".strip()


@dataclass(frozen=True)
class Model:
    """A model that queries are embedded in.

    Attributes
    ----------
    name : str
    word : str
        What the command line calls it: a file, or the name of a reference model.
    levels : list of str
        Those it assigns samples on; none without groups.
    has_map : bool
        Whether it has two dimensions or more.
    has_clusters : bool
        Whether it knows probabilities of classes or clusters.
    """

    name: str
    word: str
    levels: list
    has_map: bool = True
    has_clusters: bool = False

    @property
    def file(self):
        """The model as an input of a rule; a reference model is none."""
        return [] if self.word == self.name else self.word

    @property
    def queries(self):
        """Names of the queries that are embedded in it."""
        every = [self.name]
        return [name for name, query in QUERIES.items() if self.name in query.get("models", every)]

    def run(self, query):
        """Prefix of the files of a query."""
        return f"{OUT}/queries/{query}.in.{self.name}"

    @property
    def runs(self):
        """Prefixes of its runs: that of its cohort, and those of its queries."""
        fitted = [f"{OUT}/cohorts/{self.name}"] if self.name in COHORTS else []
        return [*fitted, *map(self.run, self.queries)]

    @property
    def clusters(self):
        """Endings of the files that fit and embed write of classes or clusters."""
        return ["groups.tsv"] * self.has_clusters

    @property
    def tables(self):
        """Endings of the tables of assign."""
        levels = ["_".join(level.split(os.sep)) for level in self.levels]
        return ["ancestry.tsv", *(f"assign.{level}.tsv" for level in levels)]

    @property
    def multiqc(self):
        """Endings for MultiQC, which the last command that is run on a query writes."""
        return ["_mqc.json", *[".map_mqc.json"] * self.has_map]


def of_cohort(name):
    """The model that is fitted to a cohort."""
    options = options_of("fit", COHORTS[name])
    return Model(
        name,
        f"{OUT}/cohorts/{name}.ddvi",
        COHORTS[name].get("levels", []),
        has_map=not re.search("--dims[ =]1( |$)", options),
        has_clusters=bool(re.search("--semi-supervised|mixture", options)),
    )


def of_given(name):
    """A model that is there already; what it holds is read from its file, where that is found."""
    file, levels = (GIVEN[name].get(key) for key in ("file", "levels"))
    folders = os.environ.get("DDVI_ANCESTRY_REFERENCES", "").split(os.pathsep)
    places = [file] if file else [f"{folder}/{name}.ddvi" for folder in folders]
    found = next((record(path) for path in places if os.path.isfile(path)), None)
    if found is None:
        if levels is None and name not in SHIPPED:
            raise WorkflowError(
                f"config: models: {name}: there is no model {file or name}; check its name, or "
                "state its levels if it is made later, such as levels: [population], or []."
            )
        return Model(name, file or name, SHIPPED.get(name) if levels is None else levels)
    options, known = found["options"], (found["groups"] or {"levels": []})["levels"]
    return Model(
        name,
        file or name,
        known if levels is None else levels,
        has_map=options["dims"] > 1,
        has_clusters=bool(options["classes"]) or "mixture" in str(options["settings"].get("prior")),
    )


def record(path):
    """The JSON record of a model: metadata of a safetensors file (docs/file-formats.md)."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["ddvi_ancestry"])


MODELS = {
    **{name: of_cohort(name) for name in COHORTS},
    **{name: of_given(name) for name in GIVEN},
}
DRAWS = ["draws.npz"] * ("--draws-out" in config["extra"]["embed"])

# Runs in each report: all of a model, and each query.
PAGES = {name: model.runs for name, model in MODELS.items() if model.runs} | {
    os.path.basename(run): [run]
    for model in MODELS.values()
    for run in map(model.run, model.queries)
}


def model_of(page):
    """The model of a report."""
    return MODELS[page.rpartition(".in.")[2]]


def labels_of(page):
    """The labels of the cohort in a report, if it has any."""
    return COHORTS.get(page, {}).get("labels", [])


def assigned(page):
    """What a report needs of assign, which a cohort is not run through."""
    model = model_of(page)
    queries = [run for run in PAGES[page] if ".in." in os.path.basename(run)]
    return [f"{run}.assign.json" for run in queries if model.levels]


def either(names):
    """A pattern of these names and no other."""
    return "|".join(map(re.escape, names)) or "-"


def by_size(least, each_mb):
    """Memory in MB or time in minutes, by the size of the input; more on every attempt."""
    return lambda wildcards, input, attempt: int(least + each_mb * input.size_mb) * attempt


def planned(plan):
    """Memory in MiB and time in minutes that a plan of fit --dry-run estimates.

    Without an estimate, as for files whose size cannot be told, it is what most fits need.
    """
    with open(plan) as lines:
        found = re.search(r"need about ([\d,]+) MiB of memory and (\d+) (s|min)", lines.read())
    if not found:
        return 8000, 60
    memory, time, unit = found.groups()
    return int(memory.replace(",", "")), int(time) / (60 if unit == "s" else 1)


def fit_memory(wildcards, input, attempt):
    """Memory of a fit in MB: a quarter more than is planned, and some for Snakemake in the job."""
    return math.ceil(500 + 1.25 * planned(input.plan)[0]) * attempt


def fit_time(wildcards, input, attempt):
    """Time of a fit in minutes: twice what is planned, for older machines, and ten to start."""
    return math.ceil(10 + 2 * planned(input.plan)[1]) * attempt
