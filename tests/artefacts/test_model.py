"""The model file: all that placing needs, nothing about any sample, and told from other files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from ancestry_ddvi.artefacts.container import write_container
from ancestry_ddvi.artefacts.model import FORMAT, Model
from ancestry_ddvi.artefacts.record import ModelOptions, ModelRecord
from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.errors import InputUnreadable, OutputUnwritable
from ancestry_ddvi.fitting.pipeline import revive
from ancestry_ddvi.genotypes.harmonise.panel import Panel
from ancestry_ddvi.genotypes.projection.own_noise import stretches
from ancestry_ddvi.genotypes.projection.scores import Projection
from ancestry_ddvi.genotypes.variants import VariantTable

VARIANTS = 300


def words(values) -> np.ndarray:
    return np.array(list(values), dtype=object)


@pytest.fixture
def model() -> Model:
    """Of awkward numbers and names."""
    rng = np.random.default_rng(0)
    variants = VariantTable(
        words(["1", "chrX", "HLA*01", "é", "007"] * (VARIANTS // 5)),
        rng.integers(1, 2**40, VARIANTS),
        words(f"{i:03d};rs é" if i % 2 else "." for i in range(VARIANTS)),
        words(rng.choice(["A", "C"], VARIANTS)),
        words(rng.choice(["G", "T"], VARIANTS)),
    )
    frequency = rng.random(VARIANTS)
    axes = np.linalg.qr(rng.normal(size=(VARIANTS, 5)))[0]
    return Model(
        Panel(variants, frequency, None),
        Projection(
            axes.astype(np.float16).astype(np.float64),
            frequency,
            stretches(variants.chromosome),
            np.exp(rng.normal(size=5)),
            1e-300,
            np.exp(rng.normal(size=2)),
            1093,
            2,
            1.0 + 1e-15,
            1.5,
        ),
        {
            "a.weight": rng.normal(size=(3, 2)).astype(np.float32),
            "b": np.array([np.nextafter(1, 2)]),
        },
        np.linalg.qr(rng.normal(size=(2, 2)))[0],
        ModelRecord(ModelOptions("ddvi", 2, 1, {"maf": None}, {"Ø": 1e-300}), (0.1, 1e-300)),
    )


def test_a_model_comes_back_bit_for_bit(model, tmp_path) -> None:
    path = tmp_path / "x.ddvi"
    model.write(path)
    back = Model.read(path)
    for name in ("chromosome", "position", "id", "ref", "alt"):
        ours, theirs = getattr(model.panel.variants, name), getattr(back.panel.variants, name)
        assert ours.tolist() == theirs.tolist(), name
    assert back.panel.build is None
    for name in ("loadings", "frequency", "stretch", "eigenvalues", "signal"):
        assert np.array_equal(getattr(model.projection, name), getattr(back.projection, name)), name
    for name in ("samples", "spread", "dispersion", "kept", "temperature"):
        assert getattr(model.projection, name) == getattr(back.projection, name), name
    assert np.array_equal(model.panel.frequency, back.panel.frequency)
    assert model.weights.keys() == back.weights.keys()
    for name, value in model.weights.items():
        assert value.dtype == back.weights[name].dtype
        assert np.array_equal(value, back.weights[name])
    assert np.array_equal(model.rotation, back.rotation)
    assert model.record == back.record


def test_writing_what_was_read_gives_the_same_bytes(model, tmp_path) -> None:
    model.write(tmp_path / "a.ddvi")
    Model.read(tmp_path / "a.ddvi").write(tmp_path / "b.ddvi")
    assert (tmp_path / "a.ddvi").read_bytes() == (tmp_path / "b.ddvi").read_bytes()


def test_a_revived_network_embeds_samples_as_before(
    fitted_model: SimpleNamespace, tmp_path
) -> None:
    first = Model.read(fitted_model.files["model"])
    first.write(tmp_path / "copy.ddvi")
    rng = np.random.default_rng(1)
    dosages = rng.integers(-1, 3, (len(first.panel), 3)).astype(np.int8)
    placements = []
    for model in (first, Model.read(tmp_path / "copy.ddvi")):
        scores = model.projection.read([(slice(None), dosages)], 3)
        scores = model.projection.newcomers(scores, np.zeros(3, dtype=bool))
        method = revive(model, torch.device("cpu"))
        assert {k: v.shape for k, v in method.state().items()} == {
            k: v.shape for k, v in model.weights.items()
        }
        for name, value in method.state().items():
            assert np.array_equal(value, model.weights[name]), name
        data = ScoreData(scores, torch.device("cpu"))
        placements.append(method.embed(data, ["a", "b", "c"], draws=16, seed=1))
    assert np.array_equal(placements[0].draws, placements[1].draws)
    assert np.array_equal(placements[0].log_weight, placements[1].log_weight)


def test_no_name_of_a_sample_is_in_the_file(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace
) -> None:
    content = fitted_model.files["model"].read_bytes()
    names = cohort_files.simulated.samples
    assert len(set(names)) > 100 and min(map(len, names)) >= 7
    assert not [name for name in names if name.encode() in content]
    assert not {*cohort_files.simulated.population} & {*content.decode("latin-1").split('"')}


def test_nothing_in_the_file_is_counted_by_sample(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace
) -> None:
    """No tensor and no list of the record is as long as the cohort, the fit or the held out."""
    model = Model.read(fitted_model.files["model"])
    samples = len(cohort_files.simulated.samples)
    counts = {samples, model.projection.samples, samples - model.projection.samples}
    assert model.projection.samples <= samples
    projection = model.projection
    tensors = [
        *model.weights.values(),
        projection.loadings,
        projection.eigenvalues,
        projection.signal,
    ]
    tensors.append(model.rotation)
    shapes = {size for tensor in tensors for size in tensor.shape}
    assert not shapes & {n for n in counts if n > 2 * projection.loadings.shape[1]}

    def lengths(value: object) -> set[int]:
        if isinstance(value, dict):
            return set().union(*[lengths(v) for v in value.values()]) if value else set()
        if isinstance(value, list):
            return {len(value)}.union(*[lengths(v) for v in value])
        return set()

    assert max(lengths(model.record.as_json())) < 40


def test_no_genotype_can_be_read_off_the_file(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace
) -> None:
    """No tensor correlates with any sample's dosages as a copy of them would."""
    model, truth = Model.read(fitted_model.files["model"]), cohort_files.simulated
    row = {name: i for i, name in enumerate(truth.variants.id)}
    dosages = truth.dosages[[row[name] for name in model.panel.variants.id]].astype(float)
    columns = np.column_stack([model.panel.frequency, model.projection.loadings])
    correlation = np.corrcoef(np.column_stack([columns, dosages]).T)
    across = correlation[: columns.shape[1], columns.shape[1] :]
    assert np.abs(across).max() < 0.8


