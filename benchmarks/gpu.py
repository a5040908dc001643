"""Whether a GPU gives what the CPU gives, and how near it comes to what it could do.

usage: gpu.py [--device cuda] [--samples 20000] [--variants 20000] [--minutes 8]

Everything is prepared in one call of at most so many minutes: products of packed genotypes, the
components of a small cohort, a fit of it and its embedding, on the CPU and on the device. Prints a
table of checks with their limits, and one of throughput against the memory bandwidth and the matrix
throughput that the device itself shows. Ends with status 1 if a check fails. With ``--device cpu``
it runs anywhere, and compares NumPy with torch.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from components import unfiltered
from splits import CPU

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model, revive
from ancestry_ddvi.fitting.prepare import FitRequest, make_projection
from ancestry_ddvi.genotypes.algebra.matrix import GenotypeMatrix
from ancestry_ddvi.genotypes.projection.standardise import standardised
from ancestry_ddvi.genotypes.qc.quality_control import QC
from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.models.runtime import computing, pick

SMALL = (1_000, 4_000)
"""Samples and variants of the cohort that is fitted on both."""

COLUMNS = 64
"""Columns of the matrices that genotypes are multiplied with."""

SQUARE = 4096
"""Size of the matrices by which the matrix throughput is found."""

COPIED = 1 << 28
"""Bytes that are copied to find the memory bandwidth."""

DRAWS = 64


@dataclass(frozen=True)
class Check:
    """A difference between CPU and device, relative to its scale, and its limit."""

    what: str
    difference: float
    limit: float

    @property
    def passed(self) -> bool:
        return self.difference <= self.limit


@dataclass(frozen=True)
class Speed:
    """Seconds of a piece of work, on the CPU and on the device, and the least it can take there."""

    what: str
    cpu: float
    device: float
    floor: float | None = None


Result = Check | Speed


def timed(work: Callable[[], object], device: torch.device, repeats: int = 3) -> float:
    """Shortest wall time of a piece of work, after one run that is not counted."""

    def finished() -> float:
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    finished()
    return min(finished() for _ in range(repeats))


@dataclass(frozen=True)
class Limits:
    """Bytes and floating-point operations a second that a device shows."""

    bandwidth: float
    flops: float

    @classmethod
    def of(cls, device: torch.device) -> Limits:
        """Measured: a copy reads and writes, a product of n × n matrices takes 2 n³ operations."""
        source = torch.zeros(COPIED, dtype=torch.uint8, device=device)
        target = torch.empty_like(source)
        copying = timed(lambda: target.copy_(source), device)
        size = SQUARE if device.type == "cuda" else SQUARE // 4
        square = torch.ones((size, size), device=device)
        product = timed(lambda: square @ square, device)
        return cls(2 * COPIED / copying, 2 * size**3 / product)

    def floor(self, read: float, operations: float) -> float:
        """Seconds that so many bytes and operations take at least."""
        return max(read / self.bandwidth, operations / self.flops)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference, relative to the root mean square."""
    return float(np.abs(one - other).max() / np.sqrt((one**2).mean()))


def on(store: GenotypeStore, device: torch.device) -> GenotypeMatrix:
    """All genotypes of a store, standardised."""
    qc = unfiltered(store)
    common = (qc.frequency > 0.005) & (qc.frequency < 0.995)
    rows = np.flatnonzero(common)
    return standardised(store, rows, np.arange(len(store.samples)), qc.frequency[rows], str(device))


def products(store: GenotypeStore, device: torch.device, limits: Limits) -> Iterator[Result]:
    """Both products of packed genotypes with a tall matrix."""
    matrices = [on(store, where) for where in (CPU, device)]
    variants, samples = matrices[0].shape
    rng = np.random.default_rng(1)
    right = rng.standard_normal((samples, COLUMNS))
    left = rng.standard_normal((variants, COLUMNS))
    packed, work = variants * samples / 4, 2.0 * variants * samples * COLUMNS
    for what, call, passes in (
        ("X R", lambda matrix: matrix.times(right), 1),
        ("X' L", lambda matrix: matrix.transposed_times(left), 1),
        ("X' X R", lambda matrix: matrix.normal_times(right), 2),
    ):
        found = [call(matrix) for matrix in matrices]
        yield Check(f"{what}, {variants:,} × {samples:,}", difference(*found), 1e-4)
        seconds = [
            timed(lambda c=call, m=matrix: c(m), where, 1)
            for matrix, where in zip(matrices, (CPU, device), strict=True)
        ]
        yield Speed(
            f"{what}, {variants:,} × {samples:,}, {COLUMNS} columns",
            *seconds,
            limits.floor(packed, passes * work),
        )


