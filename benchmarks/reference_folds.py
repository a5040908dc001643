"""Left-out samples through the program itself, in files of every kind."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from calibration import coverage
from classifiers import read
from reference_answers import Answers, covered, none, of_assign, pooled
from reference_files import KINDS, Condition, FileKind, Query, conditions, plink
from reference_panels import FOLDS, LEVELS, SEED, Panel
from reference_rivals import ON_COMPONENTS, PEDDY, Rivals
from splits import DRAWS

import ancestry_ddvi
from ancestry_ddvi.errors import DDVIError
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws

COMPARED = 10
"""Samples that are written in every kind of file."""

OPTIONS: dict[str, Any] = {"device": "cpu", "seed": SEED}

T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What became of one file.

    Attributes
    ----------
    answers : list of Answers
    covered : DataFrame, optional
        Coverage of each sample at each level.
    variants : int
        In the file.
    matched : int
        Variants of the model among them; 0 where the file is refused.
    refused : str
        Why the program refused the file, or "".
    """

    answers: list[Answers]
    covered: pd.DataFrame | None
    variants: int
    matched: int
    refused: str = ""


@dataclass(frozen=True)
class Fold:
    """A fit without a fifth of the families.

    Attributes
    ----------
    panel : Panel
    number : int
    folder : Path
        Of finished rows.
    prefix : Path
        Of the fit.
    """

    panel: Panel
    number: int
    folder: Path
    prefix: Path

    @classmethod
    def of(cls, panel: Panel, number: int) -> Fold:
        """The fold of a panel, fitted if it is not there."""
        name = f"fold{number}"
        prefix = panel.fitted(panel.fold == number, name, {})
        return cls(panel, number, panel.work / panel.name / name, prefix)

    @property
    def model(self) -> str:
        """Path of the model."""
        return f"{self.prefix}.ddvi"

    def query(self) -> Query:
        """The samples left out."""
        return Query.of(self.panel, np.flatnonzero(self.panel.fold == self.number), self.number)


def kept(path: Path, make: Callable[[], T]) -> T:
    """A result from its file, or made and put there."""
    if path.exists():
        return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]
    made = make()
    beside = path.with_suffix(".part")
    beside.write_bytes(pickle.dumps(made))
    beside.rename(path)
    return made


def by_conditions(panel: Panel, folds: range, only: list[str]) -> Iterator[tuple[str, Any]]:
    """Figures of every condition over the folds."""
    table = {key: c for key, c in conditions(panel.name).items() if not only or key in only}
    found: dict[str, list[Asked]] = {key: [] for key in table}
    for number in folds:
        fold = Fold.of(panel, number)
        rivals = Rivals(panel, fold.prefix)
        for key, condition in table.items():
            path = fold.folder / f"{key}.pickle"
            found[key].append(kept(path, partial(ask, fold, rivals, condition)))
    for key, condition in table.items():
        yield key, _row(panel, condition, found[key])


def _row(panel: Panel, condition: Condition, asked: list[Asked]) -> dict[str, Any]:
    shown = [one.covered for one in asked if one.covered is not None]
    return {
        "title": condition.title,
        "source": condition.source,
        "folds": len(asked),
        "variants": [one.variants for one in asked],
        "matched": [one.matched for one in asked],
        "refused": [one.refused for one in asked if one.refused],
        "figures": pooled([one.answers for one in asked], panel),
        "covered": covered(shown, panel) if shown else None,
    }


def ask(fold: Fold, rivals: Rivals, condition: Condition) -> Asked:
    """Write the file, and put it to the program and to the others."""
    query = fold.query().some(condition.most)
    with TemporaryDirectory(dir=fold.folder) as temporary:
        folder = Path(temporary)
        path = condition.write(query, folder / "query")
        variants = variants_of(path)
        peddy = _peddy(rivals, path, query)
        try:
            ancestry_ddvi.assign(fold.model, [path], str(folder / "out"), **OPTIONS)
        except DDVIError as error:
            refused = str(error).replace(path, "FILE").replace(fold.model, "MODEL")
            return Asked([*_none(query), peddy], None, variants, 0, refused)
        answers = [*of_assign(folder / "out"), *rivals.on_components(folder / "out"), peddy]
        seen = _coverage(fold, query, path, folder) if condition.hides else None
        return Asked(answers, seen, variants, variants_matched(folder / "out"))


def _none(query: Query) -> Iterator[Answers]:
    """No answer of anything that needs the components, in the order of answers."""
    for method in ("`assign`", *ON_COMPONENTS):
        for level in LEVELS:
            yield none(method, level, query.ids)


