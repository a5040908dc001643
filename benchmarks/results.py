"""The file of results, and the page and pictures that are drawn from it."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measuring import median, ratios
from peers import ABSENT, versions
from rows import ROWS, SELF, Measured

from ancestry_ddvi.fitting.estimate import fit_needs

Stored = Mapping[str, Any]
"""A row as it is stored."""


@dataclass(frozen=True)
class Goal:
    """A quantity with its limits.

    Attributes
    ----------
    row : str
        Key of the row, or its beginning up to the size.
    what : str
        Quantity: "ratio" of wall times, "cpu ratio", "seconds" or "peak_mib".
    must, aim : float
    peer : str
        The program to compare with; its beginning suffices.
    """

    row: str
    what: str
    must: float
    aim: float
    peer: str = ""


GOALS = (
    Goal("fit", "ratio", 1.0, 0.5, "plink2"),
    Goal("ingest", "cpu ratio", 2.0, 1.2, "plink2"),
    Goal("cohort.16000x40000", "seconds", 240, 120),
    Goal("components.16000x40000", "ratio", 0.5, 0.2, "plink2"),
    Goal("cohort.100000x100000", "seconds", 2700, 900),
    Goal("cohort.100000x100000", "peak_mib", 8192, 4096),
    Goal("embed", "ratio", 0.4, 0.2, "plink2"),
    Goal("genome", "seconds", 10, 3),
    Goal("help", "seconds", 0.2, 0.2),
)
SLOPES = (1.1, 1.0)
"""Must and aim of the growth on logarithmic axes."""

ESTIMATE = 1.5
"""Most by which an estimate of time or memory may be off."""


def about(threads: int) -> dict[str, Any]:
    """When and on what a row was measured."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {_memory()} GiB",
        "threads": threads,
        "load": round(os.getloadavg()[0], 1),
        "versions": versions(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


def store(path: Path, row: Measured, around: Mapping[str, Any]) -> None:
    """Put one row in the file of results in place of an earlier one."""
    known = load(path)
    known[row.key] = {
        "what": row.what,
        "facts": row.facts,
        "found": {
            name: runs if isinstance(runs, str) else [run.as_json() for run in runs]
            for name, runs in row.found.items()
        },
        "about": dict(around),
    }
    path.write_text(json.dumps(dict(sorted(known.items(), key=_place)), indent=1) + "\n")


def _place(item: tuple[str, Any]) -> tuple[int, list[tuple[int, str]]]:
    """Rows in the order of ``ROWS``, and of one kind by size."""
    kind, *rest = re.split("[.x]", item[0]) if "." in item[0] else [item[0]]
    return list(ROWS).index(kind), [(int(w), "") if w.isdecimal() else (0, w) for w in rest]


def load(path: Path) -> dict[str, Any]:
    """Stored rows by key; none if there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def page(rows: Mapping[str, Stored], pictures: Sequence[str] = ()) -> str:
    """The whole page as Markdown."""
    parts = [
        "# Results of the benchmarks",
        "Written by `run.py` from `RESULTS.json`; see [README](README.md). Whole processes, run in "
        "turn with the programs they are compared with. Medians; in brackets the smallest and "
        "largest. A ratio below 1 means that ddvi-ancestry needs less. Peak memory is the largest "
        "resident set, with pages of mapped files.",
        _machine(rows),
        _goals(rows),
        _details(rows),
        _growth(rows, pictures),
        _truths(rows),
        _estimates(rows),
        _absent(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(rows: Mapping[str, Stored]) -> str:
    if not (row := rows.get("machine")):
        return ""
    facts = row["facts"]
    return (
        f"The machine: {row['about']['machine']}; {facts['gflops']:.0f} GFlop/s of float32 "
        f"products ({facts['gflops_core']:.0f} on one core), {facts['gbytes']:.0f} GB/s copied, "
        f"{facts['inflated']:.1f} GB/s inflated by zlib."
    )


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def value(goal: Goal, row: Stored) -> float | None:
    """What was measured of a goal; None if it could not be."""
    own = row["found"].get(SELF)
    if not own or isinstance(own, str):
        return None
    if "ratio" not in goal.what:
        return median(own, goal.what)
    quantity = "cpu" if goal.what.startswith("cpu") else "seconds"
    for name, runs in row["found"].items():
        if name.startswith(goal.peer) and not isinstance(runs, str):
            return ratios(own, runs, quantity)[0]
    return None


def _goals(rows: Mapping[str, Stored]) -> str:
    """Limits and what was reached; what was not measured is said to be so."""
    units = {"seconds": "wall time, s", "peak_mib": "peak memory, MiB",
             "ratio": "ratio of wall times", "cpu ratio": "ratio of CPU times"}  # fmt: skip
    body = []
    for goal in GOALS:
        row = rows.get(goal.row)
        got = value(goal, row) if row else None
        what = row["what"] if row else f"`{goal.row}`"
        body.append([
            f"{what}: {units[goal.what]}", "not measured" if got is None else _short(got),
            _short(goal.must), _short(goal.aim), _verdict(got, goal.must, goal.aim),
        ])  # fmt: skip
    for command, axis, slope in _slopes(rows):
        body.append([
            f"growth of `{command}` with {axis}: slope", f"{slope:.2f}",
            *(f"{limit:.1f}" for limit in SLOPES), _verdict(round(slope, 2), *SLOPES),
        ])  # fmt: skip
    head = ["what", "measured", "must, at most", "aim", "reached"]
    return f"## Goals\n\n{table(head, body)}"


def _verdict(got: float | None, must: float, aim: float) -> str:
    if got is None:
        return ""
    return "aim" if got <= aim else "must" if got <= must else "**no**"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 20 else f"{number:.2f}".rstrip("0").rstrip(".")


def _details(rows: Mapping[str, Stored]) -> str:
    """Every program of every row but those of growth."""
    parts = ["## Rows"]
    for key, row in rows.items():
        if key.startswith("growth.") or not row["found"]:
            continue
        around = row["about"]
        parts.append(
            f"**{row['what']}** ({around['date']}, {around['machine']}, {around['threads']} "
            f"thread{'s' * (around['threads'] > 1)}, load at the start {around['load']})"
        )
        parts.append(_programs(row))
        if stages := _stages(row):
            parts.append(stages)
    return "\n\n".join(parts)


def _programs(row: Stored) -> str:
    own, body = row["found"].get(SELF), []
    for name, runs in row["found"].items():
        if isinstance(runs, str):
            body.append([name, runs, "", "", "", ""])
            continue
        ratio = ["", ""]
        if name != SELF and own and not isinstance(own, str):
            ratio = [_spread(*ratios(own, runs, quantity)) for quantity in ("seconds", "cpu")]
        wall = [float(run["seconds"]) for run in runs]
        body.append([
            name, _spread(median(runs, "seconds"), min(wall), max(wall)),
            _short(median(runs, "cpu")), f"{max(run['peak_mib'] for run in runs):,.0f}", *ratio,
        ])  # fmt: skip
    head = ["program", "wall, s", "CPU, s", "peak, MiB", "ratio of wall times", "of CPU times"]
    return table(head, body)


def _spread(middle: float, least: float, most: float) -> str:
    if least == most:
        return _short(middle)
    return f"{_short(middle)} ({_short(least)}–{_short(most)})"


def _stages(row: Stored) -> str:
    """Times of the stages of this program, and their share of all."""
    own = row["found"].get(SELF)
    if not own or isinstance(own, str) or "timings" not in own[-1]["facts"]:
        return ""
    facts = own[-1]["facts"]
    total = own[-1]["seconds"]
    stages = {**facts["timings"]}
    stages["start and end"] = total - sum(stages.values())
    listed = ", ".join(f"{k} {_short(v)} s ({v / total:.0%})" for k, v in stages.items())
    sizes = ", ".join(
        f"{facts[key]:,} {name}"
        for key, name in (("samples_in_fit", "samples in the fit"),
                          ("variants_in_model", "variants in the model"),
                          ("components", "components"))
        if key in facts
    )  # fmt: skip
    return f"Stages: {listed}.{f' {sizes}.' if sizes else ''}"


def _grown(rows: Mapping[str, Stored]) -> dict[tuple[str, str], list[tuple[int, float, float]]]:
    """Size, wall and CPU seconds of every row of growth, by command and axis."""
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for key, row in rows.items():
        runs = row["found"].get(SELF)
        if not key.startswith("growth.") or not runs or isinstance(runs, str):
            continue
        facts = row["facts"]
        point = (facts[facts["axis"]], median(runs, "seconds"), median(runs, "cpu"))
        found.setdefault((facts["command"], facts["axis"]), []).append(point)
    return {key: sorted(points) for key, points in sorted(found.items()) if len(points) > 1}


def slope(points: Sequence[tuple[int, float, float]]) -> float:
    """Least-squares slope of wall time on logarithmic axes."""
    size, seconds, _ = np.log(np.array(points, dtype=float)).T
    return float(np.polyfit(size, seconds, 1)[0])


def _slopes(rows: Mapping[str, Stored]) -> Iterator[tuple[str, str, float]]:
    for (command, axis), points in _grown(rows).items():
        yield command, axis, slope(points)


def _growth(rows: Mapping[str, Stored], pictures: Sequence[str]) -> str:
    grown = _grown(rows)
    if not grown:
        return ""
    body = [
        [
            f"`{command}`", axis, f"{points[0][0]:,}–{points[-1][0]:,}",
            ", ".join(_short(seconds) for _, seconds, _ in points),
            f"{slope(points):.2f}", f"{slope(points[-2:]):.2f}",
        ]
        for (command, axis), points in grown.items()
    ]  # fmt: skip
    head = ["command", "with", "from, to", "wall, s", "slope", "slope of the last doubling"]
    images = "\n".join(f"![growth]({path})" for path in pictures)
    return "\n\n".join(filter(None, ["## Growth", table(head, body), images]))


def draw(rows: Mapping[str, Stored], folder: Path) -> list[Path]:
    """Save a picture of the growth with samples and one of that with variants."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    paths = []
    for axis in ("samples", "variants"):
        curves = {c: points for (c, a), points in _grown(rows).items() if a == axis}
        if not curves:
            continue
        figure, axes = plt.subplots(figsize=(5, 3.6), layout="constrained")
        for command, points in curves.items():
            size, seconds, _ = zip(*points, strict=True)
            axes.loglog(size, seconds, "o-", label=f"{command}, slope {slope(points):.2f}")
        axes.set_xlabel(axis)
        axes.set_ylabel("wall time, s")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        paths.append(folder / f"growth-{axis}.png")
        figure.savefig(paths[-1], dpi=120)
        plt.close(figure)
    return paths


def _truths(rows: Mapping[str, Stored]) -> str:
    """What fits of simulated cohorts found of their truth."""
    body = []
    for row in rows.values():
        own = row["found"].get(SELF)
        if not own or isinstance(own, str) or "truth" not in own[-1]["facts"]:
            continue
        true, facts = own[-1]["facts"]["truth"], row["facts"]
        pairs = f"{true['pairs_found']} of {true['pairs_due']}"
        if true["pairs_missed"]:
            missed = ", ".join(true["pairs_missed"])
            pairs = f"{pairs} (missed: {missed})"
        body.append([
            f"{facts['samples']:,} × {facts['variants']:,}",
            f"{true['knn_components_population']:.3f}, {true['knn_map_population']:.3f}",
            f"{true['knn_components_superpopulation']:.3f}, "
            f"{true['knn_map_superpopulation']:.3f}",
            f"{true['subspace']:.3f} ({true['components']})", f"{true['admixture_r2']:.3f}",
            pairs,
            str(true["pairs_not_planted"]),
        ])  # fmt: skip
    if not body:
        return ""
    head = ["cohort", "kNN of 22 populations: components, map", "… of superpopulations",
            "subspace (components)", "R² of admixture", "relatives found",
            "pairs not planted"]  # fmt: skip
    return "\n\n".join([
        "## Simulated cohorts against their truth",
        "*kNN*: share of samples whose ten nearest are mostly of their own population. *Subspace*: "
        "mean squared canonical correlation with as many true components. *R²*: of shares of "
        "superpopulations in admixed samples. *Relatives*: of the planted pairs whose realised "
        "kinship, at all variants, is 0.0884 or more; `fit` estimates it at up to 20,000.",
        table(head, body),
    ])  # fmt: skip


def fits(rows: Mapping[str, Stored]) -> Iterator[tuple[int, int, int, float, float]]:
    """Samples, variants, threads, wall seconds and peak MiB of every fit that was measured."""
    for key, row in rows.items():
        own, facts = row["found"].get(SELF), row["facts"]
        if facts.get("command") != "fit" or not own or isinstance(own, str) or key == "others":
            continue
        peak = max(run["peak_mib"] for run in own)
        yield (facts["samples"], facts["variants"], row["about"]["threads"],
               median(own, "seconds"), peak)  # fmt: skip


def _estimates(rows: Mapping[str, Stored]) -> str:
    """What ``fit --dry-run`` says, over what was measured."""
    body, times, peaks = [], [], []
    for samples, variants, threads, seconds, peak in sorted(fits(rows)):
        said = fit_needs(samples, variants, threads)
        times.append(said.seconds / seconds)
        peaks.append(said.memory_mib / peak)
        body.append([
            f"{samples:,} × {variants:,}", str(threads), f"{_short(said.seconds)} / "
            f"{_short(seconds)}", f"{times[-1]:.2f}", f"{said.memory_mib:,.0f} / {peak:,.0f}",
            f"{peaks[-1]:.2f}",
        ])  # fmt: skip
    if not body:
        return ""
    head = ["fit", "threads", "s, estimated / measured", "ratio", "MiB", "ratio"]
    good = all(1 / ESTIMATE <= t <= ESTIMATE for t in times) and all(
        1 <= p <= ESTIMATE for p in peaks
    )
    verdict = (
        f"Ratios of time {min(times):.2f} to {max(times):.2f} (must: within {ESTIMATE} times), of "
        f"memory {min(peaks):.2f} to {max(peaks):.2f} (must: 1 to {ESTIMATE}): "
        f"{'reached' if good else '**not reached**'}."
    )
    return "\n\n".join(["## Estimates of `fit --dry-run`", table(head, body), verdict])


def _absent() -> str:
    body = [[name, why] for name, why in ABSENT.items()]
    return f"## Not compared with\n\n{table(['program', 'why'], body)}"
