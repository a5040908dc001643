"""The command sample."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.model import Model
from ..artefacts.summary import Clock, complete, write_summary
from ..artefacts.synthetic import synthetic_frame, write_synthetic
from ..errors import UsageProblem
from ..genotypes.formats.plink import write_plink
from ..genotypes.formats.vcf_writer import write_vcf_blocks
from ..genotypes.simulation.synthetic import contigs, genotypes, names
from ..genotypes.variants import Block
from ..outputs import output
from ..progress import SILENT, Progress
from ..seeding import stream
from ..storage import printable
from ..version import __version__
from ._common import targets_of
from ._named import NamedModel, file_of, opened
from ._places import prepare_outputs
from ._results import Result
from .outputs import replacing

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from ..inference.targets import GroupTarget
    from ..methods.generator import Generator

log = logging.getLogger(__name__)

SUFFIXES = (".vcf.gz", ".vcf", ".bed")
BLOCK = 4096
"""Latents of the prior drawn at once, always: a larger number extends the same ones."""

FAMILY = "SYNTHETIC"
"""Family ID of every sample in a .fam file."""


@dataclass(frozen=True, repr=False)
class Sampled(Result):
    """What ``sample`` wrote, and the coordinates at which the samples were made.

    Attributes
    ----------
    files : dict from kind to Path
    summary : dict
    samples : tuple of str
    population : tuple of str
        The group each sample was drawn for; "" where none was asked for.
    coordinates : ndarray of float64, (samples, dims)
    """

    files: dict[str, Path]
    summary: dict[str, Any]
    samples: tuple[str, ...]
    population: tuple[str, ...]
    coordinates: np.ndarray

    def to_frame(self) -> pd.DataFrame:
        """IDs, groups and coordinates, as ``PREFIX.samples.tsv`` has them."""
        return synthetic_frame(self.samples, self.population, self.coordinates)


def sample(
    model: str,
    out: str | None = None,
    *,
    n: int = 500,
    population: str | Sequence[str] = (),
    seed: int = 42,
    progress: Progress = SILENT,
) -> Sampled:
    """Draw synthetic samples from a fitted model and write their genotypes.

    Latents come from the prior or from a group's normals, true scores from the decoder with its
    residual variance, and dosages from the allele frequencies that go with them. Each variant is
    drawn by itself: there is no linkage disequilibrium.

    Parameters
    ----------
    model : str
        The name of a reference model, or a .ddvi file written by ``fit`` with a method that
        trains a decoder, such as ddvi or vae.
    out : str, optional
        A file that ends in .vcf.gz, .vcf or .bed; by default ``<model>.synthetic.vcf.gz`` in
        this folder. What else is written has its name without the ending.
    n : int
        Number of samples. A larger number extends the same samples.
    population : str or sequence of str
        Names of labelled groups of the model on any level: latents are then drawn from the
        normals by which the model knows the group. Of several, each sample belongs to one,
        in proportion to their weights, "CEU:0.3", or equally: a mixed cohort, not admixed
        samples.
    seed : int
    progress : Progress

    Raises
    ------
    DDVIError
        If the model has no decoder or not these groups, or something cannot be read or written.
    """
    run = _run(model, out, n, population, seed, progress)
    made = _draw(run)
    return _write(run, made)


@dataclass(frozen=True)
class _Run:
    """One call of ``sample``, its arguments read and checked."""

    named: NamedModel
    generator: Generator
    path: Path
    prefix: str
    samples: tuple[str, ...]
    population: tuple[str, ...]
    groups: tuple[GroupTarget, ...]
    seed: int
    progress: Progress
    clock: Clock = attribute(default_factory=Clock)

    @property
    def name(self) -> str:
        """Of the model, for messages."""
        return self.named.name

    @property
    def model(self) -> Model:
        """All that is needed to simulate samples."""
        return self.named.model


@dataclass(frozen=True)
class _Synthetic:
    """Samples before they have genotypes.

    Attributes
    ----------
    population : tuple of str
        The group each was drawn for; "" where none was asked for.
    latents : ndarray of float64, (samples, latents)
    scores : ndarray of float64, (samples, components)
        True scores.
    groups : list of dict
        The summary's ``populations``.
    """

    population: tuple[str, ...]
    latents: np.ndarray
    scores: np.ndarray
    groups: list[dict[str, Any]]


def _run(
    model: str,
    out: str | None,
    n: int,
    population: str | Sequence[str],
    seed: int,
    progress: Progress,
) -> _Run:
    from ..models.runtime import pick

    path, prefix = sample_files(model, out)
    if n < 1:
        raise UsageProblem(f"-n is {n}", "Give 1 or more.")
    prepare_outputs(prefix, "sample", [file_of(model)])
    named = opened(model)
    fitted = named.model
    asked = (population,) if isinstance(population, str) else tuple(population)
    run = _Run(
        named, _generator(fitted, model, pick("cpu")), path, prefix, names(n), asked,
        tuple(targets_of(fitted, asked)), seed, progress,
    )  # fmt: skip
    run.clock.lap("loading")
    return run


def _draw(run: _Run) -> _Synthetic:
    """Latents from the groups or the prior, and the true scores that go with them."""
    from ..models.runtime import computing

    kept = run.model.projection.kept
    with computing(run.seed, 1):
        population, z, groups = _latents(run.generator, run.groups, run.samples, run.seed)
        normal = np.stack([
            stream(run.seed, f"excess {sample}").standard_normal(kept) for sample in run.samples
        ])  # fmt: skip
        scores = run.generator.decode_scores(z, normal)
    run.clock.lap("coordinates")
    return _Synthetic(population, z, scores, groups)


def _write(run: _Run, made: _Synthetic) -> Sampled:
    """Genotypes, the table of coordinates and the summary."""
    fitted, dims = run.model, len(run.model.rotation)
    blocks = genotypes(fitted.panel, fitted.projection, made.scores, run.samples, run.seed)
    coordinates = made.latents[:, :dims] @ fitted.rotation
    files: dict[str, Path] = {}
    with replacing(run.prefix, "sample", files):
        with run.progress.stage("genotypes", len(fitted.panel)) as advance:
            files |= _write_genotypes(run, (_counted(block, advance) for block in blocks))
        run.clock.lap("genotypes")
        files["samples"] = output("samples").path(run.prefix)
        write_synthetic(files["samples"], run.samples, made.population, coordinates)
        files["sample"] = output("sample").path(run.prefix)
        completed = complete(_summary(run, made), files, run.clock)
        write_summary(files["sample"], completed)
    return Sampled(files, completed, run.samples, made.population, coordinates)


def _summary(run: _Run, made: _Synthetic) -> dict[str, Any]:
    """What ``PREFIX.sample.json`` says of the run."""
    return {
        "command": "sample",
        "synthetic": True,
        "inputs": [run.name],
        **run.named.as_json,
        "options": {
            "n": len(run.samples), "population": list(run.population), "seed": run.seed
        },
        "samples": len(run.samples),
        "variants": len(run.model.panel),
        "populations": made.groups,
    }  # fmt: skip


def sample_files(model: str, out: str | None) -> tuple[Path, str]:
    """Where the genotypes go, and the prefix of what else is written.

    Raises
    ------
    UsageProblem
        If the name does not say a format, or is one that the model's own cohort may have.
    """
    stem = (file_of(model) or model).removesuffix(".ddvi")
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
    """The method, if it has a decoder."""
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


def _latents(
    generator: Generator, wanted: Sequence[GroupTarget], samples: Sequence[str], seed: int
) -> tuple[tuple[str, ...], np.ndarray, list[dict[str, Any]]]:
    """The group and the latents of every sample, and the number of samples of each group."""
    if not wanted:
        blocks = [
            generator.sample_prior(BLOCK, int(stream(seed, f"places {start}").integers(2**62)))
            for start in range(0, len(samples), BLOCK)
        ]
        z = np.concatenate(blocks)[: len(samples)]
        return ("",) * len(samples), z, [_origin(None, len(samples))]
    known = len(wanted[0].rotation)
    if known < generator.latents:
        log.warning(
            "Groups are known along %d of the model's %d latents; along the others samples are "
            "drawn from the prior. Fit with more --dims.",
            known,
            generator.latents,
        )
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


def _statement(run: _Run) -> str:
    """What the header of a VCF says of the samples in it."""
    mixed = ", ".join(f"{group.name} {group.share:.4g}" for group in run.groups)
    return (
        "All samples in this file are SYNTHETIC: no person has these genotypes. Drawn by "
        f"ddvi-ancestry {__version__} from the model {printable(Path(run.name).name)} (method "
        f"{run.model.record.options.method}), seed {run.seed}, population "
        f"{mixed or 'none: the prior of the model'}. Variants are independent given the "
        "coordinates: there is no linkage disequilibrium, and haplotypes mean nothing."
    )


def _counted(block: Block, advance: Callable[[int], None]) -> Block:
    advance(len(block.variants))
    return block


def _write_genotypes(run: _Run, blocks: Iterator[Block]) -> dict[str, Path]:
    """Write the genotypes; the paths by kind."""
    if run.path.suffix == ".bed":
        write_plink(run.path.with_suffix(""), run.samples, blocks, FAMILY)
        return {end: run.path.with_suffix(f".{end}") for end in ("bed", "bim", "fam")}
    remarks = [("source", f"ddvi-ancestry {__version__}"), ("synthetic", _statement(run))]
    write_vcf_blocks(run.path, run.samples, blocks, contigs(run.model.panel), remarks)
    return {"vcf": run.path}
