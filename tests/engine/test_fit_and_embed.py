"""``fit`` and ``embed`` from genotype files to tables, on a small simulated cohort."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import InputsDisagree, NothingLeft, UsageProblem
from ancestry_ddvi.genotypes.simulation.populations import SimulatedCohort

STEPS = {"steps": "400"}
TABLES = ("coords", "eigenvec", "pcs")


def fit(cohort: Path, prefix: Path, **options):
    settings = STEPS | options.pop("settings", {})
    return api.fit([str(cohort)], str(prefix), device="cpu", settings=settings, **options)


def embed(model, cohort: Path, prefix: Path, **options):
    path = str(model.files["model"])
    return api.embed(path, [str(cohort)], str(prefix), device="cpu", **options)


def written(cohort: SimulatedCohort, path: Path) -> Path:
    cohort.write_vcf(path)
    return path


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype={"sample_id": str}, keep_default_na=False)


def swapped(cohort: SimulatedCohort, which: np.ndarray) -> SimulatedCohort:
    """The same genotypes with REF and ALT of some variants written the other way round."""
    variants = cohort.variants
    other = dataclasses.replace(
        variants,
        ref=np.where(which, variants.alt, variants.ref),
        alt=np.where(which, variants.ref, variants.alt),
    )
    rotated = np.where(cohort.dosages < 0, cohort.dosages, 2 - cohort.dosages)
    return dataclasses.replace(
        cohort, variants=other, dosages=np.where(which[:, None], rotated, cohort.dosages)
    )


@pytest.fixture(scope="module")
def again(fitted_model, cohort_files, tmp_path_factory):
    """The cohort embedded in the model that was fitted to it."""
    return embed(fitted_model, cohort_files.cohort, tmp_path_factory.mktemp("again") / "cohort")


def test_every_file_is_written_and_nothing_else(fitted_model) -> None:
    assert set(fitted_model.files) == {
        "model", "coords", "eigenvec", "pcs", "relatives", "png", "svg", "summary",
    }  # fmt: skip
    folder = fitted_model.files["model"].parent
    cache = {f"cohort.genotypes.{end}" for end in ("bed", "bim", "fam", "json")}
    assert {p.name for p in folder.iterdir()} - cache == {
        p.name for p in fitted_model.files.values()
    }
    assert all(path.stat().st_size > 40 for path in fitted_model.files.values())


def test_all_samples_is_placed_in_the_order_of_the_file(fitted_model, cohort_files) -> None:
    places = table(fitted_model.files["coords"])
    assert list(places.columns) == [
        "sample_id", "Z1", "Z2", "Z1_sd", "Z2_sd", "Z1_Z2_corr", "map_sd", "n_variants",
        "effective_variants", "variant_fraction", "call_rate", "effective_draws", "log_evidence",
        "p_panel", "flag",
    ]  # fmt: skip
    assert tuple(places["sample_id"]) == cohort_files.simulated.samples
    assert np.isfinite(places[["Z1", "Z2"]]).all(axis=None)
    strange = places["flag"].fillna("").str.contains("unlike_panel").to_numpy()
    assert strange.mean() < 0.05
    assert (fitted_model.coordinates.sd > 0).all()
    assert places["call_rate"].between(0.95, 1).all()
    assert (places["map_sd"] > 0).all()
    median = pytest.approx(places["map_sd"].median(), rel=1e-5)
    assert fitted_model.summary["movement"]["map_sd"] == median
    assert (places["n_variants"] <= fitted_model.summary["variants_in_model"]).all()


def test_the_child_and_the_copy_are_placed_and_flagged(fitted_model, cohort_files) -> None:
    places = table(fitted_model.files["coords"])
    flags = dict(zip(places["sample_id"], places["flag"].str.split(","), strict=True))
    (_, child, _), _, (_, copy, _) = cohort_files.simulated.relatives
    assert [name for name, flag in flags.items() if "related" in flag] == [child]
    assert [name for name, flag in flags.items() if "duplicate" in flag] == [copy]
    assert fitted_model.summary["flags"]["duplicate"] == 1


def test_populations_stand_apart_even_after_a_short_training(fitted_model, cohort_files) -> None:
    places = table(fitted_model.files["coords"])[["Z1", "Z2"]].to_numpy()
    group = cohort_files.simulated.superpopulation
    centres = np.array([places[group == name].mean(axis=0) for name in sorted({*group})])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    assert (np.array(sorted({*group}))[nearest] == group).mean() > 0.9


def test_the_same_seed_gives_the_same_bytes(fitted_model, cohort_files, tmp_path) -> None:
    labels = str(cohort_files.labels)
    second = fit(cohort_files.cohort, tmp_path / "elsewhere", labels=labels)
    for name in ("model", *TABLES):
        assert second.files[name].read_bytes() == fitted_model.files[name].read_bytes(), name


class Listener:
    """Remembers how far each stage came, and of how much."""

    def __init__(self) -> None:
        self.done: dict[str, list[int]] = {}

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        self.done[name] = [0, total]

        def advance(units: int) -> None:
            self.done[name][0] += units

        yield advance


@pytest.fixture(scope="module")
def other_seed(cohort_files, tmp_path_factory):
    """The cohort fitted with another seed, and what the listener heard of it."""
    listener = Listener()
    prefix = tmp_path_factory.mktemp("other") / "x"
    return fit(cohort_files.cohort, prefix, seed=7, threads=1, progress=listener), listener.done


def test_another_seed_shows_the_same_picture_the_same_way_up(fitted_model, other_seed) -> None:
    other, _ = other_seed
    assert other.files["coords"].read_bytes() != fitted_model.files["coords"].read_bytes()
    ours, theirs = fitted_model.coordinates.mean, other.coordinates.mean
    for axis in range(2):
        assert np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1] > 0.7


def test_another_seed_has_the_same_principal_components(fitted_model, other_seed) -> None:
    other, _ = other_seed
    assert other.files["pcs"].read_bytes() == fitted_model.files["pcs"].read_bytes()


def test_progress_is_told_of_every_stage_to_its_end(other_seed) -> None:
    _, done = other_seed
    assert {"reading", "scores", "training", "refit"} <= done.keys()
    assert done["training"] == [67, 67]
    assert done["refit"] == [34, 34]
    assert done["scores"][0] == done["scores"][1]
    assert done["reading"][0] >= 2400


def same_line(ours: pd.DataFrame, theirs: pd.DataFrame) -> np.ndarray:
    columns = ["sample_id", "Z1", "Z2", "Z1_sd", "Z2_sd", "n_variants"]
    return (ours[columns] == theirs[columns]).all(axis=1).to_numpy()


def left_out(places: pd.DataFrame) -> np.ndarray:
    return places["flag"].str.contains("related|duplicate").to_numpy()


def test_samples_of_the_fit_are_embedded_where_the_fit_put_them(fitted_model, again) -> None:
    ours, theirs = table(fitted_model.files["coords"]), table(again.files["coords"])
    fitted = ~left_out(ours)
    assert same_line(ours, theirs)[fitted].mean() >= 0.99
    assert theirs["flag"][fitted].str.contains("in_panel").mean() >= 0.99


def test_so_are_the_child_and_the_copy_that_were_left_out_of_it(fitted_model, again) -> None:
    ours, theirs = table(fitted_model.files["coords"]), table(again.files["coords"])
    assert left_out(ours).sum() == 2
    assert same_line(ours, theirs)[left_out(ours)].all()


def test_swapping_ref_and_alt_changes_no_byte(fitted_model, cohort_files, again, tmp_path) -> None:
    which = np.random.default_rng(1).random(len(cohort_files.simulated.variants)) < 0.5
    path = written(swapped(cohort_files.simulated, which), tmp_path / "x.vcf")
    other = embed(fitted_model, path, tmp_path / "x")
    match = other.summary["harmonisation"]
    assert match["swapped"] == pytest.approx(match["matched"] / 2, rel=0.1)
    for kind in TABLES:
        assert other.files[kind].read_bytes() == again.files[kind].read_bytes()


def test_the_order_of_variants_and_samples_in_the_file_changes_no_place(
    fitted_model, cohort_files, again, tmp_path
) -> None:
    cohort = cohort_files.simulated
    samples = np.random.default_rng(2).permutation(len(cohort.samples))
    shuffled = cohort.select(samples, np.arange(len(cohort.variants))[::-1])
    other = embed(fitted_model, written(shuffled, tmp_path / "x.vcf"), tmp_path / "x")
    ours, theirs = table(again.files["coords"]), table(other.files["coords"])
    pd.testing.assert_frame_equal(theirs, ours.iloc[samples].reset_index(drop=True))


@pytest.fixture(scope="module")
def in_company(fitted_model, cohort_files, tmp_path_factory):
    return embed(fitted_model, cohort_files.query, tmp_path_factory.mktemp("query") / "x")


def alone(query: Path, sample: int, path: Path) -> Path:
    """One sample of a VCF, line by line as the file has them."""
    from cyvcf2 import VCF

    name = VCF(str(query)).samples[sample]
    reader = VCF(str(query), samples=[name])
    path.write_text(reader.raw_header + "".join(str(record) for record in reader))
    return path


@pytest.mark.parametrize("sample", [0, 7])
def test_a_sample_alone_is_its_line_in_company_byte_for_byte(
    fitted_model, cohort_files, in_company, tmp_path, sample: int
) -> None:
    path = alone(cohort_files.query, sample, tmp_path / "one.vcf")
    lonely = embed(fitted_model, path, tmp_path / "x")
    for kind in TABLES:
        together = in_company.files[kind].read_bytes().splitlines()
        assert lonely.files[kind].read_bytes().splitlines() == [together[0], together[1 + sample]]


def test_strangers_are_not_taken_for_members(in_company) -> None:
    assert not [flag for flag in in_company.coordinates.flag if "in_panel" in flag]


def test_half_of_the_variants_widen_and_do_not_shift(
    fitted_model, cohort_files, again, tmp_path
) -> None:
    cohort = cohort_files.simulated
    variants = np.sort(np.random.default_rng(3).permutation(len(cohort.variants))[::2])
    half = cohort.select(np.arange(len(cohort.samples)), variants)
    other = embed(fitted_model, written(half, tmp_path / "half.vcf"), tmp_path / "half")
    fraction = other.coordinates["variant_fraction"].mean()
    assert fraction == pytest.approx(0.5, abs=0.05)
    assert other.coordinates["call_rate"].min() > 0.95
    ours, theirs = again.posterior, other.posterior
    assert (theirs.sd / ours.sd).mean() > 1.02
    shift = (theirs.mean - ours.mean) / theirs.sd
    assert np.abs(shift.mean(axis=0)).max() < 0.25
    assert np.abs(shift).mean() < 0.8


def test_the_seed_of_the_draws_moves_places_by_less_than_their_bars(
    fitted_model, cohort_files, again, tmp_path
) -> None:
    other = embed(fitted_model, cohort_files.cohort, tmp_path / "x", seed=5)
    moved = (other.coordinates.mean - again.coordinates.mean) / again.posterior.sd
    assert 0 < np.abs(moved).mean() < 0.15


@pytest.mark.parametrize("dims", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_any_number_of_dimensions(cohort_files, tmp_path, dims: int) -> None:
    fitted = fit(cohort_files.cohort, tmp_path / "x", dims=dims)
    assert fitted.coordinates.mean.shape[1] == dims
    embedded = embed(fitted, cohort_files.query, tmp_path / "q")
    assert list(table(embedded.files["coords"]).columns[1 : 1 + 2 * dims]) == [
        *(f"Z{k + 1}" for k in range(dims)), *(f"Z{k + 1}_sd" for k in range(dims)),
    ]  # fmt: skip
    assert np.isfinite(embedded.coordinates.mean).all()


def test_a_variational_autoencoder_is_fitted_and_revived_too(cohort_files, tmp_path) -> None:
    fitted = fit(cohort_files.cohort, tmp_path / "x", method="vae")
    embedded = embed(fitted, cohort_files.cohort, tmp_path / "q")
    ours, theirs = table(fitted.files["eigenvec"]), table(embedded.files["eigenvec"])
    assert (ours == theirs).all(axis=1).mean() > 0.97


def test_a_dry_run_writes_nothing_and_says_what_it_would(
    cohort_files, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    planned = api.fit([str(cohort_files.cohort)], dry_run=True, seed=9, device="cpu")
    assert os.listdir(tmp_path) == []
    assert planned.files == {}
    assert planned.coordinates is None
    text = "\n".join(planned.summary["plan"])
    assert f"{len(cohort_files.simulated.samples)} samples" in text
    assert "seed 9" in text
    assert "cohort.ddvi" in text


@pytest.mark.parametrize(
    ("options", "problem", "remedy"),
    [
        ({"settings": {"stepz": "3"}}, "stepz", "Did you mean 'steps'?"),
        ({"settings": {"steps": "many"}}, "steps=many", "steps="),
        ({"method": "dvi"}, "dvi", "ddvi"),
        ({"semi_supervised": True}, "labels of two classes", "--labels"),
        ({"prior": "pinwheel", "dims": 3}, "no 3 dimensions", "--dims 2"),
        ({"method": "tsne", "dims": 4}, "no 4 dimensions", "--dims 2 or 3"),
        ({"method": "pca", "prior": "normal"}, "no setting 'prior'", "components"),
        ({"dims": 0}, "--dims is 0", "1 to 200"),
        ({"device": "fridge"}, "fridge", "cpu"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_written(
    cohort_files, tmp_path, options, problem, remedy
) -> None:
    with pytest.raises(UsageProblem) as caught:
        api.fit([str(cohort_files.cohort)], str(tmp_path / "x"), **{"device": "cpu"} | options)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy
    assert os.listdir(tmp_path) == []


def test_one_draw_has_no_spread_and_is_refused(fitted_model, cohort_files, tmp_path) -> None:
    with pytest.raises(UsageProblem, match="--draws is 1"):
        embed(fitted_model, cohort_files.query, tmp_path / "x", draws=1)
    assert os.listdir(tmp_path) == []


def test_a_file_that_shares_too_few_variants_is_refused_and_nothing_is_written(
    fitted_model, cohort_files, tmp_path
) -> None:
    few = cohort_files.simulated.select(np.arange(5), np.arange(0, 2400, 60))
    path = written(few, tmp_path / "few.vcf")
    with pytest.raises(InputsDisagree, match="model variants"):
        embed(fitted_model, path, tmp_path / "out" / "x")
    assert os.listdir(tmp_path / "out") == []


def test_one_sample_cannot_be_fitted(cohort_files, tmp_path) -> None:
    one = cohort_files.simulated.select(np.arange(1), np.arange(2400))
    with pytest.raises(NothingLeft):
        fit(written(one, tmp_path / "one.vcf"), tmp_path / "out" / "x")
    assert not list((tmp_path / "out").glob("x.ddvi"))


def test_the_number_of_threads_changes_no_byte(cohort_files, tmp_path: Path) -> None:
    """With two a process draws the map again beside the fit."""
    one, two = (fit(cohort_files.cohort, tmp_path / str(n), threads=n) for n in (1, 2))
    for kind in ("coords", "pcs"):
        assert one.files[kind].read_bytes() == two.files[kind].read_bytes(), kind
