"""Accuracy of nearest neighbours."""

from __future__ import annotations

import numpy as np


def neighbour_accuracy(
    z: np.ndarray, label: np.ndarray, other_z: np.ndarray, other_label: np.ndarray, k: int
) -> float:
    """Share of other rows whose label is that of most of their ``k`` nearest rows of ``z``."""
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(k).fit(z, label)
    return float(classifier.score(other_z, other_label))


def cross_validated_accuracy(
    z: np.ndarray, label: np.ndarray, k: int = 10, folds: int = 5
) -> float:
    """Accuracy of ``k`` nearest neighbours by stratified cross-validation.

    Axes are scaled to unit standard deviation first.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    scaled = (z - z.mean(axis=0)) / z.std(axis=0)
    return float(cross_val_score(KNeighborsClassifier(k), scaled, label, cv=split).mean())
