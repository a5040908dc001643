"""Images come from their files as they are, and are served as black and white or as colours."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from ancestry_ddvi.data.images import CLASSES, UNKNOWN, ImageData, Images, load_images, withhold
from ancestry_ddvi.errors import InputUnreadable, UsageProblem
from ancestry_ddvi.models.images import ColourPixels, GreyPixels

PUBLIC = Path(__file__).parents[2].parent / "shared" / "data"
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield


def random_bytes(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def random_labels(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 10, n, dtype=np.uint8)


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_mnist(folder: Path, dash: str = "-", zipped: bool = True, **changed: bytes) -> Images:
    """Four files of 7 and 5 images of 6 by 4 pixels; ``changed`` replaces contents."""
    made = {}
    for part, n in (("train", 7), ("t10k", 5)):
        made[part] = random_bytes(n, n, 6, 4), random_labels(n, n)
        for kind, array in zip(("images", "labels"), made[part], strict=True):
            raw = changed.get(f"{part}_{kind}", idx_bytes(array))
            path = folder / f"{part}-{kind}{dash}idx{array.ndim}-ubyte"
            if zipped:
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(raw, mtime=0))
            else:
                path.write_bytes(raw)
    (x, label), (test_x, test_label) = made["train"], made["t10k"]
    return Images(x[:, None], label, test_x[:, None], test_label, CLASSES["mnist"])


def cifar(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return random_bytes(seed, n, 3, 32, 32), random_labels(seed, n)


def records(x: np.ndarray, label: np.ndarray) -> bytes:
    return np.hstack([label[:, None], x.reshape(len(x), -1)]).tobytes()


def modern(x: np.ndarray, label: np.ndarray) -> bytes:
    return pickle.dumps({"data": x.reshape(len(x), -1), "labels": label.tolist()}, protocol=4)


def original(x: np.ndarray, label: np.ndarray) -> bytes:
    """A pickle as Python 2 wrote it: protocol 2, strings of bytes, numpy's old module names."""

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<i", len(value)) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    rows = x.reshape(len(x), -1)
    kind = b"cnumpy\ndtype\n(" + text(b"u1") + number(0) + number(1) + b"tR("
    kind += number(3) + text(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + number(0) + b"t"
    array += text(b"b") + b"tR(" + number(1) + b"(" + number(len(rows)) + number(3072) + b"t"
    array += kind + b"\x89" + text(rows.tobytes()) + b"tb"
    labels = b"](" + b"".join(map(number, label.tolist())) + b"e"
    entries = text(b"batch_label") + text(b"training batch 1 of 5")
    entries += text(b"labels") + labels + text(b"data") + array
    return b"\x80\x02}(" + entries + b"u."


def refused(name: str, folder: Path, names: str | Path) -> str:
    """The sentence with which a folder is refused; it names the file and has a remedy."""
    with pytest.raises(InputUnreadable) as caught:
        load_images(name, folder)
    assert str(names) in caught.value.problem
    assert caught.value.remedy.endswith(".")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def assert_same(found: Images, made: Images) -> None:
    for field in ("train_x", "train_label", "test_x", "test_label"):
        np.testing.assert_array_equal(getattr(found, field), getattr(made, field))
        assert getattr(found, field).dtype == (np.uint8 if field[-1] == "x" else np.int64)
    assert found.classes == made.classes


# Reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dash", ["-", "."])
def test_mnist_is_read_under_either_spelling_compressed_or_not(
    tmp_path: Path, dash: str, zipped: bool
) -> None:
    made = write_mnist(tmp_path, dash, zipped)
    assert_same(load_images("mnist", tmp_path), made)


@pytest.mark.parametrize(
    ("write", "suffix", "inner"),
    [
        (records, ".bin", ""),
        (records, ".bin", "cifar-10-batches-bin"),
        (modern, "", ""),
        (original, "", "cifar-10-batches-py"),
    ],
)
def test_cifar_is_read_in_either_layout_batch_after_batch(
    tmp_path: Path, write, suffix: str, inner: str
) -> None:
    folder = tmp_path / inner
    folder.mkdir(exist_ok=True)
    first, second, test = cifar(1, 3), cifar(2, 2), cifar(3, 4)
    for stem, batch in (("data_batch_2", second), ("data_batch_1", first), ("test_batch", test)):
        (folder / f"{stem}{suffix}").write_bytes(write(*batch))
    both = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    assert_same(load_images("cifar10", tmp_path), Images(*both, *test, CLASSES["cifar10"]))


def test_columns_first_arrays_are_read_right(tmp_path: Path) -> None:
    x, label = cifar(1, 3)
    rows = np.asfortranarray(x.reshape(3, -1))
    batch = pickle.dumps({"data": rows, "labels": label.tolist()}, protocol=4)
    for stem in ("data_batch_1", "test_batch"):
        (tmp_path / stem).write_bytes(batch)
    np.testing.assert_array_equal(load_images("cifar10", tmp_path).train_x, x)


# Refusing --------------------------------------------------------------------------------------


def test_an_unknown_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"mnist or cifar10"):
        load_images("imagenet", tmp_path)


