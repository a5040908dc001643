"""Held-out samples: intervals, noise, groups and strangers, beside what `fit` says of itself.

usage: calibration.py COHORT LABELS [--splits 3] [--first 1] [--method ddvi] [--kinds]
                      [--simulated] [--strangers [SUPERPOPULATION ...]]

80/20 splits with relatives on one side, so that samples are judged that are in neither the
networks nor the components. LABELS has columns sample, population, superpopulation. JSON lines:

* one for each split and share of the variants: ``covered`` is the share of the posterior given
  all genotypes inside the central 50, 80 and 95 % of that given the part, over all samples and in
  each superpopulation; these are the nominal levels if both posteriors are right. ``said`` is what
  `fit` reports of its own samples. ``bias`` is the mean shift in sds of the part.
  ``error`` is the standard error over samples.
* ``simulated`` (--simulated): the same for samples that are drawn from the model, prior, decoder
  and noise. Their superpopulation is that of the held-out sample whose coordinates are nearest.
  Right posteriors cover the nominal levels over all samples, and others where samples are chosen by
  where they truly are.
* ``noise``: mean square of scores on components that carry no structure, the last of 32 beyond the
  kept ones, over what the model states, by superpopulation; 1 if it is right. ``dispersion`` is
  the part of what it states that is common to all samples.
* ``ece``: expected calibration error of groups in ten bins, and in brackets the median and the
  97.5th percentile of that of labels drawn from these probabilities, which is not zero.
* ``left_out`` (--strangers): a superpopulation left out of the fit against held-out samples of the
  others, by ``p_panel``: area under the curve, and shares flagged at the line of the model;
  genotypes permuted over variants as well.
* ``kind``, ``swapped``, ``alien`` (--kinds): one chromosome, clumps of 50 kb similar to an exome,
  simulated reads (Poisson depth, 5 errors in a thousand bases); shares of variants with their
  alleles exchanged; shares of alleles of another held-out sample.

The last line, ``pooled``, has all splits together; its ``bias`` has a value for each split, over
all parts that were drawn, and its standard error over samples. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts import ALIEN, SHARES, SWAPPED, mixed, other_kinds, partners, swapped, thinned
from sklearn.metrics import roc_auc_score
from splits import dosages_of, embedded, fitted, of_calls, opened, part, split

from ancestry_ddvi.evaluation.coverage import LEVELS, calibration_error, nested_coverage
from ancestry_ddvi.fitting.diagnostics import observed, out_of_panel
from ancestry_ddvi.fitting.pipeline import Fit
from ancestry_ddvi.genotypes.projection.pca import principal_components, tolerances
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.genotypes.projection.standardise import standardised
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.methods.networks import NetworkMethod

TIMES = 8
"""Each sample is thinned so often, which reduces what chance adds to errors."""

NOISE, JUDGED = 32, 8
"""Components beyond the kept ones, and how many of the last are judged."""

TITLES = [f"{100 * level:.0f}" for level in LEVELS]


@dataclass(frozen=True)
class Split:
    """A fit to four fifths of a cohort, and the genotypes and labels of the others."""

    seed: int
    fit: Fit
    train: GenotypeStore
    test: GenotypeStore
    labels: pd.DataFrame
    dosages: np.ndarray

    @property
    def region(self) -> np.ndarray:
        """Superpopulation of each held-out sample."""
        return self.labels["superpopulation"].to_numpy(str)

    def embed(self, scores: Scores) -> PosteriorDraws:
        """Posteriors of held-out samples."""
        return embedded(self.fit, scores, self.test, self.seed)

    def p_panel(self, scores: Scores, draws: PosteriorDraws) -> np.ndarray:
        """Out-of-panel p-values."""
        model = self.fit.model
        return out_of_panel(model.record, draws, scores, model.projection)[0]

    @property
    def line(self) -> float:
        """Of ``unlike_panel``."""
        test = self.fit.model.record.out_of_panel
        assert test is not None
        return test.line


@dataclass
class Pooled:
    """What all splits say together."""

    covered: dict[str, list[np.ndarray]] = field(default_factory=dict)
    samples: dict[str, list[np.ndarray]] = field(default_factory=dict)
    said: dict[str, list[list[float]]] = field(default_factory=dict)
    simulated: dict[str, list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)
    regions: dict[str, list[np.ndarray]] = field(default_factory=dict)
    noise: dict[str, list[np.ndarray]] = field(default_factory=dict)
    shifts: dict[str, dict[int, list[np.ndarray]]] = field(default_factory=dict)
    groups: dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)
    flagged: dict[str, list[np.ndarray]] = field(default_factory=dict)
    strangers: list[dict[str, Any]] = field(default_factory=list)

    def line(self) -> dict[str, Any]:
        """The last line of the output."""
        found: dict[str, Any] = {"pooled": True}
        for name, covered in self.covered.items():
            every = np.concatenate(covered)
            region = np.concatenate(self.regions[name])
            found[name] = by_region(every, region, np.concatenate(self.samples[name]))
            found[name]["said"] = np.mean(self.said[name], axis=0).round(1).tolist()
            apart = np.abs(np.mean(self.said[name], axis=0) - 100 * every.mean(axis=0))
            found[name]["said_off_by"] = round(float(apart.max()), 1)
            found[name]["bias"] = [largest(shifts) for shifts in self.shifts[name].values()]
        for name, parts in self.simulated.items():
            some = [np.concatenate(each) for each in zip(*parts, strict=True)]
            found.setdefault("simulated", {})[name] = by_region(*some)
        found["noise"] = {k: rounded(np.concatenate(v).mean()) for k, v in self.noise.items()}
        found["false_flags"] = {k: rounded(np.concatenate(v)) for k, v in self.flagged.items()}
        for (name, level), some in self.groups.items():
            chance, right = (np.concatenate(each) for each in zip(*some, strict=True))
            found.setdefault("groups", {})[f"{level}, {name}"] = judged(chance, right)
        if self.strangers:
            found["left_out"] = self.strangers
        return found


def rounded(values: Any) -> float:
    """A mean to four digits."""
    return round(float(np.mean(values)), 4)


def largest(shifts: list[np.ndarray]) -> list[float]:
    """The largest mean shift of an axis, with its standard error over samples.

    ``shifts`` are those of each sample and axis in sds, (samples, axes), for each part drawn.
    """
    each = np.mean(shifts, axis=0)
    mean, error = np.abs(each.mean(axis=0)), each.std(axis=0, ddof=1) / np.sqrt(len(each))
    return [round(float(values[mean.argmax()]), 3) for values in (mean, error)]


def tell(line: dict[str, Any]) -> None:
    """One JSON line."""
    print(json.dumps(line), flush=True)


def by_region(
    covered: np.ndarray, region: np.ndarray, samples: np.ndarray | None = None
) -> dict[str, Any]:
    """Coverage in per cent at each level, over all samples and by superpopulation.

    With its standard error; ``samples`` names the sample of each row, by default its own.
    """
    rows = {"all": np.ones(len(region), dtype=bool), **{r: region == r for r in np.unique(region)}}
    names = np.arange(len(region)) if samples is None else samples
    found: dict[str, Any] = {"covered": {}, "error": {}}
    for name, some in rows.items():
        by_sample = pd.DataFrame(100 * covered[some]).groupby(names[some]).mean()
        found["covered"][str(name)] = (100 * covered[some].mean(axis=0)).round(1).tolist()
        found["error"][str(name)] = by_sample.sem().round(1).tolist()
    return found


def coverage(full: PosteriorDraws, some: PosteriorDraws) -> np.ndarray:
    """Coverage of each sample at each level; (samples, levels)."""
    pair = (full.draws, full.weight), (some.draws, some.weight)
    return np.stack([nested_coverage(*pair, level).mean(axis=1) for level in LEVELS], axis=1)


def judged(chance: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    """Accuracy, and calibration error beside that of labels drawn from the probabilities."""
    rng, drawn = np.random.default_rng(0), []
    for _ in range(100):
        below = np.cumsum(chance, axis=1) < rng.random((len(chance), 1))
        drawn.append(calibration_error(chance, below.sum(axis=1).clip(max=chance.shape[1] - 1)))
    return {
        "samples": len(right),
        "accuracy": rounded(chance.argmax(axis=1) == right),
        "ece": round(calibration_error(chance, right), 4),
        "ece_by_chance": np.quantile(drawn, [0.5, 0.975]).round(4).tolist(),
    }


def groups(of: Split, name: str, scores: Scores, pooled: Pooled) -> dict[str, Any]:
    """Accuracy and calibration of the probabilities of each level."""
    model = of.fit.model
    learnt, seen = model.record.groups, observed(scores, model.projection)
    assert learnt is not None
    found = {}
    for number, level in enumerate(learnt.levels):
        names = learnt.names(number)
        known = of.labels[level].isin(names).to_numpy()
        right = np.array([names.index(label) for label in of.labels[level][known]])
        chance = learnt.probabilities(number, seen[known])
        pooled.groups.setdefault((name, level), []).append((chance, right))
        found[level] = judged(chance, right)
    return found


def in_part(of: Split, pooled: Pooled, simulating: bool) -> None:
    """All variants, and shares of them."""
    record = of.fit.model.record
    scores = whole = of_calls(of.fit, of.dosages)
    full = of.embed(scores)
    flags = of.p_panel(scores, full) < of.line
    pooled.flagged.setdefault("all variants", []).append(flags)
    assert record.out_of_panel is not None
    tell({"seed": of.seed, "share": 1, "samples": len(of.labels),
          "temperature": of.fit.model.projection.temperature,
          "sd": np.median(full.sd, axis=0).round(3).tolist(),
          "flagged": rounded(flags), "flagged_said": rounded(record.out_of_panel.flagged),
          "groups": groups(of, "all variants", scores, pooled)})  # fmt: skip
    for share in SHARES:
        name = f"{100 * share:g} % of variants"
        said = _said(of.fit, share)
        for time in range(TIMES):
            scores = thinned(of.fit, of.dosages, share, 100 * of.seed + time)
            line = {"seed": of.seed, "share": share, "time": time}
            if simulating:
                drawn = simulated(of, full, whole, scores, 100 * of.seed + time)
                pooled.simulated.setdefault(name, []).append(drawn)
            tell(line | one_part(of, name, scores, full, pooled) | {"said": said})
            pooled.said.setdefault(name, []).append(said)


def one_part(
    of: Split, name: str, scores: Scores, full: PosteriorDraws, pooled: Pooled
) -> dict[str, Any]:
    """One kind of part: coverage, bias, groups and flags."""
    some = of.embed(scores)
    covered = coverage(full, some)
    flags = of.p_panel(scores, some) < of.line
    pooled.covered.setdefault(name, []).append(covered)
    pooled.regions.setdefault(name, []).append(of.region)
    pooled.samples.setdefault(name, []).append(np.array(of.test.samples))
    pooled.flagged.setdefault(name, []).append(flags)
    shift = (some.mean - full.mean) / some.sd.mean(axis=0)
    pooled.shifts.setdefault(name, {}).setdefault(of.seed, []).append(shift)
    return {
        "effective_variants": round(float(scores.effective_variants.mean())),
        "sd": np.median(some.sd, axis=0).round(3).tolist(),
        "bias": largest([shift])[0],
        **by_region(covered, of.region),
        "flagged": rounded(flags),
        "groups": groups(of, name, scores, pooled),
    }


def simulated(
    of: Split, full: PosteriorDraws, whole: Scores, some: Scores, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coverage of samples drawn from the model, and the superpopulation that each is nearest to.

    Scores from all variants are those from the part with those from the rest, each weighted by its
    precision; precisions are those of the nearest held-out sample.
    """
    method, rng = of.fit.method, np.random.default_rng(seed)
    assert isinstance(method, NetworkMethod)
    z = method.sample_prior(len(of.region), seed)
    apart = (z @ of.fit.model.rotation)[:, None] - full.mean
    nearest = (apart**2).sum(axis=2).argmin(axis=1)
    truth = method.decode_scores(z, rng.standard_normal(whole.value.shape))
    whole, some = whole[nearest], some[nearest]
    level, axes = np.linalg.eigh(whole.precision - some.precision)
    rest = (axes * level.clip(min=1e-6)[:, None]) @ axes.swapaxes(1, 2)
    pair = [(truth + _noise(p, rng), p) for p in (some.precision, rest)]
    weighted = sum(np.einsum("nij,nj->ni", p, value) for value, p in pair)
    both = some.precision + rest
    value = np.linalg.solve(both, np.asarray(weighted)[..., None])[..., 0]
    posteriors = (
        of.embed(replace(whole, value=value, precision=both)),
        of.embed(replace(some, value=pair[0][0])),
    )
    return coverage(*posteriors), of.region[nearest]


