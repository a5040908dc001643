"""The command decode."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path

import numpy as np

from .. import __version__
from ..artefacts.coordinates import read_coordinates, write_components
from ..artefacts.model import Model
from ..errors import InputsDisagree
from ..genotypes.formats.vcf_writer import write_vcf_blocks
from ..genotypes.simulation.synthetic import contigs, expected_dosages
from ..genotypes.variants import Block
from ..progress import SILENT, Progress
from ..storage import prepare_folder
from ._common import generator_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decoded:
    """What ``decode`` wrote, and the expected scores, (samples, components)."""

    files: dict[str, Path]
    scores: np.ndarray = attribute(repr=False)


def decode(
    model: str, coords: str, out: str | None = None, *, progress: Progress = SILENT
) -> Decoded:
    """Say what genotypes a fitted model expects at coordinates: scores, and dosages at its variants.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit`` with a method that has a generator.
    coords : str
        Table that ``fit``, ``embed`` or ``condition`` wrote with this model; or one like it.
    out : str, optional
        Prefix of what is written; by default ``<coords>.decoded`` in this folder.

    Raises
    ------
    DDVIError
        If the model has no generator, the table is of another model, or something cannot be read
        or written.
    """
    from ..fitting.pipeline import revive
    from ..models.runtime import computing, pick

    prefix = out or decode_prefix(coords)
    prepare_folder(Path(prefix))
    fitted = Model.read(Path(model))
    table = read_coordinates(Path(coords))
    dims = len(fitted.rotation)
    if table.mean.shape[1] != dims:
        raise InputsDisagree(
            f"{coords} has {table.mean.shape[1]} coordinates, the model {dims}",
            "Give the table that fit or embed wrote with this very model.",
        )
    with computing(fitted.record.options.seed, None):
        generator = generator_of(revive(fitted, pick("cpu")), fitted, model)
        z = np.zeros((len(table.samples), generator.latents))
        z[:, :dims] = table.mean @ fitted.rotation.T
        if generator.latents > dims:
            log.warning(
                "The model has %d latents and the table %d of them; the rest are taken as 0, "
                "their median. Fit with --dims %d for an exact inverse.",
                generator.latents, dims, generator.latents,
            )  # fmt: skip
        scores = generator.decode_scores(z, np.zeros((len(z), fitted.projection.kept)))
    files = {"pcs": Path(f"{prefix}.pcs.tsv"), "vcf": Path(f"{prefix}.vcf.gz")}
    write_components(files["pcs"], table.samples, scores)
    with progress.stage("dosages", len(fitted.panel)) as advance:

        def told() -> Iterator[Block]:
            for block in expected_dosages(fitted.panel, fitted.projection, scores):
                yield block
                advance(len(block.variants))

        said = f"Expected dosages at coordinates of {Path(model).name}, not measured ones."
        remarks = [("source", f"ddvi-ancestry {__version__}"), ("decoded", said)]
        write_vcf_blocks(
            files["vcf"], table.samples, told(), contigs(fitted.panel), remarks, field="DS"
        )
    return Decoded(files, scores)


def decode_prefix(coords: str) -> str:
    """The table's own name and ``.decoded``."""
    name = Path(coords).name.removesuffix(".tsv").removesuffix(".coords")
    return f"{name}.decoded"
