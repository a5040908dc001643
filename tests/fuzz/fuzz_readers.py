"""Reads damaged inputs in a process of its own: `python fuzz_readers.py MIB KIND PATH...`.

For each input and each reader of its kind one line of JSON announces the reader, and one says how
it ended, so that a process that dies names what it read. Memory beyond what the imports took is
limited to MIB.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ancestry_ddvi.artefacts.coordinates import read_components, read_coordinates
from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import DDVIError
from ancestry_ddvi.genotypes.formats.fields import FIELDS, NOTHING
from ancestry_ddvi.genotypes.formats.reading import DEFAULT, ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source, open_sources
from ancestry_ddvi.genotypes.formats.source import GenotypeSource
from ancestry_ddvi.genotypes.formats.variant_filter import table
from ancestry_ddvi.genotypes.harmonise.liftover import read_lift
from ancestry_ddvi.genotypes.harmonise.target_regions import TargetRegions
from ancestry_ddvi.genotypes.store import GenotypeStore, ingest
from ancestry_ddvi.genotypes.variants import VariantTable

Rows = list[tuple[str, int, str, str, list[int]]]
"""Chromosome, position, REF, ALT and dosages."""

VARIANTS = table([("1", position, f"rs{position}", "A", "C") for position in range(95, 130)])
AT_TARGETS = ReadOptions(
    targets=Targets({"1": np.arange(95, 130), "2": np.array([107, 9000])}, frozenset({"rs7"}))
)


def rows(variants: VariantTable, dosages: np.ndarray) -> Rows:
    assert dosages.min(initial=0) >= -1 and dosages.max(initial=0) <= 2
    columns = (variants.chromosome, variants.position.tolist(), variants.ref, variants.alt)
    return [*zip(*columns, dosages.tolist(), strict=True)]


def of_blocks(source: GenotypeSource) -> Rows:
    return [row for block in source.blocks(5) for row in rows(block.variants, block.dosages)]


def blocks(path: str) -> Rows:
    return of_blocks(open_sources([path]))


def blocks_at_targets(path: str) -> None:
    of_blocks(open_sources([path], AT_TARGETS))


def likelihoods(path: str, options: ReadOptions = DEFAULT) -> None:
    """Likelihoods are between 0 and 1, and there where a field is named."""
    source = open_sources([path], options)
    for block in source.likelihoods(FIELDS, 5):
        shape = (len(block.variants), len(source.samples))
        assert (block.values.shape, block.fields.shape) == ((*shape, 3), shape)
        there = block.fields < len(FIELDS)
        assert (there | (block.fields == NOTHING)).all()
        values = block.values[there].astype(np.float64)
        assert ((values >= 0) & (values <= 1)).all() and (values.sum(axis=1) > 0).all()
        assert np.isnan(block.values[~there]).all()


def likelihoods_at_targets(path: str) -> None:
    likelihoods(path, AT_TARGETS)


def in_memory(path: str) -> Rows:
    store = GenotypeStore.open([path])
    return rows(store.variants, store.dosages(slice(None)))


def on_disk(path: str) -> Rows:
    """Of the fileset that was written, whose four files are whole or absent."""
    folder, out = Path(path).parent, Path(path).parent / "out"
    before = {*folder.iterdir()}
    try:
        ingest([path], out)
    finally:
        written = sorted(file.name for file in {*folder.iterdir()} - before)
        complete = ["out.bed", "out.bim", "out.fam", "out.json"]
        assert written in (complete, []), f"left behind: {written}"
    assert written
    found = of_blocks(open_source(str(out)))
    for name in written:
        (folder / name).unlink()
    return found


def from_standard_input(path: str) -> Rows:
    with Path(path).open() as sys.stdin:
        try:
            return of_blocks(open_sources(["-"]))
        finally:
            sys.stdin = sys.__stdin__


def labels(path: str) -> None:
    read_labels(path).match(["a", "b", "NA3", "d"])


def model(path: str) -> None:
    Model.read(Path(path))


def regions(path: str) -> None:
    TargetRegions.read(path).cover(VARIANTS.chromosome, VARIANTS.position)


def chain(path: str) -> None:
    read_lift(path).positions(VARIANTS)


def coordinates(path: str) -> None:
    found = read_coordinates(Path(path))
    _ = found.mean, found.covariance, found.flag


def components(path: str) -> None:
    read_components(Path(path), ["a", "NA3"], 2)


Reader = Callable[[str], Any]
GENOTYPES: tuple[Reader, ...] = (
    blocks, blocks_at_targets, likelihoods, likelihoods_at_targets, in_memory, on_disk,
)  # fmt: skip
READERS: dict[str, tuple[Reader, ...]] = {
    "variants": (*GENOTYPES, from_standard_input),
    "PLINK 1": GENOTYPES,
    "PLINK 2": GENOTYPES,
    "EIGENSTRAT": GENOTYPES,
    "VCF Zarr": GENOTYPES,
    "BGEN": GENOTYPES,
    "labels": (labels,),
    "model": (model,),
    "regions": (regions,),
    "chain": (chain,),
    "coordinates": (coordinates,),
    "components": (components,),
}
"""Every reader of each kind of file."""


def outcome(reader: Reader, path: str) -> dict[str, Any]:
    """How a reader ended: what it read, the code and message of its refusal, or its fault."""
    try:
        return {"rows": reader(path)}
    except DDVIError as error:
        return {"code": error.exit_code, "said": str(error)}
    except BaseException as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        return {"fault": f"{type(error).__name__}: {str(error)[:200]} ({where})"}


def outcomes(kind: str, path: str) -> Iterator[dict[str, Any]]:
    for reader in READERS[kind]:
        yield {"path": path, "reader": reader.__name__}
        yield {"path": path, "reader": reader.__name__, **outcome(reader, path)}


def main(limit: str, *inputs: str) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + int(limit) * 2**20,) * 2)
    warnings.simplefilter("error")
    for kind, path in zip(inputs[::2], inputs[1::2], strict=True):
        for line in outcomes(kind, path):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
