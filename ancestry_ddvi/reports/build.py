"""The page: every part in order, its data, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import numpy as np

from ..artefacts.model import Model
from ..plots.reference import parents_of, reference_of
from . import inputs, provenance, trust
from .attention import head_line, notices
from .markup import Markup, joined, name_of, tag
from .page_data import Known, data_scripts
from .parts import attention, maps, samples_table
from .runs import Run
from .samples import Field, Samples

SCRIPTS = (
    "data", "colour", "sprites", "plot", "draws", "legend", "details", "samples", "start",
)  # fmt: skip
"""Parts of the script of the page, in order."""

MARK = 'document.documentElement.className = "js";'
"""Runs before anything is drawn, so that the picture for readers without JavaScript is not."""


def report_page(
    runs: Sequence[Run], metadata: Mapping[str, np.ndarray], model: Model, name: str, title: str
) -> str:
    """The whole report.

    Parameters
    ----------
    runs : sequence of Run
    metadata : mapping of str to ndarray, (samples,)
        Columns about the samples of all runs.
    model : Model
    name, title : str
        Of the model, and of the page.

    Returns
    -------
    str
        HTML; the same input gives the same text.
    """
    samples = Samples(runs, metadata)
    groups = model.record.groups
    behind = reference_of(groups, model.projection.noise) if groups else None
    known = Known(behind, parents_of(groups) if groups else {})
    fields = samples.fields()
    body = joined(_body(samples, fields, known, model, name, title), "\n")
    style, script = _part("page.css"), _script()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="generator", content="ddvi-ancestry"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script, MARK)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
        Markup(f"<script>{MARK}</script>"),
    )
    data = joined(data_scripts(samples, fields, known), "\n")
    run = Markup(f"<script>{script}</script>")
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body, data, run), lang='en')}\n"


def _body(
    samples: Samples, fields: Sequence[Field], known: Known, model: Model, name: str, title: str
) -> Iterator[Markup]:
    runs = samples.runs
    yield tag(
        "header",
        tag("h1", name_of(title)),
        tag("p", head_line(runs), class_="lead"),
        _contents(),
    )
    yield tag("main", joined(_parts(samples, fields, known, model, name), "\n"))
    yield tag(
        "footer",
        "Made by ddvi-ancestry. Coordinates describe genetic similarity to the samples of the "
        "reference panel, not identity.",
    )


def _contents() -> Markup:
    """Links to the parts."""
    parts = {
        "attention": "What needs attention", "map": "Map", "table": "Samples",
        "trust": "Trust", "provenance": "Runs and model", "reading": "How to read",
    }  # fmt: skip
    return tag("nav", *(tag("a", words, href=f"#{anchor}") for anchor, words in parts.items()),
               aria_label="Contents")  # fmt: skip


def _parts(
    samples: Samples, fields: Sequence[Field], known: Known, model: Model, name: str
) -> Iterator[Markup]:
    runs = samples.runs
    yield attention(notices(runs), len(runs) > 1)
    yield maps(samples, fields, known)
    yield samples_table(fields, len(samples))
    yield inputs.quality_control(runs)
    yield inputs.harmonisation(runs)
    yield inputs.relatives(runs)
    yield trust.trust(runs, model)
    yield trust.stability(runs)
    yield provenance.provenance(runs, model, name)
    yield provenance.reading()


def _part(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text("utf-8")


def _script() -> str:
    """The script of the page, in one scope of its own."""
    parts = "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n{{\n{parts}\n}}\n'


def _policy(style: str, *scripts: str) -> str:
    """Nothing is loaded; of what is in the page, this style and these scripts alone are used."""
    allowed = " ".join(map(_digest, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    found = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
    return f"'sha256-{found}'"
