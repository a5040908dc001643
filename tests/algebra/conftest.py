"""The tests of the algebra use the cohorts of the engine's and the store of the genotypes'."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("engine", "genotypes"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
