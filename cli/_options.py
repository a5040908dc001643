"""Each option that commands share, once."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ancestry_ddvi import Filters
from ancestry_ddvi.resources import usable_threads

if TYPE_CHECKING:
    from ancestry_ddvi.genotypes.qc.filters import Option as FilterOption

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

LEVEL = "ancestry_ddvi.level"
"""Where the context keeps the level of what is told on stderr."""

EXIT_CODES = """\b
Exit codes: 0 done, 2 usage, 3 input unreadable, 4 inputs disagree, 5 nothing
left after quality control, 6 training diverged, 7 out of memory or no such
device, 8 output not writable, 130 Ctrl-C, 143 SIGTERM (docs/exit-codes.md)."""


def inputs(example: str) -> Decorator:
    """One or more files; without any, ``example`` is shown."""

    def at_least_one(
        ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
    ) -> tuple[str, ...]:
        if not value:
            raise click.UsageError(f"No INPUT given. Example: {example}", ctx)
        return value

    return click.argument("inputs", metavar="INPUT...", nargs=-1, callback=at_least_one)


def _prefix(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and (not value or value.endswith("/")):
        raise click.BadParameter(f"give a prefix, not a folder, such as {value}cohort")
    return value


def out(default: str) -> Decorator:
    """The prefix of what is written; ``default`` says in words what it is if not given."""
    return click.option(
        "--out",
        metavar="PREFIX",
        callback=_prefix,
        help="Beginning of the names of all files written; its folder is made if absent, and "
        f"files of these names are replaced.  [default: {default}]",
    )


def labels(use: str) -> Decorator:
    """A table of labels, and what it is for."""
    return click.option(
        "--labels",
        metavar="TSV",
        help="Table with a header and two columns, sample and label, separated by tabs, by which "
        f"{use}.",
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
    """How often to repeat; ``what`` a repeat is."""
    return click.option(
        "--seeds",
        type=click.IntRange(min=1),
        metavar="N",
        default=3,
        show_default=True,
        help=what,
    )


def methods(default: str) -> Decorator:
    """Which methods; ``default`` says in words which if not given."""
    return click.option(
        "--method",
        "methods",
        metavar="NAME",
        multiple=True,
        help=f"May be given several times.  [default: {default}]",
    )


def priors(default: str) -> Decorator:
    """Which priors; ``default`` says in words which if not given."""
    return click.option(
        "--prior",
        "priors",
        metavar="NAME[:NUMBER]",
        multiple=True,
        help=f"May be given several times.  [default: {default}]",
    )


seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=42,
    show_default=True,
    help="Start of the random numbers: the same seed gives the same result.",
)
_draws_seed = click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of the draws, with each sample's ID.  [default: the seed of the model, 42 unless it was "
    "fitted with another: the same sample then meets the same draws]",
)
_draws = click.option(
    "--draws",
    type=click.IntRange(min=2),
    metavar="N",
    default=64,
    show_default=True,
    help="Posterior draws for each sample; their mean is the place and their sd the error bar.",
)
_min_variants = click.option(
    "--min-variants",
    type=click.IntRange(min=1),
    metavar="N",
    default=100,
    show_default=True,
    help="Fewest variants of the model that INPUT must hold.",
)
_field = click.option(
    "--field",
    type=click.Choice(["auto", "GT", "PL", "GL", "GP", "DS"]),
    default="auto",
    show_default=True,
    help="What to read of each sample at a variant: calls (GT), likelihoods (PL, GL), probabilities "
    "(GP) or dosages (DS). auto is the first of PL, GL, GP and DS that INPUT has, else GT.",
)
_build = click.option(
    "--build",
    type=click.Choice(["NCBI36", "GRCh37", "GRCh38"]),
    metavar="NCBI36|GRCh37|GRCh38",
    help="Genome build of the positions in INPUT.  [default: the build in which the data fit the "
    "model; a header is not believed]",
)
device = click.option(
    "--device",
    metavar="auto|cpu|cuda[:N]|mps",
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU if there is one.",
)
threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    callback=lambda ctx, param, value: value or usable_threads(),
    help="CPU threads.  [default: SLURM_CPUS_PER_TASK, else OMP_NUM_THREADS, else the cores "
    "this process may use]",
)


def _level(level: int) -> Callable[[click.Context, click.Parameter, bool], None]:
    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[LEVEL] = level

    return remember


def verbosity(command: Command) -> Command:
    """``--verbose`` and ``--quiet``; the context keeps the level."""
    for names, level, told in (
        (("-q", "--quiet"), logging.WARNING, "Tell warnings and errors only, without progress."),
        (("-v", "--verbose"), logging.DEBUG, "Tell details, here and in PREFIX.log."),
    ):
        flag = click.option(
            *names, is_flag=True, expose_value=False, callback=_level(level), help=told
        )
        command = flag(command)
    return command


def placing(command: Command) -> Command:
    """The options of every command that places samples in a model, as the API names them."""
    for option in (
        verbosity, threads, device, _draws_seed, _build, _min_variants, _field, _draws
    ):  # fmt: skip
        command = option(command)
    return command


def _settings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    for item in value:
        if not item.partition("=")[0] or "=" not in item:
            raise click.BadParameter(f"{item!r} is not KEY=VALUE, such as steps=2000")
    return dict(item.split("=", 1) for item in value)


settings = click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_settings,
    help="A setting of the method; may be given several times, and the last of a key holds.",
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
