"""Damaged and hostile model files: one sentence each, and nothing but the outputs is written."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import tracemalloc
from pathlib import Path
from shutil import copy
from types import SimpleNamespace

import numpy as np
import pytest
from mutations import contents, flip, mutate
from safetensors.numpy import save_file

import ancestry_ddvi
from ancestry_ddvi.artefacts.container import write_container
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import DDVIError, InputUnreadable


@pytest.fixture(scope="module")
def whole(fitted_model: SimpleNamespace) -> bytes:
    return fitted_model.files["model"].read_bytes()


def refused(path: Path) -> InputUnreadable:
    with pytest.raises(InputUnreadable) as caught:
        ancestry_ddvi.load(path).embed([])
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    return caught.value


def test_the_checksum_is_the_one_of_the_documentation(whole: bytes) -> None:
    """Computed without the package: SHA-256 of the file with the digits as zeros."""
    size = struct.unpack("<Q", whole[:8])[0]
    record = json.loads(json.loads(whole[8 : 8 + size])["__metadata__"]["ddvi_ancestry"])
    blank = whole.replace(record["sha256"].encode(), b"0" * 64)
    assert hashlib.sha256(blank).hexdigest() == record["sha256"]


def flips(whole: bytes, path: Path, count: int) -> None:
    for seed in range(count):
        path.write_bytes(flip(whole, np.random.default_rng(seed)))
        with pytest.raises(InputUnreadable):
            Model.read(path)


def test_every_flipped_byte_is_found(whole: bytes, tmp_path: Path) -> None:
    flips(whole, tmp_path / "x.ddvi", 200)


@pytest.mark.slow
def test_every_flipped_byte_of_many_is_found(whole: bytes, tmp_path: Path) -> None:
    flips(whole, tmp_path / "x.ddvi", 5000)


def test_every_byte_of_the_checksum_itself_counts(whole: bytes, tmp_path: Path) -> None:
    (digits,) = re.finditer(rb'sha256\\": \\"([0-9a-f]{64})', whole)
    for at in range(*digits.span(1)):
        for bit in (1, 32):  # another digit, and the same in upper case
            changed = bytearray(whole)
            changed[at] ^= bit
            (tmp_path / "x.ddvi").write_bytes(changed)
            with pytest.raises(InputUnreadable):
                Model.read(tmp_path / "x.ddvi")


def test_bytes_at_the_end_are_found(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.ddvi").write_bytes(whole + b"\0")
    assert "checksum" in refused(tmp_path / "x.ddvi").problem


def survives(path: Path, query: str, said: str) -> bool:
    """Whether a model is used; if not, one sentence says why."""
    before = set(path.parent.rglob("*"))
    try:
        model = ancestry_ddvi.load(path)
        embedded = model.embed([query], str(path.with_suffix("")), draws=4, device="cpu")
        model.assign([query], draws=4, device="cpu")
    except DDVIError:
        return False
    finally:
        written = set(path.parent.rglob("*")) - before
        assert all(file.name.startswith("x.") for file in written), said
    assert np.isfinite(embedded.coordinates.mean).all(), said
    return True


def mutations(model: Path, query: Path, path: Path, count: int) -> None:
    record, tensors = contents(model)
    used = 0
    for seed in range(count):
        said = mutate(record, tensors, path, np.random.default_rng([seed, 7]))
        used += survives(path, str(query), f"mutation {seed}: {said}")
    assert 0.2 * count < used < 0.8 * count


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_model_made_on_purpose_ends_in_a_traceback(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace, tmp_path: Path
) -> None:
    mutations(fitted_model.files["model"], cohort_files.query, tmp_path / "x.ddvi", 1000)


def test_every_mutation_is_read_or_refused(fitted_model: SimpleNamespace, tmp_path: Path) -> None:
    """Without embedding, which takes longer."""
    record, tensors = contents(fitted_model.files["model"])
    refusals = 0
    for seed in range(200):
        said = mutate(record, tensors, tmp_path / "x.ddvi", np.random.default_rng(seed))
        error = refusal(tmp_path / "x.ddvi")
        assert "\n" not in error, said
        refusals += bool(error)
    assert 60 < refusals < 160


def refusal(path: Path) -> str:
    try:
        Model.read(path)
    except InputUnreadable as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("options", "settings", "width"), 10**9),
        (("options", "settings", "encoder_width"), 2**40),
        (("options", "settings", "chain_width"), 10**7),
        (("options", "settings", "diffusion_steps"), 10**9),
        (("options", "settings", "prior"), "mixture:1000000000"),
        (("options", "dims"), 10**9),
        (("options", "classes"), [str(i) for i in range(10**5)]),
        (("options", "method"), "umap2"),
        (("options", "method"), "vae"),
        (("options", "settings", "schedule"), "../../x"),
        (("kept",), 10**9),
        (("scale",), [1.0] * 10**4),
    ],
)
def test_sizes_in_a_record_cannot_exhaust_the_memory(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace, tmp_path: Path, place, value
) -> None:
    record, tensors = contents(fitted_model.files["model"])
    node = record
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    write_container(tmp_path / "x.ddvi", record, tensors)
    tracemalloc.start()
    with pytest.raises(InputUnreadable, match="damaged"):
        ancestry_ddvi.load(tmp_path / "x.ddvi").embed([str(cohort_files.query)], device="cpu")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_a_header_that_states_a_huge_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ddvi"
    save_file({"a": np.ones(1)}, path, {"ddvi_ancestry": json.dumps({"format": 3})})
    content = path.read_bytes().replace(b'"shape":[1]', b'"shape":[9]')
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("level", ["../../x", "a/b", "/etc/x", "x\\y"])
def test_a_level_of_any_name_is_written_beside_the_other_outputs(
    fitted_model: SimpleNamespace, tmp_path: Path, level: str
) -> None:
    record, tensors = contents(fitted_model.files["model"])
    record["groups"]["levels"] = [level]
    (tmp_path / "in").mkdir()
    write_container(tmp_path / "in" / "x.ddvi", record, tensors)
    for kind in ("coords", "pcs"):  # without the summary, which names the model as it was fitted
        copy(fitted_model.files[kind], tmp_path / "in")
    coords = str(tmp_path / "in" / fitted_model.files["coords"].name)
    done = ancestry_ddvi.assign(str(tmp_path / "in" / "x.ddvi"), [coords], str(tmp_path / "in/y"))
    assert {path.parent for path in tmp_path.rglob("*.*")} == {tmp_path / "in"}
    assert all(path.exists() for path in done.files.values())
