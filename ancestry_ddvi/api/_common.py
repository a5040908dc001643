"""What the verbs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

SUFFIXES = (".gz", ".bgz", ".vcf", ".bcf", ".bed", ".bim", ".fam", ".pgen", ".pvar", ".psam")


def default_prefix(inputs: Sequence[str], model: str | None = None) -> str:
    """The input's name without folder and suffix; for ``embed``, with the model's after it."""
    name = "stdin" if inputs[0] == "-" else Path(inputs[0]).name
    while name.endswith(SUFFIXES) and name not in SUFFIXES:
        name = name[: name.rindex(".")]
    return name if model is None else f"{name}.in.{Path(model).name.removesuffix('.ddvi')}"


def counter(advance: Callable[[int], None]) -> Callable[[int, int | None], None]:
    """Turn "so many done in all" into "so many more done"."""
    before = 0

    def done(count: int, total: int | None) -> None:
        nonlocal before
        del total
        advance(count - before)
        before = count

    return done
