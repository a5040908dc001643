"""What every command returns: the files it wrote, a summary and a table."""

from __future__ import annotations

import abc
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class Result(abc.ABC):
    """What a command wrote, and its main table.

    Attributes
    ----------
    files : dict from kind to Path
        Empty where nothing was written.
    """

    files: dict[str, Path]

    @abc.abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """The main table, one row a sample, as the file has it."""

    def __repr__(self) -> str:
        """The kind of result, the shape of its table and the files."""
        files = ", ".join(str(path) for path in self.files.values()) or "none"
        rows, columns = self.to_frame().shape
        return f"<{type(self).__name__}: {rows:,} samples, {columns} columns; files: {files}>"

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        html: str = self.to_frame().to_html(max_rows=20)
        return html
