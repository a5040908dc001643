"""What tests share: one small simulated cohort on disk, and one model fitted to it.

Both are made once in a session, and no sample writes beside them.

``cohort_files`` has ``cohort.vcf.gz`` (120 samples of four populations at 2,400 SNPs, among them
a child of the first two and a copy of the third), ``labels.tsv`` (their populations) and
``query.vcf.gz`` (8 other samples at 1,200 of the variants). ``fitted_model`` has what ``api.fit``
returned for that cohort after a training of 60 steps: enough to have every file and every path
of the code, not to be a good model.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

POPULATIONS = {"North": ("North1", "North2"), "South": ("South1",), "East": ("East1",)}
VARIANTS = 2400
SAMPLES = 32


@pytest.fixture(scope="session", autouse=True)
def calibrated_on_twenty(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fits of the fast tests calibrate themselves on 20 samples, not 100: a third of the time.

    Hardly trained networks need new proposals for every sample, share of variants and temperature.
    """
    if "not slow" not in request.config.option.markexpr:
        yield
        return
    from ancestry_ddvi.fitting import calibration

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "CALIBRATED", 20)
        yield


@pytest.fixture(scope="session")
def cohort_files(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Paths ``folder``, ``cohort``, ``labels`` and ``query``; ``simulated`` is the truth.

    ``newcomers`` are the samples of ``query`` at all variants.
    """
    from ancestry_ddvi.genotypes.simulation.populations import simulate

    folder = tmp_path_factory.mktemp("cohort")
    everyone = simulate(5, POPULATIONS, SAMPLES, VARIANTS, trios=1, duplicates=1)
    last = np.concatenate([SAMPLES * k - np.array([2, 1]) for k in range(1, 5)])
    samples = np.setdiff1d(np.arange(len(everyone.samples)), last)
    cohort = everyone.select(samples, np.arange(VARIANTS))
    newcomers = everyone.select(last, np.arange(VARIANTS))
    query = newcomers.select(np.arange(len(last)), np.arange(0, VARIANTS, 2))
    files = {name: folder / f"{name}.vcf.gz" for name in ("cohort", "query")}
    cohort.write_vcf(files["cohort"])
    query.write_vcf(files["query"])
    rows = zip(cohort.samples, cohort.population, strict=True)
    labels = folder / "labels.tsv"
    labels.write_text("\n".join(["sample\tpopulation", *map("\t".join, rows)]) + "\n")
    return SimpleNamespace(
        folder=folder, labels=labels, simulated=cohort, newcomers=newcomers, **files
    )


@pytest.fixture(scope="session")
def fitted_model(cohort_files: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory):
    """The ``Fitted`` of the cohort: ``files["model"]``, ``files["coords"]``, ..., ``summary``."""
    from ancestry_ddvi import api

    prefix = tmp_path_factory.mktemp("fitted") / "cohort"
    return api.fit(
        [str(cohort_files.cohort)],
        str(prefix),
        labels=str(cohort_files.labels),
        device="cpu",
        settings={"steps": "400"},
    )
