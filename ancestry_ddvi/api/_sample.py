"""The command sample."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..artefacts.model import Model
from ..artefacts.summary import Clock, complete, write_summary
from ..artefacts.synthetic import write_synthetic
from ..errors import UsageProblem
from ..genotypes.formats.plink import write_plink
from ..genotypes.formats.vcf_writer import write_vcf_blocks
from ..genotypes.simulation.synthetic import contigs, genotypes, names
from ..genotypes.variants import Block
from ..progress import SILENT, Progress
from ..seeding import stream
from ..storage import prepare_folder
from ._common import targets_of

if TYPE_CHECKING:
    import torch

    from ..inference.targets import GroupTarget
    from ..methods.generator import Generator

log = logging.getLogger(__name__)

SUFFIXES = (".vcf.gz", ".vcf", ".bed")
BLOCK = 4096
"""Places of the prior drawn at once, always: the first are the same however many there are."""

FAMILY = "SYNTHETIC"
"""Family ID of every sample in a .fam file."""


@dataclass(frozen=True)
class Sampled:
    """What ``sample`` wrote, and where the samples were made.

    Attributes
    ----------
    files : dict of str to Path
    summary : dict
    population : tuple of str
        The group each sample was drawn for; "" where none was asked for.
    places : ndarray of float64, (samples, dims)
        On the axes of the coordinates.
    """

    files: dict[str, Path]
    summary: dict[str, Any]
    population: tuple[str, ...] = attribute(repr=False)
    places: np.ndarray = attribute(repr=False)


def sample(
    model: str,
    out: str | None = None,
    *,
    n: int = 500,
    population: str | Sequence[str] = (),
    seed: int = 42,
    progress: Progress = SILENT,
) -> Sampled:
    """Draw samples who never were from a fitted model, and write their genotypes.

    Places come from the prior or from a group's normals, true scores from the decoder with the
    variance it leaves over, and dosages from the allele frequencies that go with them, each variant
    by itself: nothing of linkage is in them.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit`` with a method that trains a decoder, such as ddvi or vae.
    out : str, optional
        A file that ends in .vcf.gz, .vcf or .bed; by default ``<model>.synthetic.vcf.gz`` in
        this folder. What else is written has its name without the ending.
    n : int
        How many samples. More samples are the same ones and others.
    population : str or sequence of str
        Names of labelled groups of the model on any level: places are then drawn from the
        normals by which the model knows the group. Of several, each sample is of one of
        them, by their weights, "CEU:0.3", or alike: a mixed cohort, not mixed samples.
    seed : int
    progress : Progress

    Raises
    ------
    DDVIError
        If the model has no decoder or not these groups, or something cannot be read or written.
    """
    from ..models.runtime import computing, pick

    path, prefix = sample_files(model, out)
    if n < 1:
        raise UsageProblem(f"-n is {n}", "Give 1 or more.")
    clock = Clock()
    prepare_folder(path)
    fitted = Model.read(Path(model))
    generator = _generator(fitted, model, pick("cpu"))
    asked = (population,) if isinstance(population, str) else tuple(population)
    wanted = targets_of(fitted, asked)
    samples = names(n)
    clock.lap("loading")
    with computing(seed, 1):
        who, z, origins = _places(generator, wanted, samples, seed)
        kept = fitted.projection.kept
        normal = np.stack([stream(seed, f"excess {s}").standard_normal(kept) for s in samples])
        scores = generator.decode_scores(z, normal)
        clock.lap("places")
        blocks = genotypes(fitted.panel, fitted.projection, scores, samples, seed)
        with progress.stage("genotypes", len(fitted.panel)) as advance:
            told = (_told(block, advance) for block in blocks)
            files = _write(path, samples, told, fitted, _statement(model, fitted, seed, wanted))
        clock.lap("genotypes")
    places = z[:, : len(fitted.rotation)] @ fitted.rotation
    files["samples"] = Path(f"{prefix}.samples.tsv")
    write_synthetic(files["samples"], samples, who, places)
    files["sample"] = Path(f"{prefix}.sample.json")
    summary = {
        "command": "sample",
        "synthetic": True,
        "inputs": [model],
        "model": model,
        "options": {"n": n, "population": list(asked), "seed": seed},
        "samples": n,
        "variants": len(fitted.panel),
        "populations": origins,
    }
    completed = complete(summary, files, clock)
    write_summary(files["sample"], completed)
    return Sampled(files, completed, who, places)


def sample_files(model: str, out: str | None) -> tuple[Path, str]:
    """Where the genotypes go, and the prefix of what else is written.

    Raises
    ------
    UsageProblem
        If the name does not say a format, or is one that the model's own cohort may have.
    """
    stem = str(Path(model).with_name(Path(model).name.removesuffix(".ddvi")))
    path = out or f"{Path(stem).name}.synthetic.vcf.gz"
    ends = [end for end in SUFFIXES if path.endswith(end) and Path(path).name != end]
    if not ends:
        raise UsageProblem(f"--out {path} says no format", f"End it in {', '.join(SUFFIXES)}.")
    prefix = path.removesuffix(ends[0])
    if Path(prefix).resolve() == Path(stem).resolve():
        raise UsageProblem(
            f"--out {path} may be the cohort that the model was fitted to",
            f"Choose another name, such as {prefix}.synthetic{ends[0]}.",
        )
    return Path(path), prefix


def _generator(fitted: Model, name: str, device: torch.device) -> Generator:
    """The method, if samples can be drawn from it."""
    from ..fitting.pipeline import revive
    from ..methods import row
    from ..methods.generator import Generator

    made_by = fitted.record.options.method
    if row(made_by).embeds_new_samples:
        method = revive(fitted, device)
        if isinstance(method, Generator):
            return method
    raise UsageProblem(
        f"{name} is a model of {made_by}, which has no decoder to draw samples from",
        "Fit a method that has one, such as ddvi or vae.",
    )


def _places(
    generator: Generator, wanted: Sequence[GroupTarget], samples: Sequence[str], seed: int
) -> tuple[tuple[str, ...], np.ndarray, list[dict[str, Any]]]:
    """The group and the latents of every sample, and the groups with the number of their samples."""
    if not wanted:
        blocks = [
            generator.sample_prior(BLOCK, int(stream(seed, f"places {start}").integers(2**62)))
            for start in range(0, len(samples), BLOCK)
        ]
        z = np.concatenate(blocks)[: len(samples)]
        return ("",) * len(samples), z, [_origin(None, len(samples))]
    known = len(wanted[0].rotation)
    if known < generator.latents:
        log.warning("Groups are known by %d of the model's %d latents and are like any sample in the "
                    "others: fit with more --dims.", known, generator.latents)  # fmt: skip
    chances = [stream(seed, f"place {sample}") for sample in samples]
    edges = np.cumsum([target.share for target in wanted])[:-1]
    member = np.searchsorted(edges, [chance.random() for chance in chances], side="right")
    drawn = [
        wanted[k].draw(generator.latents, chance) for k, chance in zip(member, chances, strict=True)
    ]
    counts = np.bincount(member, minlength=len(wanted))
    for target, count in zip(wanted, counts, strict=True):
        log.info("%s: %s samples.", target.name, f"{count:,}")
    origins = [_origin(t, int(c)) for t, c in zip(wanted, counts, strict=True)]
    return tuple(wanted[k].name for k in member), np.array(drawn), origins


def _origin(target: GroupTarget | None, samples: int) -> dict[str, Any]:
    """One row of the summary's ``populations``."""
    return {
        "population": target and target.name,
        "level": target and target.groups.levels[target.level],
        "share": target.share if target else 1.0,
        "samples": samples,
    }


