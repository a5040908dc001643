"""Other ways to name a group: LDA and nearest neighbours on the components, and peddy's classifier.

The classifier of peddy 0.4.8 (MIT; Pedersen and Quinlan 2017) is four whitened principal components
of its 1000 Genomes samples at the sites that the input has, and a support vector machine (C = 2); a
missing genotype counts as 3 copies, and below a probability of 0.65 the answer is UNKNOWN. Its
background are all samples of phase 3. Here it is fitted to the training samples alone.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from classifiers import CLASSIFIERS, best, read
from reference_answers import UNASSIGNED, Answers
from reference_panels import LEVELS, Panel
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from ancestry_ddvi.genotypes.store import GenotypeStore

PEDDY = "peddy's classifier"
PEDDY_MISSING, PEDDY_LEAST = 3, 0.65
ON_COMPONENTS = {name: make for name, make in CLASSIFIERS.items() if "logistic" not in name}


@dataclass(frozen=True)
class Rivals:
    """Classifiers of the samples of a fit, made when they are asked.

    Attributes
    ----------
    panel : Panel
    prefix : Path
        Of the fit.
    """

    panel: Panel
    prefix: Path

    @cached_property
    def _inside(self) -> pd.DataFrame:
        return read(f"{self.prefix}.pcs.tsv")

    @cached_property
    def _trained(self) -> dict[tuple[str, str], Any]:
        """Classifiers on the components by their name and level."""
        names = self.panel.labels.loc[self._inside.index]
        return {
            (method, level): make().fit(self._inside.to_numpy(), names[level].to_numpy(str))
            for method, make in ON_COMPONENTS.items()
            for level in LEVELS
        }

    def on_components(self, prefix: Path) -> list[Answers]:
        """Answers about the samples whose components ``assign`` wrote."""
        query = read(f"{prefix}.pcs.tsv")
        found = []
        for (method, level), trained in self._trained.items():
            chance = trained.predict_proba(query.to_numpy())
            likely = trained.classes_[chance.argmax(axis=1)]
            named = best(trained.classes_, chance)
            found.append(Answers(method, level, query.index.to_numpy(str), trained.classes_,
                                 chance, likely, named))  # fmt: skip
        return found

    def peddy(self, path: str) -> Answers:
        """Peddy's classifier about the samples of a PLINK file, at the variants in it."""
        query = GenotypeStore.open([path])
        place = {name: i for i, name in enumerate(self.panel.store.variants.id)}
        rows = np.array([place[name] for name in query.variants.id])
        inside = np.isin(self.panel.store.samples, self._inside.index)
        known = self.panel.store.dosages(rows, np.flatnonzero(inside)).T
        names = self.panel.labels["superpopulation"].to_numpy(str)[inside]
        asked = query.dosages(slice(0, len(query))).T
        trained = classifier(known, names)
        asked = np.where(asked < 0, PEDDY_MISSING, asked).astype(np.float32)
        chance, likely = trained.predict_proba(asked), trained.predict(asked)
        named = np.where(chance.max(axis=1) < PEDDY_LEAST, UNASSIGNED, likely)
        return Answers(PEDDY, "superpopulation", np.array(query.samples), trained.classes_, chance,
                       likely, named)  # fmt: skip


def classifier(dosages: np.ndarray, names: np.ndarray) -> Any:
    """Peddy's classifier of (samples, variants)."""
    components = PCA(4, whiten=True, svd_solver="randomized", random_state=0)
    made = make_pipeline(components, SVC(C=2, probability=True, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return made.fit(np.where(dosages < 0, PEDDY_MISSING, dosages).astype(np.float32), names)
