"""Settings of recipes from the text of ``--set key=value``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from ..errors import UsageProblem

T = TypeVar("T")


def with_settings(record: T, settings: Mapping[str, str]) -> T:
    """A copy of a dataclass with some of its fields set from text.

    Raises
    ------
    UsageProblem
        If a key is not a field, or a value is not of the type of the field.
    """
    known = {f.name: getattr(record, f.name) for f in fields(record)}  # type: ignore[arg-type]
    changes: dict[str, Any] = {}
    for key, text in settings.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            remedy = f"Did you mean '{close[0]}'?" if close else f"There are {', '.join(known)}."
            raise UsageProblem(f"{type(record).__name__} has no setting '{key}'", remedy)
        kind = type(known[key])
        try:
            changes[key] = kind(text)
        except ValueError as error:
            raise UsageProblem(
                f"--set {key}={text} is not a {kind.__name__}",
                f"The default is {key}={known[key]}.",
            ) from error
    return replace(record, **changes)  # type: ignore[type-var]
