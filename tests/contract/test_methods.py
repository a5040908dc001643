"""Promises of every row of METHODS, on the small cohort of the session."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.methods import METHODS, MethodEntry, recipe
from ancestry_ddvi.methods.settings import with_settings

SHORT = {
    "steps": "24", "sampler_steps": "24", "width": "16", "encoder_width": "16", "batch": "32",
    "rounds": "2", "flow_steps": "8", "posterior_steps": "8",
}  # fmt: skip


def settings(method: str) -> dict[str, str]:
    """A short training, for methods that train."""
    return {key: value for key, value in SHORT.items() if hasattr(recipe(method), key)}


def fit(method: str, cohort_files, prefix, **changes) -> api.Fitted:
    options = {"method": method, "settings": settings(method), "seed": 3, "device": "cpu"} | changes
    return api.fit([str(cohort_files.cohort)], str(prefix), **options)


@pytest.fixture(scope="module")
def fits(cohort_files, tmp_path_factory):
    """One fit of each method, made when first asked for."""
    folder, made = tmp_path_factory.mktemp("fits"), {}

    def get(method: str) -> api.Fitted:
        if method not in made:
            made[method] = fit(method, cohort_files, folder / method)
        return made[method]

    return get


def embed(fitted: api.Fitted, query, prefix) -> api.Embedded:
    return api.embed(str(fitted.files["model"]), [str(query)], str(prefix), draws=8, device="cpu")


LONG = ("h-iaf-vae", "iaf-vae", "umap")
"""Three seconds or more a fit."""


def rows(which: Callable[[MethodEntry], bool] = lambda row: True) -> list:
    """Methods of which that is true; those that take long, and variants of a recipe, are slow."""
    recipes = [row.recipe for row in METHODS.values()]
    return [
        pytest.param(
            name,
            marks=[pytest.mark.slow] if name in LONG or row.recipe in recipes[:number] else [],
        )
        for number, (name, row) in enumerate(METHODS.items())
        if which(row)
    ]


every_method = pytest.mark.parametrize("method", rows())
that_embeds = pytest.mark.parametrize("method", rows(lambda row: row.embeds_new_samples))


@every_method
def test_every_sample_has_coordinates(method, fits, cohort_files) -> None:
    coordinates = fits(method).coordinates
    assert list(coordinates.samples) == list(cohort_files.simulated.samples)
    assert coordinates.mean.shape == (len(coordinates.samples), 2)
    assert np.isfinite(coordinates.mean).all()


@every_method
def test_standard_deviations_are_given_where_the_row_says_so_and_nowhere_else(method, fits) -> None:
    sd = fits(method).coordinates.sd
    assert (np.isfinite(sd) & (sd > 0)).all() if METHODS[method].gives_sd else np.isnan(sd).all()


@every_method
def test_the_same_seed_gives_the_same_bytes(method, fits, cohort_files, tmp_path) -> None:
    again = fit(method, cohort_files, tmp_path / "again")
    for kind in ("coords", "model"):
        assert again.files[kind].read_bytes() == fits(method).files[kind].read_bytes()


@every_method
def test_its_settings_survive_the_summary(method, fits) -> None:
    written = fits(method).summary["options"]["settings"]
    chosen = with_settings(recipe(method), settings(method))
    samples = fits(method).summary["samples_in_fit"]
    assert written == dataclasses.asdict(chosen.settled(samples, 0))


def one_of(query, column: int, path) -> None:
    """A VCF of one of the samples."""
    with gzip.open(query, "rt") as lines, path.open("w") as out:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            kept = cells if len(cells) == 1 else [*cells[:9], cells[9 + column]]
            out.write("\t".join(kept) + "\n")


@that_embeds
def test_coordinates_do_not_depend_on_the_other_samples(
    method, fits, cohort_files, tmp_path
) -> None:
    together = embed(fits(method), cohort_files.query, tmp_path / "all").coordinates
    one_of(cohort_files.query, 2, tmp_path / "alone.vcf")
    one = embed(fits(method), tmp_path / "alone.vcf", tmp_path / "one").coordinates
    assert one.samples == together.samples[2:3]
    assert np.array_equal(one.mean[0], together.mean[2])
    assert np.array_equal(one.sd[0], together.sd[2], equal_nan=True)


def rewritten(query, path, change) -> None:
    """A VCF whose records went through ``change``: list of cells to list, or None to drop one."""
    with gzip.open(query, "rt") as lines, path.open("w") as out:
        for number, line in enumerate(lines):
            cells = line.rstrip("\n").split("\t")
            cells = cells if line.startswith("#") else change(number, cells)
            if cells is not None:
                out.write("\t".join(cells) + "\n")


@that_embeds
def test_swapped_alleles_change_nothing(method, fits, cohort_files, tmp_path) -> None:
    def swap(number: int, cells: list[str]) -> list[str]:
        if number % 2:
            return cells
        rotated = [cell.translate(str.maketrans("01", "10")) for cell in cells[9:]]
        return [*cells[:3], cells[4], cells[3], *cells[5:9], *rotated]

    plain = embed(fits(method), cohort_files.query, tmp_path / "plain")
    rewritten(cohort_files.query, tmp_path / "swapped.vcf", swap)
    rotated = embed(fits(method), tmp_path / "swapped.vcf", tmp_path / "swapped")
    assert rotated.summary["harmonisation"]["swapped"] > 100
    assert rotated.files["coords"].read_bytes() == plain.files["coords"].read_bytes()


@pytest.mark.parametrize("method", rows(lambda row: row.embeds_new_samples and row.gives_sd))
def test_absent_variants_widen_and_do_not_shift(method, fits, cohort_files, tmp_path) -> None:
    """With a quarter of the variants intervals are wider, and hold the means from all of them."""
    full = embed(fits(method), cohort_files.query, tmp_path / "full").coordinates
    path = tmp_path / "part.vcf"
    rewritten(cohort_files.query, path, lambda number, cells: None if number % 4 else cells)
    part = embed(fits(method), path, tmp_path / "part").coordinates
    assert (part["n_variants"] < 0.35 * full["n_variants"]).all()
    assert (part.sd / full.sd).mean() > 1.15
    shift = (part.mean - full.mean) / part.sd
    assert np.abs(shift.mean(axis=0)).max() < 1
    assert np.abs(shift).mean() < 1.5


@that_embeds
def test_a_sample_of_the_fit_is_embedded_where_the_fit_put_it(
    method, fits, cohort_files, tmp_path
) -> None:
    fitted = fits(method)
    again = api.embed(
        str(fitted.files["model"]), [str(cohort_files.cohort)], str(tmp_path / "x"), device="cpu"
    ).coordinates
    assert np.array_equal(again.mean, fitted.coordinates.mean)


@pytest.mark.parametrize("method", rows(lambda row: not row.embeds_new_samples))
def test_a_method_that_cannot_embed_new_samples_refuses(
    method, fits, cohort_files, tmp_path
) -> None:
    with pytest.raises(UsageProblem, match=f"{method}.* cannot "):
        embed(fits(method), cohort_files.query, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", rows(lambda row: row.uses_labels))
def test_labels_can_guide_it(method, cohort_files, tmp_path) -> None:
    """With half of the labels withheld, every sample has probabilities of all classes."""
    lines = cohort_files.labels.read_text().splitlines()
    some = [line if i % 2 == 0 else f"{line.split(chr(9))[0]}\tNA" for i, line in enumerate(lines)]
    labels = tmp_path / "labels.tsv"
    labels.write_text("\n".join(some) + "\n")
    fitted = fit(method, cohort_files, tmp_path / "semi", labels=str(labels), semi_supervised=True)
    groups = pd.read_csv(fitted.files["groups"], sep="\t", dtype={"sample_id": str})
    classes = sorted({line.split("\t")[1] for line in some[1:]} - {"NA"})
    assert list(groups.columns) == ["sample_id", "group", "probability", *classes]
    assert np.allclose(groups[classes].sum(axis=1), 1, atol=1e-4)
    embedded = embed(fitted, cohort_files.query, tmp_path / "q")
    assert "groups" in embedded.files


@pytest.mark.parametrize("method", [n for n, row in METHODS.items() if not row.uses_labels])
def test_a_method_that_does_not_use_labels_refuses_them(method, cohort_files, tmp_path) -> None:
    with pytest.raises(UsageProblem, match=method):
        fit(
            method, cohort_files, tmp_path / "x",
            labels=str(cohort_files.labels), semi_supervised=True,
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "prior",
    [
        "mixture:3",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("ring", "square:0.2", "swiss-roll:0.2", "pinwheel:3")
        ),
    ],
)
@pytest.mark.parametrize(
    "method",
    [
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("vae", "outsourced")),
        "ddvi",
        "aae",
    ],
)
def test_any_prior_goes_with_any_network(method, prior, cohort_files, tmp_path) -> None:
    fitted = fit(method, cohort_files, tmp_path / "x", prior=prior)
    assert np.isfinite(fitted.coordinates.mean).all()
    assert ("groups" in fitted.files) == prior.startswith("mixture")
    embedded = embed(fitted, cohort_files.query, tmp_path / "q")
    assert np.isfinite(embedded.coordinates.mean).all()
