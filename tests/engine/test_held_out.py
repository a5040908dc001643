"""What is held out of training stays out, and thresholds are those that the pages state.

All through the public functions, so that each promise outlives the layout behind them. Numbers
that the program has as constants are written out here.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import ancestry_ddvi
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.fitting import groups as fitting_groups
from ancestry_ddvi.fitting.groups import Shown
from ancestry_ddvi.genotypes.simulation.populations import simulate
from ancestry_ddvi.methods.pca import PCAMethod
from ancestry_ddvi.reference.cells import ScoreCells
from ancestry_ddvi.reference.groups import THINNINGS
from ancestry_ddvi.reference.out_of_panel import OutOfPanelTest

SAMPLES, TENTH = 200, 20


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A fit of 200 samples in four groups, and what the method and the groups were given.

    ``trained`` is the data that the method was fitted to, ``learnt`` the samples that each set of
    cells was made of, ``judged`` pairs of such samples and of those that they judged, and
    ``tempered`` the numbers of samples by which temperatures were chosen.
    """
    folder = tmp_path_factory.mktemp("held-out")
    cohort = simulate(3, {"North": ("N1", "N2"), "South": ("S1", "S2")}, SAMPLES // 4, 800)
    cohort.write_vcf(folder / "cohort.vcf.gz")
    rows = map("\t".join, zip(cohort.samples, cohort.population, strict=True))
    (folder / "labels.tsv").write_text("\n".join(["sample\tpopulation", *rows]) + "\n")
    seen = SimpleNamespace(trained=[], learnt=[], judged=[], tempered=[])
    fit, of, shrunk = PCAMethod.fit, ScoreCells.of.__func__, ScoreCells.shrunk
    within, temperature = Shown.within, fitting_groups.fitted_temperature

    def watched_fit(self, data, advance):
        seen.trained.append(data.batch().x.numpy().copy())
        return fit(self, data, advance)

    def watched_of(cls, members, observed):
        found = of(cls, members, observed)
        seen.learnt.append((found, set(np.concatenate(members.rows).tolist())))
        return found

    def watched_shrunk(self, strength):
        seen.judges = next(rows for found, rows in seen.learnt if found is self)
        return shrunk(self, strength)

    def watched_within(self, chosen):
        found = within(self, chosen)
        seen.judged.append((seen.judges, set(found.rows.tolist())))
        return found

    def watched_temperature(log_chance, right):
        seen.tempered.append(len(right))
        return temperature(log_chance, right)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PCAMethod, "fit", watched_fit)
        patch.setattr(ScoreCells, "of", classmethod(watched_of))
        patch.setattr(ScoreCells, "shrunk", watched_shrunk)
        patch.setattr(Shown, "within", watched_within)
        patch.setattr(fitting_groups, "fitted_temperature", watched_temperature)
        seen.done = ancestry_ddvi.fit(
            [str(folder / "cohort.vcf.gz")], str(folder / "m"), method="pca", device="cpu",
            labels=str(folder / "labels.tsv"),
        )  # fmt: skip
    return seen


def test_a_tenth_of_the_samples_is_held_out_of_training(watched) -> None:
    assert watched.done.summary["samples_in_fit"] == SAMPLES
    (trained,) = watched.trained
    assert len(trained) == SAMPLES - TENTH
    assert len(np.unique(trained, axis=0)) == SAMPLES - TENTH


def test_groups_are_judged_by_samples_that_they_were_not_made_of(watched) -> None:
    """Five folds and the groups that are kept; every sample is shown, and once in each part."""
    sizes = sorted(len(rows) for _, rows in watched.learnt)
    assert sizes == [SAMPLES - SAMPLES // 5] * 5 + [SAMPLES]
    assert all(not made_of & judged for made_of, judged in watched.judged)
    assert all(len(judged) == SAMPLES // 5 for _, judged in watched.judged)
    assert watched.tempered == [SAMPLES] * len(THINNINGS)


@pytest.mark.parametrize(
    ("chance", "flagged"), [(0.0, True), (0.0099, True), (0.0101, False), (0.049, False)]
)
def test_a_sample_is_unlike_the_panel_where_less_than_1_in_100_are_more_unusual(
    fitted_model, cohort_files, tmp_path: Path, monkeypatch, chance: float, flagged: bool
) -> None:
    def fixed(self, chances):
        return np.full(len(chances["norm"]), chance)

    monkeypatch.setattr(OutOfPanelTest, "chance", fixed)
    done = ancestry_ddvi.embed(
        str(fitted_model.files["model"]), [str(cohort_files.query)], str(tmp_path / "e"),
        device="cpu", draws=2,
    )  # fmt: skip
    assert len(done.coordinates.flag) == 8
    assert all(("unlike_panel" in flag) == flagged for flag in done.coordinates.flag)
    panel = Model.read(fitted_model.files["model"]).record.out_of_panel.places.spread
    covers = np.isclose(done.coordinates.sd, np.sqrt(np.diagonal(panel)), rtol=1e-6)
    assert (covers == flagged).all()
    assert np.isfinite(done.coordinates.mean).all()
    assert all(done.files[kind].stat().st_size > 0 for kind in ("png", "svg"))