def _peddy(rivals: Rivals, path: str, query: Query) -> Answers:
    """Peddy's classifier where there are calls, and components can be made of them."""
    if path.endswith(".bed") and variants_of(path) > 4:
        return rivals.peddy(path)
    return none(PEDDY, "superpopulation", query.ids)


def variants_of(path: str) -> int:
    """Rows of a PLINK file; 0 of another."""
    bim = Path(path).with_suffix(".bim")
    return len(bim.read_text().splitlines()) if bim.exists() else 0


def variants_matched(prefix: Path) -> int:
    """Variants of the model that were found."""
    table = read(f"{prefix}.coords.tsv")
    return int(table["n_variants"].max())


def _coverage(fold: Fold, query: Query, path: str, folder: Path) -> pd.DataFrame:
    """How the posteriors from the file cover those from all calls of the same samples."""
    whole = plink(query, folder / "whole")
    model = ancestry_ddvi.load(fold.model)
    full, some = (posterior(model, each) for each in (whole, path))
    return pd.DataFrame(coverage(full, some), index=query.ids)


def posterior(model: Any, path: str) -> PosteriorDraws:
    """Posteriors of the samples of a file."""
    found: PosteriorDraws = model.embed([path], draws=DRAWS, **OPTIONS).posterior
    return found


def by_kinds(panel: Panel) -> dict[str, Any]:
    """The same samples in every kind of file, against the plain one."""
    fold = Fold.of(panel, 0)
    query = fold.query().some(COMPARED).by_genome()
    return kept(fold.folder / "kinds.pickle", partial(_kinds, fold, query))


def _kinds(fold: Fold, query: Query) -> dict[str, Any]:
    found: dict[str, Any] = {}
    plain = None
    for key, kind in KINDS.items():
        answers, refused = _of_kind(fold, query, kind)
        plain = answers if plain is None else plain
        found[key] = {
            "title": kind.title,
            "samples": len(query.samples),
            "refused": len(refused),
            "why": refused[0] if refused else "",
            **(_differences(plain, answers) if answers is not None else {}),
        }
    return found


def _of_kind(fold: Fold, query: Query, kind: FileKind) -> tuple[pd.DataFrame | None, list[str]]:
    """Coordinates and probabilities of every sample answered, and reasons of refusals."""
    parts = [_one(query, i) for i in range(len(query.samples))] if kind.single else [query]
    tables, refused = [], []
    for one in parts:
        with TemporaryDirectory(dir=fold.folder) as temporary:
            folder = Path(temporary)
            path = kind.write(one, folder / "query")
            try:
                ancestry_ddvi.assign(
                    fold.model, [path], str(folder / "out"), **OPTIONS, **kind.options
                )
                tables.append(_answer(folder / "out"))
            except DDVIError as error:
                refused.append(str(error).replace(path, "FILE"))
    return (pd.concat(tables) if tables else None), refused


def _one(query: Query, sample: int) -> Query:
    """The query of one of its samples."""
    return Query(query.panel, query.samples[[sample]], query.variants,
                 query.dosages[:, [sample]], query.seed)  # fmt: skip


def _answer(prefix: Path) -> pd.DataFrame:
    """Coordinates with sds, and probabilities of all groups."""
    coords = read(f"{prefix}.coords.tsv")
    tables = [coords[[c for c in coords if c.startswith("Z")]]]
    for answers in of_assign(prefix):
        columns = [f"{answers.level}:{name}" for name in answers.groups]
        tables.append(pd.DataFrame(answers.probability, answers.samples, columns))
        named = pd.Series(answers.named, answers.samples, name=f"{answers.level}:named")
        tables.append(named.to_frame())
    return pd.concat(tables, axis=1)


def _differences(plain: pd.DataFrame, other: pd.DataFrame) -> dict[str, Any]:
    """Largest differences of coordinates, in sds, and of probabilities; other names."""
    plain = plain.loc[other.index]
    axes = [c for c in plain if c.startswith("Z") and f"{c}_sd" in plain]
    shift = max(float((abs(plain[c] - other[c]) / plain[f"{c}_sd"]).max()) for c in axes)
    found: dict[str, Any] = {"shift_sd": round(shift, 4)}
    for level in LEVELS:
        columns = [c for c in plain if c.startswith(f"{level}:") and not c.endswith(":named")]
        apart = abs(plain[columns].to_numpy(float) - other[columns].to_numpy(float)).max()
        names = plain[f"{level}:named"] != other[f"{level}:named"]
        found[level] = {"probability": round(float(apart), 4), "named_otherwise": int(names.sum())}
    return found


def run_folds(text: str) -> range:
    """Folds of "5", all, or of "1", the first."""
    return range(min(int(text), FOLDS))
