"""How ``make site`` builds the documentation: Sphinx, MyST and the theme Furo.

The source is the repository, so a page of the site has the address that its Markdown file has
here, and a link from page to page is the same on a code host and on the site. Navigation and the
Python reference are added as pages are read: the files stay plain Markdown.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ancestry_ddvi

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

DECISIONS = sorted(
    f"docs/decisions/{page.stem}" for page in Path(__file__).parent.glob("decisions/0*.md")
)
NAVIGATION = {
    "Start": [
        "docs/index",
        "docs/install",
        "docs/tutorial-reference",
        "docs/tutorial",
        "docs/sparse-samples",
        "docs/intervals",
        "docs/faq",
    ],
    "How to": [
        "docs/inputs",
        "docs/how-to/exome",
        "docs/how-to/array",
        "docs/how-to/low-pass",
        "docs/how-to/ancient-dna",
        "docs/how-to/builds",
        "docs/how-to/other-species",
        "docs/how-to/biobank",
        "docs/how-to/own-reference-model",
        "docs/how-to/multiqc",
        "pipelines/README",
        "pipelines/nf-core/README",
        "pipelines/galaxy/README",
    ],
    "Which method": ["docs/methods", "docs/limits"],
    "Reference": [
        "docs/cli",
        "docs/file-formats",
        "docs/filters",
        "docs/exit-codes",
        "docs/report",
        "docs/api",
        "example_data/README",
    ],
    "What was measured": [
        "docs/references",
        "docs/calibration",
        "docs/classifiers",
        "docs/validation",
        "docs/reliability",
        "docs/performance",
        "benchmarks/RESULTS",
        "benchmarks/README",
    ],
    "Project": [
        "docs/decisions/README",
        "references/README",
        "CONTRIBUTING",
        "SECURITY",
        "CHANGELOG",
    ],
}
"""Captions, and the pages below each, as paths in the repository without ``.md``."""

project = "ddvi-ancestry"
author = "The ddvi-ancestry developers"
project_copyright = author
release = version = ancestry_ddvi.__version__

root_doc = "docs/index"
include_patterns = [f"{page}.md" for pages in [*NAVIGATION.values(), DECISIONS] for page in pages]
exclude_patterns = [".*", "ancestry_ddvi", "build", "cli", "demo", "packaging", "tests"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_heading_anchors = 4
highlight_language = "text"
smartquotes = False  # options begin with two dashes
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"  # the docstrings say the types

html_theme = "furo"
html_title = f"ddvi-ancestry {release}"
html_static_path = ["sphinx/static"]
html_css_files = ["site.css"]
templates_path = ["sphinx/templates"]
html_additional_pages = {"index": "to-first-page.html"}
html_copy_source = False
html_show_sphinx = False


def toctree(pages: list[str], *options: str) -> str:
    """A table of contents that the sidebar shows."""
    return "\n".join(["", "```{toctree}", ":hidden:", *options, "", *pages, "```", ""])


def navigation() -> str:
    """A table of contents for each caption."""
    return "".join(
        toctree([_entry(page) for page in pages], f":caption: {caption}")
        for caption, pages in NAVIGATION.items()
    )


def _entry(page: str) -> str:
    return "Three minutes <self>" if page == root_doc else f"/{page}"


def reference() -> str:
    """Everything that the package exports, in reStructuredText: functions first, then classes."""
    names = [name for name in ancestry_ddvi.__all__ if not name.startswith("_")]
    functions = [f".. autofunction:: ancestry_ddvi.{name}" for name in names if name.islower()]
    classes = [
        f".. autoclass:: ancestry_ddvi.{name}\n   :members:\n   :inherited-members:"
        for name in names
        if not name.islower()
    ]
    return "\n".join(
        ["", "## Functions", *map(_rst, functions), "", "## Classes", *map(_rst, classes), ""]
    )


def _rst(text: str) -> str:
    return f"\n```{{eval-rst}}\n{text}\n```"


ADDED = {
    "docs/index": navigation,
    "docs/api": reference,
    "docs/decisions/README": lambda: toctree([f"/{page}" for page in DECISIONS]),
}
"""What a page has on the site and not in its file."""


def _complete(_: Sphinx, page: str, source: list[str]) -> None:
    if page in ADDED:
        source[0] += ADDED[page]()


def _dash(_: Sphinx, document: nodes.document) -> None:
    from docutils import nodes

    for text in list(document.findall(nodes.Text)):
        if text == " -- ":  # between a parameter and its description
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _complete)
    app.connect("doctree-read", _dash)
