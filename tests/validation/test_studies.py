"""Studies: small runs of every table, and what makes an interrupted run go on."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.validation import images, toys

SMALL = {"width": "16", "encoder_width": "16", "batch": "32"}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """Noise in the shape of MNIST: 300 images to train on, 200 to test with."""
    folder, rng = tmp_path_factory.mktemp("mnist"), np.random.default_rng(1)
    for name, count in (("train", 300), ("t10k", 200)):
        label = np.arange(count) % 10
        shade = rng.integers(0, 40, (count, 28, 28)) + 20 * label[:, None, None]
        for kind, array in (("images-idx3", shade), ("labels-idx1", label)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(content, mtime=0))
    return folder


def bench(folder, out, **changes):
    options = {"methods": ["vae"], "priors": ["square"], "seeds": 1, "epochs": 1.0}
    options |= {"device": "cpu", "settings": SMALL} | changes
    return api.benchmark("mnist", str(out), data=str(folder), **options).files


@pytest.mark.parametrize("method", images.IMAGES.methods)
def test_every_method_gets_a_row_with_bounds_where_it_has_them(method, mnist, tmp_path) -> None:
    files = bench(mnist, tmp_path, methods=[method])
    (row,) = json.loads(files["json"].read_text())
    assert (row["method"], row["prior"], row["seeds"]) == (method, "square", 1)
    assert (row["elbo"] is None) == (method == "aae")
    if row["elbo"] is not None:
        assert row["elbo"] < 0
        assert row["importance_bound"] > row["elbo"] - 5
    assert row["latent_nll_oracle"] < row["latent_nll_normal"]
    assert row["accuracy"] is None
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2


@pytest.mark.slow
def test_with_labels_the_classifier_is_scored_and_neighbours_know_no_more(mnist, tmp_path) -> None:
    settings = SMALL | {"width": "32", "encoder_width": "32"}
    files = bench(mnist, tmp_path, labels=40, epochs=100.0, settings=settings)
    (row,) = json.loads(files["json"].read_text())
    assert row["labels"] == 40
    assert row["accuracy"] > 0.5  # shades of noise are easy to tell apart
    assert row["knn"] <= row["paper_knn"] + 0.1


@pytest.mark.slow
def test_a_finished_trial_is_not_repeated_and_one_of_other_settings_is(mnist, tmp_path) -> None:
    bench(mnist, tmp_path, seeds=1)
    (trial,) = (tmp_path / "trials").glob("*.json")
    marked = json.loads(trial.read_text()) | {"elbo": -1.25}
    trial.write_text(json.dumps(marked))
    rows = json.loads(bench(mnist, tmp_path, seeds=2)["json"].read_text())
    assert rows[0]["seeds"] == 2
    assert rows[0]["elbo_ci"] > 0
    assert json.loads(trial.read_text())["elbo"] == -1.25
    bench(mnist, tmp_path, seeds=1, epochs=1.5)
    assert json.loads(trial.read_text())["elbo"] != -1.25


def test_the_same_seed_measures_the_same(mnist, tmp_path) -> None:
    rows = [json.loads(bench(mnist, tmp_path / name)["json"].read_text())[0] for name in ("a", "b")]
    assert {**rows[0], "seconds": 0} == {**rows[1], "seconds": 0}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"methods": ["pca"]}, "this benchmark cannot fit pca"),
        ({"priors": ["spiral"]}, "no prior 'spiral'"),
        ({"settings": {"widht": "3"}}, "no setting 'widht'"),
    ],
)
def test_an_impossible_trial_is_refused_before_any_begins(
    changes, problem, mnist, tmp_path
) -> None:
    with pytest.raises(UsageProblem, match=problem):
        bench(mnist, tmp_path / "x", **changes)
    assert not (tmp_path / "x" / "trials").exists()


def test_trials_of_different_kinds_have_different_files() -> None:
    trial = images.ImageTrial("vae", "square:0.1", 1, 0, 1.0, {})
    others = [
        replace(trial, method="ddvi"), replace(trial, prior="square"), replace(trial, seed=2),
        replace(trial, labels=100),
    ]  # fmt: skip
    assert len({trial.name, *(other.name for other in others)}) == 5
    assert ":" not in trial.name


@pytest.mark.slow
def test_compare_judges_methods_on_samples_they_have_not_seen(cohort_files, tmp_path) -> None:
    settings = {"steps": "60", "width": "16", "encoder_width": "16"}
    compared = api.compare(
        [str(cohort_files.cohort)], str(tmp_path / "x"), labels=str(cohort_files.labels), seeds=2,
        methods=["pca", "ddvi", "tsne", "vae"], device="cpu", settings=settings,
    )  # fmt: skip
    table = pd.read_csv(compared.files["tsv"], sep="\t").set_index("method")
    assert list(table.index) == ["pca", "ddvi", "tsne", "vae"]
    assert table.loc[["vae", "ddvi"], "bound"].notna().all()
    assert table.loc[["pca", "tsne"], "bound"].isna().all()
    excess = table.loc["ddvi", "bound"] - table.loc["vae", "bound"]
    assert table.loc["ddvi", "bound_over_vae"] == pytest.approx(excess, abs=1e-3)
    assert pd.isna(table.loc["tsne", "knn_held_out"])
    assert table.loc["pca", "knn_held_out"] > 0.6
    assert "Bound of ddvi over vae on held-out samples" in compared.text
    judged = table[["elbo_gap", "importance_gap", "effective_share"]]
    assert judged.loc[["vae", "ddvi"]].notna().all(axis=None)
    assert judged.loc[["pca", "tsne"]].isna().all(axis=None)
    assert judged.loc["ddvi", "effective_share"] > judged.loc["vae", "effective_share"]
    assert "Posterior of ddvi on the decoder of vae, prior normal" in compared.text
    again = api.compare(
        [str(cohort_files.cohort)], str(tmp_path / "y"), methods=["pca"], seeds=1, device="cpu"
    )
    alone = pd.read_csv(again.files["tsv"], sep="\t").set_index("method")
    assert alone.loc["pca", ["knn", "nmi", "paper_purity"]].isna().all()
    assert "No method has a bound to compare" in again.text


def test_compare_tells_priors_apart(cohort_files, tmp_path) -> None:
    compared = api.compare(
        [str(cohort_files.cohort)], str(tmp_path / "x"), methods=["ddvi", "vae", "pca"], seeds=1,
        priors=["normal", "mixture:4"], device="cpu", settings={"steps": "24", "width": "16"},
    )  # fmt: skip
    table = pd.read_csv(compared.files["tsv"], sep="\t", keep_default_na=False)
    assert list(zip(table["method"], table["prior"], strict=True)) == [
        ("ddvi", "normal"), ("ddvi", "mixture:4"), ("vae", "normal"), ("vae", "mixture:4"),
        ("pca", "NA"),
    ]  # fmt: skip
    bound = pd.to_numeric(table["bound"], errors="coerce")
    assert bound[:4].nunique() == 4
    excess = pd.to_numeric(table["bound_over_vae"], errors="coerce")
    assert excess[1] == pytest.approx(bound[1] - bound[3], abs=1e-3)
    assert compared.text.count("Bound of ddvi over vae") == 2
    assert "prior mixture:4" in compared.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"priors": ["spiral"]}, "no prior 'spiral'"), ({"methods": ["foo"]}, "no method 'foo'")],
)
def test_compare_refuses_what_is_unknown_and_writes_nothing(
    changes, problem, cohort_files, tmp_path
) -> None:
    with pytest.raises(UsageProblem, match=problem):
        api.compare([str(cohort_files.cohort)], str(tmp_path / "x"), device="cpu", **changes)
    assert list(tmp_path.iterdir()) == []


FLOW = {"width": "16", "depth": "1", "batch": "64"}


@pytest.fixture
def few_points(monkeypatch):
    """A toy of fewer points than a study has."""
    monkeypatch.setattr(toys, "POINTS", 4000)
    monkeypatch.setattr(toys, "HELD_OUT", 1000)


@pytest.mark.slow
def test_a_toy_keeps_or_loses_dimensions_as_planned(few_points, tmp_path) -> None:
    shapes, settings = ["moons", "s-curve-3d"], {"steps": "300", "width": "64", "flow_steps": "16"}
    done = api.benchmark(
        "toy", str(tmp_path), shapes=shapes, seeds=2, device="cpu", settings=settings
    )
    moons, curve = json.loads(done.files["json"].read_text())
    assert (moons["kept"], moons["gap"], moons["compressed"]) == (2, 0, 1)
    assert moons["pr_target"] == pytest.approx(moons["pr_data"], rel=0.02)
    assert moons["pr_uniform"] == pytest.approx(2, rel=0.01)
    assert (curve["dims"], curve["kept"]) == (3, 2)
    assert curve["pr_target"] < 2.05 < curve["pr_data"]
    assert curve["compressed"] < 0.02
    for row in (moons, curve):
        assert row["pr_latents"] == pytest.approx(row["pr_target"], rel=0.1)
        assert row["round_trip"] < 1e-3
        assert row["uniqueness"] > 0.9
        assert row["wasserstein_reference"] < row["wasserstein"] < row["wasserstein_normal"]
        assert 0.5 < row["explained_pca"] < 1
    assert {path.stem for path in (tmp_path / "pictures").glob("*.png")} == set(shapes)


def test_a_fit_of_a_toy_is_reproducible_and_one_fit_has_no_uniqueness(few_points, tmp_path) -> None:
    settings = FLOW | {"steps": "20", "flow_steps": "4"}
    rows = []
    for name in "ab":
        done = api.benchmark(
            "toy", str(tmp_path / name), shapes=["sine"], seeds=1, device="cpu",
            settings=settings | {"inflation": "published"},
        )  # fmt: skip
        rows += json.loads(done.files["json"].read_text())
    assert {**rows[0], "seconds": 0} == {**rows[1], "seconds": 0}
    assert rows[0]["inflation"] == "published"
    assert rows[0]["uniqueness"] is None


def test_a_flow_of_images_has_a_table_of_its_own_beside_that_of_the_others(mnist, tmp_path) -> None:
    both = ["vae", "inflationary-flow"]
    settings = {"width": "16", "batch": "32"}
    files = bench(mnist, tmp_path, methods=both, settings=settings)
    kinds = ["tsv", "json", "md"]
    assert list(files) == [*kinds, *(f"{kind}.flows" for kind in kinds)]
    assert [row["method"] for row in json.loads(files["json"].read_text())] == ["vae"]
    (row, *_) = json.loads(files["json.flows"].read_text())
    assert row["components"] == 1  # shades of noise differ along one
    assert row["explained_components"] > 0.9


def test_images_keep_or_lose_dimensions_as_planned(mnist, tmp_path) -> None:
    settings = {"components": "20", "flow_steps": "16", "width": "16", "batch": "32"}
    files = bench(mnist, tmp_path, methods=["inflationary-flow"], settings=settings)
    rows = json.loads(files["json.flows"].read_text())
    assert [(row["components"], row["kept"], row["leading"], row["gap"]) for row in rows] == [
        (20, 20, 16, 0), (20, 2, 2, 0.3), (20, 16, 16, 0.3),
    ]  # fmt: skip
    ratios = [row["pr_target"] for row in rows]
    assert ratios[1] < ratios[2] < ratios[0]
    for row in rows:
        assert row["pr_latents"] == pytest.approx(row["pr_target"], rel=0.2)
        assert row["round_trip"] < 1e-3
        assert row["mse"] < 1e-3 * row["mse_components"]
    assert len(list((tmp_path / "pictures").glob("inflationary-flow*.images.png"))) == 3


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"labels": 40}, "does not use labels"), ({"settings": {"widht": "3"}}, "no setting 'widht'")],
)
def test_an_impossible_flow_is_refused_before_any_trial_of_another_method(
    changes, problem, mnist, tmp_path
) -> None:
    options = {"methods": ["vae", "inflationary-flow"], "settings": {}} | changes
    with pytest.raises(UsageProblem, match=problem):
        bench(mnist, tmp_path / "x", **options)
    assert not (tmp_path / "x" / "trials").exists()