def components(store: GenotypeStore, device: torch.device) -> Iterator[Result]:
    """What a fit finds of components."""
    qc, seconds, found = unfiltered(store), [], []
    common = (qc.frequency > 0.01) & (qc.frequency < 0.99)
    qc = unfiltered_part(qc, common)
    for where in (CPU, device):
        start = time.perf_counter()
        found.append(make_projection(store, qc, 2, 0, 1, str(where)))
        seconds.append(time.perf_counter() - start)
    one, other = found
    yield Check("components kept", abs(one.kept - other.kept), 0)
    kept = min(one.kept, other.kept)
    values = [projection.eigenvalues[:kept] for projection in found]
    yield Check("eigenvalues", difference(*values), 1e-4)
    basis = [np.linalg.qr(projection.loadings[:, :kept])[0] for projection in found]
    angles = np.linalg.svd(basis[0].T @ basis[1], compute_uv=False)
    yield Check("1 - cosine of the angle between their loadings", 1 - float(angles.min()), 1e-4)
    yield Speed("components of the small cohort", *seconds)


def unfiltered_part(qc: QC, chosen: np.ndarray) -> QC:
    """The same with some of the variants."""
    return replace(qc, variants=qc.variants[chosen], frequency=qc.frequency[chosen])


def fits(store: GenotypeStore, device: torch.device) -> Iterator[Result]:
    """A default fit, and the embedding of its samples by one model."""
    made, seconds = [], []
    for where in (CPU, device):
        start = time.perf_counter()
        made.append(fit_model(FitRequest(store, FitOptions(), where)))
        seconds.append(time.perf_counter() - start)
    yield Speed("whole fit of the small cohort", *seconds)
    maps = [fit.posterior.mean for fit in made]
    yield Check("1 - R² between the two maps", 1 - _explained(*maps), 0.05)
    seconds, means = [], []
    for where in (CPU, device):
        start = time.perf_counter()
        means.append(_embedded(made[0], store.samples, where))
        seconds.append(time.perf_counter() - start)
    yield Check("coordinates of one model", difference(*means), 1e-2)
    yield Speed("embedding of the small cohort", *seconds)


def _embedded(fit: Fit, samples: tuple[str, ...], device: torch.device) -> np.ndarray:
    method = revive(fit.model, device)
    return np.asarray(
        method.embed(ScoreData(fit.scores, device), samples, draws=DRAWS, seed=1).mean
    )


def _explained(one: np.ndarray, other: np.ndarray) -> float:
    """Variance of one map that another explains after a similarity transform."""
    a, b = (points - points.mean(axis=0) for points in (one, other))
    singular = np.linalg.svd(a.T @ b, compute_uv=False)
    return float(singular.sum() ** 2 / ((a**2).sum() * (b**2).sum()))


def report(results: list[Result], limits: Limits, device: torch.device) -> bool:
    """Print both tables; returns whether every check passed."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    print(f"\n{name}: {limits.bandwidth / 1e9:,.0f} GB/s copied, "
          f"{limits.flops / 1e12:,.2f} TFlop/s in float32 products\n")  # fmt: skip
    print("| check | difference | limit | passed |\n|---|---|---|---|")
    checks = [result for result in results if isinstance(result, Check)]
    for check in checks:
        passed = "yes" if check.passed else "NO"
        print(f"| {check.what} | {check.difference:.2g} | {check.limit:g} | {passed} |")
    print("\n| work | CPU, s | device, s | CPU / device | floor, s | device / floor |")
    print("|---|---|---|---|---|---|")
    for speed in results:
        if isinstance(speed, Speed):
            floor = ["", ""] if speed.floor is None else [
                f"{speed.floor:.3g}", f"{speed.device / speed.floor:.1f}"
            ]  # fmt: skip
            print(f"| {speed.what} | {speed.cpu:.3g} | {speed.device:.3g} | "
                  f"{speed.cpu / speed.device:.2f} | {floor[0]} | {floor[1]} |")  # fmt: skip
    return all(check.passed for check in checks)


def cohort(folder: Path, samples: int, variants: int) -> GenotypeStore:
    """A simulated cohort."""
    prefix = folder / f"{samples}x{variants}"
    write_cohort(Design(samples, variants), prefix)
    return GenotypeStore.open([f"{prefix}.bed"])


def main() -> None:
    """Run what there is time for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--variants", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=8)
    given = parser.parse_args()
    end = time.monotonic() + 60 * given.minutes * 0.6  # no part takes longer than the rest
    device, results = pick(given.device), []
    if device.type == "cpu":
        device = torch.device("cpu:0")  # by this name genotypes are multiplied by torch
    with tempfile.TemporaryDirectory() as folder, computing(1, None):
        limits = Limits.of(device)
        small = cohort(Path(folder), *SMALL)
        parts: list[Callable[[], Iterator[Result]]] = [
            lambda: products(small, device, limits),
            lambda: components(small, device),
            lambda: products(cohort(Path(folder), given.samples, given.variants), device, limits),
            lambda: fits(small, device),
        ]
        for part in parts:
            if time.monotonic() < end:
                results += part()
    raise SystemExit(0 if report(results, limits, device) else 1)


if __name__ == "__main__":
    main()
