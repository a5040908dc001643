"""Files are fetched from whichever mirror has the right ones, and from nowhere else."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import socket
import tarfile
import threading
from pathlib import Path

import pytest

from ancestry_ddvi.data import download as module
from ancestry_ddvi.data.download import SOURCES, Source, download
from ancestry_ddvi.errors import InputUnreadable, UsageProblem

CONTENT = b"pixels and more pixels " * 1000
NAME = "t10k-images-idx3-ubyte.gz"


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path):
    """A folder and the address at which it is served."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def offer(monkeypatch: pytest.MonkeyPatch, name: str, source: Source) -> None:
    monkeypatch.setitem(SOURCES, name, source)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("level", [1, 9])
def test_a_compressed_file_is_known_by_what_is_in_it(mirror, tmp_path, monkeypatch, level) -> None:
    folder, address = mirror
    (folder / NAME).write_bytes(gzip.compress(CONTENT, level, mtime=0))
    offer(monkeypatch, "mnist", Source((address,), {NAME: sha256(CONTENT)}))
    download("mnist", tmp_path / "out")
    assert gzip.decompress((tmp_path / "out" / NAME).read_bytes()) == CONTENT
    assert leftovers(tmp_path / "out") == [NAME]


def test_what_is_there_already_is_not_fetched(tmp_path, monkeypatch) -> None:
    offer(monkeypatch, "mnist", Source(("nowhere:",), {NAME: sha256(CONTENT)}))
    (tmp_path / NAME).write_bytes(gzip.compress(CONTENT, mtime=0))
    download("mnist", tmp_path)


def test_a_damaged_file_is_replaced(mirror, tmp_path, monkeypatch) -> None:
    folder, address = mirror
    (folder / NAME).write_bytes(gzip.compress(CONTENT, mtime=0))
    (tmp_path / NAME).write_bytes(gzip.compress(CONTENT, mtime=0)[:-5])
    offer(monkeypatch, "mnist", Source((address,), {NAME: sha256(CONTENT)}))
    download("mnist", tmp_path)
    assert gzip.decompress((tmp_path / NAME).read_bytes()) == CONTENT


def test_the_next_mirror_is_asked_if_one_fails_or_lies(mirror, tmp_path, monkeypatch) -> None:
    folder, address = mirror
    for inner, content in (("lies", b"other"), ("honest", CONTENT)):
        (folder / inner).mkdir()
        (folder / inner / NAME).write_bytes(gzip.compress(content, mtime=0))
    (folder / "garbage").mkdir()
    (folder / "garbage" / NAME).write_bytes(b"<html>Log in first</html>")
    mirrors = tuple(f"{address}{inner}/" for inner in ("absent", "lies", "garbage", "honest"))
    offer(monkeypatch, "mnist", Source(mirrors, {NAME: sha256(CONTENT)}))
    download("mnist", tmp_path / "out")
    assert gzip.decompress((tmp_path / "out" / NAME).read_bytes()) == CONTENT
    assert leftovers(tmp_path / "out") == [NAME]


def test_a_file_that_no_mirror_has_right_leaves_nothing(mirror, tmp_path, monkeypatch) -> None:
    folder, address = mirror
    (folder / NAME).write_bytes(gzip.compress(b"other", mtime=0))
    offer(monkeypatch, "mnist", Source((address, f"{address}absent/"), {NAME: sha256(CONTENT)}))
    with pytest.raises(InputUnreadable, match=r"not the original.*404") as caught:
        download("mnist", tmp_path / "out")
    assert f"{address}{NAME}" in caught.value.problem
    assert leftovers(tmp_path / "out") == []


def test_without_a_network_the_way_out_is_another_machine(tmp_path, monkeypatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        offer(monkeypatch, "mnist", Source((address,), {NAME: sha256(CONTENT)}))
        with pytest.raises(InputUnreadable) as caught:
            download("mnist", tmp_path)
    assert caught.value.remedy == (f"Get the files on another machine and copy them to {tmp_path}.")
    assert address in caught.value.problem


def test_a_mirror_that_stops_in_the_middle(tmp_path, monkeypatch) -> None:
    """It announces more than it sends, and closes."""
    body = gzip.compress(CONTENT, mtime=0)

    class Stops(Silent):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])

    with http.server.HTTPServer(("127.0.0.1", 0), Stops) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/"
        offer(monkeypatch, "mnist", Source((address,), {NAME: sha256(CONTENT)}))
        with pytest.raises(InputUnreadable):
            download("mnist", tmp_path)
        thread.join()
    assert leftovers(tmp_path) == []


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_an_archive_is_unpacked_to_what_is_wanted_of_it(mirror, tmp_path, monkeypatch) -> None:
    folder, address = mirror
    wanted = {"data_batch_1.bin": b"one", "test_batch.bin": b"test"}
    inside = {f"batches/{name}": content for name, content in wanted.items()}
    raw = archive(inside | {"../evil": b"evil", "batches/readme.html": b"<html>"})
    (folder / "cifar.tar.gz").write_bytes(raw)
    offer(monkeypatch, "cifar10", Source((address,), {"cifar.tar.gz": sha256(raw)}, (*wanted,)))
    out = tmp_path / "here" / "out"
    download("cifar10", out)
    assert leftovers(out) == ["cifar.tar.gz", *sorted(wanted)]
    assert leftovers(tmp_path / "here") == ["out"]
    assert {name: (out / name).read_bytes() for name in wanted} == wanted
    monkeypatch.setattr(module, "_pieces", None)  # nothing is fetched a second time
    (out / "cifar.tar.gz").unlink()
    download("cifar10", out)


def test_a_name_that_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="mnist or cifar10"):
        download("imagenet", tmp_path)


def test_every_file_that_is_read_is_fetched_with_a_digest_of_it() -> None:
    parts = [f"{p}-{k}-ubyte.gz" for p in ("train", "t10k") for k in ("images-idx3", "labels-idx1")]
    assert list(SOURCES["mnist"].files) == parts
    assert len(SOURCES["cifar10"].members) == 6
    for source in SOURCES.values():
        assert all(address.startswith("https://") for address in source.mirrors)
        assert all(len(bytes.fromhex(digest)) == 32 for digest in source.files.values())


@pytest.mark.realdata
def test_the_public_copy_of_mnist_is_the_one_that_is_fetched(monkeypatch) -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "mnist"
    if not folder.exists():
        pytest.skip("no public images")
    monkeypatch.setattr(module, "_pieces", None)
    download("mnist", folder)
