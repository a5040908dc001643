"""Options shared by several commands."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from inspect import cleandoc
from textwrap import fill as fill_text
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ancestry_ddvi import Filters
from ancestry_ddvi.outputs import endings
from ancestry_ddvi.reference_models import available
from ancestry_ddvi.resources import usable_threads

if TYPE_CHECKING:
    from ancestry_ddvi.genotypes.qc.filters import Option as FilterOption

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

LEVEL = "ancestry_ddvi.level"
"""Key in ``click.Context.meta`` of the lowest level of messages shown on stderr."""

EXIT_CODES = """\b
Exit codes: 0 success, 2 usage error, 3 unreadable input, 4 inputs do not
match, 5 nothing left after quality control, 6 training diverged, 7 out of
memory or device not available, 8 output not writable, 130 interrupted by
Ctrl-C, 143 terminated by SIGTERM. See docs/exit-codes.md."""


def writes(name: str) -> Decorator:
    """Put the files that a command writes in its help, where it says ``{writes}``."""

    def fill(command: Command) -> Command:
        files = fill_text(f"Writes {endings(name)}.", width=96)
        command.__doc__ = cleandoc(str(command.__doc__)).replace("{writes}", files)
        return command

    return fill


class PathName(click.Path):
    """A path as text, with a leading ``~`` expanded; whether it exists is for the command to say.

    The shell leaves the tilde of ``--out=~/x`` and of quoted words alone.
    """

    def __init__(self) -> None:
        super().__init__(readable=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return os.path.expanduser(str(value))


PATH = PathName()


def _one_or_more(name: str, word: str, example: str) -> Decorator:
    """An argument that is given once or more; ``example`` is shown if it is not."""

    def at_least_one(
        ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
    ) -> tuple[str, ...]:
        if not value:
            raise click.UsageError(f"No {word} given. Example: {example}", ctx)
        return value

    return click.argument(name, metavar=f"{word}...", nargs=-1, type=PATH, callback=at_least_one)


def inputs(example: str) -> Decorator:
    """One or more genotype files; ``example`` is shown if there are none."""
    return _one_or_more("inputs", "INPUT", example)


def prefixes(example: str) -> Decorator:
    """One or more prefixes of runs; ``example`` is shown if there are none."""
    return _one_or_more("prefixes", "PREFIX", example)


class ModelName(PathName):
    """The name of a reference model, or a path."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names of reference models; files where none begins so."""
        names = [model.name for model in available() if model.name.startswith(incomplete)]
        found = [CompletionItem(name) for name in names]
        return found or super().shell_complete(ctx, param, incomplete)


MODEL = ModelName()
model = click.argument("model", metavar="MODEL", type=MODEL)


def _prefix(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value or value.endswith("/")):
        raise click.BadParameter(f"give a prefix, not a folder, such as {value}cohort")
    return value


def out(default: str) -> Decorator:
    """The prefix of all output files; ``default`` describes the default in words."""
    return click.option(
        "--out",
        metavar="PREFIX",
        type=PATH,
        callback=_prefix,
        help="Prefix of all output files. Missing folders are created; existing files are "
        f"overwritten.  [default: {default}]",
    )


def labels(use: str) -> Decorator:
    """A table of labels; ``use`` is a sentence that says what they are used for."""
    return click.option(
        "--labels",
        metavar="TABLE",
        type=PATH,
        help="Table of sample IDs and labels, with tabs, commas or blanks between them and with or "
        f"without a header line. {use}",
    )


dims = click.option(
    "--dims",
    type=click.IntRange(min=1),
    metavar="D",
    default=2,
    show_default=True,
    help="Number of coordinates.",
)


def seeds(what: str) -> Decorator:
    """Number of repeats; ``what`` says what is repeated."""
    return click.option(
        "--seeds",
        type=click.IntRange(min=1),
        metavar="N",
        default=3,
        show_default=True,
        help=what,
    )


def methods(default: str) -> Decorator:
    """Which methods; ``default`` describes the default in words."""
    return click.option(
        "--method",
        "methods",
        metavar="NAME",
        multiple=True,
        help=f"Method to fit. Repeatable.  [default: {default}]",
    )


def priors(default: str) -> Decorator:
    """Which priors; ``default`` describes the default in words."""
    return click.option(
        "--prior",
        "priors",
        metavar="NAME[:NUMBER]",
        multiple=True,
        help=f"Prior of the coordinates. Repeatable.  [default: {default}]",
    )


seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=42,
    show_default=True,
    help="Random number seed.",
)
_draws_seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Random number seed. The draws of a sample depend on the seed and its sample ID only.  "
    "[default: the seed of MODEL]",
)
_draws = click.option(
    "--draws",
    type=click.IntRange(min=2),
    metavar="N",
    default=64,
    show_default=True,
    help="Posterior draws per sample. Coordinates are their mean and standard deviation.",
)
_min_variants = click.option(
    "--min-variants",
    type=click.IntRange(min=1),
    metavar="N",
    default=100,
    show_default=True,
    help="Minimum number of variants shared by INPUT and MODEL. Samples with fewer observed "
    "variants are flagged.",
)
_field = click.option(
    "--field",
    type=click.Choice(["auto", "GT", "PL", "GL", "GP", "DS"]),
    default="auto",
    show_default=True,
    help="FORMAT field to read: hard calls (GT), genotype likelihoods (PL, GL), genotype "
    "probabilities (GP) or dosages (DS). auto: for each sample and "
    "variant the first of PL, GL, GP, DS and GT that is there.",
)
_absent = click.option(
    "--absent",
    type=click.Choice(["missing", "reference"]),
    default="missing",
    show_default=True,
    help="Variants of MODEL that INPUT leaves out: missing, or homozygous for the reference, "
    "as in a VCF of one sample that lists its variants only.",
)
_targets = click.option(
    "--targets",
    metavar="BED",
    type=PATH,
    help="With --absent reference: the regions covered, such as an exome's targets, in the genome "
    "build of INPUT. Variants outside them stay missing.",
)
var_filter = click.option(
    "--var-filter",
    metavar="LIST",
    default="GENOTYPED,IMPUTED,TYPED,TYPED_ONLY",
    show_default=True,
    help="FILTER values that are no failures, besides PASS and missing, with commas between them. "
    "Records with another value are left out. all: read records whatever their FILTER.",
)
_build = click.option(
    "--build",
    type=click.Choice(["NCBI36", "GRCh37", "GRCh38"]),
    metavar="NCBI36|GRCh37|GRCh38",
    help="Genome build of INPUT.  [default: inferred from the variants; the header is ignored]",
)
device = click.option(
    "--device",
    metavar="auto|cpu|cuda[:N]|mps",
    default="auto",
    show_default=True,
    help="Compute device. auto: a GPU if available, else the CPU.",
)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    callback=lambda ctx, param, value: value or usable_threads(),
    help="CPU threads.  [default: SLURM_CPUS_PER_TASK, else OMP_NUM_THREADS, else the available "
    "cores]",
)


def _level(level: int) -> Callable[[click.Context, click.Parameter, bool], None]:
    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[LEVEL] = level

    return remember


def verbosity(command: Command) -> Command:
    """``--verbose`` and ``--quiet``; the level goes into the meta of the context.

    Contexts share their meta with the commands below them, so that both options work before
    and after the name of a command, and the last one given holds.
    """
    for names, level, meaning in (
        (("-q", "--quiet"), logging.WARNING, "Print warnings and errors only; no progress."),
        (("-v", "--verbose"), logging.DEBUG, "Print details, to stderr and PREFIX.log."),
    ):
        flag = click.option(
            *names, is_flag=True, expose_value=False, callback=_level(level), help=meaning
        )
        command = flag(command)
    return command


def reading(command: Command) -> Command:
    """How genotypes are read and matched to a model, as the API names it; and verbosity."""
    for option in (verbosity, _targets, _absent, _build, _min_variants, _field, var_filter):
        command = option(command)
    return command


def embedding(command: Command) -> Command:
    """The options of every command that embeds samples in a model, as the API names them."""
    for option in (
        verbosity, threads, device, _draws_seed, _targets, _absent, _build, _min_variants,
        _field, var_filter, _draws,
    ):  # fmt: skip
        command = option(command)
    return command


report = click.option(
    "--report",
    "and_report",
    is_flag=True,
    help="Also write PREFIX.report.html, as ddvi-ancestry report does.",
)
draws_out = click.option(
    "--draws-out", is_flag=True, help="Also write the posterior draws to PREFIX.draws.npz."
)


def pairs(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    for item in value:
        if not item.partition("=")[0] or "=" not in item:
            raise click.BadParameter(f"{item!r} is not KEY=VALUE, such as steps=2000")
    return dict(item.split("=", 1) for item in value)


settings = click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    callback=pairs,
    help="Setting of the method. Repeatable; the last value of a key is used.",
)


def filters(command: Command) -> Command:
    """The options of quality control, handed on as one argument ``filters``."""

    @functools.wraps(command)
    def with_filters(*args: Any, **options: Any) -> Any:
        given = {option.name: options.pop(option.name) for option in Filters.options()}
        for option in Filters.options():
            if option.is_switch:
                given[option.name] = given[option.name] != option.default
        return command(*args, filters=given, **options)

    for option in reversed(Filters.options()):
        _filter_option(option)(with_filters)
    return with_filters


def _filter_option(option: FilterOption) -> Decorator:
    """A threshold or a switch as click has it; a switch is True where it is given."""
    if option.is_switch:
        return click.option(option.flag, option.name, is_flag=True, help=option.help)
    default = f"  [default: {option.unset}]" if option.unset else ""
    return click.option(
        option.flag,
        option.name,
        type=float,
        metavar=option.metavar,
        default=option.default,
        show_default=option.default is not None,
        help=option.help + default,
    )