@pytest.fixture
def written(model, tmp_path) -> bytes:
    model.write(tmp_path / "whole.ddvi")
    return (tmp_path / "whole.ddvi").read_bytes()


def refused(path: Path) -> InputUnreadable:
    with pytest.raises(InputUnreadable) as caught:
        Model.read(path)
    assert str(path) in caught.value.problem
    assert caught.value.remedy.endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(written, tmp_path, share: float) -> None:
    path = tmp_path / "cut.ddvi"
    path.write_bytes(written[: int(share * len(written))])
    assert "truncated" in refused(path).problem


@pytest.mark.parametrize("cut", [1, 7, 8, 9, -8, -1])
def test_a_file_cut_at_an_edge_is_refused(written, tmp_path, cut: int) -> None:
    path = tmp_path / "cut.ddvi"
    path.write_bytes(written[:cut])
    assert "truncated" in refused(path).problem


@pytest.mark.parametrize(
    "content",
    [
        b"sample_id\tZ1\tZ2\n" * 50,
        b"\x6c\x1b\x01" * 100,
        b"\xff" * 400,
        struct.pack("<Q", 2**50) + b"{}",
        b"PK\x03\x04" + bytes(300),
    ],
    ids=["text", "bed", "ones", "huge header", "zip"],
)
def test_another_kind_of_file_is_refused(tmp_path, content: bytes) -> None:
    path = tmp_path / "x.ddvi"
    path.write_bytes(content)
    assert "not a ddvi-ancestry model" in refused(path).problem


def test_a_folder_and_an_absent_file_are_named_for_what_they_are(tmp_path) -> None:
    assert "folder" in refused(tmp_path).problem
    assert "no file" in refused(tmp_path / "absent.ddvi").problem


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_safetensors_of_other_programs_are_refused(tmp_path, metadata) -> None:
    path = tmp_path / "bert.safetensors"
    save_file({"embedding": np.ones((3, 2), np.float32)}, path, metadata)
    assert "not a ddvi-ancestry model" in refused(path).problem


def test_a_newer_format_asks_for_an_upgrade(tmp_path) -> None:
    path = tmp_path / "x.ddvi"
    record = json.dumps({"format": FORMAT + 1, "brand": "new"})
    save_file({"a": np.ones(1)}, path, {"ddvi_ancestry": record})
    error = refused(path)
    assert f"format {FORMAT + 1}" in error.problem
    assert "Upgrade" in error.remedy


def test_a_model_of_format_1_is_to_be_fitted_again(tmp_path) -> None:
    path = tmp_path / "x.ddvi"
    record = json.dumps({"format": 1, "people": 1093})
    save_file({"a": np.ones(1)}, path, {"ddvi_ancestry": record})
    error = refused(path)
    assert "format 1" in error.problem
    assert error.remedy == "Fit the model again from its genotypes."


@pytest.mark.parametrize(
    "damage",
    [
        {"options": None},
        {"options": {"method": "ddvi"}},
        {"scale": "wide"},
        {"scale": 3},
        {"groups": {"levels": 3}},
        {"out_of_panel": [1]},
        {"counts": None, "options": []},
    ],
)
def test_a_record_of_another_shape_is_damaged(model, tmp_path, damage) -> None:
    path = tmp_path / "x.ddvi"
    model.write(path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["ddvi_ancestry"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    write_container(path, header | damage, tensors)
    assert "damaged model" in refused(path).problem


def test_a_model_without_one_of_its_parts_is_damaged(tmp_path) -> None:
    path = tmp_path / "x.ddvi"
    save_file({"a": np.ones(1)}, path, {"ddvi_ancestry": json.dumps({"format": FORMAT})})
    assert "damaged" in refused(path).problem


def test_a_full_disk_leaves_the_old_model_and_nothing_else(model, tmp_path, small_disk) -> None:
    path = tmp_path / "x.ddvi"
    path.write_bytes(b"the old one")
    with pytest.raises(OutputUnwritable, match=r"x\.ddvi"), small_disk():
        model.write(path)
    assert path.read_bytes() == b"the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["x.ddvi"]


@pytest.mark.parametrize("record", ["{}", "[]", "3", '{"format": "1"}'])
def test_metadata_of_another_shape_is_not_a_model(record: str, tmp_path) -> None:
    path = tmp_path / "x.ddvi"
    save_file({"a": np.ones(1)}, path, {"ddvi_ancestry": record})
    assert "not a ddvi-ancestry model" in refused(path).problem
