"""The command decode."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..artefacts.coordinates import read_coordinates, write_components
from ..artefacts.model import Model
from ..artefacts.written import check_is_of_model
from ..errors import InputsDisagree
from ..genotypes.formats.vcf_writer import write_vcf_blocks
from ..genotypes.simulation.synthetic import contigs, expected_dosages
from ..genotypes.variants import Block
from ..outputs import output
from ..progress import SILENT, Progress
from ..storage import printable, together
from ..version import __version__
from ._common import generator_of, scores_beside
from ._named import file_of, opened
from ._places import prepare_outputs
from ._results import Result

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Decoded(Result):
    """What ``decode`` wrote, and the expected scores.

    Attributes
    ----------
    files : dict from kind to Path
    samples : tuple of str
    scores : ndarray of float64, (samples, components)
    """

    files: dict[str, Path]
    samples: tuple[str, ...]
    scores: np.ndarray

    def to_frame(self) -> pd.DataFrame:
        """IDs and expected component scores, as ``PREFIX.pcs.tsv`` has them."""
        import pandas as pd

        axes = [f"PC{k + 1}" for k in range(self.scores.shape[1])]
        frame = pd.DataFrame(self.scores, columns=axes)
        frame.insert(0, "sample_id", list(self.samples))
        return frame


def decode(
    model: str, coords: str, out: str | None = None, *, progress: Progress = SILENT
) -> Decoded:
    """The component scores and dosages that a fitted model expects at coordinates.

    Parameters
    ----------
    model : str
        The name of a reference model, or a .ddvi file written by ``fit`` with a method that has
        a generator.
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
    prefix = out or decode_prefix(coords)
    prepare_outputs(prefix, "decode", [file_of(model), coords, str(scores_beside(coords))])
    named = opened(model)
    check_is_of_model(Path(coords), named.name, named.sha256)
    fitted = named.model
    table = read_coordinates(Path(coords))
    dims = len(fitted.rotation)
    if table.mean.shape[1] != dims:
        raise InputsDisagree(
            f"{coords} has {table.mean.shape[1]} coordinates, the model {dims}",
            "Give the table that fit or embed wrote with this very model.",
        )
    scores = _expected_scores(fitted, model, table.mean)
    files = {kind: output(kind).path(prefix) for kind in ("pcs", "vcf")}
    name = printable(Path(model).name)
    said = f"Expected dosages at coordinates of {name}, not measured ones."
    remarks = [("source", f"ddvi-ancestry {__version__}"), ("decoded", said)]
    blocks = _dosages(fitted, scores, progress)
    with together():
        write_components(files["pcs"], table.samples, scores)
        write_vcf_blocks(
            files["vcf"], table.samples, blocks, contigs(fitted.panel), remarks, field="DS"
        )
    return Decoded(files, tuple(table.samples), scores)


def _expected_scores(fitted: Model, name: str, coordinates: np.ndarray) -> np.ndarray:
    """What the decoder expects at coordinates, (samples, dims); (samples, components)."""
    from ..fitting.pipeline import revive
    from ..models.runtime import computing, pick

    dims = len(fitted.rotation)
    with computing(fitted.record.options.seed, None):
        generator = generator_of(revive(fitted, pick("cpu")), fitted, name)
        z = np.zeros((len(coordinates), generator.latents))
        z[:, :dims] = coordinates @ fitted.rotation.T
        if generator.latents > dims:
            log.warning(
                "The model has %d latents and the table %d of them; the others are set to 0, "
                "their median. Fit with --dims %d for an exact inverse.",
                generator.latents,
                dims,
                generator.latents,
            )
        return generator.decode_scores(z, np.zeros((len(z), fitted.projection.kept)))


def _dosages(fitted: Model, scores: np.ndarray, progress: Progress) -> Iterator[Block]:
    with progress.stage("dosages", len(fitted.panel)) as advance:
        for block in expected_dosages(fitted.panel, fitted.projection, scores):
            yield block
            advance(len(block.variants))


def decode_prefix(coords: str) -> str:
    """The table's own name and ``.decoded``."""
    name = Path(coords).name.removesuffix(".tsv").removesuffix(".coords")
    return f"{name}.decoded"
