"""Scores of samples, and what cannot be told of them."""

from __future__ import annotations

import numpy as np
import pytest

from ancestry_ddvi.errors import NothingLeft
from ancestry_ddvi.genotypes.projection.scores import Scores


def test_components_that_variants_do_not_tell_apart_are_one_sentence() -> None:
    precision = np.array([[[1.0, 2.0], [2.0, 1.0]]])
    zero = np.zeros(1)
    scores = Scores(np.zeros((1, 2)), precision, zero, zero, zero, zero)
    with pytest.raises(NothingLeft, match="do not tell the components of the panel apart"):
        _ = scores.factor