def _noise(precision: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal numbers with the precision of each row."""
    factor = np.linalg.cholesky(precision + 1e-9 * np.eye(precision.shape[1]))
    normal = rng.standard_normal(precision.shape[:2])[..., None]
    return np.asarray(np.linalg.solve(factor.swapaxes(1, 2), normal)[..., 0])


def _said(fit: Fit, share: float) -> list[float]:
    """What the fit says of coverage, in per cent; not a number where it says nothing."""
    record = fit.model.record.calibration or {"coverage": []}
    rows = [row for row in record["coverage"] if row["share"] == share]
    return [round(100 * rows[0][f"covered_{t}"], 1) if rows else float("nan") for t in TITLES]


def noise(of: Split, pooled: Pooled) -> None:
    """Mean square on components without structure over what the model states."""
    fit, seed = of.fit, of.seed
    known = fit.model.projection
    samples = np.flatnonzero(fit.qc.fit_samples)
    count = known.kept + NOISE
    matrix = standardised(of.train, fit.qc.variants, samples, known.frequency)
    found = principal_components(matrix, tolerances(known.kept, count), seed)
    wider = replace(known, loadings=found.loadings, eigenvalues=found.eigenvalues)
    seen = wider.read([(slice(0, len(of.dosages)), of.dosages)], of.dosages.shape[1])
    stated = np.diagonal(np.linalg.inv(seen.products), axis1=1, axis2=2)[:, -JUDGED:]
    stated = stated * (seen.noise_level * known.dispersion * known.temperature)[:, None]
    ratio = (seen.value[:, -JUDGED:] ** 2 / stated).mean(axis=1)
    rows = {"all": np.ones(len(ratio), dtype=bool), **{r: of.region == r for r in set(of.region)}}
    for name, some in sorted(rows.items()):
        pooled.noise.setdefault(str(name), []).append(ratio[some])
    own = {str(k): rounded(ratio[v]) for k, v in sorted(rows.items())}
    tell({"seed": seed, "noise": own, "dispersion": round(known.dispersion, 3)})


def kinds(of: Split) -> None:
    """Other kinds of parts, and genotypes with errors."""
    full = of.embed(of_calls(of.fit, of.dosages))
    apart = Pooled()
    for name, scores in other_kinds(of.fit, of.dosages, of.seed):
        tell({"seed": of.seed, "kind": name, **one_part(of, name, scores, full, apart)})
    partner = partners(len(of.region), of.seed)
    near = of.region == of.region[partner]
    for share in SWAPPED:
        found = _flags(of, swapped(of.dosages, share, np.random.default_rng(of.seed)))
        tell({"seed": of.seed, "swapped": share, "flagged": rounded(found)})
    for share in ALIEN:
        found = _flags(of, mixed(of.dosages, partner, share, np.random.default_rng(of.seed)))
        tell({"seed": of.seed, "alien": share, "flagged": rounded(found),
              "same_superpopulation": int(near.sum()), "flagged_of_these": rounded(found[near]),
              "flagged_of_others": rounded(found[~near])})  # fmt: skip


def _flags(of: Split, dosages: np.ndarray) -> np.ndarray:
    scores = of_calls(of.fit, dosages)
    return of.p_panel(scores, of.embed(scores)) < of.line


def strangers(of: Split, name: str) -> dict[str, Any]:
    """A superpopulation that the fit has not seen, against held-out samples of the others."""
    scores = of_calls(of.fit, of.dosages)
    chance = of.p_panel(scores, of.embed(scores))
    permuted = of_calls(of.fit, np.random.default_rng(of.seed).permuted(of.dosages, axis=0))
    of_permuted = of.p_panel(permuted, of.embed(permuted))
    strange = of.region == name
    return {
        "seed": of.seed,
        "left_out": name,
        "samples": int(strange.sum()),
        "area": area(chance[strange], chance[~strange]),
        "flagged": rounded(chance[strange] < of.line),
        "others_flagged": rounded(chance[~strange] < of.line),
        "area_of_permuted": area(of_permuted[~strange], chance[~strange]),
        "permuted_flagged": rounded(of_permuted < of.line),
    }


def area(strange: np.ndarray, ordinary: np.ndarray) -> float:
    """Area under the curve of low ``p_panel``."""
    who = np.arange(len(strange) + len(ordinary)) < len(strange)
    return round(float(roc_auc_score(who, -np.concatenate([strange, ordinary]))), 4)


def splits(
    given: argparse.Namespace, cohort: tuple[GenotypeStore, pd.DataFrame], folder: Path, left: str
) -> Iterator[Split]:
    """Fits without the held-out samples, and without a superpopulation if one is named."""
    store, labels = cohort
    for seed in range(given.first, given.first + given.splits):
        outside = split(store, seed) | (labels["superpopulation"].to_numpy(str) == left)
        train = part(store, np.flatnonzero(~outside), folder / f"train{left}{seed}")
        test = part(store, np.flatnonzero(outside), folder / f"test{left}{seed}")
        fit = fitted(train, given.method, seed, given.labels)
        yield Split(seed, fit, train, test, labels[outside], dosages_of(fit, test))


def main() -> None:
    """Run all splits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="Seed of the first split.")
    parser.add_argument("--method", default="ddvi")
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--simulated", action="store_true")
    parser.add_argument("--strangers", nargs="*", help="Superpopulations; all if none is named.")
    given = parser.parse_args()
    pooled = Pooled()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cohort = opened(given.cohort, given.labels, folder)
        if given.strangers is None:
            for of in splits(given, cohort, folder, ""):
                in_part(of, pooled, given.simulated)
                noise(of, pooled)
                if given.kinds:
                    kinds(of)
        else:
            every = sorted(set(cohort[1]["superpopulation"]))
            for name in given.strangers or every:
                for of in splits(given, cohort, folder, name):
                    pooled.strangers.append(strangers(of, name))
                    tell(pooled.strangers[-1])
    tell(pooled.line())


if __name__ == "__main__":
    main()