def _statement(model: str, fitted: Model, seed: int, wanted: Sequence[GroupTarget]) -> str:
    """What the header of a VCF says of the samples in it."""
    mixed = ", ".join(f"{target.name} {target.share:.4g}" for target in wanted)
    return (
        "All samples in this file are SYNTHETIC: no sample has these genotypes. Drawn by "
        f"ddvi-ancestry {__version__} from the model {Path(model).name} (method "
        f"{fitted.record.options.method}), seed {seed}, population "
        f"{mixed or 'none: the prior of the model'}. Variants are independent given the position "
        "on the map: there is no linkage disequilibrium, and haplotypes mean nothing."
    )


def _told(block: Block, advance: Callable[[int], None]) -> Block:
    advance(len(block.variants))
    return block


def _write(
    path: Path, samples: Sequence[str], blocks: Iterator[Block], fitted: Model, statement: str
) -> dict[str, Path]:
    """Write the genotypes; the paths by kind."""
    if path.suffix == ".bed":
        write_plink(path.with_suffix(""), samples, blocks, FAMILY)
        return {end: path.with_suffix(f".{end}") for end in ("bed", "bim", "fam")}
    remarks = [("source", f"ddvi-ancestry {__version__}"), ("synthetic", statement)]
    write_vcf_blocks(path, samples, blocks, contigs(fitted.panel), remarks)
    return {"vcf": path}