def test_folders_without_the_files(tmp_path: Path) -> None:
    assert "train-images-idx3-ubyte" in refused("mnist", tmp_path, tmp_path)
    assert "data_batch_1.bin" in refused("cifar10", tmp_path, tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(records(*cifar(1, 1)))
    assert "test_batch.bin" in refused("cifar10", tmp_path, tmp_path)


WHOLE = idx_bytes(random_bytes(7, 7, 6, 4))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an idx file"),
        (WHOLE[:9], "not an idx file"),
        (b"\x00\x00\x0d\x03" + WHOLE[4:], "not an idx file"),
        (idx_bytes(random_labels(7, 7)), "not an idx file of bytes with 3 axes"),
        (WHOLE[:-1], "167 bytes where it announces 168"),
        (WHOLE + b"\x00", "169 bytes where it announces 168"),
        (idx_bytes(random_bytes(7, 0, 6, 4)), "empty"),
    ],
)
def test_idx_files_of_another_kind_or_length(tmp_path: Path, content: bytes, says: str) -> None:
    write_mnist(tmp_path, train_images=content)
    assert says in refused("mnist", tmp_path, tmp_path / "train-images-idx3-ubyte.gz")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-12], lambda raw: raw[5:], lambda _: b""])
def test_compressed_files_that_are_damaged(tmp_path: Path, damage) -> None:
    write_mnist(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    refused("mnist", tmp_path, path)


def test_a_file_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    write_mnist(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", forbid)
    says = refused("mnist", tmp_path, tmp_path / "train-images-idx3-ubyte.gz")
    assert "Permission denied" in says


def test_labels_and_images_of_different_numbers(tmp_path: Path) -> None:
    write_mnist(tmp_path, t10k_labels=idx_bytes(random_labels(1, 4)))
    assert "4 labels" in refused("mnist", tmp_path, tmp_path / "t10k-labels-idx1-ubyte.gz")


def test_images_of_two_sizes(tmp_path: Path) -> None:
    write_mnist(tmp_path, t10k_images=idx_bytes(random_bytes(1, 5, 4, 6)))
    assert "(6, 4)" in refused("mnist", tmp_path, tmp_path)


def test_labels_out_of_range(tmp_path: Path) -> None:
    wrong = np.array([0, 1, 2, 10, 4, 5, 6], dtype=np.uint8)
    write_mnist(tmp_path, train_labels=idx_bytes(wrong))
    assert "label 10" in refused("mnist", tmp_path, tmp_path / "train-labels-idx1-ubyte.gz")
    x = random_bytes(1, 7, 3, 32, 32)
    for suffix, write in ((".bin", records), ("", modern)):
        folder = tmp_path / f"cifar{suffix}"
        folder.mkdir()
        (folder / f"data_batch_1{suffix}").write_bytes(write(x, wrong))
        (folder / f"test_batch{suffix}").write_bytes(write(x, wrong % 10))
        assert "label 10" in refused("cifar10", folder, folder / f"data_batch_1{suffix}")


@pytest.mark.parametrize("content", [b"", records(*cifar(1, 2))[:-1], bytes(3073 * 2 + 1)])
def test_records_that_are_not_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(records(*cifar(1, 2)))
    (tmp_path / "test_batch.bin").write_bytes(content)
    says = refused("cifar10", tmp_path, tmp_path / "test_batch.bin")
    assert f"{len(content):,} bytes" in says


# Pickles ---------------------------------------------------------------------------------------


class Runs:
    """What a malicious pickle would run: it leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


ROWS = random_bytes(5, 2, 3072)


@pytest.mark.parametrize("where", ["alone", "labels", "data", "besides"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_something_runs_nothing(
    tmp_path: Path, where: str, protocol: int
) -> None:
    bomb = Runs(tmp_path / "ran")
    batch = {"data": ROWS, "labels": [1, 2]} | {where: bomb}
    content = pickle.dumps(bomb if where == "alone" else batch, protocol)
    for stem in ("data_batch_1", "test_batch"):
        (tmp_path / stem).write_bytes(content)
    refused("cifar10", tmp_path, tmp_path / "data_batch_1")
    assert not (tmp_path / "ran").exists()
    pickle.loads(content)  # it was live
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        original(*cifar(1, 2))[:-40],
        pickle.dumps([1, 2]),
        pickle.dumps({"labels": [1, 2]}),
        pickle.dumps({"data": ROWS, "labels": [1, 2, 3]}, 4),
        pickle.dumps({"data": ROWS, "labels": [1, 2.0]}, 4),
        pickle.dumps({"data": ROWS, "labels": "12"}, 4),
        pickle.dumps({"data": ROWS[:, 1:], "labels": [1, 2]}, 4),
        pickle.dumps({"data": ROWS[0], "labels": [1, 2]}, 4),
        pickle.dumps({"data": ROWS[:0], "labels": []}, 4),
        pickle.dumps({"data": ROWS.astype(np.float32), "labels": [1, 2]}, 4),
        pickle.dumps({"data": ROWS.astype(object), "labels": [1, 2]}, 4),
        b"\x80\x02cnumpy\nndarray\n}U\x04kindU\x01xsb.",
        b"\x80\x02}U\x04datacnumpy\nndarray\n)\x81su.",
    ],
)
def test_pickles_of_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data_batch_1").write_bytes(original(*cifar(1, 2)))
    (tmp_path / "test_batch").write_bytes(content)
    refused("cifar10", tmp_path, tmp_path / "test_batch")


# Withholding -----------------------------------------------------------------------------------

LABELS = np.repeat(np.arange(10), [50, 3, 40, 40, 40, 40, 40, 40, 40, 40])


def counts(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels[labels != UNKNOWN], minlength=10)


def test_as_many_labels_are_kept_of_each_class() -> None:
    kept = withhold(LABELS, 1, per_class=3)
    assert counts(kept).tolist() == [3] * 10
    known = kept != UNKNOWN
    np.testing.assert_array_equal(kept[known], LABELS[known])
    assert (LABELS != UNKNOWN).all()


@pytest.mark.parametrize("keep", [0, 1, 10, 25, 100, 363, len(LABELS)])
def test_exactly_so_many_labels_are_kept_and_balanced_as_far_as_they_go(keep: int) -> None:
    kept = withhold(LABELS, 1, keep=keep)
    per_class = counts(kept)
    assert per_class.sum() == keep
    exhausted = per_class == np.bincount(LABELS)
    assert (per_class[~exhausted] >= per_class.max() - 1).all()


def test_labels_to_keep_depend_on_the_seed_and_not_on_their_number() -> None:
    fewer, more = (withhold(LABELS, 1, keep=keep) for keep in (30, 60))
    known = fewer != UNKNOWN
    np.testing.assert_array_equal(more[known], fewer[known])
    np.testing.assert_array_equal(fewer, withhold(LABELS, 1, keep=30))
    assert (fewer != withhold(LABELS, 2, keep=30)).any()


def test_labels_that_are_unknown_already_are_not_counted() -> None:
    some = np.where(np.arange(len(LABELS)) % 2, LABELS, UNKNOWN)
    kept = withhold(some, 1, keep=20)
    assert counts(kept).sum() == 20
    assert (kept[some == UNKNOWN] == UNKNOWN).all()


@pytest.mark.parametrize(
    "wanted", [{"keep": 374}, {"keep": -1}, {"per_class": 4}, {"per_class": -1}]
)
def test_more_labels_than_there_are(wanted: dict[str, int]) -> None:
    with pytest.raises(UsageProblem, match=r"cannot be kept of (373 that|3 in the smallest)"):
        withhold(LABELS, 1, **wanted)


@pytest.mark.parametrize("wanted", [{}, {"keep": 1, "per_class": 1}])
def test_labels_counted_in_two_ways_or_in_none(wanted: dict[str, int]) -> None:
    with pytest.raises(UsageProblem, match="Give one number"):
        withhold(LABELS, 1, **wanted)


# Serving ---------------------------------------------------------------------------------------


def test_colours_are_served_as_shares_of_255_in_the_order_of_the_channels() -> None:
    x, label = cifar(1, 6)
    data = ImageData(x, CPU, label.astype(np.int64))
    assert data.modality == ColourPixels(32, 32)
    batch = data.batch(torch.tensor([4, 1]))
    expected = torch.tensor(x[[4, 1]].reshape(2, -1).astype(np.float32)) / 255
    torch.testing.assert_close(batch.x, expected, rtol=0, atol=0)
    assert batch.label.tolist() == label[[4, 1]].tolist()
    assert len(data) == len(data.batch()) == 6


def test_a_minibatch_has_rows_of_the_data_with_their_labels() -> None:
    x, label = cifar(1, 6)
    data = ImageData(x, CPU, label.astype(np.int64))
    drawn, everything = data.minibatch(40), data.batch()
    same = (drawn.x[:, None] == everything.x).all(-1)
    assert same.any(1).all()
    rows = same.int().argmax(1)
    assert set(rows.tolist()) == set(range(6))
    torch.testing.assert_close(drawn.label, everything.label[rows])
    assert drawn.label.dtype == torch.int64
    assert ImageData(x, CPU).minibatch(3).label is None
    assert ImageData(x, CPU).batch().label is None


def test_few_images_of_known_class_come_up_often_and_moved() -> None:
    """One of 400 is known: a quarter of every minibatch, two pixels away at most."""
    x = np.zeros((400, 1, 9, 9), np.uint8)
    x[0, 0, 4, 4] = 255
    label = np.full(400, UNKNOWN)
    label[0] = 7
    drawn = ImageData(x, CPU, label).minibatch(800)
    assert (drawn.label == 7).sum() >= 200
    at = drawn.x[:200].view(-1, 9, 9).nonzero()
    assert len(at) == 200
    away = {tuple(shift) for shift in (at[:, 1:] - 4).tolist()}
    assert away == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}
    assert not drawn.x[drawn.label != 7].any()


def test_black_and_white_is_settled_where_it_is_evaluated() -> None:
    x = random_bytes(1, 9, 1, 6, 4)
    data = ImageData(x, CPU)
    assert data.modality == GreyPixels(6, 4)
    first = data.batch().x
    assert ((first == 0) | (first == 1)).all()
    torch.manual_seed(99)
    assert torch.equal(first, ImageData(x, CPU).batch().x)
    assert torch.equal(first[:5], ImageData(x[:5], CPU).batch().x)
    assert torch.equal(first[2:4], data.batch(slice(2, 4)).x)


@pytest.mark.statistical
@pytest.mark.parametrize("served", ["once", "anew"])
def test_pixels_are_white_as_often_as_their_grey_level_says(served: str) -> None:
    """4,000 draws at each of 256 levels; black is never white and white never black."""
    levels = np.broadcast_to(
        np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16), (4000, 1, 16, 16)
    )
    data = ImageData(levels, CPU)
    x = (data.batch() if served == "once" else data.minibatch(4000)).x
    assert ((x == 0) | (x == 1)).all()
    grey = torch.arange(256) / 255
    error = (x.mean(0) - grey) / (grey * (1 - grey) / 4000).sqrt().clamp_min(1e-9)
    assert error.abs().max() < 4.5
    assert 0.8 < error[1:-1].square().mean() < 1.25


def test_pixels_to_train_on_are_drawn_anew() -> None:
    data = ImageData(np.full((1, 1, 8, 8), 128, dtype=np.uint8), CPU)
    assert not torch.equal(data.minibatch(1).x, data.minibatch(1).x)


# Real files ------------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "train", "test", "shape", "balanced"),
    [
        ("mnist", 60_000, 10_000, (1, 28, 28), False),
        ("cifar10", 4_000, 1_000, (3, 32, 32), True),
    ],
)
def test_public_images(name: str, train: int, test: int, shape, balanced: bool) -> None:
    if not (PUBLIC / name).exists():
        pytest.skip("no public images")
    images = load_images(name, PUBLIC / name)
    assert images.train_x.shape == (train, *shape) and images.test_x.shape == (test, *shape)
    for labels in (images.train_label, images.test_label):
        share = np.bincount(labels) / len(labels)
        assert np.allclose(share, 0.1, atol=0 if balanced else 0.02)
    assert len(images.classes) == 10
    if name == "mnist":  # counts of digits as LeCun's page and its copies give them
        assert np.bincount(images.train_label)[:3].tolist() == [5923, 6742, 5958]
