"""The command embed."""

from __future__ import annotations

from ..genotypes.formats.reading import VAR_FILTER
from ..progress import SILENT, Progress
from ._common import Inputs, default_prefix
from ._embedding import Embedded, draw_posteriors, embed_run, run_embedding


def embed(
    model: str,
    inputs: Inputs,
    out: str | None = None,
    *,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_variants: int = 100,
    build: str | None = None,
    labels: str | None = None,
    draws_out: bool = False,
    field: str = "auto",
    var_filter: str = VAR_FILTER,
    absent: str = "missing",
    targets: str | None = None,
    progress: Progress = SILENT,
) -> Embedded:
    """Embed samples in a fitted model.

    Coordinates do not depend on the other samples in the file.

    Parameters
    ----------
    model : str
        The name of a reference model, "auto" for the one of which the genotypes tell most, or a
        .ddvi file written by ``fit``.
    inputs : str, path-like, or sequence of them
        Genotype files; several are joined.
    out : str, optional
        Prefix of everything that is written; by default ``<input>.in.<model>``.
    draws : int
        Posterior draws per sample.
    seed : int, optional
        Of the draws, together with each sample's ID; by default the seed of the model, so that
        a sample of the fit gets the coordinates that ``fit`` gave it.
    device, threads, progress
        As in ``fit``.
    min_variants : int
        Refuse a file that shares fewer variants with the model.
    build : str, optional
        "NCBI36", "GRCh37" or "GRCh38": the build of the positions in the file. By default it is
        inferred from the variants; the header is ignored.
    labels : str, optional
        Colours of the figure, as in ``fit``.
    draws_out : bool
        Write the posterior draws too.
    field : str
        What to read of each sample: "GT", "PL", "GL", "GP", "DS", or "auto" for the most
        informative that there is for each sample and variant.
    var_filter : str
        FILTER values that are no failures, besides PASS and missing, with commas between them;
        "all" reads records whatever their FILTER.
    absent : str
        "missing", or "reference": variants that the file leaves out count as homozygous
        reference.
    targets : str, optional
        BED file of the regions to which ``absent="reference"`` is limited.

    Raises
    ------
    DDVIError

    Examples
    --------
    >>> import ancestry_ddvi
    >>> embedded = ancestry_ddvi.embed("cohort.ddvi", "query.vcf.gz")
    >>> embedded.coordinates.mean.shape
    (8, 2)
    >>> embedded.to_frame().columns[:5].tolist()
    ['sample_id', 'Z1', 'Z2', 'Z1_sd', 'Z2_sd']
    """
    return run_embedding(
        embed_run(
            "embed", model, inputs, out or default_prefix(inputs, model), draws=draws, seed=seed,
            device=device, threads=threads, min_variants=min_variants, build=build, labels=labels,
            draws_out=draws_out, field=field, var_filter=var_filter, absent=absent,
            targets=targets, progress=progress,
        ),
        draw_posteriors,
    )  # fmt: skip
